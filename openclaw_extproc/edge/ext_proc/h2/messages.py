"""Messages of gRPC in the bytes of a stream: a flag for compression, four bytes of length, the message.

Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md. Left out: compression, which Envoy does not use.
"""

import struct
from enum import IntEnum
from typing import Final

from openclaw_extproc.render.ext_proc import REQUEST_BUFFER_BYTES

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
