"""The service, by this process alone or by workers: whoever starts it need not know.

The service within one process: how it serves, and how a reload reaches it.
"""

import asyncio
import gc
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial

from prometheus_client import CollectorRegistry

from openclaw_extproc.config.settings import Settings
from openclaw_extproc.edge.credentials.secrets import Secrets
from openclaw_extproc.edge.envoy.admin import Unusable
from openclaw_extproc.edge.envoy.call_lines import CallLine
from openclaw_extproc.edge.ext_proc.stage_servers import ListenAddresses, StageServers
from openclaw_extproc.edge.ledger.bookkeeper import local_outlet
from openclaw_extproc.edge.ledger.queries import request_lookup
from openclaw_extproc.edge.ledger.writer import LedgerWriter, open_ledger
from openclaw_extproc.edge.notify.notifier import CollectMetrics, Notifier
from openclaw_extproc.edge.reload.config_files import ReadConfiguration
from openclaw_extproc.edge.reload.reload import ReloadTarget, settings_of
from openclaw_extproc.edge.runtime.overload import pressure_file
from openclaw_extproc.edge.service import Service
from openclaw_extproc.edge.telemetry import admin, logs
from openclaw_extproc.edge.workers.summed_metrics import SummedCollector
from openclaw_extproc.edge.workers.supervisor import Supervisor, run_supervisor

# -- single process --------------------------------------------------------------------


@asynccontextmanager
async def run_service(
    service: Service,
    listening: ListenAddresses,
    not_ready: Callable[[], str],
    lookups: Mapping[str, admin.Lookup] = admin.NO_LOOKUPS,
) -> AsyncGenerator[None]:
    """Serves in this process until the block ends.

    Args:
        service: Opens the sessions.
        listening: The addresses of the stages.
        not_ready: Returns why requests cannot be accepted, for `/readyz`; empty: they can.
        lookups: Further pages of the admin address.

    Raises:
        ListenError: an address is in use, or may not be used.
    """
    await service.prepare(service.settings)
    pages = {admin.PATH: service.health_page}
    servers, is_started = StageServers(service, listening, pressure_file(listening.route)), asyncio.Event()

    def why() -> str:
        return not_ready() or ("" if is_started.is_set() else "starting")

    application = admin.application(service.metrics.registry, why, pages, lookups)
    stop_admin = admin.serve(service.settings.admin, application)
    try:
        await servers.start()
        is_started.set()
        service.probes.begin(service.settings)
        gc.freeze()  # what is loaded stays: walking it again and again is a tenth of a call's Python
        yield
    finally:
        await servers.stop(service.settings.drain_ms / 1000)
        await asyncio.to_thread(stop_admin)
        await service.close()


@dataclass(frozen=True, slots=True)
class SingleProcess:
    """The target of a reload when the service has no worker processes."""

    service: Service
    notifier: Notifier

    def refresh(self) -> None:
        self.service.refresh()

    async def prepare(self, read: ReadConfiguration) -> str:
        await self.service.prepare(settings_of(read))
        return ""

    def apply(self, read: ReadConfiguration) -> None:
        self.service.apply(settings_of(read))
        self.notifier.update(settings_of(read))

    def count_reload(self, *, ok: bool) -> None:
        self.service.metrics.count_reload(ok=ok)

    def apply_ejections(self, found: Unusable, seconds: float) -> None:
        self.service.apply_ejections(found, seconds)

    def note_call(self, line: CallLine) -> None:
        self.service.note_call(line)

    @property
    def not_first(self) -> frozenset[str]:
        return self.service.not_first

    @property
    def settings(self) -> Settings:
        return self.service.settings

    @property
    def own_registry(self) -> CollectorRegistry:
        return self.service.metrics.registry


# -- serving ---------------------------------------------------------------------------


@asynccontextmanager
async def run_workers(
    read: ReadConfiguration,
    environment: Mapping[str, str],
    listening: Sequence[ListenAddresses],
    not_ready: Callable[[], str],
) -> AsyncGenerator[ReloadTarget]:
    """Serve until the block ends. Raises `StartError`, `ListenError`."""
    assert read.settings is not None, "who has errors is not served"
    assert read.origin is not None, "what has settings has an origin"
    notifier = Notifier(Secrets(environment))
    if read.settings.is_crewed:
        opens = partial(open_ledger, read.settings.ledger, environment)
        crew = Supervisor(listening, read.settings, read.origin, environment, notifier, opens)
        async with (
            _run_ledger(crew.ledger),
            _run_notifier(notifier, read.settings, crew.metrics),
            run_supervisor(crew, read.settings, not_ready),
        ):
            with _on_hangup(crew.restart):
                yield crew
        return
    own = CollectorRegistry()
    ledger = open_ledger(read.settings.ledger, environment, own)
    outlet = local_outlet(ledger, own, notifier.tell)
    service = Service(read.settings, Secrets(environment), notifier.tell, outlet)
    service.metrics.registry.register(notifier.counter)
    service.metrics.registry.register(SummedCollector(own.collect))
    async with (
        _run_ledger(ledger),
        _run_notifier(notifier, read.settings, service.collect_metrics),
        run_service(
            service, listening[0], not_ready, admin.NO_LOOKUPS if ledger is None else request_lookup(ledger.path)
        ),
    ):
        with _on_hangup(None):
            yield SingleProcess(service, notifier)


@asynccontextmanager
async def _run_notifier(notifier: Notifier, settings: Settings, collected: CollectMetrics) -> AsyncGenerator[None]:
    notifier.start(settings, collected)
    try:
        yield
    finally:
        await notifier.close()


@asynccontextmanager
async def _run_ledger(ledger: LedgerWriter | None) -> AsyncGenerator[None]:
    """Writes what waits when the block ends."""
    try:
        yield
    finally:
        if ledger is not None:
            await asyncio.to_thread(ledger.close)


@contextmanager
def _on_hangup(restart: Callable[[], Awaitable[None]] | None) -> Generator[None]:
    """SIGHUP replaces the workers; without workers there is nobody to replace, and it says so."""
    loop, tasks = asyncio.get_running_loop(), set[asyncio.Task[None]]()

    async def once() -> None:
        if restart is None:
            logs.event("workers", "not_restarted", {"why": "gateway.workers is 1: there is no other to take over"})
        else:
            await restart()

    def hangup() -> None:
        task = asyncio.create_task(once())
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    loop.add_signal_handler(signal.SIGHUP, hangup)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
        for task in tasks:
            task.cancel()
