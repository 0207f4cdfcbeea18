"""Messages of gRPC in the bytes of a stream: a flag for compression, four bytes of length, the message.

Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md. Left out: compression, which Envoy does not use.

The headers that open a stream, and those that answer it.

Source: RFC 7541 (HPACK), RFC 9113 section 8 (what a request must have), and gRPC's `doc/PROTOCOL-HTTP2.md`.
"""

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Final, TypeAlias
from urllib.parse import quote

from hpack import Decoder, Encoder, HPACKError, NeverIndexedHeaderTuple

from openclaw_extproc.edge.ext_proc.h2.frames import Code, PeerError, StreamError
from openclaw_extproc.render.ext_proc import REQUEST_BUFFER_BYTES

# -- messages --------------------------------------------------------------------------


MAX_MESSAGE_BYTES: Final = REQUEST_BUFFER_BYTES + 16 * 1024 * 1024
"""A whole request comes as one message, as large as Envoy's buffer for it. Pieces of answers are smaller: Envoy reads
from a provider until a buffer of 1 MiB is full, and a little beyond."""

_PREFIX: Final = struct.Struct(">BI")
LONG_BYTES: Final = 1024 * 1024
"""A message of so many bytes is not copied on its way: a body may be the largest thing in a process."""


class Status(IntEnum):
    """How a call ended: https://github.com/grpc/grpc/blob/master/doc/statuscodes.md."""

    OK = 0
    UNKNOWN = 2
    DEADLINE_EXCEEDED = 4
    RESOURCE_EXHAUSTED = 8
    ABORTED = 10
    UNIMPLEMENTED = 12
    INTERNAL = 13


class RefusedError(Exception):
    """The call cannot go on with what the peer sent."""

    def __init__(self, status: Status, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def grpc_frame(message: bytes) -> bytes:
    return _PREFIX.pack(0, len(message)) + message


def grpc_frame_parts(message: bytes) -> tuple[bytes, ...]:
    """The same, to be sent one part behind the other."""
    return (grpc_frame(message),) if len(message) < LONG_BYTES else (_PREFIX.pack(0, len(message)), message)


class Messages:
    """Takes a stream's bytes, however they were cut, and gives its messages one by one."""

    __slots__ = ("_bytes",)

    def __init__(self) -> None:
        self._bytes: bytes | bytearray = b""
        """Grows only where a message comes in several pieces."""

    @property
    def is_empty(self) -> bool:
        return not self._bytes

    def __len__(self) -> int:
        """Bytes that are not given yet."""
        return len(self._bytes)

    def feed(self, data: bytes) -> None:
        if not self._bytes:
            self._bytes = data
            return
        if isinstance(self._bytes, bytes):
            self._bytes = bytearray(self._bytes)
        self._bytes += data

    def next(self) -> bytes | bytearray | None:
        """The next message, if it is there to its end. A long one is a buffer, which whoever has read it may clear.

        Raises:
            RefusedError: it is compressed, or longer than we take.
        """
        if len(self._bytes) < _PREFIX.size:
            return None
        compressed, length = _PREFIX.unpack_from(self._bytes)
        if compressed:
            raise RefusedError(Status.UNIMPLEMENTED, "compression is not supported")
        if length > MAX_MESSAGE_BYTES:
            raise RefusedError(Status.RESOURCE_EXHAUSTED, f"a message of more than {MAX_MESSAGE_BYTES} bytes")
        end = _PREFIX.size + length
        if end > len(self._bytes):
            return None
        return self._cut(end)

    def _cut(self, end: int) -> bytes | bytearray:
        if isinstance(self._bytes, bytes):
            message, self._bytes = self._bytes[_PREFIX.size : end], self._bytes[end:]
            return message
        if end >= LONG_BYTES and end == len(self._bytes):
            buffer, self._bytes = self._bytes, b""
            del buffer[: _PREFIX.size]
            return buffer
        with memoryview(self._bytes) as view:
            message = bytes(view[_PREFIX.size : end])
        if end == len(self._bytes):
            self._bytes = b""
        else:
            del self._bytes[:end]
        return message


# -- requests --------------------------------------------------------------------------


MAX_HEADER_BYTES: Final = 128 * 1024
"""Envoy hands on `tracestate`, which a client wrote: up to the 60 KiB that it takes of headers. More ends the
connection, because what it would have put into the table is lost."""

_CACHED_BLOCKS: Final = 64
_GRPC: Final = b"application/grpc"
_CONNECTION_ONLY: Final = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"}
)
_PSEUDO: Final = frozenset({b":method", b":scheme", b":path", b":authority"})
_UNITS: Final = {b"H": 3600.0, b"M": 60.0, b"S": 1.0, b"m": 1e-3, b"u": 1e-6, b"n": 1e-9}

Fields: TypeAlias = Iterable[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Request:
    path: str
    is_grpc: bool
    timeout_seconds: float | None
    """The deadline of the caller in seconds, from `grpc-timeout`; `None`: it sent none."""


class Requests:
    """Reads header blocks, which all go through one table of the connection's."""

    def __init__(self) -> None:
        self._decoder = Decoder(MAX_HEADER_BYTES)
        self._known: dict[bytes, Request] = {}
        """What blocks mean as long as the table stays as it is: a proxy sends the same few again and again."""

    def read(self, block: bytes) -> Request:
        """Raises `PeerError`: it cannot be read. `StreamError`: it is no request."""
        known = self._known.get(block)
        if known is not None:
            return known
        request = read_request(self.fields(block))
        if len(self._known) < _CACHED_BLOCKS:
            self._known[block] = request
        return request

    def fields(self, block: bytes) -> Fields:
        """Raises `PeerError`: it cannot be read."""
        entries = self._decoder.header_table.dynamic_entries
        many, newest = len(entries), entries[0] if entries else None
        try:
            fields = self._decoder.decode(block, raw=True)
        except (HPACKError, IndexError, ValueError) as problem:
            raise PeerError(Code.COMPRESSION_ERROR, "headers that cannot be read") from problem
        # What is added comes first, what goes was last.
        if len(entries) != many or (entries[0] if entries else None) is not newest:
            self._known.clear()
        return fields


def read_request(fields: Fields) -> Request:
    """Raises `StreamError`: it is no request."""
    found: dict[bytes, bytes] = {}
    for name, value in fields:
        if not _is_lawful(name, value, found):
            raise StreamError(Code.PROTOCOL_ERROR)
        found[name] = value
    if not found.get(b":path") or b":method" not in found or b":scheme" not in found:
        raise StreamError(Code.PROTOCOL_ERROR)
    is_grpc = found[b":method"] == b"POST" and found.get(b"content-type", b"").startswith(_GRPC)
    return Request(found[b":path"].decode("latin-1"), is_grpc, _timeout(found))


def _is_lawful(name: bytes, value: bytes, before: Mapping[bytes, bytes]) -> bool:
    """Returns whether a header may stand behind `before`: each pseudo-header comes once, all of them come first, and no
    name has a capital letter (RFC 9113, section 8)."""
    if name[:1] == b":":
        return name in _PSEUDO and name not in before and all(other[:1] == b":" for other in before)
    if name == b"te":
        return value == b"trailers"
    return bool(name) and name == name.lower() and name not in _CONNECTION_ONLY


def _timeout(found: Mapping[bytes, bytes]) -> float | None:
    told = found.get(b"grpc-timeout", b"")
    number, unit = told[:-1], _UNITS.get(told[-1:])
    return None if unit is None or not number.isdigit() or len(number) > 8 else int(number) * unit


def _block(fields: Mapping[str, str]) -> bytes:
    """Puts nothing into the table of the peer, so it can be sent again and again, to anybody."""
    return Encoder().encode([NeverIndexedHeaderTuple(*item) for item in fields.items()], huffman=False)


NO_TABLE: Final = b"\x20"
"""Says that we use no table. Belongs before the first block of a connection: a peer that allows less than the usual
size waits for it (RFC 7541, 4.2)."""
RESPONSE_HEADERS: Final = _block({":status": "200", "content-type": "application/grpc"})
"""The encoded header block that is sent before the first message."""
NOT_GRPC: Final = _block({":status": "415"})


@lru_cache(_CACHED_BLOCKS)
def trailers(status: Status, text: str) -> bytes:
    """Returns the encoded trailers that follow the last message."""
    return _block(_status_fields(status, text))


@lru_cache(_CACHED_BLOCKS)
def trailers_only(status: Status, text: str) -> bytes:
    """Returns the encoded header block of a response without any message."""
    return _block({":status": "200", "content-type": "application/grpc"} | _status_fields(status, text))


def _status_fields(status: Status, text: str) -> dict[str, str]:
    return {"grpc-status": str(int(status))} | ({"grpc-message": quote(text, safe=" ,:;()/'")} if text else {})
