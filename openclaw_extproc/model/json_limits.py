"""How much JSON one text may hold, told before Python objects are made of it, and how deep it may go.

A body's bytes are limited elsewhere; these limits bound what a byte can cost. A text of `[],[],…` makes 20 times its
size in objects, and a message of 30 bytes takes as long to read as a page of prose. Measured in November 2026 with
Python 3.11: at these limits the worst body holds its process for about a quarter of a second in each stage, and reading
it takes four times its size and 64 MiB at most, or what `weight` says. A million tokens of an agent, in 2,000 rounds of
tools, have 56,000 to 80,000 pieces. `docs/limits.md` has these numbers, and a test compares them.
"""

from itertools import chain
from typing import cast

MAX_DEPTH = 128
"""Objects and arrays within one another. Schemas of real tools go 10 to 20 deep, and OpenAI takes 10 levels."""
MAX_VALUES = 400_000
"""Values of any kind. OpenAI takes 300,000 tokens in one request for embeddings, each of them a number."""
MAX_PIECES = 100_000
"""Strings, names of fields, objects and arrays: what costs more than a number."""
MAX_NAME_CHARS = 4_096
"""Of the name of a field: names of unknown fields are told to people, in errors and warnings."""

_CANNOT_EXCEED = 2 * MAX_PIECES
"""Bytes. An array takes two, whatever is between them."""
_STRUCTURE = b'",[{'
_TEXT = bytes(byte for byte in range(256) if byte not in _STRUCTURE)


def excess(text: bytes | str, most_values: int = MAX_VALUES) -> str:
    """Which limit of size a JSON text exceeds, in the words of a complaint; empty when it exceeds none.

    Linear, and one look at the length for almost all texts. A text that is not JSON may be told either way.
    """
    if len(text) <= _CANNOT_EXCEED:
        return ""
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    opened = raw.count(b"[") + raw.count(b"{")
    if opened + raw.count(b",") < most_values and opened + raw.count(b'"') - raw.count(b'\\"') <= MAX_PIECES:
        return ""  # also if every mark within a string counts: no string begins with a quote behind a backslash
    # Without escapes a quote begins or ends a string, and what stands between the second and the third is structure.
    marks = raw.replace(b"\\\\", b"").replace(b'\\"', b"").translate(None, _TEXT)
    strings = marks.count(b'"') // 2
    if strings > MAX_PIECES:
        return _PIECES
    outside = b"".join(marks.split(b'"')[::2])
    opened = outside.count(b"[") + outside.count(b"{")
    if strings + opened > MAX_PIECES:
        return _PIECES
    return f"more than {most_values:,} values" if opened + outside.count(b",") >= most_values else ""


_PIECES = f"more than {MAX_PIECES:,} strings, names of fields, objects and arrays"


_USUAL_COST = 4
"""How many times its size a body takes at most while it is read and written anew, unless its texts are wide."""
_WEIGHED_BYTES = 1024 * 1024
"""A smaller body cannot take so much that it matters which text it holds."""
_MOST_QUOTES = 2 * MAX_PIECES
_CONTINUED = bytes(range(0x80, 0xC0))
_NOT_WIDE = bytes(byte for byte in range(256) if byte not in range(0xF0, 0xF8))
_NOT_BEYOND_LATIN = bytes(byte for byte in range(256) if byte not in range(0xC4, 0xF8))
_WIDE_ESCAPES = tuple(f"\\u{d}{half}".encode() for d in "dD" for half in "89abAB")
_ESCAPE_CHARS = len(r"\u0000")


def weight(body: bytes) -> int:
    """The bytes that a body counts for: a quarter of what reading and writing it may take, and at least its size.

    Python has one, two or four bytes for each character of a text, by the widest of them: one emoji makes a long text
    in ASCII four times as large. Such a text is there twice where it is the arguments of a tool call, which are read
    once more, and in UTF-8 beside it when it is written. The body itself and what is made of it are there as well.
    """
    if len(body) < _WEIGHED_BYTES or (body.isascii() and b"\\u" not in body):
        return len(body)
    if body.count(b'"') - body.count(b'\\"') > _MOST_QUOTES:
        return len(body)  # it is refused before anything is made of it
    texts = body.replace(b"\\\\", b".").replace(b'\\"', b".").split(b'"')[1::2]
    return max(len(body), -(-(2 * len(body) + sum(map(_text_bytes, texts))) // _USUAL_COST))


def _text_bytes(text: bytes) -> int:
    """What a text may take, twice, and in UTF-8. `text`: as JSON has it, but for escapes of one character."""
    escapes = text.count(b"\\u")
    if text.isascii() and not escapes:
        return 2 * len(text)
    chars = len(text.translate(None, _CONTINUED)) - escapes * (_ESCAPE_CHARS - 1)
    return 2 * chars * _width(text, escapes) + len(text)


def _width(text: bytes, escapes: int) -> int:
    """Bytes for each character."""
    if text.translate(None, _NOT_WIDE) or (escapes and any(one in text for one in _WIDE_ESCAPES)):
        return 4
    return 2 if escapes > text.count(b"\\u00") or text.translate(None, _NOT_BEYOND_LATIN) else 1


def is_shallow(text: bytes | str) -> bool:
    """Whether what `depth_excess` looks for cannot be in this text, seen at a glance."""
    if len(text) > MAX_NAME_CHARS:
        return False
    opened = text.count("{") + text.count("[") if isinstance(text, str) else text.count(b"{") + text.count(b"[")
    return opened <= MAX_DEPTH


def depth_excess(value: object) -> str:
    """Which limit a decoded text exceeds by its depth or by a name, as `excess` tells it.

    Goes level by level, with loops in C: a long conversation has thousands of objects.
    """
    values: list[object] = [value]
    names: set[str] = set()
    for _ in range(MAX_DEPTH + 1):
        objects = [cast("dict[str, object]", one) for one in values if type(one) is dict]
        arrays = [cast("list[object]", one) for one in values if type(one) is list]
        if not objects and not arrays:
            break
        names.update(*objects)
        values = [*chain.from_iterable(map(dict[str, object].values, objects)), *chain.from_iterable(arrays)]
    else:
        return f"nested more than {MAX_DEPTH} deep"
    if max(map(len, names), default=0) > MAX_NAME_CHARS:
        return f"the name of a field has more than {MAX_NAME_CHARS:,} characters"
    return ""
