"""CEL conditions, compiled when the configuration is read, with error messages for operators.

Conditions in CEL, the language of Envoy's own rules, compiled when the configuration is read.

What CEL can do: https://github.com/google/cel-spec (read 2026-07). Types are checked here, so that a condition cannot
fail over a slip of the pen while it serves traffic. What can still go wrong then (a header that is not there, a
division by zero) makes the condition "not evaluated", never an exception.
Left out: the extension libraries of CEL (`lowerAscii`, `optional`), functions of our own.

Findings about strings in conditions that no request can equal: a misspelt tier or task, an invalid pattern.

The types are right then, so CEL has nothing against it; the rule would just never match, in silence.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import cast, get_args

from cel_expr_python import cel

from openclaw_extproc.config.cel_errors import Complaint, complaints_of, place
from openclaw_extproc.config.findings import Finding, error, known_names, suggestion, warning
from openclaw_extproc.policy.select.variables import VARIABLES, Type
from openclaw_extproc.strategy import TIERS, Condition, Task, Values
from openclaw_extproc.wire.base import Operation

# -- impossible ------------------------------------------------------------------------


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


# -- compiler --------------------------------------------------------------------------


MAX_LENGTH = 4_096
"""Characters. A condition that nobody can read in one go is no rule any more."""
MAX_CONDITIONS = 1_000
"""Of one configuration. All of them may have to be looked at for a single request, at 3 to 4 microseconds each."""

_TYPES: Mapping[Type, cel.Type] = MappingProxyType(
    {
        "string": cel.Type.STRING,
        "int": cel.Type.INT,
        "double": cel.Type.DOUBLE,
        "bool": cel.Type.BOOL,
        "strings": cel.Type.List(cel.Type.STRING),
        "headers": cel.Type.Map(cel.Type.STRING, cel.Type.STRING),
    }
)
_ENVIRONMENT = cel.NewEnv(variables={name: _TYPES[kind] for name, kind in VARIABLES.items()})
_NOTHING = _ENVIRONMENT.Activation({})
_EMPTY: Mapping[Type, object] = MappingProxyType(
    {"string": "", "int": 1, "double": 1.0, "bool": False, "strings": [], "headers": {}}
)
_PLAIN = _ENVIRONMENT.Activation({name: _EMPTY[kind] for name, kind in VARIABLES.items()})


def activate(values: Values) -> object:
    """The variables of one request, made ready for all conditions. Converted when a condition first asks for one."""
    return _ENVIRONMENT.Activation(values)


@dataclass(slots=True)
class Compiler:
    """Compiles the conditions of one configuration and collects the findings about them."""

    findings: list[Finding] = field(default_factory=list[Finding])
    count: int = 0

    def condition(self, source: str, path: str) -> Condition | None:
        """`None` when it is wrong, which is among the findings then."""
        self.count += 1
        if self.count > MAX_CONDITIONS:
            if self.count == MAX_CONDITIONS + 1:
                finding = f"the configuration has more than {MAX_CONDITIONS:,} conditions"
                self.findings.append(error(path, finding, "put several into one, with || or in [...]"))
            return None
        made = _compile(source)
        if isinstance(made, cel.Expression):
            return self._check(made, source, path)
        self.findings += [error(path, *complaint.finding_and_remedy()) for complaint in made]
        return None

    def _check(self, expression: cel.Expression, source: str, path: str) -> Condition | None:
        complaints = misfits(source, literal=_literal, is_pattern=_is_pattern)
        self.findings += [error(path, *complaint.finding_and_remedy()) for complaint in complaints]
        if complaints:
            return None
        condition = Condition(source, _test(expression), _variables(source))
        if is_constant(condition) is False:
            self.findings.append(warning(path, "can never be true", "remove it"))
        return condition


_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _variables(source: str) -> frozenset[str]:
    """Every variable whose name stands anywhere in the source, in a string or a comment too: CEL has no way to ask for
    a variable that does not spell its name."""
    return frozenset(VARIABLES.keys() & _NAME.findall(source))


def any_of(conditions: Sequence[Condition]) -> Condition | None:
    """One that is `False` only when each of them is: several cost little more in CEL than one, called from Python.

    `||` goes on behind what cannot be evaluated, so it says `None` then, or `True` where another one holds.
    """
    source = " || ".join(f"({one.source}\n)" for one in conditions)  # its line may end in a comment
    try:
        return Condition(source, _test(_ENVIRONMENT.compile(source)))
    except RuntimeError:  # all together they are more than CEL takes
        return None


def is_constant(condition: Condition) -> bool | None:
    """What the condition says of every request, if it looks at none."""
    return condition.test(_NOTHING)


def needs_more(condition: Condition) -> bool:
    """Whether it cannot be evaluated for a request that says nothing of itself: one without any header."""
    return condition.test(_PLAIN) is None


def _compile(source: str) -> cel.Expression | Collection[Complaint]:
    if len(source) > MAX_LENGTH:
        return [Complaint(None, f"has more than {MAX_LENGTH:,} characters", "make several rules of it")]
    unseen = next((n for n, one in enumerate(source) if not one.isprintable() and one not in "\n\t\r"), None)
    if unseen is not None:
        # Half an emoji is valid YAML and no text that CEL could take; a NUL would cut its messages short.
        return [
            Complaint(
                place(source, unseen), "has a character that cannot be seen", "write a space, or \\u and its number"
            )
        ]
    try:
        expression = _ENVIRONMENT.compile(source)
    except RuntimeError as problem:
        return complaints_of(str(problem), source)
    kind = expression.return_type()
    if kind == cel.Type.BOOL:
        return expression
    return [Complaint.of_result(kind.name())]


def _test(expression: cel.Expression) -> Callable[[object], bool | None]:
    evaluate = expression.eval

    def test(activation: object) -> bool | None:
        try:
            value = evaluate(cast("cel.Activation", activation)).value()
        except RuntimeError:  # half an emoji in a header; a loop over lists that is longer than CEL allows
            return None
        # An error of CEL's is a value too, and comes as its text: that is quicker told than by its type.
        return value if isinstance(value, bool) else None

    return test


def _literal(text: str) -> str | None:
    """What a string literal stands for; `None` of other literals."""
    value: object = _ENVIRONMENT.compile(text).eval(_NOTHING).value()
    return value if isinstance(value, str) else None


def _is_pattern(text: str) -> bool:
    """Whether CEL can use a string literal as a regular expression."""
    return is_constant(Condition("", _test(_ENVIRONMENT.compile(f'"".matches({text})')))) is not None
