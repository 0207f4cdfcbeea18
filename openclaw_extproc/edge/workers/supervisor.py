"""The parent of several workers: it starts them, replaces those that die or hang, and acts as one service.

Each worker has a pair of addresses of its own, so that Envoy sees each of them and leaves one that is not well. What a
worker sees of its own calls, health, latency and affinity, it knows by itself; what was counted is added up here. One
worker probes the providers, and all of them hear what it finds, and what Envoy has ejected.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from prometheus_client import CollectorRegistry, Metric

from openclaw_extproc.config.settings import Settings
from openclaw_extproc.edge.credentials.credentials import KnownTokens
from openclaw_extproc.edge.envoy.admin import Unusable
from openclaw_extproc.edge.envoy.call_lines import CallLine
from openclaw_extproc.edge.ext_proc.stage_servers import ListenAddresses
from openclaw_extproc.edge.ledger.bookkeeper import Bookkeeper, RemainingBudgets
from openclaw_extproc.edge.ledger.queries import request_lookup
from openclaw_extproc.edge.ledger.writer import OpenLedger, no_ledger
from openclaw_extproc.edge.notify.notifier import Notifier
from openclaw_extproc.edge.reload.config_files import Origin, ReadConfiguration
from openclaw_extproc.edge.reload.restart_needed import FixedSettings
from openclaw_extproc.edge.telemetry import admin, logs
from openclaw_extproc.edge.workers.processes import StartError
from openclaw_extproc.edge.workers.summed_metrics import SummedCollector, WorkerMetrics
from openclaw_extproc.edge.workers.worker_handle import CostMessage, WorkerHandle
from openclaw_extproc.edge.workers.worker_ipc import (
    EjectedClusters,
    LedgerEntries,
    Probe,
    ProbeResults,
    Release,
    Reserve,
    Reserved,
    Start,
    Tokens,
)
from openclaw_extproc.model.json import Json
from openclaw_extproc.notices.kinds import Notice, NoticeKind
from openclaw_extproc.policy.health.merged import merge_health_views

READY_SECONDS = 30.0
LATE_SECONDS = 3.0
"""The time without a turn of its loop after which a worker is not ready. Envoy's own health check leaves it out
meanwhile."""
SILENT_SECONDS = 10.0
"""The time without a heartbeat after which a worker is killed. Nothing of its process runs then: it is stopped, or one
call into C keeps all its threads waiting."""
STALLED_SECONDS = 20.0
"""The time in one step of its loop, with the rest of the process alive, after which a worker is killed. It is generous:
a whole response of tens of MiB is read in one step, which takes seconds, and more of them where others need the machine
as well."""
WATCH_SECONDS = 0.25
COUNT_SECONDS = 5.0
"""The interval at which workers are asked for their counters: a killed one loses as much."""
FIRST_WAIT_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 10.0
WELL_SECONDS = 30.0
"""The lifetime after which an end is not blamed on the start: the next worker is started without a long pause."""


@dataclass(slots=True)
class WorkerSlot:
    """The place of a worker: its addresses stay the same when the worker is replaced."""

    number: int
    listening: ListenAddresses
    hand: WorkerHandle | None = None
    wait: float = FIRST_WAIT_SECONDS
    since: float = 0.0


class Supervisor:
    """Starts, watches and replaces the worker processes, and passes on what they and the reload have to know."""

    def __init__(
        self,
        places: Sequence[ListenAddresses],
        settings: Settings,
        origin: Origin,
        environment: Mapping[str, str],
        notifier: Notifier,
        open_ledger: OpenLedger = no_ledger,
    ) -> None:
        """`open_ledger` makes the ledger's writer, which counts in the registry that it gets."""
        self._slots = [WorkerSlot(number, place) for number, place in enumerate(places)]
        self._settings = settings
        self._kept = FixedSettings.of(settings)
        self._expected_settings = settings
        self._origin = origin
        self._expected = origin
        self._environment = environment
        self.notifier = notifier
        self._leaving: set[WorkerHandle] = set()
        self._unusable, self._unusable_seconds = Unusable(), 0.0
        self._starting: set[WorkerHandle] = set()
        self._tokens = KnownTokens()
        self._prober: WorkerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._turning = asyncio.Lock()
        self._stopping = False
        self._inside = secrets.token_urlsafe(32)
        self.registry = CollectorRegistry()
        """Returns the sums of all workers' metrics at each scrape."""
        self._metrics = WorkerMetrics(notifier.counter, lambda: sum(_is_ready(slot) for slot in self._slots))
        self.ledger = open_ledger(self._metrics.own)
        """`None`: there is none."""
        self.keeper = Bookkeeper(notifier.tell)
        self._metrics.own.register(RemainingBudgets(self.keeper))
        if self.ledger is not None:
            self.keeper.restore(self.ledger.path)

    async def start(self) -> None:
        """Starts all workers at once and waits until they serve. Raises `StartError`."""
        await asyncio.gather(*(self._fill(slot) for slot in self._slots))
        loop = asyncio.get_running_loop()
        self.registry.register(
            SummedCollector(lambda: asyncio.run_coroutine_threadsafe(self.metrics(), loop).result(10))
        )
        for slot in self._slots:
            self._do(self._watch(slot))
        self._do(self._collect_regularly())

    async def stop(self, seconds: float) -> None:
        """Ends all workers and replaces none. Running streams have so many seconds to end."""
        self._stopping = True
        for task in self._tasks:
            task.cancel()
        hands = [*self._leaving, *self._hands()]
        for hand in hands:
            hand.drain(seconds)
        await asyncio.gather(*(_end(hand, seconds + 2.0) for hand in hands))

    def not_ready(self) -> str:
        """Returns why no request can be accepted; empty: requests can be."""
        return "" if any(_is_ready(slot) for slot in self._slots) else "no worker is ready"

    # -- the configuration ---------------------------------------------------------

    def refresh(self) -> None:
        """Does nothing: each worker refreshes itself."""

    async def prepare(self, read: ReadConfiguration) -> str:
        assert read.origin is not None, "what has settings has an origin"
        assert read.settings is not None, "who has errors is not taken"
        self._expected, self._expected_settings = read.origin, read.settings
        problems = await asyncio.gather(*(hand.prepare(read.origin) for hand in self._hands()))
        return next(filter(None, problems), "")

    def apply(self, read: ReadConfiguration) -> None:
        assert read.origin is not None, "what has settings has an origin"
        self._origin, self._settings = self._expected, self._expected_settings
        self.notifier.update(self._settings)
        for hand in self._hands():
            hand.apply()

    def count_reload(self, *, ok: bool) -> None:
        self._metrics.count_reload(ok=ok)

    @property
    def settings(self) -> Settings:
        return self._settings

    @property
    def own_registry(self) -> CollectorRegistry:
        return self._metrics.own

    # -- what one sees for all -------------------------------------------------------

    def apply_ejections(self, found: Unusable, seconds: float) -> None:
        self._unusable, self._unusable_seconds = found, seconds
        for hand in (*self._hands(), *self._starting):  # who starts was given what was known then
            hand.tell(EjectedClusters(found, seconds))

    def note_call(self, line: CallLine) -> None:
        """One worker counts it: what was counted is added up."""
        for hand in self._hands()[:1]:
            hand.tell(line)

    @property
    def not_first(self) -> frozenset[str]:
        """As any of the workers sees it: a call may come to each of them."""
        return frozenset[str]().union(*(hand.not_first for hand in self._hands()))

    def _appoint(self) -> None:
        """Makes one of the serving workers probe the providers, if none does."""
        serving = self._hands()
        if self._prober in serving or not serving:
            return
        self._prober = serving[0]
        serving[0].tell(Probe())

    def _pass_on_probe(self, of: WorkerHandle, news: ProbeResults) -> None:
        for hand in self._hands():
            if hand is not of:
                hand.tell(news)

    def _pass_on_tokens(self, of: WorkerHandle, news: Tokens) -> None:
        """Passes tokens on to all other workers, starting and leaving ones too: each may see a response to them."""
        self._tokens.note(news.identity, news.tokens)
        for hand in {*self._hands(), *self._leaving, *self._starting} - {of}:
            hand.tell(news)

    def _on_cost(self, of: WorkerHandle, news: CostMessage) -> None:
        match news:
            case LedgerEntries(entries):
                for entry in entries:
                    self.keeper.settle(entry)
                if self.ledger is not None:
                    self.ledger.put_all(entries)
            case Reserve(number, asked):
                of.tell(Reserved(number, self.keeper.reserve(asked, of.pid)))
            case Release(request_id):
                self.keeper.release(request_id)

    def _hands(self) -> list[WorkerHandle]:
        """The handles of the workers that serve."""
        return [slot.hand for slot in self._slots if slot.hand is not None]

    # -- what was counted ----------------------------------------------------------

    async def metrics(self) -> tuple[Metric, ...]:
        hands = [*self._leaving, *self._hands()]
        told = await asyncio.gather(*(hand.count() for hand in hands))
        return self._metrics.sums(told)

    async def health_page(self) -> bytes:
        views = await asyncio.gather(*(hand.views() for hand in self._hands()))
        return admin.page(merge_health_views(views), time.time())

    async def _collect_regularly(self) -> None:
        while True:
            await asyncio.sleep(COUNT_SECONDS)
            await self.metrics()

    # -- who serves ------------------------------------------------------------------

    async def restart(self) -> None:
        """Replaces one worker after the other. Each new one is ready before the old one accepts no more streams."""
        async with self._turning:
            for slot in self._slots:
                await self._turn(slot)
        logs.event("workers", "restarted", {"workers": len(self._slots)})

    async def _turn(self, slot: WorkerSlot) -> None:
        old = slot.hand
        if old is None:
            return  # it is being replaced anyway
        slot.hand = None
        self._appoint()
        self._leaving.add(old)
        if not slot.listening.route.startswith("unix:"):
            await self._drain_and_end(old)  # a TCP port has one owner: the other workers serve meanwhile
        slot.wait = FIRST_WAIT_SECONDS
        await self._fill_again(slot)
        self._metrics.count_restart("rolling")
        if slot.listening.route.startswith("unix:"):
            self._do(self._drain_and_end(old))

    async def _drain_and_end(self, hand: WorkerHandle) -> None:
        seconds = self._settings.gateway.timeouts.max_attempt_timeout_ms / 1000
        hand.drain(seconds)
        await _end(hand, seconds + 2.0)
        self._leaving.discard(hand)
        self.notifier.forget_worker(hand.pid)
        self.keeper.forget_worker(hand.pid)
        self._metrics.add_ended(hand.metrics)

    async def _watch(self, slot: WorkerSlot) -> None:
        """Watches one place for ever, and replaces its worker when that ends or hangs."""
        looked = time.monotonic()
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            late, looked = time.monotonic() - looked > 2 * WATCH_SECONDS + 0.5, time.monotonic()
            hand = slot.hand
            if hand is None or late:  # if it was us who slept, we have not heard their beats
                continue
            if hand.has_ended:
                await self._replace(slot, hand, "ended")
            elif hand.pulse.silence() > SILENT_SECONDS or hand.pulse.stall() > STALLED_SECONDS:
                hand.kill()
                await self._replace(slot, hand, "hung")

    async def _replace(self, slot: WorkerSlot, hand: WorkerHandle, reason: str) -> None:
        slot.hand = None
        self._appoint()
        code = await hand.wait_ended()
        self._metrics.add_ended(hand.metrics)
        self._metrics.count_restart(reason)
        told: dict[str, Json] = {"worker": slot.number, "pid": hand.pid, "code": code, "reason": reason}
        logs.event("workers", "replaced", told, level=logging.ERROR)
        self.notifier.forget_worker(hand.pid)
        self.keeper.forget_worker(hand.pid)
        text = f"worker {slot.number} {'hung' if reason == 'hung' else f'ended with code {code}'} and is replaced"
        self.notifier.tell(Notice(NoticeKind.WORKER_REPLACED, f"worker {slot.number}", text, time.time()))
        if time.monotonic() - slot.since > WELL_SECONDS:
            slot.wait = FIRST_WAIT_SECONDS
        await self._fill_again(slot)

    async def _fill_again(self, slot: WorkerSlot) -> None:
        """Tries to start a worker in this place until one serves, with growing waits."""
        while True:
            await asyncio.sleep(slot.wait)
            slot.wait = min(slot.wait * 2, LONGEST_WAIT_SECONDS)
            try:
                await self._fill(slot)
            except StartError as problem:
                logs.event("workers", "not_started", {"worker": slot.number, "why": str(problem)}, level=logging.ERROR)
            else:
                return

    async def _fill(self, slot: WorkerSlot) -> None:
        """Starts a worker in this place and waits until it serves. Raises `StartError`."""
        origin = self._origin
        pair = slot.listening
        known = self._unusable
        has_ledger = self.ledger is not None
        start = Start(origin, pair.route, pair.attempt, pair.tls, self._inside, self._kept, known, has_ledger)
        hand = await WorkerHandle.start(f"worker-{slot.number}", start, self._environment, self.notifier.tell)
        if self._unusable is not known:
            hand.tell(EjectedClusters(self._unusable, self._unusable_seconds))
        for identity, tokens in self._tokens.all():
            hand.tell(Tokens(identity, tokens))
        hand.announced = partial(self._pass_on_tokens, hand)
        hand.on_cost = partial(self._on_cost, hand)
        self._starting.add(hand)
        try:
            await self._wait_until_serving(slot, hand, origin)
            slot.hand, slot.since = hand, time.monotonic()
        finally:
            self._starting.discard(hand)
        if self._expected is not self._origin:  # to be taken next
            await hand.prepare(self._expected)
        hand.probed = lambda news: self._pass_on_probe(hand, news)
        self._appoint()

    async def _wait_until_serving(self, slot: WorkerSlot, hand: WorkerHandle, origin: Origin) -> None:
        """Waits until the worker serves what is in force. `origin`: what it was started with. Raises `StartError`."""
        waits = [asyncio.create_task(hand.ready.wait()), asyncio.create_task(hand.child.process.wait())]
        try:
            await asyncio.wait(waits, timeout=READY_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
            if not hand.ready.is_set():
                hand.kill()
        if not hand.ready.is_set():
            await hand.wait_ended()
            why = hand.child.last_words[-1] if hand.child.last_words else "it was not ready in time"
            raise StartError(f"worker {slot.number} could not be started: {why}")
        while origin is not self._origin:  # another one was taken while it started
            origin = self._origin
            await hand.prepare(origin)
            hand.apply()

    def _do(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _is_ready(slot: WorkerSlot) -> bool:
    return slot.hand is not None and not slot.hand.has_ended and slot.hand.pulse.stall() < LATE_SECONDS


async def _end(hand: WorkerHandle, seconds: float) -> None:
    try:
        await asyncio.wait_for(hand.child.process.wait(), seconds)
    except TimeoutError:
        hand.kill()
    await hand.wait_ended()


@asynccontextmanager
async def run_supervisor(crew: Supervisor, settings: Settings, not_ready: Callable[[], str]) -> AsyncGenerator[None]:
    """Serves with workers until the block ends. Raises `StartError`, `ListenError`."""
    loop = asyncio.get_running_loop()
    pages = {admin.PATH: lambda: asyncio.run_coroutine_threadsafe(crew.health_page(), loop).result(10)}
    lookups = admin.NO_LOOKUPS if crew.ledger is None else request_lookup(crew.ledger.path)
    application = admin.application(crew.registry, lambda: not_ready() or crew.not_ready(), pages, lookups)
    stop_admin = admin.serve(settings.admin, application)
    try:
        await crew.start()
        yield
    finally:
        await crew.stop(settings.drain_ms / 1000)
        await asyncio.to_thread(stop_admin)
