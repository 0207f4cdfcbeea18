"""What is called here: a stage, and how it is. Messages arrive as bytes and are answered at once, without a task."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from openclaw_extproc.edge.ext_proc.h2.grpc_messages import Request, Status
from openclaw_extproc.edge.ext_proc.h2.stream import Stream
from openclaw_extproc.edge.ext_proc.transport import GAP_SECONDS, Answerer, IdleTimer, Open, RunQueue, Session
from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.stages.events import Close
from openclaw_extproc.stages.route.side_requests import Question

log = logging.getLogger(__name__)

PROCESS: Final = "/envoy.service.ext_proc.v3.ExternalProcessor/Process"
CHECK: Final = "/grpc.health.v1.Health/Check"
_SERVING, _NOT_SERVING = b"\x08\x01", b"\x08\x02"
"""`HealthCheckResponse`, whose only field is an enum."""


@dataclass(frozen=True, slots=True)
class GrpcRouter:
    """The gRPC methods that are served at one address."""

    opens: Open
    answerer: Answerer
    is_serving: Callable[[], bool]
    queue: RunQueue = field(default_factory=RunQueue)

    def __call__(self, stream: Stream, request: Request) -> None:
        if not request.is_grpc:
            stream.finish_without_grpc()
        elif request.path == PROCESS:
            self._process(stream, request.timeout_seconds)
        elif request.path == CHECK:
            stream.receiver = HealthCall(stream, self.is_serving)
        else:
            stream.finish(Status.UNIMPLEMENTED, "no such method")

    def _process(self, stream: Stream, timeout_seconds: float | None) -> None:
        try:
            session = self.opens()
        except Exception:  # a mistake of ours, which ends this call and no other
            log.exception("a stream could not be opened")
            stream.finish(Status.UNKNOWN, "the gateway failed")
            return
        stream.receiver = ProcessCall(stream, session, self.answerer, self.queue, timeout_seconds)


class ProcessCall:
    """A stage's session on a stream. Whatever ends it, the session is closed once."""

    __slots__ = ("_alarm", "_answerer", "_asking", "_breaking", "_deadline", "_is_blocked", "_queue", "_session",
                 "_step", "_stream", "_waiting")  # fmt: skip

    def __init__(
        self, stream: Stream, session: Session, answerer: Answerer, queue: RunQueue, timeout_seconds: float | None
    ) -> None:
        self._stream = stream
        self._session: Session | None = session
        """The session of the call; `None` once it is closed."""
        self._answerer = answerer
        self._queue = queue
        self._step: Callable[[], Sequence[bytes]] | None = None
        """What waits for its turn: a message, or the next slice of the last one."""
        self._is_blocked = False
        """Whether the call's turn came while the peer had not yet taken what was sent before."""
        self._asking: asyncio.Task[None] | None = None
        self._alarm: IdleTimer | None = IdleTimer(session, self._ring, lambda: stream.is_busy)
        self._breaking: asyncio.TimerHandle | None = None
        self._waiting = 0
        """Bytes that are counted in `RunQueue.waiting`."""
        self._deadline: asyncio.TimerHandle | None = None
        if timeout_seconds is not None:
            self._deadline = asyncio.get_running_loop().call_later(timeout_seconds, self._late)

    def message(self, message: bytes | bytearray) -> None:
        if (session := self._session) is None:
            return
        if self._waiting:
            self._count(self._stream.waiting_bytes)
        if self._queue.is_used_up:
            self._later(partial(session.receive, message), begins=session.begins)
        else:
            self._guard(session, partial(session.receive, message))

    def on_sent(self) -> None:
        if self._is_blocked:
            self._is_blocked = False
            self._queue.put(self._turn)

    def waits(self, size: int) -> bool:
        self._count(size)
        if not self._queue.waiting.is_too_much(size):
            return True
        session = self._session
        if session is not None and self._breaking is None and session.closing is None:
            self._overrun(session)
        return False

    def _overrun(self, session: Session) -> None:
        """Let the session end its answer, whatever of it still waits."""
        try:
            self._stream.send(session.overrun())
        except Exception as problem:  # noqa: BLE001  # logged there
            self._break(problem)
        else:
            if session.closing is not None:
                self._step = None
                self._go_on(session)
        self._stream.flush()

    def _count(self, size: int) -> None:
        self._queue.waiting.total += size - self._waiting
        self._waiting = size

    def on_end(self, *, is_whole: bool) -> None:
        if is_whole:
            self._finish(Status.OK)
        else:
            self._finish(Status.INTERNAL, "a message without an end")

    def on_disconnect(self) -> None:
        self._close(None)

    def _guard(self, session: Session, step: Callable[[], Sequence[bytes]]) -> None:
        """Send what comes of the step, and see how it goes on."""
        try:
            self._stream.send(step())
            self._go_on(session)
        except Exception as problem:  # noqa: BLE001  # logged there
            self._break(problem)

    def _later(self, step: Callable[[], Sequence[bytes]], *, begins: bool = False) -> None:
        """Take the step in a later turn of the loop, and no message before."""
        self._stream.hold()
        self._step = step
        self._queue.put(self._turn, begins=begins)

    def _turn(self) -> None:
        session, step = self._session, self._step
        if session is None or step is None or self._breaking is not None:
            return  # it is over
        if self._stream.is_writing:
            self._is_blocked = True  # until `sent`
            return
        self._step = None
        self._guard(session, step)
        self._release()
        self._stream.flush()

    def _release(self) -> None:
        """Let messages come again, unless something has to be done before."""
        if self._step is None and self._asking is None and self._breaking is None:
            self._stream.release()

    def _break(self, problem: Exception) -> None:
        """A mistake of ours, which ends this call and no other."""
        log.error("a stream broke", exc_info=problem)
        self._finish(Status.UNKNOWN, "the gateway failed", Fault(FaultKind.BUG, "the gateway failed"))

    def _go_on(self, session: Session) -> None:
        if session.has_more:
            self._later(session.resume)
        elif (question := session.ask) is not None:
            self._stream.hold()
            self._asking = asyncio.get_running_loop().create_task(self._ask(session, question))
        elif session.closing is Close.BROKEN:
            self._stream.hold()
            self._breaking = asyncio.get_running_loop().call_later(GAP_SECONDS, self._break_off)
        elif session.closing is Close.DONE:
            self._finish(Status.OK)
        elif self._alarm is not None:
            self._alarm.set()

    async def _ask(self, session: Session, question: Question) -> None:
        """A client that leaves meanwhile cancels this."""
        try:
            text = await self._answerer(question)
        except Exception as problem:  # noqa: BLE001  # logged there
            self._asking = None
            self._break(problem)
        else:
            self._asking = None
            self._guard(session, lambda: session.take_answer(text))
            self._release()
        self._stream.flush()

    def _ring(self) -> None:
        if (session := self._session) is not None:
            self._guard(session, session.wake)
            self._stream.flush()

    def _break_off(self) -> None:
        """Envoy resets what it has begun to pass on, so the client sees it break off."""
        self._finish(Status.ABORTED, "the provider fell silent")
        self._stream.flush()

    def _late(self) -> None:
        self._finish(Status.DEADLINE_EXCEEDED)
        self._stream.flush()

    def _finish(self, status: Status, text: str = "", fault: Fault | None = None) -> None:
        self._close(fault)
        self._stream.finish(status, text)

    def _close(self, fault: Fault | None) -> None:
        session, self._session = self._session, None
        self._step = None
        self._count(0)
        if session is None:
            return
        if self._alarm is not None:
            self._alarm.stop()
            self._alarm = None  # which knows us: nothing is left for the garbage collector
        for timer in (self._deadline, self._breaking):
            if timer is not None:
                timer.cancel()
        if self._asking is not None:
            self._asking.cancel()
        try:
            session.close(fault)
        except Exception:  # as above; there is nobody left to tell
            log.exception("a session could not be closed")


class HealthCall:
    """Envoy asks each address whether it is well."""

    __slots__ = ("_is_serving", "_stream")

    def __init__(self, stream: Stream, is_serving: Callable[[], bool]) -> None:
        self._stream = stream
        self._is_serving = is_serving

    def message(self, message: bytes | bytearray) -> None:
        """Takes a health check request. The service that it may name makes no difference: all services of an address
        have the same health."""

    def on_end(self, *, is_whole: bool) -> None:
        if is_whole:
            self._stream.send([_SERVING if self._is_serving() else _NOT_SERVING])
            self._stream.finish(Status.OK)
        else:
            self._stream.finish(Status.INTERNAL, "a message without an end")

    def on_disconnect(self) -> None: ...

    def on_sent(self) -> None: ...

    def waits(self, size: int) -> bool:  # noqa: ARG002  # it never holds a message
        return True
