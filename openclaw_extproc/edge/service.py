"""The ext_proc service: both stages, the admin address, and the snapshot that a reload replaces."""

import asyncio
import gc
import logging
import random
import sys
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Protocol

from prometheus_client import CollectorRegistry, Metric

from openclaw_extproc.config.findings import ConfigError, Finding, blocking, errors
from openclaw_extproc.config.settings import Settings, StageTls
from openclaw_extproc.edge.credentials.client_keys import ClientKeys
from openclaw_extproc.edge.credentials.credentials import Credentials
from openclaw_extproc.edge.credentials.known_tokens import Announce, no_other_worker
from openclaw_extproc.edge.credentials.secrets import Secrets
from openclaw_extproc.edge.envoy.admin import Unusable
from openclaw_extproc.edge.ext_proc.sessions import AttemptSession, RouteSession
from openclaw_extproc.edge.ext_proc.stage_server import stage_server
from openclaw_extproc.edge.ext_proc.transport import Session
from openclaw_extproc.edge.notify.notifier import Notifier
from openclaw_extproc.edge.reload import restart_needed
from openclaw_extproc.edge.reload.background import aside
from openclaw_extproc.edge.reload.config_files import ConfigFiles, ReadConfiguration, startable
from openclaw_extproc.edge.runtime.health_watch import HealthWatch
from openclaw_extproc.edge.runtime.memory import Memory
from openclaw_extproc.edge.runtime.overload import OverloadGate, pressure_file
from openclaw_extproc.edge.runtime.probes import Probes
from openclaw_extproc.edge.runtime.side_requests import SideRequestClient
from openclaw_extproc.edge.telemetry import admin, health_page, logs
from openclaw_extproc.edge.telemetry.alerts import Tell, nobody
from openclaw_extproc.edge.telemetry.metrics import Metrics
from openclaw_extproc.edge.telemetry.recorder import Recorder
from openclaw_extproc.features import Features
from openclaw_extproc.gateway import Gateway
from openclaw_extproc.notices.kinds import Notice, NoticeKind
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.snapshots import Snapshots
from openclaw_extproc.stages.attempt.stage import AttemptStage
from openclaw_extproc.stages.route.stage import RouteStage

WATCH_SECONDS = 0.25
"""A look costs one `stat` for each file."""
LOOK_AROUND_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Listening:
    """Where Envoy finds the stages: `unix:/path` or `host:port`."""

    route: str
    attempt: str
    tls: StageTls | None = None
    """For `host:port`."""

    def of_workers(self, count: int) -> "tuple[Listening, ...]":
        """A pair for each: `route-0.sock`, `route-1.sock` …, or ports two apart. One worker has the pair itself."""
        if count == 1:
            return (self,)
        return tuple(Listening(_nth(self.route, n), _nth(self.attempt, n), self.tls) for n in range(count))

    @property
    def places(self) -> tuple[str, str]:
        """As Envoy is told them."""
        return self.route.removeprefix("unix:"), self.attempt.removeprefix("unix:")


def _nth(address: str, number: int) -> str:
    if address.startswith("unix:"):
        return f"{address.removesuffix('.sock')}-{number}.sock"
    host, _, port = address.rpartition(":")
    return f"{host}:{int(port) + 2 * number}"


class Service:
    def __init__(self, settings: Settings, secrets: Secrets, tell: Tell = nobody) -> None:
        """`tell`: people, of what happens here."""
        self._settings = settings
        self._kept = restart_needed.Kept.of(settings)
        self._snapshots = Snapshots(settings.gateway)
        self._tell = tell
        self._not_renewed: deque[str] = deque(maxlen=100)
        """Identities, from the threads that renew them."""
        self.health = HealthWatch(settings.gateway, tell)
        self._memory = Memory()
        self.metrics = Metrics(self._gateway, self.health, self._memory.under_way)
        self.gate = OverloadGate(lambda: self._settings.overload, self.metrics.registry)
        self._credentials = Credentials(secrets, self._credential_failed)
        self.announced: Announce = no_other_worker
        """Who is told of tokens that go on requests from now on: the identity's name, and the tokens."""
        self._client_keys = ClientKeys(secrets)
        self._client_keys.keep(settings.gateway.callers.clients)
        self._recorder = Recorder(self.metrics, self.health, self._memory, self._gateway, tell)
        self._situation = RuntimeState()
        self.probes = Probes(self.health, self._credentials.put_on, self.metrics.probed)
        self.answers = SideRequestClient(
            lambda: self._settings.listen, self.metrics.question, lambda: self._settings.gateway.callers.tls
        )
        self.look_around()

    @property
    def settings(self) -> Settings:
        return self._settings

    async def expect(self, settings: Settings) -> None:
        """Have the identities of these settings asked for, beside our own, before they are needed."""
        # Attempts of requests under way still want those of the settings before.
        self._snapshots.expect(settings.gateway)
        self._credentials.keep(p for gateway in self._snapshots.gateways for p in gateway.providers.values())
        await asyncio.to_thread(self._credentials.wait)
        self.look_around()

    def take(self, settings: Settings) -> None:
        """From the next request on. Requests under way keep the snapshot they started with."""
        self._settings = settings = self._kept.within(settings)
        self._snapshots.take(settings.gateway, time.time())
        self.health.keep(settings.gateway)
        self.probes.keep(settings)
        self._memory.keep(settings.gateway)
        self._client_keys.keep(settings.gateway.callers.clients)
        self.look_around()

    def look_around(self) -> None:
        """See which credentials are there now, and what the time has changed."""
        self.health.look(time.time())
        self._client_keys.refresh()
        self._credentials.announce(self.announced)
        self._snapshots.forget(time.time())
        while self._not_renewed:
            name = self._not_renewed.popleft()
            text = f"{name} cannot be renewed; what it stands for is used while it is valid"
            self._tell(Notice(NoticeKind.CREDENTIAL_NOT_RENEWED, name, text, time.time()))
        self.answers.expect(self._settings.gateway)
        providers = self._settings.gateway.providers.values()
        self._situation = replace(self._situation, missing_credentials=self._credentials.missing(providers))

    def situation_for(self, features: Features, gateway: Gateway) -> RuntimeState:
        """What is true now and bears on this request. Of this process: each worker knows its own."""
        at = time.time()
        known = self._memory.situation(features, gateway, at)
        return RuntimeState(
            latency=known.latency,
            inflight=known.inflight,
            token_ratio=known.token_ratio,
            spent_this_hour=known.spent_this_hour,
            spent_today=known.spent_today,
            remembered=known.remembered,
            missing_credentials=self._situation.missing_credentials,
            unhealthy=self.health.avoid(at),
            without_address=self.health.without_address(at),
            draw=random.random(),  # noqa: S311  # spreads load, keeps no secret
        )

    def learn(self, identity: str, tokens: tuple[str, ...]) -> None:
        """Another worker puts these tokens on requests."""
        self._credentials.learn(identity, tokens)

    def ejected(self, found: Unusable, seconds: float) -> None:
        """Envoy cannot ask them, as far as is known for so long."""
        for provider in self._settings.gateway.providers.values():
            if provider.cluster in found.ejected | found.absent:
                self.health.ejected(provider.name, time.time(), seconds, absent=provider.cluster in found.absent)

    def open_route(self) -> Session:
        gateway = self._gateway()

        def recall(features: Features) -> RuntimeState:
            return self.situation_for(features, gateway)

        secret, client_of = self.answers.secret, self._client_keys.client_of
        stage = RouteStage(gateway, self._situation, recall, secret, self.gate.refusal, client_of)
        quotable, under_way = self._credentials.quotable, self._memory.under_way
        return RouteSession(stage, self._recorder.request, quotable, under_way, self.gate, self.health.planned)

    def open_attempt(self) -> Session:
        put_on, under_way = self._credentials.put_on, self._memory.under_way
        return AttemptSession(AttemptStage(self._snapshots), self._recorder.attempt, put_on, under_way, self.gate)

    async def counted(self) -> tuple[Metric, ...]:
        return tuple(self.metrics.registry.collect())

    def health_page(self) -> bytes:
        at = time.time()
        return health_page.page(self.health.view(at), at)

    def _credential_failed(self, identity: str) -> None:
        self.metrics.credential_failed(identity)
        self._not_renewed.append(identity)

    async def close(self) -> None:
        await self.probes.close()
        await self.answers.close()
        self._credentials.close()

    def _gateway(self) -> Gateway:
        return self._settings.gateway


class Servers:
    """Both stages on their addresses. A server a stage: the socket says which stage it is."""

    def __init__(self, service: Service, listening: Listening, pressure_file: str) -> None:
        """`pressure_file`: where Envoy is told how much to refuse; empty: nowhere. Raises `ListenError`."""
        self._is_serving = True
        self._service = service
        self._pressure_file = pressure_file
        self._watching: asyncio.Task[None] | None = None
        served, tls = (lambda: self._is_serving), listening.tls
        self._servers = [
            stage_server(listening.route, service.open_route, service.answers, served, tls),
            stage_server(listening.attempt, service.open_attempt, is_serving=served, tls=tls),
        ]

    async def start(self) -> None:
        for server in self._servers:
            await server.start()
        self._watching = asyncio.create_task(self._service.gate.watch(self._pressure_file))

    async def stop(self, seconds: float) -> None:
        """No new streams; those under way get so long to end."""
        self._is_serving = False
        await asyncio.gather(*(server.stop(seconds) for server in self._servers))
        if self._watching is not None:
            self._watching.cancel()


@asynccontextmanager
async def running(service: Service, listening: Listening, not_ready: Callable[[], str]) -> AsyncGenerator[None]:
    """Serve until the block ends. Raises `ListenError`."""
    await service.expect(service.settings)
    pages = {health_page.PATH: service.health_page}
    servers, is_started = Servers(service, listening, pressure_file(listening.route)), asyncio.Event()

    def why() -> str:
        return not_ready() or ("" if is_started.is_set() else "starting")

    stop_admin = admin.serve(service.settings.admin, admin.application(service.metrics.registry, why, pages))
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


class ReloadTarget(Protocol):
    """Who works with the configuration: this process, or its workers."""

    def look_around(self) -> None: ...

    async def expect(self, read: ReadConfiguration) -> str:
        """Get ready for it. What went wrong, or nothing."""
        ...

    def take(self, read: ReadConfiguration) -> None: ...

    def reloaded(self, *, ok: bool) -> None: ...

    def ejected(self, found: Unusable, seconds: float) -> None:
        """Envoy cannot ask them, as far as is known for so long."""
        ...

    @property
    def settings(self) -> Settings:
        """In force now."""
        ...

    @property
    def own_registry(self) -> CollectorRegistry:
        """What is counted here, and not by workers."""
        ...

    @property
    def notifier(self) -> Notifier:
        """Who tells people."""
        ...


@dataclass(frozen=True, slots=True)
class SingleProcess:
    """One worker: this process."""

    service: Service
    notifier: Notifier

    def look_around(self) -> None:
        self.service.look_around()

    async def expect(self, read: ReadConfiguration) -> str:
        await self.service.expect(_settings(read))
        return ""

    def take(self, read: ReadConfiguration) -> None:
        self.service.take(_settings(read))
        self.notifier.keep(_settings(read))

    def reloaded(self, *, ok: bool) -> None:
        self.service.metrics.reload(ok=ok)

    def ejected(self, found: Unusable, seconds: float) -> None:
        self.service.ejected(found, seconds)

    @property
    def settings(self) -> Settings:
        return self.service.settings

    @property
    def own_registry(self) -> CollectorRegistry:
        return self.service.metrics.registry


def _settings(read: ReadConfiguration) -> Settings:
    assert read.settings is not None, "who has errors is not taken"
    return read.settings


async def _nothing_to_prepare(_: ReadConfiguration) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Reloading:
    """What `up` adds to a reload, having an Envoy of its own."""

    check: Callable[[ReadConfiguration], Sequence[Finding]] = lambda _: ()
    """What Envoy has against it. Runs in a thread."""
    prepare: Callable[[ReadConfiguration], Awaitable[str]] = _nothing_to_prepare
    """Before the snapshot is replaced, because a plan may only name clusters that Envoy has. What went wrong, or
    nothing."""
    taken: Callable[[ReadConfiguration], None] = lambda _: None
    """After the snapshot was replaced."""


async def watch(taking: ReloadTarget, sources: ConfigFiles, reloading: Reloading) -> None:
    """Take in changed files for ever; a bad file changes nothing and says so."""
    seen = last = sources.signature_as_read()
    looks, started = 0, taking.settings
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        looks += 1
        if looks % int(LOOK_AROUND_SECONDS / WATCH_SECONDS) == 0:
            taking.look_around()
        now, before = sources.signature(), last
        last = now
        if now == seen or now != before:
            continue  # one that is still being written would be read half
        seen = now
        if await _reload(taking, sources, reloading, started):
            seen = sources.signature()  # we may have written the clusters file ourselves


async def _reload(taking: ReloadTarget, sources: ConfigFiles, reloading: Reloading, started: Settings) -> bool:
    """Whether the snapshot was replaced. `started`: the settings of the start."""
    try:
        read = await aside(lambda: startable(sources.read(), sources.environment))
    except ConfigError as error:
        return _rejected(taking, error.findings, error.findings)
    settings = _settings(read)
    try:
        objections = tuple(await aside(lambda: reloading.check(read)))
        problem = "" if objections else await taking.expect(read) or await reloading.prepare(read)
    except OSError as error:  # the disk is full
        objections, problem = (), f"{error.filename or 'a file'} cannot be written: {error.strerror}"
    if problem:
        objections = (Finding("clusters", problem, "the old configuration stays until it is saved again", "error"),)
    if objections:
        return _rejected(taking, objections, (*read.findings, *objections))
    taking.reloaded(ok=True)
    tell((*read.findings, *sources.placed(read, restart_needed.needed(started, settings))))
    taking.take(read)
    reloading.taken(read)
    logs.event("config", "reloaded", {"providers": [*sorted(settings.gateway.providers)]})
    return True


def _rejected(taking: ReloadTarget, objections: Sequence[Finding], findings: Sequence[Finding]) -> bool:
    taking.reloaded(ok=False)
    tell(findings)
    in_the_way = blocking(objections)
    count = len(in_the_way)
    logs.event("config", "reload_rejected", {"errors": count}, level=logging.ERROR)
    first = str(in_the_way[0]) if in_the_way else ""
    errors_found = "1 error" if count == 1 else f"{count} errors"
    text = f"a changed configuration has {errors_found}, so the old one stays: {first[:500]}"
    taking.notifier.tell(Notice(NoticeKind.CONFIG_REJECTED, "configuration", text, time.time()))
    return False


def tell_at_start(findings: Sequence[Finding]) -> None:
    """Log every finding; what cannot work is told on standard error too, as the log may be a file that nobody reads."""
    for finding in errors(findings):
        sys.stderr.write(f"{finding.severity}: {finding}\n")
    tell(findings)


def tell(findings: Iterable[Finding]) -> None:
    """Log every finding."""
    for finding in findings:
        level = logging.ERROR if finding.severity == "error" else logging.WARNING
        logs.event("config", "finding", {"finding": str(finding)}, level=level)
