"""What goes to the peer of a connection: frames, as many as its windows take, in few writes.

Control frames go at once. Data waits where a window of the peer's is used up, or its socket: the messages themselves
wait, uncut, and streams take turns frame by frame.
"""

from collections.abc import Callable
from typing import Final, Protocol

from openclaw_extproc.edge.ext_proc.h2 import frames
from openclaw_extproc.edge.ext_proc.h2.frames import DATA, END_HEADERS, END_STREAM, HEADERS, MAX_FRAME_BYTES
from openclaw_extproc.edge.ext_proc.h2.requests import NO_TABLE

FIRST_WINDOW: Final = 65_535
"""The send window in bytes until the peer announces another one."""
BURST_BYTES: Final = 1024 * 1024
"""The number of waiting bytes that are written to the socket at once."""


class Outlet(Protocol):
    """A stream, as far as its sending goes."""

    number: int
    window: int
    """Bytes that the peer takes now; less than none after it made its windows smaller."""
    waiting: list[memoryview]

    def on_sent(self) -> None:
        """Is called when none of the stream's bytes wait to be sent any more."""
        ...


class Sender:
    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._out: list[bytes | memoryview] = []
        self._queue: dict[int, Outlet] = {}
        """Streams with data that waits and a window for it, whose turn is next first."""
        self._first_block = NO_TABLE
        self.window = FIRST_WINDOW
        """Bytes that the peer takes now, of all streams."""
        self.initial_window = FIRST_WINDOW
        """The send window in bytes with which new streams begin."""
        self.max_frame = MAX_FRAME_BYTES
        self.is_paused = False
        """The socket takes no more."""

    def put(self, frame: bytes) -> None:
        """Sent with the next `flush`."""
        self._out.append(frame)

    def headers(self, number: int, block: bytes, *, end: bool) -> None:
        flags = END_HEADERS | END_STREAM if end else END_HEADERS
        self._out.append(frames.frame(HEADERS, flags, number, self._first_block + block))
        self._first_block = b""

    def data(self, stream: Outlet, payload: bytes) -> None:
        size = len(payload)
        if size <= min(stream.window, self.window, self.max_frame) and not stream.waiting and not self.is_paused:
            stream.window -= size
            self.window -= size
            self._out.append(frames.head(size, DATA, 0, stream.number))
            self._out.append(payload)
            return
        stream.waiting.append(memoryview(payload))
        self.queue(stream)

    def queue(self, stream: Outlet) -> None:
        """Something waits there; maybe the window has just opened."""
        if stream.waiting and stream.window > 0:
            self._queue[stream.number] = stream

    def forget(self, number: int) -> None:
        """Drops all that is waiting for this stream."""
        self._queue.pop(number, None)

    def flush(self) -> None:
        """Write what there is, and of what waits as much as the peer takes."""
        while True:
            self._take_turns()
            if not self._out:
                return
            whole = b"".join(self._out)
            self._out.clear()
            self._write(whole)  # may come back as `is_paused`

    def _take_turns(self) -> None:
        left = BURST_BYTES
        while left > 0 and self.window > 0 and self._queue and not self.is_paused:
            number = next(iter(self._queue))
            stream = self._queue.pop(number)
            left -= self._cut(stream)
            if stream.waiting:
                self.queue(stream)  # at the end
            else:
                stream.on_sent()

    def _cut(self, stream: Outlet) -> int:
        """Take one frame's worth of what waits; its size."""
        waiting = stream.waiting[0]
        size = min(len(waiting), stream.window, self.window, self.max_frame)
        self._out.append(frames.head(size, DATA, 0, stream.number))
        self._out.append(waiting[:size])
        stream.window -= size
        self.window -= size
        if size == len(waiting):
            del stream.waiting[0]
        else:
            stream.waiting[0] = waiting[size:]
        return size
