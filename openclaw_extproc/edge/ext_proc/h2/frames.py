"""HTTP/2 frames, taken from bytes and made into bytes. What they mean is known elsewhere.

Source: RFC 9113, sections 3.4 (preface), 4.1 (layout), 6 (kinds), 7 (error codes).

A budget for frames that are cheap to send and costly to receive: a peer that exceeds it is cut off.

Each of these frames is lawful, and a flood of them is an attack: PING and SETTINGS want an answer (CVE-2019-9512 and
-9515), empty DATA is work without end (CVE-2019-9518), a stream that is reset before it was answered was opened for
nothing (CVE-2023-44487), and so was one that its peer makes us reset (CVE-2025-8671).
"""

import struct
from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import Final, TypeAlias

# -- frames ----------------------------------------------------------------------------


PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)

ACK: Final = 0x1
END_STREAM: Final = 0x1
END_HEADERS: Final = 0x4
PADDED: Final = 0x8
WITH_PRIORITY: Final = 0x20

MAX_FRAME_BYTES: Final = 16_384
"""What every peer may send, and all that ours needs: larger frames save nothing that can be measured."""
MAX_NUMBER: Final = 2**31 - 1
"""The largest stream id and the largest window size."""


class Code(IntEnum):
    """Why a stream or a connection ends."""

    NO_ERROR = 0x0
    PROTOCOL_ERROR = 0x1
    INTERNAL_ERROR = 0x2
    FLOW_CONTROL_ERROR = 0x3
    STREAM_CLOSED = 0x5
    FRAME_SIZE_ERROR = 0x6
    REFUSED_STREAM = 0x7
    CANCEL = 0x8
    COMPRESSION_ERROR = 0x9
    ENHANCE_YOUR_CALM = 0xB


class PeerError(Exception):
    """The peer broke the rules so that nothing it says can be trusted any more: the connection ends."""

    def __init__(self, code: Code, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class StreamError(Exception):
    """The peer broke the rules on one stream, which ends."""

    def __init__(self, code: Code) -> None:
        super().__init__(code.name)
        self.code = code


Frame: TypeAlias = tuple[int, int, int, bytes]
"""Kind, flags, number of the stream (0: the connection), payload."""

_HEAD: Final = struct.Struct(">IBI")
"""Length (24 bits) and kind, flags, stream."""
_NUMBER: Final = struct.Struct(">I")
_TWO_NUMBERS: Final = struct.Struct(">II")
_SETTING: Final = struct.Struct(">HI")


class Frames:
    """Takes a connection's bytes, however they were cut, and gives its frames."""

    def __init__(self) -> None:
        self._preface = PREFACE
        """What is still missing of it."""
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take the next bytes; yield the frames that they complete.

        Raises:
            PeerError: this is not HTTP/2, or a frame is too long.
        """
        if self._preface:
            data = self._after_preface(data)
        if self._rest:
            data = self._rest + data
        at, size = 0, len(data)
        while size - at >= _HEAD.size:
            length_and_kind, flags, number = _HEAD.unpack_from(data, at)
            length = length_and_kind >> 8
            if length > MAX_FRAME_BYTES:
                raise PeerError(Code.FRAME_SIZE_ERROR, "a frame is too long")
            end = at + _HEAD.size + length
            if end > size:
                break
            yield length_and_kind & 0xFF, flags, number & MAX_NUMBER, data[at + _HEAD.size : end]
            at = end
        self._rest = data[at:]

    def _after_preface(self, data: bytes) -> bytes:
        seen = min(len(data), len(self._preface))
        if data[:seen] != self._preface[:seen]:
            raise PeerError(Code.PROTOCOL_ERROR, "this is not HTTP/2")
        self._preface = self._preface[seen:]
        return data[seen:]


def head(length: int, kind: int, flags: int, number: int) -> bytes:
    """What stands before a payload of that many bytes."""
    return _HEAD.pack(length << 8 | kind, flags, number)


def frame(kind: int, flags: int, number: int, payload: bytes = b"") -> bytes:
    return head(len(payload), kind, flags, number) + payload


def settings(values: dict[int, int]) -> bytes:
    return frame(SETTINGS, 0, 0, b"".join(_SETTING.pack(*item) for item in values.items()))


def read_settings(payload: bytes) -> list[tuple[int, int]]:
    """Identifier and value of each, in their order, which counts."""
    if len(payload) % _SETTING.size:
        raise PeerError(Code.FRAME_SIZE_ERROR, "settings of a wrong length")
    return [(name, value) for name, value in _SETTING.iter_unpack(payload)]


def window_update(number: int, more: int) -> bytes:
    return frame(WINDOW_UPDATE, 0, number, _NUMBER.pack(more))


def rst_stream(number: int, code: Code) -> bytes:
    return frame(RST_STREAM, 0, number, _NUMBER.pack(code))


def goaway(last: int, code: Code, text: str = "") -> bytes:
    """`last`: the highest stream that was or will be looked at."""
    return frame(GOAWAY, 0, 0, _TWO_NUMBERS.pack(last, code) + text.encode())


def read_number(payload: bytes) -> int:
    """The one number that `WINDOW_UPDATE` and `RST_STREAM` carry."""
    if len(payload) != _NUMBER.size:
        raise PeerError(Code.FRAME_SIZE_ERROR, "a frame of a wrong length")
    (number,) = _NUMBER.unpack(payload)
    assert isinstance(number, int)
    return number


def bare(flags: int, payload: bytes) -> bytes:
    """The payload of `DATA` or `HEADERS` without padding and priority."""
    padding, begin = 0, 0
    if flags & PADDED:
        if not payload:
            raise PeerError(Code.FRAME_SIZE_ERROR, "padding of no length")
        padding, begin = payload[0], 1
    if flags & WITH_PRIORITY:
        begin += 5
    if begin + padding > len(payload):
        raise PeerError(Code.PROTOCOL_ERROR, "more padding than payload")
    return payload[begin : len(payload) - padding]


# -- budget ----------------------------------------------------------------------------


MOST = 20_000
"""The number of such frames that a peer may send at once. When all clients of an Envoy leave in the same moment it
resets as many streams as it has open, and that must not end the connection of those that stay: five times
`MAX_STREAMS`."""
PER_SECOND = 2_000.0
"""A tenth of what this process could read."""


class Budget:
    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock`: seconds, from any beginning."""
        self._clock = clock
        self._left = float(MOST)
        self._looked = clock()

    def spend(self) -> None:
        """Raises `PeerError`: it was too much."""
        self._left -= 1
        if self._left < 0:
            self._refill()

    def _refill(self) -> None:
        """Adds what has accrued since the last refill. It is called only when the budget is used up, so that the clock
        is read rarely."""
        now = self._clock()
        self._left = min(float(MOST), self._left + (now - self._looked) * PER_SECOND)
        self._looked = now
        if self._left < 0:
            raise PeerError(Code.ENHANCE_YOUR_CALM, "too many frames that do nothing")
