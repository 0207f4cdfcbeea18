"""Error messages of the CEL compiler, reworded for operators.

Its messages are those of cel-cpp 0.13 (`ERROR: <input>:LINE:COLUMN: ...`) and of its ANTLR grammar, which name tokens
that nobody wrote. No text in quotes is ever repeated: it may have come from an environment variable.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from openclaw_extproc.config.findings import known_names, suggestion
from openclaw_extproc.policy.select.variables import VARIABLES

FUNCTIONS = (
    "all", "bool", "bytes", "contains", "double", "duration", "dyn", "endsWith", "exists", "exists_one", "filter",
    "has", "int", "map", "matches", "size", "startsWith", "string", "timestamp", "type", "uint",
)  # fmt: skip
"""Of CEL's standard library, those that make sense here."""

MAX_TOLD = 5
"""Complaints about one condition: the rest tends to follow from the first."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One error in a condition: position, finding and remedy."""

    place: tuple[int, int] | None
    """Line and column, both from 1."""
    finding: str
    remedy: str = ""

    def finding_and_remedy(self) -> tuple[str, str]:
        """Finding and remedy, for a `Finding`."""
        if self.place is None:
            return self.finding, self.remedy
        line, column = self.place
        where = f"column {column}" if line == 1 else f"line {line}, column {column}"
        return f"{where}: {self.finding}", self.remedy

    @classmethod
    def of_result(cls, kind: str) -> "Complaint":
        remedy = _RESULT_REMEDIES.get(kind, "write a comparison")
        return cls(None, f"is {_kind(kind)}, and not true or false", remedy)


_RESULT_REMEDIES = {
    "STRING": 'compare it: task_complexity == "simple"',
    "INT": "compare it: tokens > 1000",
    "DOUBLE": "compare it: complexity_score > 0.5",
}


def place(source: str, start: int) -> tuple[int, int]:
    """Line and column of a character of the condition."""
    before = source[:start]
    return before.count("\n") + 1, start - (before.rfind("\n") + 1) + 1


def complaints_of(message: str, source: str) -> Sequence[Complaint]:
    """The complaints in an error of the CEL compiler; of a syntax error only the first one, because the rest follows
    from it."""
    found = [
        (int(m["line"]), int(m["column"]), m["text"].removesuffix(" [INVALID_ARGUMENT]"))
        for m in _ERROR.finditer(message)
    ]
    if not found:
        deep = "recursion" in message
        return [Complaint(None, "nests too deep" if deep else "cannot be compiled", "make several rules of it")]
    unread = next(((line, column, text) for line, column, text in found if _is_syntax(text)), None)
    lines = source.splitlines() or [""]
    if unread is not None:
        first = min(found, key=lambda one: one[:2])
        return [_syntax_complaint(*first, lines)]
    told = dict.fromkeys(_meaning_complaint(*one, lines) for one in found if not _follows(*one, lines))
    return list(told)[:MAX_TOLD]


_ERROR = re.compile(r"ERROR: <input>:(?P<line>\d+):(?P<column>\d+): (?P<text>.*)")


def _is_syntax(text: str) -> bool:
    return text.startswith(("Syntax error", "reserved identifier"))


# -- what could not be read ------------------------------------------------------


def _syntax_complaint(line: int, column: int, text: str, lines: Sequence[str]) -> Complaint:
    written = lines[line - 1] if line <= len(lines) else ""
    rest, before = written[column - 1 :], written[: column - 1].split()
    word = match[0] if (match := re.match(r"\w+", rest)) else ""
    place = (line, column)
    if before and before[-1].lower() == "not":
        start = written.rindex(before[-1], 0, column - 1) + 1
        return Complaint((line, start), f'"{before[-1]}" is no word of CEL', "write ! for not")
    if word.lower() in _WORDS:
        return Complaint(place, f'"{word}" is no word of CEL', _WORDS[word.lower()])
    if text.startswith("reserved identifier"):
        remedy = "write the condition alone" if word == "if" else "use another name"
        return Complaint(place, f'"{word}" is a word that CEL keeps for itself', remedy)
    for beginning, finding, remedy in _SIGNS:
        if rest.startswith(beginning):
            return Complaint(place, finding, remedy)
    if "<EOF>" in text.split(" expecting ")[0]:
        missing = re.search(r"missing '(.)'", text)
        remedy = f"close it with {missing[1]}" if missing else "write what it is compared with"
        return Complaint(place, "ends too early", remedy)
    if before and before[-1].endswith("<") and rest.startswith(">"):
        return Complaint(place, "<> is no comparison", "write !=")
    if re.match(r"[_A-Za-z]", rest) and re.search(r"\d$", written[: column - 1]):
        return Complaint(place, "a number ends here, and something follows", "write it in digits: 4000")
    return Complaint(place, "cannot be understood from here on", "look for a missing &&, || or quote")


_WORDS = {
    "and": "write &&",
    "or": "write ||",
    "is": "write ==",
    "eq": "write ==",
    "equals": "write ==",
    "ne": "write !=",
    "gt": "write >",
    "lt": "write <",
    "then": "name the model under model:",
}
_SIGNS = (
    ("=~", "=~ is no comparison", 'write .matches("...")'),
    ("=>", "=> is no comparison", "write >="),
    ("=", "= compares nothing", "write =="),
    ("&", "& is not `and`", "write &&"),
    ("|", "| is not `or`", "write ||"),
    ('"', "the text in quotes is not closed, or has an invalid \\ escape", "close it, and write \\ as \\\\"),
    ("'", "the text in quotes is not closed, or has an invalid \\ escape", "close it, and write \\ as \\\\"),
    ("“", "these quotes are a typesetter's", "write \" or '"),
    ("”", "these quotes are a typesetter's", "write \" or '"),
    ("$", "variables of a condition have no $", "write the name alone"),
    ("%}", "this is no template", "write the condition alone"),
)


# -- what was read and means nothing ----------------------------------------------


def _meaning_complaint(line: int, column: int, text: str, lines: Sequence[str]) -> Complaint:
    written = lines[line - 1] if line <= len(lines) else ""
    if match := re.fullmatch(r"undeclared reference to '(?P<name>[^']*)'.*", text):
        return _unknown_name(line, column, match["name"], written)
    if match := re.fullmatch(r"found no matching overload for '(?P<sign>[^']*)' applied to '\((?P<kinds>.*)\)'", text):
        return Complaint((line, column), *_mismatch_text(match["sign"], _split(match["kinds"])))
    if "operand of a select" in text:
        return Complaint((line, column), "only headers has parts", "write the variable alone")
    if "invalid int literal" in text:
        return Complaint((line, column), "is too large for a whole number", "write a smaller one")
    return Complaint((line, column), re.sub(r"'[^']*'|\"[^\"]*\"", "…", text))


def _follows(line: int, column: int, text: str, lines: Sequence[str]) -> bool:
    """`x.y(1)` with an unknown `x` is one mistake, and told as two."""
    written = lines[line - 1] if line <= len(lines) else ""
    name = re.search(r"undeclared reference to '(\w+)'", text)
    if name is None or written[column - 1 : column] != "(":
        return False
    owner = re.search(r"(\w+)\." + name[1] + r"\s*$", written[: column - 1])
    return owner is not None and owner[1] not in VARIABLES and owner[1].isidentifier()


def _unknown_name(line: int, column: int, name: str, written: str) -> Complaint:
    root = name.removeprefix(".").split(".")[0]
    if written[column - 1 : column] == "(":
        start = written.rfind(name, 0, column) + 1 or column
        remedy = suggestion(name, FUNCTIONS) or "write another one"
        return Complaint((line, start), f'no such function "{name}" {known_names(FUNCTIONS)}', remedy)
    start = column if written.startswith(root, column - 1) else written.rfind(root, 0, column) + 1 or column
    if root in _OTHER_NAMES:
        return Complaint((line, start), f'no such variable "{root}"', _OTHER_NAMES[root])
    quoted = f'write "{root}" if a string is meant' if re.search(r"[=!]=\s*$", written[: start - 1]) else ""
    remedy = suggestion(root, VARIABLES) or quoted or "write one of these"
    return Complaint((line, start), f'no such variable "{root}" {known_names(VARIABLES)}', remedy)


_OTHER_NAMES = {
    "True": "write true",
    "False": "write false",
    "TRUE": "write true",
    "FALSE": "write false",
    "None": 'write "", which is what a variable without a value has',
    "complexity": "write task_complexity, or complexity_score for the number",
    "task": "write task_type",
    "tier": "write task_complexity",
    "request": "write the name of a variable alone, such as model or tokens",
}


def _mismatch_text(sign: str, kinds: Sequence[str]) -> tuple[str, str]:
    """Finding and remedy for operands that do not go together."""
    shown = sign.strip("@").replace("_", "") or sign
    words = [_kind(kind) for kind in kinds]
    if sign in ("_&&_", "_||_", "!_", "_?_:_"):
        wrong = next((_kind(kind) for kind in kinds if kind != "bool"), words[-1])
        return f"{shown} needs true or false, and has {wrong}", "write a comparison there"
    if len(kinds) == 2 and sign in _COMPARISONS:
        return f"{words[0]} cannot be compared with {words[1]}", _comparable(kinds[0], kinds[1])
    if sign == "@in":
        return f"{words[0]} cannot be in {words[1]}", 'write a list: in ["a", "b"]; for parts of a text .contains("a")'
    if sign == "_[_]":
        return "only headers and lists have parts", 'write headers["x-team"]'
    return f"{shown} cannot be applied to {' and '.join(words)}", ""


_COMPARISONS = {"_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_"}


def _comparable(one: str, other: str) -> str:
    match one, other:
        case ("double", "int"):
            return "write the number with a point: 1.0"
        case ("int", "double"):
            return "write a whole number, or double(...) around the other side"
        case (("int" | "double"), "string") | ("string", ("int" | "double")):
            return "numbers stand without quotes, text in quotes"
        case ("bool", "string") | ("string", "bool"):
            return "write true or false without quotes"
        case (_, "null_type") | ("null_type", _):
            return 'a variable without a value is "" or 0: compare it with that'
        case ("bool", _):
            return "write each comparison by itself, with && between them"
        case _:
            return "compare what is of one kind"


_KINDS = {
    "string": "text",
    "int": "a whole number",
    "uint": "a number written with u",
    "double": "a number with a fraction",
    "bool": "true or false",
    "bytes": "bytes",
    "null_type": "null",
    "dyn": "something of no known kind",
    "duration": "a duration",
    "timestamp": "a time",
}


def _kind(name: str) -> str:
    plain = name.lower()
    if plain.startswith("list"):
        return "a list"
    return "a map" if plain.startswith("map") else _KINDS.get(plain, name)


def _split(kinds: str) -> list[str]:
    """`map(string, string), int` at its outermost commas."""
    return list(_pieces(kinds))


def _pieces(kinds: str) -> Iterator[str]:
    depth, start = 0, 0
    for n, letter in enumerate(kinds):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            yield kinds[start:n].strip()
            start = n + 1
    yield kinds[start:].strip()
