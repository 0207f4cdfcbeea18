"""Messages with a body in them, read and written without the protobuf library: those of which a stream has most (a
piece of an answer's body as Envoy shows it, and one as we deliver it), and the largest ones (a request's body, as it
comes and as it goes out), of which the library would make one more copy each.

Field numbers: Envoy 1.40, service.ext_proc.v3 (`proto/`). Whatever is not of the usual form is left to the library.
"""

from functools import lru_cache
from typing import Final

_REQUEST_BODY: Final = 0x22
"""The key of field 4 of `ProcessingRequest`, a message."""
_RESPONSE_BODY: Final = 0x2A
"""The key of field 5 of `ProcessingRequest`, a message."""
_METADATA: Final = 0x42
"""The key of field 8 of `ProcessingRequest`, a message; it may follow, and says nothing about a body."""
_BODY: Final = 0x0A
"""The key of field 1 of `HttpBody`, bytes."""
_END: Final = b"\x10\x01"
"""Field 2 of `HttpBody` and `StreamedBodyResponse`, true."""
_AROUND_DELIVERY: Final = (b"\x1a", b"\x1a", b"\x0a", b"\x22")
"""The keys of the messages around a chunk, from the inside: `BodyMutation.streamed_response`,
`CommonResponse.body_mutation`, `BodyResponse.response`, `ProcessingResponse.response_body`."""
_AROUND_REPLACEMENT: Final = (b"\x0a", b"\x1a", b"\x0a")
"""The keys of the messages around another body, from the inside: `BodyMutation.body`, `CommonResponse.body_mutation`,
`BodyResponse.response`."""
_MAX_KNOWN: Final = 1024
"""Lengths of chunks whose beginning is remembered."""


def read_response_body(message: bytes | bytearray) -> tuple[bytes, bool] | None:
    """The chunk in a message of Envoy's, and whether nothing follows it; `None` for any other message."""
    return _read_body(message, _RESPONSE_BODY)


def read_request_body(message: bytes | bytearray) -> bytes | None:
    """The whole body in a message of Envoy's; `None` for any other message."""
    found = _read_body(message, _REQUEST_BODY)
    return None if found is None else found[0]


def _read_body(message: bytes | bytearray, kind: int) -> tuple[bytes, bool] | None:
    if len(message) < 2 or message[0] != kind:
        return None
    size, at = _read_varint(message, 1)
    end = at + size
    if size < 0 or end > len(message) or not _has_only_metadata(message, end):
        return None
    if size == 0:
        return b"", False
    if message[at] != _BODY:
        return (b"", True) if message[at:end] == _END else None
    length, begin = _read_varint(message, at + 1)
    stop = begin + length
    if length < 0 or stop > end:
        return None
    rest = message[stop:end]
    return (_part(message, begin, stop), rest == _END) if not rest or rest == _END else None


def _part(message: bytes | bytearray, begin: int, stop: int) -> bytes:
    if isinstance(message, bytes):
        return message[begin:stop]
    with memoryview(message) as view:
        return bytes(view[begin:stop])


def _has_only_metadata(message: bytes | bytearray, at: int) -> bool:
    """Whether nothing follows from there on, or only what says nothing about a body."""
    if at == len(message):
        return True
    if message[at] != _METADATA:
        return False
    size, begin = _read_varint(message, at + 1)
    return size >= 0 and begin + size == len(message)


def _read_varint(message: bytes | bytearray, at: int) -> tuple[int, int]:
    """The number at a place, and where it ends; -1 where there is none of up to five bytes."""
    if at < len(message) and (byte := message[at]) < 0x80:
        return byte, at + 1
    number = shift = 0
    for place in range(at, min(at + 5, len(message))):
        byte = message[place]
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, place + 1
        shift += 7
    return -1, at


def write_delivery(chunk: bytes, *, end: bool) -> bytes:
    """The answer that delivers a chunk of the body. `end`: nothing follows."""
    return _delivery_prefix(len(chunk), end) + chunk + (_END if end else b"")


@lru_cache(maxsize=_MAX_KNOWN)
def _delivery_prefix(length: int, end: bool) -> bytes:  # the key of a cache
    """Returns all bytes of a message that stand before the chunk."""
    begun = b"\x0a" + varint_of(length) if length else b""
    size = len(begun) + length + (len(_END) if end else 0)
    for tag in _AROUND_DELIVERY:
        opened = tag + varint_of(size)
        begun = opened + begun
        size += len(opened)
    return begun


def replacement_parts(kind: bytes, body: bytes) -> tuple[bytes, bytes]:
    """What is to stand behind an answer without a body for it to have this one. `kind`: the answer's key.

    What an answer has twice, whoever reads it puts together (protobuf's encoding: embedded messages are merged).
    """
    begun, size = b"", len(body)
    for tag in (*_AROUND_REPLACEMENT, kind):
        opened = tag + varint_of(size)
        begun = opened + begun
        size += len(opened)
    return begun, body


_ONE_BYTE: Final = tuple(bytes((number,)) for number in range(0x80))


def varint_of(number: int) -> bytes:
    """A number as protobuf has lengths."""
    if number < 0x80:
        return _ONE_BYTE[number]
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)
