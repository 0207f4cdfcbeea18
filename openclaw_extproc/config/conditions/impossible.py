"""Findings about strings in conditions that no request can equal: a misspelt tier or task, an invalid pattern.

The types are right then, so CEL has nothing against it; the rule would just never match, in silence.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import get_args

from openclaw_extproc.config.conditions.cel_errors import Complaint, place
from openclaw_extproc.config.findings import known_names, suggestion
from openclaw_extproc.strategy import TIERS, Task
from openclaw_extproc.wire.base import Operation

WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "task_complexity": TIERS,
        "task_type": get_args(Task),
        "operation": get_args(Operation),
        "priority": ("high", "normal", "low"),
        "output_format": ("text", "json", "json_schema"),
        "identity_source": ("", "key", "jwt", "xfcc", "certificate"),
    }
)
"""All that these variables can be."""

_SYNONYMS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("task_complexity", "reasoning"): 'write "standard": reasoning is what that tier is for',
        ("task_complexity", "large_context"): 'write "large"',
        ("task_complexity", "large-context"): 'write "large"',
        ("task_complexity", "complex"): 'write task_complexity in ["standard", "large"]',
        ("task_complexity", "coding"): 'that is a task: write task_type in ["code_generation", "code_review"]',
        ("task_type", "coding"): 'write task_type in ["code_generation", "code_review"]',
        ("task_type", "general_purpose"): 'write "conversation"',
        ("task_type", "content_writing"): 'write "content_creation"',
    }
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int


_TOKEN = re.compile(
    r"""
    (?P<string> [bB]?[rR][bB]? (?: "[^"\n]*" | '[^'\n]*' )
              | [bB]? (?: "{3}(?:\\.|[^\\])*?"{3} | '{3}(?:\\.|[^\\])*?'{3}
                        | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' ) )
  | (?P<name> [A-Za-z_]\w* )
  | (?P<sign> //[^\n]* | ==|!= | [^\s\w] )
  | (?P<number> \d[\w.]* )
    """,
    re.VERBOSE | re.DOTALL,
)


def misfits(source: str, *, literal: Callable[[str], str | None], is_pattern: Callable[[str], bool]) -> list[Complaint]:
    """Findings about comparisons in a compiled condition that can never be true.

    Args:
        literal: What a string literal, quotes included, stands for.
        is_pattern: Whether it can be used as a regular expression.
    """
    tokens = [_Token(m.lastgroup or "", m[0], m.start()) for m in _TOKEN.finditer(source) if not m[0].startswith("//")]
    wrong = [*_comparisons(tokens, literal), *_patterns(tokens, is_pattern)]
    return [Complaint(place(source, token.start), finding, remedy) for token, finding, remedy in wrong]


def _comparisons(tokens: list[_Token], literal: Callable[[str], str | None]) -> Iterator[tuple[_Token, str, str]]:
    for variable, token in _pairs(tokens):
        word = literal(token.text)
        if word is not None and word not in WORDS[variable]:
            near = suggestion(word, WORDS[variable])
            remedy = _SYNONYMS.get((variable, word)) or near or "write one of these"
            yield token, f"{variable} is never that {known_names(WORDS[variable])}", remedy


def _pairs(tokens: list[_Token]) -> Iterator[tuple[str, _Token]]:
    """A variable and each literal it is compared with, by ==, != or in."""
    texts = [token.text for token in tokens]
    for n, token in enumerate(tokens):
        if token.kind != "name" or token.text not in WORDS or texts[n - 1 : n] == ["."]:
            continue
        after = tokens[n + 1 : n + 4]
        if [t.kind for t in after[:2]] == ["sign", "string"] and after[0].text in ("==", "!=") and _ends(after[2:]):
            yield token.text, after[1]
        before = tokens[max(0, n - 3) : n]
        if [t.kind for t in before[-2:]] == ["string", "sign"] and before[-1].text in ("==", "!="):
            yield from ((token.text, t) for t in before[-2:-1] if [b.text for b in before[:-2]] != ["+"])
        if texts[n + 1 : n + 3] == ["in", "["]:
            end = texts.index("]", n) if "]" in texts[n:] else n
            yield from ((token.text, t) for t in _members(tokens[n + 3 : end]))


def _ends(after: list[_Token]) -> bool:
    """Whether a literal is a whole operand: not `"a" + model`, not `"a".size()`."""
    return not after or after[0].text not in ("+", ".", "[")


def _members(tokens: list[_Token]) -> list[_Token]:
    """Of a list of literals alone; of any other list nothing is known."""
    plain = all(token.kind == "string" or token.text == "," for token in tokens)
    return [token for token in tokens if token.kind == "string"] if plain else []


def _patterns(tokens: list[_Token], is_pattern: Callable[[str], bool]) -> Iterator[tuple[_Token, str, str]]:
    for call, opened, token, closed in zip(tokens, tokens[1:], tokens[2:], tokens[3:], strict=False):
        if (call.text, opened.text, closed.text) != ("matches", "(", ")") or token.kind != "string":
            continue
        if not is_pattern(token.text):
            yield token, "is no regular expression", "see https://github.com/google/re2/wiki/Syntax"
