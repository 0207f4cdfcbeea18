"""The structure of a text in any language: code, prose without code, questions, listed steps.

Words alone prove no code: people let, return and import. Expressions begin with a character that is rare (the end of a
line, a bracket), because one that is tried at every character takes longer than all the rest of a decision.
"""

import re

_LINE = re.compile(
    r"\n(?:[ \t]*(?:```|~~~"  # a fence
    r"|File \"[^\"\n]{1,300}\", line \d|at [\w$.<>/ ]{1,200}\([^()\n]{1,200}:\d|Caused by: [\w.]{1,200}"
    r"(?:Exception|Error)\b|(?:async )?def \w+\(|(?:pub )?fn \w+[<(]|func (?:\([^()\n]{1,80}\) )?\w+\("
    r"|(?:export )?(?:async )?function \w*\(|from [\w.]+ import [\w*({]|(?:const|let|var) \w+ ?[=:] ?\S"
    r"|(?:public|private|protected) (?:static )?[\w<>\[\]]+ \w+\()"
    r"|diff --git |@@ -\d|(?:---|\+\+\+) [ab]/"  # a diff
    r"|Traceback \(most recent call last\)|panic: |goroutine \d+ \[|error\[E\d"  # stack traces
    r"|#!/(?:usr/)?bin/|#include [<\"]|<\?php|<!DOCTYPE html"  # the first lines of files
    r"|(?:SELECT\b[^\n]{1,300}\bFROM|INSERT INTO|CREATE TABLE|UPDATE \w+ SET|DELETE FROM)\b)"
)
"""One such line is enough."""

_BEGINNING = re.compile(
    r"\n[ \t]*(?:[A-Za-z_$][\w.$\[\]'\"]{0,80} ?(?:[-+*/|&:]?=) ?[\w\[({'\"\-]"  # an assignment
    r"|elif\b[^\n]*:\n|else:\n|try:\n|except\b[^\n]*:\n|for \w+ in [^\n]*:\n|while [^\n]*:\n"
    r"|return [\w.]+\W|@\w+\n|//|\$ \w)"
)
_ENDS = ((";", ";\n"), ("{", "{\n"), ("}", "}\n"), (")", "),\n"), (")", "):\n"))
MANY_LINES = 3
"""That end or begin as only code does. A single one is a half of a proof."""

_SURE_OPERATORS = (("=", " == "), ("=", " != "), ("&", " && "), ("|", " || "), ("=", "=> {"))
_OPERATORS = (("=", "=>"), ("=", "!="), ("=", "=="), (">", "->"), ("&", "&&"), (":", "::"), ("<", "</"), ("(", "()"))
"""With a character of theirs: one is found many times faster than two."""
_CALL = re.compile(r"\([^()\n]{0,80}\)")
_BETWEEN_TICKS = re.compile(r"`[^`\n]{1,120}`")
_CODE_MARKS = frozenset("(){}[]=;$/_.<>")
_TRIES = 20
"""Of each kind."""


def has_code(text: str) -> bool:
    """`text`: at most some thousand characters, the caller sees to that."""
    framed = f"\n{text}\n".replace("\r", "")
    if _has_any(_SURE_OPERATORS, text) or _LINE.search(framed):
        return True
    like_code = sum(framed.count(end) for one, end in _ENDS if one in text) + len(_BEGINNING.findall(framed))
    if like_code >= MANY_LINES:
        return True
    signs = (like_code > 0, _has_call(text), _has_name(text), _has_any(_OPERATORS, text))
    return sum(signs) >= 2 or _quotes_code(text)


def _has_call(text: str) -> bool:
    """`f(x)`, not `word (in brackets)`. Plurals like `file(s)` are no calls."""
    found = (call for call, _ in zip(_CALL.finditer(text), range(_TRIES), strict=False))
    return any(
        call.start() > 0 and _in_name(text[call.start() - 1]) and call[0] not in ("(s)", "(es)", "(en)", "(n)", "(e)")
        for call in found
    )


def _has_name(text: str) -> bool:
    """`snake_case`."""
    at = 0
    for _ in range(_TRIES):
        at = text.find("_", at)
        if at < 0:
            return False
        if 0 < at < len(text) - 1 and _in_name(text[at - 1]) and _in_name(text[at + 1]):
            return True
        at += 1
    return False


def _in_name(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _has_any(operators: tuple[tuple[str, str], ...], text: str) -> bool:
    return any(one in text and operator in text for one, operator in operators)


def _quotes_code(text: str) -> bool:
    if "`" not in text:
        return False
    found = (quoted[0] for quoted, _ in zip(_BETWEEN_TICKS.finditer(text), range(_TRIES), strict=False))
    return any(not _CODE_MARKS.isdisjoint(quoted) for quoted in found)


_MARKS = ("?", "؟", "？", "⁇")
_OPEN = frozenset("\"'»”’)]*_?؟!！>")
"""What may stand behind a question mark, besides a space. Within an address it is something else."""
_MOST_QUESTIONS = 100

_STEP = re.compile(
    r"\n[ \t>]*(?:\(?(?:\d{1,2}|[a-zA-Z]|[ivx]{1,4})[.)](?=\s)|\d{1,2}[、．]|[①-⑳]|[-*•–](?=\s)"
    r"|第[一二三四五六七八九十\d]{1,3}[步点點条條、]"
    r"|(?:[Ss]tep|[Ss]chritt|[Éé]tape|[Pp]aso|[Пп]ункт|[Шш]аг) \d{1,2}\b)"
)


def prose(text: str) -> str:
    """Without fenced blocks. A fence that is never closed goes to the end."""
    return text if "```" not in text else "\n".join(text.split("```")[::2])


def questions(text: str) -> int:
    """Of several marks in a row the last one counts. At most `_MOST_QUESTIONS` of each kind of mark."""
    return sum(_endings(text, mark) for mark in _MARKS if mark in text)


def _endings(text: str, mark: str) -> int:
    found, at = 0, text.find(mark)
    while at >= 0 and found < _MOST_QUESTIONS:
        behind = text[at + 1 : at + 2]
        if behind != mark:
            found += not behind or behind.isspace() or behind in _OPEN or not mark.isascii()
        at = text.find(mark, at + 1)
    return found


def steps(text: str) -> int:
    """Numbered or listed items, each at the beginning of a line."""
    return len(_STEP.findall("\n" + text))
