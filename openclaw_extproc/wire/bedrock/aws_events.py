"""AWS's event-stream frames, one byte at a time if need be.

Source: https://smithy.io/2.0/aws/amazon-eventstream.html and, for the limits, botocore 1.44 `eventstream.py` (read
2026-11-21). A frame: its length and that of its headers, a checksum of these two, headers, payload, a checksum of all.
Left out: writing frames; values of headers that are no text are read past.
"""

import struct
import zlib
from collections.abc import Iterator, Mapping

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.model.json import UnreadableError

CONTENT_TYPE = "application/vnd.amazon.eventstream"

MAX_HEADERS_BYTES = 128 * 1024
MAX_PAYLOAD_BYTES = 24 * 1024 * 1024

_PRELUDE = struct.Struct("!III")
_CRC = struct.Struct("!I")
_SHORT = struct.Struct("!H")
_AROUND = _PRELUDE.size + _CRC.size
"""Bytes of a frame besides headers and payload."""

_FIXED = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Bytes of a header's value, by its type: true, false, numbers, a time, a UUID."""
_BYTES, _STRING = 6, 7


@dataclass(frozen=True, slots=True)
class Frame:
    headers: Mapping[str, str]
    payload: bytes

    @property
    def kind(self) -> str:
        """`event`, `exception`, or `error` for one that the service's model does not know."""
        return self.headers.get(":message-type", "")

    @property
    def name(self) -> str:
        """What the payload is: the name of the event, the exception or the error."""
        key = {"exception": ":exception-type", "error": ":error-code"}.get(self.kind, ":event-type")
        return self.headers.get(key, "")


class Reader:
    """Bytes in, whole frames out; what is incomplete waits inside."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._sizes: tuple[int, int] | None = None
        """The sizes of the frame that has begun and of its headers, once they are known and checked."""

    def feed(self, chunk: bytes) -> Iterator[Frame]:
        """Take the next bytes; yield the frames they complete.

        Raises:
            UnreadableError: after the frames before; the reader is unusable afterwards.
        """
        self._waiting += chunk
        at = 0
        try:
            while (sizes := self._read_prelude(at)) and len(self._waiting) - at >= sizes[0]:
                frame = bytes(self._waiting[at : at + sizes[0]])
                at, self._sizes = at + sizes[0], None
                yield _frame(frame, sizes[1])
        finally:
            del self._waiting[:at]

    def _read_prelude(self, at: int) -> tuple[int, int] | None:
        if self._sizes is None and len(self._waiting) - at >= _PRELUDE.size:
            self._sizes = _sizes(bytes(self._waiting[at : at + _PRELUDE.size]))
        return self._sizes


def _sizes(prelude: bytes) -> tuple[int, int]:
    total, headers, crc = _PRELUDE.unpack(prelude)
    if zlib.crc32(prelude[:8]) != crc:
        raise UnreadableError("event stream: a frame's beginning does not match its checksum")
    payload = total - headers - _AROUND
    if headers > MAX_HEADERS_BYTES or not 0 <= payload <= MAX_PAYLOAD_BYTES:
        raise UnreadableError("event stream: a frame of a size that none may have")
    return total, headers


def _frame(raw: bytes, headers_size: int) -> Frame:
    (crc,) = _CRC.unpack(raw[-_CRC.size :])
    if zlib.crc32(raw[: -_CRC.size]) != crc:
        raise UnreadableError("event stream: a frame does not match its checksum")
    body = _PRELUDE.size + headers_size
    try:
        headers = dict(_headers(raw[_PRELUDE.size : body]))
    except (struct.error, IndexError, KeyError, UnicodeDecodeError) as problem:
        raise UnreadableError("event stream: unreadable headers") from problem
    return Frame(headers, raw[body : -_CRC.size])


def _headers(raw: bytes) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(raw):
        name_end = at + 1 + raw[at]
        name, kind = raw[at + 1 : name_end].decode(), raw[name_end]
        at = name_end + 1
        if kind in (_BYTES, _STRING):
            (size,) = _SHORT.unpack_from(raw, at)
            at += _SHORT.size
        else:
            size = _FIXED[kind]
        if at + size > len(raw):
            raise IndexError("a header's value is longer than the headers")
        if kind == _STRING:
            yield name, raw[at : at + size].decode()
        at += size
