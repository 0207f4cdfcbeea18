"""The service within one process: how it serves, and how a reload reaches it."""

import asyncio
import gc
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from openclaw_extproc.config.settings import Settings
from openclaw_extproc.edge.envoy.admin import Unusable
from openclaw_extproc.edge.envoy.call_lines import CallLine
from openclaw_extproc.edge.ext_proc.stage_servers import ListenAddresses, StageServers
from openclaw_extproc.edge.notify.notifier import Notifier
from openclaw_extproc.edge.reload.config_files import ReadConfiguration
from openclaw_extproc.edge.reload.reload import settings_of
from openclaw_extproc.edge.runtime.overload import pressure_file
from openclaw_extproc.edge.service import Service
from openclaw_extproc.edge.telemetry import admin, health_page


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
    pages = {health_page.PATH: service.health_page}
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
