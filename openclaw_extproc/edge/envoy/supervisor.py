"""Keeps the Envoy of `up` running: when it ends or hangs, the next one is started, after waits that grow.

It never gives up: who ends with Envoy takes the metrics away that say so, and is only started again by somebody else.
Until an Envoy takes calls again, `/readyz` says that nobody does. Why it is no hot restart: decision 20.
"""

import asyncio
import logging
import signal
import time
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from prometheus_client import CollectorRegistry, Counter, Gauge

from openclaw_extproc.config.settings import Address
from openclaw_extproc.edge.envoy.admin import EnvoyAdmin
from openclaw_extproc.edge.envoy.process import wait_until_ready, why_ended
from openclaw_extproc.edge.telemetry import logs
from openclaw_extproc.edge.telemetry.alerts import Tell
from openclaw_extproc.edge.workers import processes
from openclaw_extproc.edge.workers.processes import Child, StartError
from openclaw_extproc.model.json import Json
from openclaw_extproc.notices.kinds import Notice, NoticeKind

FIRST_WAIT_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 10.0
WELL_SECONDS = 30.0
"""The lifetime after which an end is not blamed on the start: the next process is started without a long pause."""
LOOK_SECONDS = 1.0
"""The interval between two checks whether Envoy responds, and the timeout of each."""
SILENT_LOOKS = 3
"""The number of failed checks in a row after which no call can be made."""
HUNG_LOOKS = 10
"""The number of failed checks in a row after which Envoy counts as hung. Checks are counted and not seconds: if it was
we who slept, that is one check."""

StartEnvoy: TypeAlias = Callable[[], Awaitable[Child]]


class EnvoySupervisor:
    """Starts Envoy, watches it, and starts the next one when it ends or hangs."""

    def __init__(self, start: StartEnvoy, admin: EnvoyAdmin, listen: Address) -> None:
        """
        Args:
            start: Starts the process, without waiting for more.
            admin: Of whichever Envoy runs: its socket has the same path each time.
            listen: Where it takes calls.
        """
        self._start_envoy = start
        self._admin = admin
        self._listen = listen
        self.before_calls: Callable[[], Awaitable[None]] = _no_op
        """Awaited whenever one has its clusters, before it takes calls."""
        self._child: Child | None = None
        self._why = "Envoy is starting"
        self._ready_at = 0.0
        self._wait = FIRST_WAIT_SECONDS
        self._restarts = Counter(
            "openclaw_envoy_restarts", "How often Envoy was started anew because it had ended or hung", registry=None
        )
        self._ready = Gauge("openclaw_envoy_ready", "1 while Envoy takes calls", registry=None)
        self._ready.set_function(lambda: not self.not_ready())

    async def start(self) -> None:
        """Starts the first Envoy and waits until it accepts requests. Raises `StartError`."""
        self._child = await self._start_envoy()
        await wait_until_ready([self._child], self._admin, self._listen, self.before_calls)
        self._why, self._ready_at = "", time.monotonic()

    def not_ready(self) -> str:
        """Returns why no request can be accepted; empty: requests can be. It may be called from any thread."""
        return self._why or ("Envoy has ended" if self.has_ended() else "")

    def has_ended(self) -> bool:
        """Whether no Envoy process runs now."""
        return self._child is None or self._child.process.returncode is not None

    def is_away(self) -> bool:
        """Whether Envoy has ended or does not respond. The next one reads its files when it starts."""
        return bool(self.not_ready())

    async def run(self, registry: CollectorRegistry, tell: Tell) -> None:
        """Start it anew whenever it ends or hangs, for ever.

        Args:
            registry: Gets the metrics of this.
            tell: People.
        """
        registry.register(self._restarts)
        registry.register(self._ready)
        while True:
            assert self._child is not None, "the first one is started before"
            hung = await self._hangs(self._child)
            if hung:
                self._child.process.kill()  # nothing else reaches one that is stopped
            code = await self._child.process.wait()
            ended = time.monotonic()
            self._why = "Envoy has ended"
            if ended - self._ready_at > WELL_SECONDS:
                self._wait = FIRST_WAIT_SECONDS
            how = _how(code)
            told: dict[str, Json] = {"code": code, "how": how, "hung": hung, "why": await why_ended(self._child)}
            logs.event("envoy", "ended", told, level=logging.ERROR)
            what = "hung, was killed" if hung else f"ended ({how})"
            text = f"Envoy {what} and is started again; the calls it had are lost"
            tell(Notice(NoticeKind.ENVOY_DOWN, "envoy", text, time.time()))
            await self._start_again()
            seconds = time.monotonic() - ended
            logs.event("envoy", "restarted", {"away_seconds": round(seconds, 2)}, level=logging.WARNING)
            tell(Notice(NoticeKind.ENVOY_UP, "envoy", f"Envoy takes calls again, after {seconds:.1f} s", time.time()))

    async def stop(self) -> None:
        """Ends Envoy if it runs. The task of `run` has to be cancelled before."""
        self._why = "Envoy is being ended"
        if self._child is not None:
            await processes.end([self._child])

    async def _hangs(self, child: Child) -> bool:
        """Return when it has ended, or when it hangs; whether it hangs."""
        ends, silent = asyncio.create_task(child.process.wait()), asyncio.create_task(self._silence())
        try:
            await asyncio.wait([ends, silent], return_when=asyncio.FIRST_COMPLETED)
            return not ends.done()
        finally:
            ends.cancel()
            silent.cancel()

    async def _silence(self) -> None:
        """Return when it has been silent for so long that it hangs."""
        misses = 0
        while misses < HUNG_LOOKS:
            began = time.monotonic()
            if await self._admin.answers(LOOK_SECONDS):
                self._note_answer()
                misses = 0
            elif not self._admin.is_publishing:
                misses += 1
            if misses == SILENT_LOOKS and not self._why:
                self._why = "Envoy does not answer"
                logs.event("envoy", "silent", {}, level=logging.ERROR)
            await asyncio.sleep(max(0.0, began + LOOK_SECONDS - time.monotonic()))

    def _note_answer(self) -> None:
        if self._why:
            self._why = ""
            logs.event("envoy", "answers_again", {}, level=logging.WARNING)

    async def _start_again(self) -> None:
        """Starts Envoy again until it accepts calls."""
        while True:
            await asyncio.sleep(self._wait)
            self._wait = min(self._wait * 2, LONGEST_WAIT_SECONDS)
            self._restarts.inc()
            try:
                await self.start()
            except StartError as problem:
                self._why = "Envoy could not be started"
                data: dict[str, Json] = {"why": str(problem), "again_in_seconds": self._wait}
                logs.event("envoy", "not_started", data, level=logging.ERROR)
                await self._end_the_failed()
            else:
                return

    async def _end_the_failed(self) -> None:
        """Ends a process that runs and does not become ready, because it would keep the port."""
        if self._child is not None:
            await processes.end([self._child])


async def _no_op() -> None:
    """The callback that does nothing, until another one is set."""


def _how(code: int) -> str:
    """Returns how a process ended, for people: a negative code is the number of a signal."""
    if code >= 0:
        return f"code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
