"""A stream of the client's own format on its way: in what pieces it goes on, and how it is broken off.

Half an event with an error behind it is neither, and an SDK stumbles over it with an error that is not its own.
"""

from collections.abc import Callable
from typing import Protocol

from openclaw_extproc.faults import Fault

MAX_WAITING_BYTES = 64 * 1024
"""The size of half an event that is held back. What is longer, an image perhaps, goes on as it comes."""
EVENT_ENDS = (b"\n\n", b"\n\r\n", b"\r\r", b"\r\r\n")


class Pieces(Protocol):
    def feed(self, chunk: bytes, *, end: bool) -> bytes:
        """Returns the bytes up to the last whole event, behind what waited for its other half."""
        ...

    def break_off(self, fault: Fault) -> bytes:
        """The last word, as an event whatever came before it. Half an event that waits is dropped."""
        ...


class EventPieces:
    """Server-sent events."""

    def __init__(self, error: Callable[[Fault], bytes]) -> None:
        """`error`: the format's own error event."""
        self._error = error
        self._waiting = b""

    def feed(self, chunk: bytes, *, end: bool) -> bytes:
        chunk, self._waiting = self._waiting + chunk, b""
        if end or chunk.endswith(EVENT_ENDS) or len(chunk) > MAX_WAITING_BYTES:
            return chunk
        ends = (at + len(mark) for mark in EVENT_ENDS if (at := chunk.rfind(mark)) >= 0)
        cut = max(ends, default=0)
        self._waiting = chunk[cut:]
        return chunk[:cut]

    def break_off(self, fault: Fault) -> bytes:
        self._waiting = b""
        return b"\n\n" + self._error(fault)
