"""Work that yields to the event loop: nobody keeps it for longer than a quantum, whatever a peer sends at once.

A message is worked off when it arrives, which costs nothing here. Only what would take longer than the quantum of this
turn of the loop, and all further slices of a long message, wait in a queue; between two quanta of it the loop looks at
its sockets and timers. So a short call beside a long stream waits for a quantum at most. What begins goes before what
is under way: to let somebody in, or to send them away, is little work, and who is sent away must not wait for others.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from openclaw_extproc.stages.attempt.limits import MAX_ANSWER_BYTES

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
