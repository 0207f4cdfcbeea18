"""OpenAI: the input of a `custom` tool, out of the arguments of the function that stands for it.

A function's arguments are `{"input": "…"}`. The text in it is passed on while it comes: a patch may be long, and nobody
should wait for its end. Models that were never told of free text do not always keep to JSON: line ends stand as they
are, or all of it is the text itself.
"""

import re
from collections.abc import Mapping

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError

INPUT = "input"
"""The one property of such a function."""

SCHEMA: Mapping[str, Json] = {
    "type": "object",
    "properties": {INPUT: {"type": "string", "description": "The whole input of the tool, as plain text."}},
    "required": [INPUT],
}
"""Of its arguments."""

_OPENING = re.compile(r'\s*+\{\s*+"input"\s*+:\s*+"')
_WHOLE = re.compile(r'(?:[^"\\]|\\u[0-9a-fA-F]{4}|\\[^u])*+')
"""Of a string's inside: up to its end, or to an escape of which more has to come."""
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_HIGH = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\Z")
"""Half a character, whose other half is the next escape."""
MAX_OPENING_CHARS = 64
"""The length of what may stand before the text: more than that is something else."""


def input_of(arguments: Mapping[str, Json]) -> str:
    """The text in arguments: `input`, or the only text there is."""
    texts = [value for value in arguments.values() if isinstance(value, str)]
    own = arguments.get(INPUT)
    return own if isinstance(own, str) else texts[0] if len(texts) == 1 else ""


class FreeText:
    """Reads arguments as they come."""

    def __init__(self) -> None:
        self._said: list[str] = []
        self._waiting = ""
        """The arguments that were not passed on yet."""
        self._is_inside = False
        self._is_over = False
        self._other: list[str] = []
        """All arguments that do not begin as they should: they are passed on when complete."""

    @property
    def text(self) -> str:
        return "".join(self._said)

    def feed(self, piece: str) -> str:
        """What of the text these arguments bring."""
        if self._is_over:
            return ""
        if self._other:
            self._other.append(piece)
            return ""
        self._waiting += piece
        if not self._is_inside and not self._opens():
            return ""
        found = _WHOLE.match(self._waiting)
        assert found is not None, "it may match nothing"
        end = found.end()
        self._is_over = self._waiting[end : end + 1] == '"'
        half = None if self._is_over else _HIGH.search(self._waiting[:end][-6:])
        end -= 6 if half else 0
        text, self._waiting = _unescape(self._waiting[:end]), self._waiting[end:]
        self._said.append(text)
        return text

    def end(self) -> str:
        """The rest of it: nothing more comes."""
        if self._is_inside:
            return ""
        text = _otherwise("".join(self._other) or self._waiting)
        self._said.append(text)
        return text

    def _opens(self) -> bool:
        if opening := _OPENING.match(self._waiting):
            self._is_inside, self._waiting = True, self._waiting[opening.end() :]
        elif len(self._waiting) > MAX_OPENING_CHARS:
            self._other.append(self._waiting)
        return self._is_inside


def _otherwise(written: str) -> str:
    try:
        return input_of(j.parse(written, where="arguments"))
    except UnreadableError:
        return written


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    plain = _ESCAPE.sub(_character, text)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _character(found: "re.Match[str]") -> str:
    return chr(int(found[1], 16)) if found[1] else _ESCAPED.get(found[2], found[2])
