"""A connection: which frame may come when, and what follows from it. Bytes in, bytes out; no socket.

Source: RFC 9113, sections 5 and 6. We are a server without push, and every stream weighs the same. Frames of streams
that are over are passed over: we do not remember who ended which, and some were on their way when we did.
"""

import logging
from collections.abc import Callable
from typing import Final, TypeAlias

from openclaw_extproc.edge.ext_proc.h2 import frames
from openclaw_extproc.edge.ext_proc.h2.frames import (
    ACK,
    CONTINUATION,
    END_HEADERS,
    END_STREAM,
    MAX_FRAME_BYTES,
    MAX_NUMBER,
    PADDED,
    SETTINGS,
    WITH_PRIORITY,
    Budget,
    Code,
    Frames,
    PeerError,
    StreamError,
)
from openclaw_extproc.edge.ext_proc.h2.grpc_messages import MAX_HEADER_BYTES, Request, Requests
from openclaw_extproc.edge.ext_proc.h2.stream import FIRST_WINDOW, WINDOW_BYTES, Sender, Stream
from openclaw_extproc.edge.telemetry import logs
from openclaw_extproc.model.json import Json

log = logging.getLogger(__name__)

MAX_STREAMS: Final = 4096
"""The number of concurrent streams. Envoy opens another connection for more, or of its own accord above 1,024."""
CONNECTION_WINDOW: Final = 64 * 1024 * 1024
"""The receive window of the connection in bytes. It is given back as soon as bytes arrive: a stream that is not read
must not stop the others."""
MAX_CONTINUATIONS: Final = 64
"""The number of CONTINUATION frames in one header block, whatever they carry (CVE-2024-27316)."""
FLUSH_SECONDS: Final = 0.001
"""The first of many calls that arrive in one read does not wait for the last."""
LINGER_SECONDS: Final = 5.0
"""The time that the peer has to end a stream after we ended our half. Reset at once, some Envoys forget the answer
(envoy issue 38206)."""

_TABLE_SIZE, _PUSH, _STREAMS, _WINDOW, _FRAME, _HEADERS = range(1, 7)
OUR_SETTINGS: Final = {_STREAMS: MAX_STREAMS, _WINDOW: WINDOW_BYTES, _HEADERS: MAX_HEADER_BYTES}
_DRAINING: Final = b"draining"
"""The payload of the PING whose acknowledgement says that no stream is on its way to us any more."""

Serve: TypeAlias = Callable[[Stream, Request], None]
"""Somebody calls: set the stream's receiver, or finish it. Never raises."""


class Connection:
    def __init__(
        self, serve: Serve, write: Callable[[bytes], None], close: Callable[[], None], clock: Callable[[], float]
    ) -> None:
        """`close` is called once, when all is written. `clock`: seconds, from any beginning."""
        self.sender = Sender(write)
        self._serve = serve
        self._close = close
        self._clock = clock
        self._frames = Frames()
        self._requests = Requests()
        self._budget = Budget(clock)
        self._streams: dict[int, Stream] = {}
        self._lingering: dict[int, float] = {}
        """The streams that only the peer has not ended, each with the time when we ended our half."""
        self._highest = 0
        self._room = CONNECTION_WINDOW
        self._block: tuple[int, int, list[bytes]] | None = None
        """Stream, flags and pieces of headers whose end is still to come."""
        self._greeted = False
        self._accepts = True
        self._is_leaving = False
        """Whether a GOAWAY was sent: no more streams come, and the last one ends the connection."""
        self._over = False
        self._handlers: dict[int, Callable[[int, int, bytes], None]] = {
            frames.DATA: self._on_data,
            frames.HEADERS: self._on_headers,
            frames.PRIORITY: self._on_priority,
            frames.RST_STREAM: self._on_reset,
            frames.SETTINGS: self._on_settings,
            frames.PUSH_PROMISE: self._on_push,
            frames.PING: self._on_ping,
            frames.GOAWAY: self._on_goaway,
            frames.WINDOW_UPDATE: self._on_window,
            frames.CONTINUATION: self._on_continuation,
        }

    @property
    def has_begun(self) -> bool:
        """The peer said what it is."""
        return self._greeted

    # -- its life ----------------------------------------------------------------------

    def begin(self) -> None:
        self.sender.put(frames.settings(OUR_SETTINGS))
        self.sender.put(frames.window_update(0, CONNECTION_WINDOW - FIRST_WINDOW))
        self.flush()

    def receive(self, data: bytes) -> None:
        """Take what the peer sent, and write what follows from it."""
        if self._over:
            return
        try:
            self._take(data)
        except PeerError as problem:
            told: dict[str, Json] = {"error": problem.code.name, "why": problem.text}
            logs.event("transport", "connection_ended", told, level=logging.WARNING)
            self.fail(problem.code, problem.text)
        except Exception:  # a mistake of ours must not leave a connection that nobody looks after
            log.exception("a connection broke")
            self.fail(Code.INTERNAL_ERROR, "the gateway failed")
        self.flush()

    def flush(self) -> None:
        self.sender.flush()
        if self._is_leaving and len(self._streams) == len(self._lingering):
            self._end()

    def drain(self) -> None:
        """Ask the peer to open no more streams. What it opened before it heard of it is still served."""
        if self._over:
            return
        self.sender.put(frames.goaway(MAX_NUMBER, Code.NO_ERROR))
        self.sender.put(frames.frame(frames.PING, 0, 0, _DRAINING))
        self.flush()

    def settle(self) -> None:
        """Take no more streams, and end with the last one under way."""
        if not self._over and self._accepts:
            self._accepts = False
            self._is_leaving = True
            self.sender.put(frames.goaway(self._highest, Code.NO_ERROR))
            self.flush()

    def fail(self, code: Code, text: str) -> None:
        self.sender.put(frames.goaway(self._highest, code, text))
        self._end()

    def on_connection_lost(self) -> None:
        """Ends all streams after the connection was lost."""
        self._over = True
        streams, self._streams = self._streams, {}
        self._lingering.clear()
        for stream in streams.values():
            stream.on_disconnect()

    def sweep(self) -> None:
        """Resets the streams that the peer has not ended within `LINGER_SECONDS`. It is called from time to time."""
        late = self._clock() - LINGER_SECONDS
        for number, since in [*self._lingering.items()]:
            if since > late:
                break
            self.sender.put(frames.rst_stream(number, Code.NO_ERROR))
            self._forget(number)
        self.flush()

    def _end(self) -> None:
        if self._over:
            return
        self.on_connection_lost()
        self.sender.flush()
        self._close()

    # -- frames ------------------------------------------------------------------------

    def _take(self, data: bytes) -> None:
        flushed = self._clock()
        for kind, flags, number, payload in self._frames.feed(data):
            if self._block is not None and kind != CONTINUATION:
                raise PeerError(Code.PROTOCOL_ERROR, "headers without an end")
            if not self._greeted and (kind != SETTINGS or flags & ACK):
                raise PeerError(Code.PROTOCOL_ERROR, "no settings first")
            handler = self._handlers.get(kind)
            if handler is None:
                continue  # RFC 9113, 4.1: kinds that are not known are passed over
            try:
                handler(flags, number, payload)
            except StreamError as problem:
                self._reset(number, problem.code)
            if self._clock() - flushed > FLUSH_SECONDS:
                self.sender.flush()
                flushed = self._clock()

    def _on_data(self, flags: int, number: int, payload: bytes) -> None:
        counted = len(payload)
        self._room -= counted
        if self._room < 0:
            raise PeerError(Code.FLOW_CONTROL_ERROR, "more data than the window takes")
        if self._room <= CONNECTION_WINDOW // 2:
            self.sender.put(frames.window_update(0, CONNECTION_WINDOW - self._room))
            self._room = CONNECTION_WINDOW
        if flags & PADDED:
            payload = frames.bare(flags & PADDED, payload)
        if not payload and not flags & END_STREAM:
            self._budget.spend()
        stream = self._streams.get(number)
        if stream is None:
            self._must_have_been(number)
            return
        stream.take(payload, counted, end=bool(flags & END_STREAM))
        if number in self._lingering and stream.has_ended:
            self._forget(number)

    def _on_headers(self, flags: int, number: int, payload: bytes) -> None:
        if number % 2 == 0:
            raise PeerError(Code.PROTOCOL_ERROR, "a client's streams have odd numbers")
        if flags & (PADDED | WITH_PRIORITY):
            payload = frames.bare(flags, payload)
        if flags & END_HEADERS:
            self._on_block(number, flags, payload)
        else:
            self._block = (number, flags, [payload])

    def _on_continuation(self, flags: int, number: int, payload: bytes) -> None:
        if self._block is None or self._block[0] != number:
            raise PeerError(Code.PROTOCOL_ERROR, "a continuation of nothing")
        _, first, pieces = self._block
        pieces.append(payload)
        if len(pieces) > MAX_CONTINUATIONS or sum(map(len, pieces)) > MAX_HEADER_BYTES:
            raise PeerError(Code.ENHANCE_YOUR_CALM, "headers that are too long")
        if flags & END_HEADERS:
            self._block = None
            self._on_block(number, first, b"".join(pieces))

    def _on_block(self, number: int, flags: int, block: bytes) -> None:
        if number > self._highest:
            self._highest = number
            self._open(number, block, ended=bool(flags & END_STREAM))
            return
        self._requests.fields(block)  # may have changed the table
        stream = self._streams.get(number)
        if stream is None:
            self._budget.spend()
            return  # of a stream that is over
        if not flags & END_STREAM:
            raise StreamError(Code.PROTOCOL_ERROR)
        stream.take(b"", 0, end=True)
        if number in self._lingering:
            self._forget(number)

    def _open(self, number: int, block: bytes, *, ended: bool) -> None:
        request = self._requests.read(block)
        if not self._accepts:
            return  # it was told that nobody looks at these
        if len(self._streams) >= MAX_STREAMS:
            raise StreamError(Code.REFUSED_STREAM)
        stream = self._streams[number] = Stream(number, self.sender, self._said_all, ended=ended)
        self._serve(stream, request)
        if ended:
            stream.deliver()

    def _on_priority(self, _: int, number: int, payload: bytes) -> None:
        if number == 0:
            raise PeerError(Code.PROTOCOL_ERROR, "a priority of no stream")
        if len(payload) != 5:
            raise StreamError(Code.FRAME_SIZE_ERROR)

    def _on_reset(self, _: int, number: int, payload: bytes) -> None:
        frames.read_number(payload)
        stream = self._streams.get(number)
        if stream is None:
            self._must_have_been(number)
            return
        if not stream.was_answered:
            self._budget.spend()
        self._forget(number)
        stream.on_disconnect()

    def _on_settings(self, flags: int, number: int, payload: bytes) -> None:
        if number:
            raise PeerError(Code.PROTOCOL_ERROR, "settings of a stream")
        if flags & ACK:
            if payload:
                raise PeerError(Code.FRAME_SIZE_ERROR, "an acknowledgement with a payload")
            return
        self._greeted = True
        self._budget.spend()
        for name, value in frames.read_settings(payload):
            self._set(name, value)
        self.sender.put(frames.frame(SETTINGS, ACK, 0))

    def _set(self, name: int, value: int) -> None:
        if name == _WINDOW:
            if value > MAX_NUMBER:
                raise PeerError(Code.FLOW_CONTROL_ERROR, "a window that is too large")
            self._widen(value - self.sender.initial_window)
            self.sender.initial_window = value
        elif name == _FRAME:
            if not MAX_FRAME_BYTES <= value < 2**24:
                raise PeerError(Code.PROTOCOL_ERROR, "a frame size that cannot be")
            self.sender.max_frame = min(value, 4 * MAX_FRAME_BYTES)  # streams take turns frame by frame
        elif name == _PUSH and value > 1:
            raise PeerError(Code.PROTOCOL_ERROR, "a push that cannot be")

    def _widen(self, more: int) -> None:
        for stream in self._streams.values():
            stream.window += more
            if stream.window > MAX_NUMBER:
                raise PeerError(Code.FLOW_CONTROL_ERROR, "a window that is too large")
            self.sender.queue(stream)

    def _on_push(self, _: int, __: int, ___: bytes) -> None:
        raise PeerError(Code.PROTOCOL_ERROR, "a client does not push")

    def _on_ping(self, flags: int, number: int, payload: bytes) -> None:
        if number:
            raise PeerError(Code.PROTOCOL_ERROR, "a ping of a stream")
        if len(payload) != 8:
            raise PeerError(Code.FRAME_SIZE_ERROR, "a ping of a wrong length")
        if not flags & ACK:
            self._budget.spend()
            self.sender.put(frames.frame(frames.PING, ACK, 0, payload))
        elif payload == _DRAINING:
            self.settle()

    def _on_goaway(self, _: int, number: int, payload: bytes) -> None:
        if number:
            raise PeerError(Code.PROTOCOL_ERROR, "a stream that goes away")
        if len(payload) < 8:
            raise PeerError(Code.FRAME_SIZE_ERROR, "a goodbye of a wrong length")
        self._is_leaving = True  # `receive` ends it when nothing is under way

    def _on_window(self, _: int, number: int, payload: bytes) -> None:
        more = frames.read_number(payload) & MAX_NUMBER
        if number == 0:
            self.sender.window += more
            if not more or self.sender.window > MAX_NUMBER:
                raise PeerError(Code.FLOW_CONTROL_ERROR if more else Code.PROTOCOL_ERROR, "a window that cannot be")
            return
        stream = self._streams.get(number)
        if stream is None:
            self._must_have_been(number)
            return
        stream.window += more
        if not more or stream.window > MAX_NUMBER:
            raise StreamError(Code.FLOW_CONTROL_ERROR if more else Code.PROTOCOL_ERROR)
        self.sender.queue(stream)

    # -- streams -----------------------------------------------------------------------

    def _must_have_been(self, number: int) -> None:
        """Checks that a frame without an open stream is of a stream that is over, because frames may still arrive for
        those. Raises `PeerError` if there never was such a stream."""
        if number > self._highest or number % 2 == 0:
            raise PeerError(Code.PROTOCOL_ERROR, "a frame of no stream")

    def _said_all(self, stream: Stream) -> None:
        if stream.has_ended:
            self._forget(stream.number)
        elif stream.number in self._streams:
            self._lingering[stream.number] = self._clock()

    def _forget(self, number: int) -> None:
        self._streams.pop(number, None)
        self._lingering.pop(number, None)

    def _reset(self, number: int, code: Code) -> None:
        """Raises `PeerError`: that was one too many."""
        self._budget.spend()
        stream = self._streams.get(number)
        self._forget(number)
        self.sender.put(frames.rst_stream(number, code))
        if stream is not None:
            stream.on_disconnect()
