"""What both transports share: the session of a stream, its idle timer, and the queue of work.

The seam between whatever carries messages and the stages: bytes in, bytes out, one session per stream.

Wakes a session when nothing came for too long: one timer a stream, set again when it has rung or is too late.

Work that yields to the event loop: nobody keeps it for longer than a quantum, whatever a peer sends at once.

A message is worked off when it arrives, which costs nothing here. Only what would take longer than the quantum of this
turn of the loop, and all further slices of a long message, wait in a queue; between two quanta of it the loop looks at
its sockets and timers. So a short call beside a long stream waits for a quantum at most. What begins goes before what
is under way: to let somebody in, or to send them away, is little work, and who is sent away must not wait for others.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, Protocol, TypeAlias

from openclaw_extproc.faults import Fault
from openclaw_extproc.stages.attempt.retries import MAX_ANSWER_BYTES
from openclaw_extproc.stages.events import Close
from openclaw_extproc.stages.route.side_requests import Question

# -- transport -------------------------------------------------------------------------


class Session(Protocol):
    """What one stream of Envoy's talks to. `ask`, `wake_at` and `closing` are as of its last step."""

    @property
    def begins(self) -> bool:
        """Returns whether the next message is the head of a call, which may be refused: that goes before what is under
        way."""
        ...

    def receive(self, message: bytes | bytearray) -> list[bytes]:
        """Take one message of Envoy's; return what is to be sent now, which may be nothing or several. A buffer is
        cleared when it is read.

        A long message is taken in slices: see `has_more`.
        """
        ...

    @property
    def has_more(self) -> bool:
        """The last message has slices left: call `resume` for each, with a turn of the event loop in between, and give
        no other message before."""
        ...

    def resume(self) -> list[bytes]:
        """Take the next slice of the last message; return what is to be sent now."""
        ...

    @property
    def ask(self) -> Question | None:
        """What has to be asked before the last message can be answered."""
        ...

    def take_answer(self, text: str | None) -> list[bytes]:
        """Take the answer to the question, `None` if there was none in time; return what is to be sent now."""
        ...

    @property
    def wake_at(self) -> float | None:
        """Returns when `wake` is to be called if nothing comes until then, in seconds since the epoch; `None`:
        never."""
        ...

    def wake(self) -> list[bytes]:
        """Takes the event that nothing came until `wake_at`; returns what is to be sent now."""
        ...

    def overrun(self) -> list[bytes]:
        """Takes the event that more messages wait than `WaitingBytes` allows; returns what is to be sent now. A session
        may ignore it."""
        ...

    @property
    def closing(self) -> Close | None:
        """How the stream has to end now; `None`: more is expected."""
        ...

    def close(self, fault: Fault | None) -> None:
        """The stream is over; `fault` is set when we broke. May come more than once."""
        ...


Open: TypeAlias = Callable[[], Session]

Answerer: TypeAlias = Callable[[Question], Awaitable[str | None]]
"""Answers within the question's deadline, or with nothing. Never raises but when it is cancelled."""


class ListenError(Exception):
    """The address cannot be listened on."""


async def nobody(_: Question) -> str | None:
    return None


# -- idle timer ------------------------------------------------------------------------


LEAST_SECONDS = 0.01
GAP_SECONDS = 0.05
"""The pause between the last words of a stream and its break. Without it Envoy throws words away that it has not
written yet: seen with HTTP/2, one time in four."""


class IdleTimer:
    """The idle timer of a stream. Each chunk puts the end off and leaves the timer as it is until it rings: it costs
    little."""

    __slots__ = ("_due", "_is_busy", "_ring", "_session", "_timer")

    def __init__(self, session: Session, ring: Callable[[], None], is_busy: Callable[[], bool]) -> None:
        """`is_busy`: what waits for the peer to read it, or for somebody else's answer, is no silence."""
        self._session = session
        self._ring = ring
        self._is_busy = is_busy
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        """The time when the timer rings, if there is one, in seconds since the epoch."""

    def set(self) -> None:
        """Sets the timer after each message. Behind the first content another limit holds, which may be much
        shorter."""
        wake_at = self._session.wake_at
        if wake_at is not None and (self._timer is None or wake_at < self._due):
            self.stop()
            self._at(wake_at)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _at(self, due: float) -> None:
        self._due = due
        seconds = max(due - time.time(), LEAST_SECONDS)
        self._timer = asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        self._timer = None
        wake_at = self._session.wake_at
        if wake_at is None:
            return
        if self._is_busy() or time.time() < wake_at:
            self._at(wake_at)
        else:
            self._ring()


# -- run queue -------------------------------------------------------------------------


QUANTUM_SECONDS: Final = 0.004
"""The time that queued work may keep the event loop before it looks at its sockets again."""
MAX_STREAM_WAITING_BYTES: Final = MAX_ANSWER_BYTES
"""The bytes of one stream that may wait; as many would be too large an answer in any case."""
MAX_WAITING_BYTES: Final = 256 * 1024 * 1024
"""The bytes of all streams of a server that may wait, before those end of which more than the next number does."""
LEAST_WAITING_BYTES: Final = 2 * 1024 * 1024
"""The bytes of one stream that may wait whatever all others do: twice what Envoy reads from a provider at a time."""


class WaitingBytes:
    """Bytes that streams have sent and that nobody has looked at yet.

    They wait here and not in Envoy, which could only make the provider wait, and crashes when it does (decision 21).
    """

    def __init__(self) -> None:
        self.total = 0

    def is_too_much(self, stream: int) -> bool:
        """Whether a stream of which so much waits is to end: its answer is too large anyway, or too fast for us."""
        is_large = stream > LEAST_WAITING_BYTES and self.total > MAX_WAITING_BYTES
        return is_large or stream > MAX_STREAM_WAITING_BYTES


class RunQueue:
    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        """`clock`: seconds, from any beginning."""
        self.waiting = WaitingBytes()
        self._clock = clock
        self._tasks: deque[Callable[[], None]] = deque()
        self._beginnings: deque[Callable[[], None]] = deque()
        self._ends = math.inf
        """The time when the current quantum is used up; infinite before the first one begins."""

    def begin(self) -> None:
        """Something arrived, or a turn of the loop began: there is a quantum for it."""
        self._ends = self._clock() + QUANTUM_SECONDS

    @property
    def is_used_up(self) -> bool:
        """Whatever comes now should wait in the queue."""
        return self._clock() >= self._ends

    def put(self, task: Callable[[], None], *, begins: bool = False) -> None:
        """Run it in a later turn of the loop, after what waits already, or after what begins already. `task` never
        raises.
        """
        is_idle = not self._tasks and not self._beginnings
        (self._beginnings if begins else self._tasks).append(task)
        if is_idle:
            asyncio.get_running_loop().call_soon(self._run)

    def _run(self) -> None:
        """Run what waits, for a quantum; each task once at most."""
        self.begin()
        for _ in range(len(self._tasks) + len(self._beginnings)):
            waiting = self._beginnings or self._tasks
            waiting[0]()
            waiting.popleft()  # only now: whatever it puts must not have this called a second time
            if self.is_used_up:
                break
        if self._tasks or self._beginnings:
            asyncio.get_running_loop().call_soon(self._run)
