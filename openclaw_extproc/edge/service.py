"""The ext_proc service of one process: its sessions with Envoy, and the snapshot that a reload replaces."""

import asyncio
import os
import random
import time
from collections import deque
from dataclasses import replace
from typing import Final

import msgspec
from prometheus_client import Metric

from openclaw_extproc import plan as plans
from openclaw_extproc.config.settings import Settings
from openclaw_extproc.edge.credentials.credentials import Announce, Credentials, no_other_worker
from openclaw_extproc.edge.credentials.secrets import ClientKeys, Secrets
from openclaw_extproc.edge.envoy.admin import Unusable
from openclaw_extproc.edge.envoy.call_lines import CallLine
from openclaw_extproc.edge.ext_proc.sessions import combined_session, route_session
from openclaw_extproc.edge.ext_proc.transport import Session
from openclaw_extproc.edge.ledger.bookkeeper import CostOutlet
from openclaw_extproc.edge.ledger.sink import LedgerSink
from openclaw_extproc.edge.reload import restart_needed
from openclaw_extproc.edge.runtime.health_watch import HealthWatch
from openclaw_extproc.edge.runtime.in_flight import AttemptAccount
from openclaw_extproc.edge.runtime.memory import Memory
from openclaw_extproc.edge.runtime.overload import OverloadGate
from openclaw_extproc.edge.runtime.probes import Probes
from openclaw_extproc.edge.runtime.side_requests import SideRequestClient
from openclaw_extproc.edge.telemetry import admin
from openclaw_extproc.edge.telemetry.alerts import Alerts, Tell, nobody
from openclaw_extproc.edge.telemetry.metrics import Metrics
from openclaw_extproc.edge.telemetry.recorder import Recorder, RequestLog
from openclaw_extproc.features import Features
from openclaw_extproc.gateway import Gateway
from openclaw_extproc.notices.kinds import Notice, NoticeKind
from openclaw_extproc.plan import UnconfirmedError
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.snapshots import Snapshots
from openclaw_extproc.stages.decoded_requests import DecodedRequests
from openclaw_extproc.stages.events import Closed, Event, ResponseHead
from openclaw_extproc.stages.fast_path.combined import REQUEST, CombinedStage, planned, unplanned
from openclaw_extproc.stages.route.reservation import AskBudget
from openclaw_extproc.stages.route.side_requests import Question
from openclaw_extproc.stages.route.stage import RouteStage

_ID_BYTES: Final = 16
"""Of the id of a plan, which nobody can guess."""


class Service:
    """Opens a session for each stream of Envoy's, and holds what sessions share: snapshots, credentials, memory."""

    def __init__(
        self, settings: Settings, secrets: Secrets, tell: Tell = nobody, costs: CostOutlet | None = None
    ) -> None:
        """`tell` sends a notice to the operator; `costs` takes what calls cost, `None`: nobody wants to know."""
        self._costs = costs
        self._settings = settings
        self._kept = restart_needed.FixedSettings.of(settings)
        self._snapshots = Snapshots(settings.gateway)
        self._tell = tell
        self._not_renewed: deque[str] = deque(maxlen=100)
        """Names of cloud identities whose credential could not be renewed, put in by the threads that renew them."""
        self.health = HealthWatch(settings.gateway, tell)
        self._memory = Memory(self._gateway)
        self.metrics = Metrics(self._gateway, self.health, self._memory.in_flight)
        self.gate = OverloadGate(lambda: self._settings.overload, self.metrics.registry)
        self._credentials = Credentials(secrets, self._credential_failed)
        self.announced: Announce = no_other_worker
        """Takes the name of a cloud identity and the tokens that requests carry from now on."""
        self._client_keys = ClientKeys(secrets)
        self._client_keys.update(settings.gateway.callers.clients)
        ledger = () if costs is None else (LedgerSink(self._gateway, costs),)
        self._recorder = Recorder((self.metrics, RequestLog(), Alerts(tell), self._memory, self.health, *ledger))
        self._decoded = DecodedRequests(lambda: os.urandom(_ID_BYTES).hex())
        self._situation = RuntimeState()
        self.probes = Probes(self.health, self._credentials.put_on, self.metrics.count_probe)
        self.answers = SideRequestClient(
            lambda: self._settings.listen, self.metrics.count_side_request, lambda: self._settings.gateway.callers.tls
        )
        self.refresh()

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._settings

    async def prepare(self, settings: Settings) -> None:
        """Gets the credentials of these settings before a request needs them. Those in force stay."""
        # Attempts of running requests still want those of the settings before.
        self._snapshots.prepare(settings.gateway)
        self._credentials.update(p for gateway in self._snapshots.gateways for p in gateway.providers.values())
        await asyncio.to_thread(self._credentials.wait)
        self.refresh()

    def apply(self, settings: Settings) -> None:
        """Puts these settings in force from the next request on. Running requests keep the snapshot they began with."""
        self._settings = settings = self._kept.within(settings)
        self._snapshots.apply(settings.gateway, time.time())
        self.health.update(settings.gateway)
        self.probes.update(settings)
        self._memory.update(settings.gateway)
        self._client_keys.update(settings.gateway.callers.clients)
        self.refresh()

    def refresh(self) -> None:
        """Looks which credentials there are now, and at what changes with time alone. To be called every second."""
        self.health.look(time.time())
        self._client_keys.refresh()
        self._credentials.announce(self.announced)
        self._snapshots.forget(time.time())
        while self._not_renewed:
            name = self._not_renewed.popleft()
            text = f"{name} cannot be renewed; what it stands for is used while it is valid"
            self._tell(Notice(NoticeKind.CREDENTIAL_NOT_RENEWED, name, text, time.time()))
        self.answers.update(self._settings.gateway)
        providers = self._settings.gateway.providers.values()
        self._situation = replace(self._situation, missing_credentials=self._credentials.missing(providers))

    def situation_for(self, features: Features, gateway: Gateway) -> RuntimeState:
        """The runtime state that routes this request, as this process knows it: each worker knows its own."""
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

    @property
    def not_first(self) -> frozenset[str]:
        """Names of providers and of targets that Envoy should send no call to by itself."""
        missing = self._situation.missing_credentials
        providers = self._settings.gateway.providers.values() if missing else ()
        without_credential = (one.name for one in providers if one.identity in missing)
        return self.health.not_first(time.time()) | frozenset(without_credential)

    def learn(self, identity: str, tokens: tuple[str, ...]) -> None:
        """Takes the tokens that another worker puts on requests, so that they are masked in responses here too."""
        self._credentials.learn(identity, tokens)

    def apply_ejections(self, found: Unusable, seconds: float) -> None:
        """Takes from Envoy's admin interface which clusters it does not call, which holds for so many seconds."""
        for provider in self._settings.gateway.providers.values():
            if provider.cluster in found.ejected | found.absent:
                self.health.eject(provider.name, time.time(), seconds, absent=provider.cluster in found.absent)

    def open_route(self) -> Session:
        """A new session of the route stage, with the snapshot in force."""
        quotable, in_flight = self._credentials.quotable, self._memory.in_flight
        stage = self._route_stage(self._decoded)
        return route_session(stage, self._recorder.request, quotable, in_flight, self.gate, self.health.note_plan)

    def open_attempt(self) -> Session:
        """A new session of the attempt stage, which finds its snapshot by the plan; and of both stages in one."""
        account = AttemptAccount(self.gate, self._memory.in_flight, self.health.note_plan)

        def begin_request(decoded: DecodedRequests) -> RouteStage:
            account.begin_request()
            self.metrics.count_fast_path_attempt()
            return self._route_stage(decoded)

        stage = CombinedStage(self._snapshots, begin_request, self._decoded)
        return combined_session(stage, self._recorder, self._credentials.put_on, account)

    def note_call(self, line: CallLine) -> None:
        """Records a call on the fast path that ended without a stage's last word."""
        route, at, text = self._route_stage(), time.time(), line.noted.get("plan", "")
        try:
            plan = plans.read(text, self._snapshots) if text else unplanned(line.head, line.model, self._gateway())
        except (msgspec.MsgspecError, UnconfirmedError):
            return  # of a configuration that nobody has any more
        if plan is None:
            return
        plan = plan if text else replace(plan, began=at - line.seconds)
        route.resume(*planned(plan, line.noted.get(REQUEST, "")))
        event: Event = Closed(at)
        if line.status:
            told = {":status": line.status, "x-envoy-attempt-count": line.attempts}
            event = ResponseHead(told, at, details=line.details, notes=line.notes, cluster=line.cluster)
        if (entry := route.receive(event).entry) is not None:
            self._recorder.request(entry)

    def _route_stage(self, decoded: DecodedRequests | None = None) -> RouteStage:
        """The stage of a new request, with the snapshot in force. `decoded`: where attempts look for the request."""
        gateway = self._gateway()

        def recall(features: Features) -> RuntimeState:
            return self.situation_for(features, gateway)

        secret, client_of = self.answers.secret, self._client_keys.client_of
        reserve = None if self._costs is None else self._costs.reserve
        return RouteStage(gateway, self._situation, recall, secret, self.gate.refusal, client_of, decoded, reserve)

    async def answer(self, question: Question) -> str | None:
        """The answer to a question of the route stage. `None`: there was none in time."""
        if isinstance(question, AskBudget):
            ask = None if self._costs is None else self._costs.ask
            return None if ask is None else await ask(question)
        return await self.answers(question)

    async def collect_metrics(self) -> tuple[Metric, ...]:
        """The metrics of this process."""
        return tuple(self.metrics.registry.collect())

    def health_page(self) -> bytes:
        """The health of providers and models, as JSON."""
        at = time.time()
        return admin.page(self.health.view(at), at)

    def _credential_failed(self, identity: str) -> None:
        self.metrics.count_credential_failure(identity)
        self._not_renewed.append(identity)

    async def close(self) -> None:
        """Ends what runs beside requests: probes, requests of our own, and the renewal of credentials."""
        await self.probes.close()
        await self.answers.close()
        self._credentials.close()

    def _gateway(self) -> Gateway:
        return self._settings.gateway
