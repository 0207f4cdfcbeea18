"""Whether a text has code in it, by marks that prose does not have.

Words alone prove nothing: people let, return and import.

Expressions are tried at the beginning of lines, or where a character stands that `str.find` has found: an expression
that is tried at every character takes longer than all the rest of a decision.
"""

import re

_LINE = re.compile(
    r"[ \t]*(?:```|~~~)"  # a fence
    r"|diff --git |@@ -\d+|(?:---|\+\+\+) [ab]/"  # a diff
    r"|Traceback \(most recent call last\)|[ \t]+File \"[^\"]{1,300}\", line \d+"  # stack traces
    r"|[ \t]+at [\w$.<>/ ]{1,200}\([^()]{1,200}:\d+|panic: |goroutine \d+ \[|error\[E\d+\]"
    r"|[ \t]*Caused by: [\w.]{1,200}(?:Exception|Error)\b"
    r"|#!/(?:usr/)?bin/|#include [<\"]|<\?php|<!DOCTYPE html"  # the first lines of files
    r"|[ \t]*(?:async )?def \w+\(|[ \t]*(?:pub )?fn \w+[<(]|[ \t]*func (?:\([^()]{1,80}\) )?\w+\("
    r"|[ \t]*(?:export )?(?:async )?function \w*\(|[ \t]*from [\w.]+ import [\w*({]"
    r"|[ \t]*(?:public|private|protected) (?:static )?[\w<>\[\]]+ \w+\(|[ \t]*(?:const|let|var) \w+ ?[=:] ?\S"
    r"|(?:SELECT\b.{1,300}\bFROM|INSERT INTO|CREATE TABLE|UPDATE \w+ SET|DELETE FROM)\b"
)
"""One such line is enough."""

_ENDS = (";", "{", "}", "};", "});", "),", ");", "):")
_ASSIGNMENT = re.compile(r"[ \t]*[A-Za-z_$][\w.$\[\]'\"]{0,80} ?(?:[-+*/|&:]?=) ?[\w\[({'\"\-]")
_STATEMENT = re.compile(
    r"[ \t]*(?:elif\b.*:|else:|try:|except\b.*:|for \w+ in .*:|while .*:|return [\w.]+\W|@\w+$|//|\$ \w)"
)
MANY_LINES = 3
"""That end or begin as only code does. A single one is a half of a proof."""

_SURE_OPERATORS = (" == ", " != ", " === ", " && ", " || ", " += ", "=> {", ") => ")
_OPERATORS = ("=>", "->", "&&", "||", "::", "</", "/>", "()", "==", "!=")
_CALL = re.compile(r"\([^()\n]{0,80}\)")
_BETWEEN_TICKS = re.compile(r"`[^`\n]{1,120}`")
_CODE_MARKS = frozenset("(){}[]=;$/_.<>")
_TRIES = 20
"""Of each kind."""


def has_code(text: str) -> bool:
    """`text`: at most some thousand characters, the caller sees to that."""
    lines = text.split("\n")
    if any(operator in text for operator in _SURE_OPERATORS) or any(_LINE.match(line) for line in lines):
        return True
    like_code = sum(map(_like_code, lines))
    if like_code >= MANY_LINES:
        return True
    signs = (like_code > 0, _has_call(text), _has_name(text), _has_operator(text))
    return sum(signs) >= 2 or _quotes_code(text)


def _like_code(line: str) -> bool:
    return line.rstrip().endswith(_ENDS) or _ASSIGNMENT.match(line) is not None or _STATEMENT.match(line) is not None


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


def _has_operator(text: str) -> bool:
    return any(operator in text for operator in _OPERATORS)


def _quotes_code(text: str) -> bool:
    if "`" not in text:
        return False
    found = (quoted[0] for quoted, _ in zip(_BETWEEN_TICKS.finditer(text), range(_TRIES), strict=False))
    return any(not _CODE_MARKS.isdisjoint(quoted) for quoted in found)
