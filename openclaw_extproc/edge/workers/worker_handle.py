"""What the parent knows of one worker process, and how it speaks to it."""

import asyncio
import os
import socket
import sys
from collections.abc import Callable, Mapping
from itertools import count
from typing import TypeAlias

from prometheus_client import Metric

from openclaw_extproc.edge.envoy.call_lines import CallLine
from openclaw_extproc.edge.reload.config_files import Origin
from openclaw_extproc.edge.workers import processes
from openclaw_extproc.edge.workers.heartbeat import Pulse
from openclaw_extproc.edge.workers.processes import Child
from openclaw_extproc.edge.workers.worker_ipc import (
    Apply,
    Channel,
    CollectMetrics,
    Drain,
    EjectedClusters,
    FinalMetrics,
    HealthSnapshotRequest,
    LedgerEntries,
    NotFirst,
    NoticeSent,
    Prepare,
    Probe,
    ProbeResults,
    Ready,
    Release,
    Reply,
    Reserve,
    Reserved,
    Start,
    Tokens,
)
from openclaw_extproc.notices.kinds import Notice
from openclaw_extproc.policy.health.provider_health import HealthView

_ANSWER_SECONDS = 2.0
_PREPARE_SECONDS = 30.0
"""Renewing the credentials of clouds is part of it."""


CostMessage: TypeAlias = LedgerEntries | Reserve | Release
Tell: TypeAlias = Callable[[Notice, int], None]


class WorkerHandle:
    """A worker, as its parent sees it."""

    def __init__(self, child: Child, channel: Channel, pulse: Pulse, tell: Tell) -> None:
        self.child = child
        self.ready = asyncio.Event()
        self.pulse = pulse
        self.probed: Callable[[ProbeResults], None] = _nobody
        """The callback for what the worker's probes found."""
        self.announced: Callable[[Tokens], None] = _nobody
        """The callback for tokens that the worker is going to use."""
        self.on_cost: Callable[[CostMessage], None] = _nobody
        """The callback for what the worker's calls cost, and for its reservations."""
        self.metrics: tuple[Metric, ...] = ()
        """The metrics as the worker sent them last."""
        self.not_first = frozenset[str]()
        """Names of providers and of targets that Envoy should send no call to by itself, as it told them last."""
        self._channel = channel
        self._tell = tell
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[Reply]] = {}
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def start(cls, name: str, start: Start, environment: Mapping[str, str], tell: Tell) -> "WorkerHandle":
        """`tell`: what it wants people to be told, and its `pid`. Raises `StartError`."""
        ours, theirs = socket.socketpair()
        beats, its_beats = os.pipe()
        with theirs, os.fdopen(its_beats, "wb"):
            files = [theirs.fileno(), its_beats]
            command = [sys.executable, "-m", "openclaw_extproc.edge.workers.worker", *map(str, files)]
            child = await processes.start(name, command, environment=environment, files=files)
        channel = await Channel.on(ours)
        channel.send(start)
        return cls(child, channel, Pulse(beats), tell)

    @property
    def pid(self) -> int:
        return self.child.process.pid

    @property
    def has_ended(self) -> bool:
        return self.child.process.returncode is not None

    async def prepare(self, origin: Origin) -> str:
        reply = await self._ask(Prepare(next(self._numbers), origin), _PREPARE_SECONDS)
        # One that is gone or hangs is replaced, by one that starts with what is in force then.
        return "" if reply is None else reply.problem

    def apply(self) -> None:
        self._channel.send(Apply())

    async def count(self) -> tuple[Metric, ...]:
        """What it counted so far; of one that does not answer, what it told last."""
        reply = await self._ask(CollectMetrics(next(self._numbers)), _ANSWER_SECONDS)
        if reply is not None:
            self.metrics = reply.metrics
        return self.metrics

    async def views(self) -> tuple[HealthView, ...]:
        """What it knows of providers and models; nothing of one that does not answer."""
        reply = await self._ask(HealthSnapshotRequest(next(self._numbers)), _ANSWER_SECONDS)
        return () if reply is None else reply.views

    def tell(self, news: "Probe | EjectedClusters | ProbeResults | Tokens | CallLine | Reserved") -> None:
        self._channel.send(news)

    def drain(self, seconds: float) -> None:
        self._channel.send(Drain(seconds))

    def kill(self) -> None:
        if not self.has_ended:
            self.child.process.kill()

    async def wait_ended(self) -> int:
        """Returns the exit code, once every message of the worker was read."""
        code = await self.child.process.wait()
        await asyncio.wait([self._listening, self.child.listener], timeout=1.0)
        self._listening.cancel()
        self._channel.close()
        self.pulse.close()
        return code

    async def _ask(self, question: "Prepare | CollectMetrics | HealthSnapshotRequest", seconds: float) -> Reply | None:
        if self.has_ended or self._listening.done():
            return None
        waiting = self._waiting[question.number] = asyncio.get_running_loop().create_future()
        self._channel.send(question)
        try:
            return await asyncio.wait_for(waiting, seconds)
        except (TimeoutError, asyncio.CancelledError):
            return None
        finally:
            self._waiting.pop(question.number, None)

    async def _listen(self) -> None:  # noqa: C901  # a row for each message
        try:
            while (message := await self._channel.receive()) is not None:
                match message:
                    case Ready():
                        self.ready.set()
                    case Reply(number):
                        if (waiting := self._waiting.get(number)) is not None and not waiting.done():
                            waiting.set_result(message)
                    case NoticeSent(notice):
                        self._tell(notice, self.pid)
                    case FinalMetrics(metrics):
                        self.metrics = metrics
                    case ProbeResults():
                        self.probed(message)
                    case Tokens():
                        self.announced(message)
                    case LedgerEntries() | Reserve() | Release():
                        self.on_cost(message)
                    case NotFirst(names):
                        self.not_first = names
                    case (
                        Start()
                        | Prepare()
                        | Apply()
                        | CollectMetrics()
                        | HealthSnapshotRequest()
                        | Drain()
                        | Probe()
                        | EjectedClusters()
                        | CallLine()
                        | Reserved()
                    ):
                        raise AssertionError(f"a worker said {type(message).__name__}")
        finally:
            for waiting in self._waiting.values():
                waiting.cancel()


def _nobody(_: "ProbeResults | Tokens | CostMessage") -> None:
    """The callback that does nothing, until another one is set."""
