"""Typed reading of untyped JSON, with the path in every complaint.

Nothing here knows whose JSON it reads, so nothing here lays blame: it raises `UnreadableError`, and the stage turns
that into the client's fault or the upstream's. msgspec parses: strict JSON (no NaN, no `1e999`), and half an emoji
(`"\ud800"`) is refused, because no UTF-8 can carry it on. All of it takes linear time and is bounded by `json_limits`.

How much JSON one text may hold, told before Python objects are made of it, and how deep it may go.

A body's bytes are limited elsewhere; these limits bound what a byte can cost. A text of `[],[],…` makes 20 times its
size in objects, and a message of 30 bytes takes as long to read as a page of prose. Measured in November 2026 with
Python 3.11: at these limits the worst body holds its process for about a quarter of a second in each stage, and reading
it takes four times its size and 64 MiB at most, or what `weight` says. A million tokens of an agent, in 2,000 rounds of
tools, have 56,000 to 80,000 pieces. `docs/limits.md` has these numbers, and a test compares them.
"""

import re
from collections.abc import Callable, Collection, Mapping
from io import BytesIO
from itertools import chain
from typing import NamedTuple, TypeAlias, cast

import msgspec

# -- json limits -----------------------------------------------------------------------


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


# -- json ------------------------------------------------------------------------------


Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

_decode = msgspec.json.Decoder().decode
_decode_shallow: Callable[[bytes], "dict[str, bytes | msgspec.Raw]"] = msgspec.json.Decoder(
    dict[str, msgspec.Raw]
).decode  # type: ignore[assignment]  # a dict that its owner may put bytes into
_encode = msgspec.json.Encoder().encode


BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class UnreadableError(ValueError):
    """Someone sent bytes that do not mean what they should."""


def without_mark(text: bytes) -> bytes:
    """The text behind a byte order mark, which some libraries write and RFC 8259 lets a reader ignore; else itself."""
    return text.removeprefix(BYTE_ORDER_MARK)


def parse(text: bytes | str, *, where: str, most_values: int = MAX_VALUES) -> dict[str, Json]:
    """Parse one JSON object, behind a byte order mark too; `where` names the source in the complaint.

    Raises:
        UnreadableError: not JSON, not an object, or more of it than `json_limits` allows.
    """
    if isinstance(text, str) and not text.isascii():
        text = text.encode("utf-8", "surrogatepass")  # else Python would keep this copy for as long as the text
    text = without_mark(text) if isinstance(text, bytes) else text
    if too_much := excess(text, most_values):
        raise UnreadableError(f"{where}: {too_much}")
    try:
        value: Json = _decode(text)
    except RecursionError as problem:
        raise UnreadableError(f"{where}: nested more than {MAX_DEPTH} deep") from problem
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise UnreadableError(f"{where}: not valid JSON: {problem}") from problem
    if not is_shallow(text) and (too_deep := depth_excess(value)):
        raise UnreadableError(f"{where}: {too_deep}")
    return an_object(value, at=where)


def dump(value: Json) -> bytes:
    """Serialise without spaces, in key order, as UTF-8.

    Raises:
        UnreadableError: nested too deeply; what could just be parsed may be a few levels too deep to be written.
    """
    try:
        return _encode(value)
    except RecursionError as problem:
        raise UnreadableError("nested too deeply") from problem


def text(value: Json) -> str:
    """`dump`, as text: for JSON that travels inside a JSON string."""
    return dump(value).decode()


def an_object(value: Json, *, at: str) -> dict[str, Json]:
    if isinstance(value, dict):
        return value
    raise UnreadableError(f"{at}: expected an object, found {name_of(value)}")


def an_array(value: Json, *, at: str) -> list[Json]:
    if isinstance(value, list):
        return value
    raise UnreadableError(f"{at}: expected an array, found {name_of(value)}")


def a_string(value: Json, *, at: str) -> str:
    if isinstance(value, str):
        return value
    raise UnreadableError(f"{at}: expected a string, found {name_of(value)}")


LARGEST = 2**63 - 1
"""No number of any format is larger. Python has integers of any length, and then neither floats nor protobuf do."""


def an_int(value: Json, *, at: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return _within(value, at)
    raise UnreadableError(f"{at}: expected an integer, found {name_of(value)}")


def an_amount(value: Json, *, at: str) -> int:
    """How many of something: of tokens, mostly. A negative one would be a refund."""
    if (number := an_int(value, at=at)) < 0:
        raise UnreadableError(f"{at}: a negative number")
    return number


def a_number(value: Json, *, at: str) -> float:
    if isinstance(value, int) and not isinstance(value, bool):
        return _within(value, at)
    if isinstance(value, float):
        return value
    raise UnreadableError(f"{at}: expected a number, found {name_of(value)}")


def _within(value: int, at: str) -> int:
    if -LARGEST <= value <= LARGEST:
        return value
    raise UnreadableError(f"{at}: the number is too large")


def a_count(value: Json) -> int | None:
    """How many of something, as somebody says; `None` for what cannot be a count, which says nothing."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST else None


def a_bool(value: Json, *, at: str) -> bool:
    if isinstance(value, bool):
        return value
    raise UnreadableError(f"{at}: expected true or false, found {name_of(value)}")


def name_of(value: Json) -> str:
    """What kind of JSON this is, in the words of a complaint. Never the value itself: it may be a prompt."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"


def without(body: Mapping[str, Json], known: frozenset[str]) -> dict[str, Json]:
    """The keys of `body` that a decoder does not understand, in their order; a `null` says nothing and is left out."""
    return {key: value for key, value in body.items() if key not in known and value is not None}


MOST_FIELDS = 1_000
"""Top-level keys that are looked for in the text. No format has a hundred."""


def patch(raw: bytes, changes: Mapping[str, Json], *, remove: Collection[str] = ()) -> bytes:
    """Set and remove top-level keys of a JSON object and keep every other byte as it is.

    `raw` was parsed before; a byte order mark is left out.
    A key that is not there is added at the end. When the object has a key twice, readers
    would disagree about which one counts, so it is written anew from what we read: values kept to the byte. So it is
    when it has very many keys, as looking for each in the text takes longer.

    Raises:
        UnreadableError: nested too deeply; what could just be parsed may be too deep one call further down.
    """
    raw = without_mark(raw)
    try:
        fields = _decode_shallow(raw)
    except RecursionError as problem:
        raise UnreadableError("nested too deeply") from problem
    if not changes and not remove and _is_compact(raw, fields):
        return raw
    spans = _spans(raw, fields) if len(fields) <= MOST_FIELDS else None
    wanted = {key: _encode(value) for key, value in changes.items()}
    if spans is None:
        for key in remove:
            fields.pop(key, None)
        fields.update(wanted)
        return _written(fields)
    edits = [(spans[key].value, spans[key].end, value) for key, value in wanted.items() if key in spans]
    edits += _removals(list(spans.items()), remove)
    added = [_encode(key) + b":" + value for key, value in wanted.items() if key not in spans]
    if added:
        end = raw.rindex(b"}")
        edits.append((end, end, (b"," if fields.keys() - set(remove) else b"") + b",".join(added)))
    return _apply_edits(raw, sorted(edits))


def _written(fields: Mapping[str, bytes | msgspec.Raw]) -> bytes:
    """An object of values that are JSON already. No value is there a third time meanwhile."""
    whole = BytesIO()
    mark = b"{"
    for key, value in fields.items():
        whole.write(mark + _encode(key) + b":")
        whole.write(memoryview(value))
        mark = b","
    whole.write(b"}" if fields else b"{}")
    return whole.getvalue()


def _is_compact(raw: bytes, fields: Mapping[str, bytes | msgspec.Raw]) -> bool:
    """Whether these fields are all of the text, without a space and none of them twice.

    A key is never shorter in the text than we write it, so nothing else can be as long. Each has a colon and a comma.
    """
    written = sum(len(_encode(key)) + len(memoryview(value)) + 2 for key, value in fields.items())
    return written + 1 == len(raw)


def _apply_edits(raw: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    """Put together once, however many edits there are, and without a copy of the parts that stay."""
    if not edits:
        return raw
    pieces: list[bytes | memoryview] = []
    whole = memoryview(raw)
    at = 0
    for start, stop, value in edits:
        pieces += (whole[at:start], value)
        at = stop
    return b"".join((*pieces, whole[at:]))


def _removals(spans: list[tuple[str, "_Span"]], remove: Collection[str]) -> list[tuple[int, int, bytes]]:
    """A key goes with the comma before it; at the front of the object, with the one behind it."""
    cuts: list[tuple[int, int, bytes]] = []
    front = True
    for n, (key, span) in enumerate(spans):
        if key not in remove:
            front = False
        elif front:
            cuts.append((span.key, spans[n + 1][1].key if n + 1 < len(spans) else span.end, b""))
        else:
            cuts.append((spans[n - 1][1].end, span.end, b""))
    return cuts


class _Span(NamedTuple):
    """Where a field stands in the text."""

    key: int
    value: int
    end: int


def _spans(raw: bytes, fields: Mapping[str, bytes | msgspec.Raw]) -> dict[str, _Span] | None:
    """Where each top-level field stands; `None` when the text and its fields do not match up (a key twice)."""
    spans: dict[str, _Span] = {}
    at = raw.index(b"{") + 1
    for key, value in fields.items():
        found = _KEY.match(raw, at)
        written = memoryview(value)
        if found is None or _decode(found[1]) != key or not _stands_at(raw, found.end(), written):
            return None
        at = found.end() + len(written)
        spans[key] = _Span(found.start(1), found.end(), at)
    return spans if _END.match(raw, at) else None


_COMPARED_BYTES = 1024 * 1024
"""At once: bytes are compared faster than views of them, and a copy of all of a long field would be one more."""


def _stands_at(raw: bytes, at: int, written: memoryview) -> bool:
    size = len(written)
    return all(raw.startswith(bytes(written[n : n + _COMPARED_BYTES]), at + n) for n in range(0, size, _COMPARED_BYTES))


# Nothing is given back: a `*` of alternatives would remember 130 bytes for each one that it matched.
_KEY = re.compile(rb'[ \t\r\n,]*+("[^"\\]*+(?:\\.[^"\\]*+)*+")[ \t\r\n]*+:[ \t\r\n]*+')
_END = re.compile(rb"[ \t\r\n]*+\}[ \t\r\n]*+\Z")
