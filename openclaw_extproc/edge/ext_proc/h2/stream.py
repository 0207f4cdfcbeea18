"""One call: a stream of HTTP/2 with messages of gRPC in both directions.

Messages come in only while those that go out are taken: a peer that does not read is not read from, beyond one window.

What goes to the peer of a connection: frames, as many as its windows take, in few writes.

Control frames go at once. Data waits where a window of the peer's is used up, or its socket: the messages themselves
wait, uncut, and streams take turns frame by frame.
"""

from collections.abc import Callable, Iterable
from typing import Final, Protocol

from openclaw_extproc.edge.ext_proc.h2 import frames
from openclaw_extproc.edge.ext_proc.h2.frames import (
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    MAX_FRAME_BYTES,
    Code,
    StreamError,
)
from openclaw_extproc.edge.ext_proc.h2.grpc_messages import (
    NO_TABLE,
    NOT_GRPC,
    RESPONSE_HEADERS,
    Messages,
    RefusedError,
    Status,
    grpc_frame_parts,
    trailers,
    trailers_only,
)

# -- sender ----------------------------------------------------------------------------


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


# -- stream ----------------------------------------------------------------------------


WINDOW_BYTES: Final = 1024 * 1024
"""The bytes that a peer may send on a stream before we have taken them. It is large enough that a body of many MiB does
not wait for us, and small enough to be held for many streams."""


class Receiver(Protocol):
    """Whoever answers a call. Never raises."""

    def message(self, message: bytes | bytearray) -> None: ...

    def on_end(self, *, is_whole: bool) -> None:
        """The peer has said all; unless `is_whole`, it stopped in the middle of a message."""
        ...

    def on_disconnect(self) -> None:
        """Is called when the stream is gone, so that nothing can be answered any more."""
        ...

    def on_sent(self) -> None:
        """What was sent and had to wait has gone out."""
        ...

    def waits(self, size: int) -> bool:
        """Is called when `size` bytes of a message have arrived whose turn has not come. Returns whether the peer may
        send more."""
        ...


class Nobody:
    def message(self, message: bytes | bytearray) -> None: ...
    def on_end(self, *, is_whole: bool) -> None: ...
    def on_sent(self) -> None: ...
    def on_disconnect(self) -> None: ...
    def waits(self, size: int) -> bool:  # noqa: ARG002  # it throws them away
        return True


_NOBODY: Final = Nobody()


class Stream:
    __slots__ = ("_begun", "_ended", "_held", "_messages", "_over", "_room", "_said_all", "_sender", "_tail",
                 "number", "receiver", "waiting", "window")  # fmt: skip

    def __init__(self, number: int, sender: Sender, said_all: Callable[["Stream"], None], *, ended: bool) -> None:
        """`said_all` is told when the last frame of ours is on its way. `ended`: the peer will say nothing more."""
        self.number = number
        self.window = sender.initial_window
        self.waiting: list[memoryview] = []
        self.receiver: Receiver = _NOBODY
        self._sender = sender
        self._said_all = said_all
        self._messages = Messages()
        self._room = WINDOW_BYTES
        self._ended = ended
        self._held = False
        self._begun = False
        self._over = False
        """The end is said, or waits behind what is to be sent."""
        self._tail = b""

    @property
    def has_ended(self) -> bool:
        """The peer has said all."""
        return self._ended

    @property
    def was_answered(self) -> bool:
        return self._begun or self._over

    @property
    def is_busy(self) -> bool:
        """Something waits to be sent, or to be found out: messages are not taken meanwhile."""
        return self._held or self.is_writing

    @property
    def is_writing(self) -> bool:
        """Something waits to be sent, because the peer does not take it yet."""
        return bool(self.waiting)

    @property
    def waiting_bytes(self) -> int:
        """Returns the number of bytes that have arrived and were not handed over yet."""
        return len(self._messages)

    # -- what comes in -----------------------------------------------------------------

    def take(self, data: bytes, counted: int, *, end: bool) -> None:
        """`counted`: bytes as the window counts them, with padding. Raises `StreamError`."""
        if self._ended:
            raise StreamError(Code.STREAM_CLOSED)
        self._room -= counted
        if self._room < 0:
            raise StreamError(Code.FLOW_CONTROL_ERROR)
        self._ended = end
        if not self._over:
            self._messages.feed(data)
            self.deliver()
            self._wait()

    def deliver(self) -> None:
        """Hand over what is there, and let more come."""
        try:
            while not self.is_busy and not self._over and (message := self._messages.next()) is not None:
                self.receiver.message(message)
        except RefusedError as problem:
            receiver, self.receiver = self.receiver, _NOBODY
            self.finish(problem.status, problem.text)
            receiver.on_disconnect()
        if self._over or self.is_busy:
            return
        if self._ended:
            self.receiver.on_end(is_whole=self._messages.is_empty)
        else:
            self._let_come()

    def _wait(self) -> None:
        """Let more come also while messages are held, as long as who takes them wants it."""
        if self._held and not self._over and not self._ended and self.receiver.waits(self.waiting_bytes):
            self._let_come()

    def _let_come(self) -> None:
        if self._room <= WINDOW_BYTES // 2 and not self.is_writing:
            self._sender.put(frames.window_update(self.number, WINDOW_BYTES - self._room))
            self._room = WINDOW_BYTES

    def hold(self) -> None:
        """Stops the delivery of messages until `release` is called."""
        self._held = True

    def release(self) -> None:
        self._held = False
        self.deliver()

    # -- what goes out -----------------------------------------------------------------

    def send(self, messages: Iterable[bytes]) -> None:
        for message in messages:
            if self._over:
                return
            if not self._begun:
                self._begun = True
                self._sender.headers(self.number, RESPONSE_HEADERS, end=False)
            for part in grpc_frame_parts(message):
                self._sender.data(self, part)

    def finish(self, status: Status, text: str = "") -> None:
        """The end of the call, after what was sent."""
        self._end(trailers(status, text) if self._begun else trailers_only(status, text))

    def finish_without_grpc(self) -> None:
        """Whoever it is does not speak gRPC."""
        self._end(NOT_GRPC)

    def flush(self) -> None:
        """Write what was put after the frame that brought it: for those who answer later."""
        self._sender.flush()

    def on_sent(self) -> None:
        """Is called when none of the stream's bytes wait to be sent any more."""
        if self._over:
            self._close()
        else:
            self.receiver.on_sent()
            self.deliver()

    def _end(self, tail: bytes) -> None:
        if self._over:
            return
        self._over = True
        self._tail = tail
        self.receiver = _NOBODY
        if not self.waiting:
            self._close()

    def _close(self) -> None:
        self._sender.headers(self.number, self._tail, end=True)
        self._said_all(self)

    # -- the end -------------------------------------------------------------------------

    def on_disconnect(self) -> None:
        """Reset, by either side, or the connection is lost."""
        self._over = True
        self.waiting.clear()
        self._sender.forget(self.number)
        receiver, self.receiver = self.receiver, _NOBODY
        receiver.on_disconnect()
