"""Asking providers how they are, beside the calls that clients make: only where the configuration wants it.

A free probe is the provider's list of models, with our credential, or where there is none such a connection (TLS
included). It goes straight to the provider, past Envoy. It tells whether somebody is there and whether an outage of the
whole provider is over; that a model is overloaded it cannot see. What it says:

    2xx that is no HTML page                     well
    no connection, silence, 5xx, an HTML page    not well; it counts from `unhealthy_threshold` in a row on
    4xx                                          nothing: somebody is there, but keys that may call a model need not be
                                                 allowed to list models, and real calls tell what their 401 means

Never faster than configured, one at a time for each provider, and none while it answers real calls of this process
well. Of several workers one probes; what it finds all of them are told.
"""

import asyncio
import random
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx

from openclaw_extproc.config.settings import ProviderAddress, Settings
from openclaw_extproc.edge.ext_proc.fast_protobuf import ApplyCredential
from openclaw_extproc.edge.runtime.health_watch import HealthWatch, Verdict
from openclaw_extproc.edge.telemetry import logs
from openclaw_extproc.faults import FaultError
from openclaw_extproc.gateway import Emergency, Provider, Target, Timeouts
from openclaw_extproc.health_rules import Probing
from openclaw_extproc.model import json as j
from openclaw_extproc.plan import Plan
from openclaw_extproc.stages.attempt.history import History
from openclaw_extproc.stages.attempt.upstream_request import (
    BoundAttempt,
    prepare_upstream_request,
    upstream_request_step,
)
from openclaw_extproc.stages.events import HeaderCredential
from openclaw_extproc.wire import FORMATS, USUAL, upstream_format

JITTER = 0.1
"""The fraction of the interval by which a pause may be longer, so that the probes of many sidecars spread out."""
_ASKED_AS = USUAL
"""The format that a probing call is written in; a provider of another one gets its translation."""


@dataclass(frozen=True, slots=True)
class ProbeMethod:
    """How a provider is probed: the request, its address and its credential."""

    provider: Provider
    endpoint: ProviderAddress
    probing: Probing

    @property
    def model(self) -> str:
        """Returns the model that is called; empty: none."""
        callable_ = self.probing.call and upstream_format(self.provider, _ASKED_AS) is not None
        return self.provider.models[0] if callable_ and self.provider.models else ""


@dataclass(frozen=True, slots=True)
class ProbeReport:
    well: bool | None
    """`None`: it says nothing of that."""
    why: str


class Probes:
    def __init__(self, health: HealthWatch, put_on: ApplyCredential, count: Callable[[str, str], None]) -> None:
        """`count` gets provider and result of each probe."""
        self.on_verdict: Callable[[Verdict], None] = _nobody
        """The callback that tells other workers what was found."""
        self._wanted = False
        self._health = health
        self._put_on = put_on
        self._count = count
        self._tasks: dict[ProbeMethod, asyncio.Task[None]] = {}
        self._client: httpx.AsyncClient | None = None

    def begin(self, settings: Settings) -> None:
        """Makes this process the one that probes."""
        self._wanted = True
        self.update(settings)

    def update(self, settings: Settings) -> None:
        """Probe what these settings want, from now on. Where nothing has changed nothing is interrupted."""
        if not self._wanted:
            return
        wanted = set(_ways(settings))
        for way in self._tasks.keys() - wanted:
            self._tasks.pop(way).cancel()
        for way in wanted - self._tasks.keys():
            task = asyncio.create_task(self._watch(way), name=f"probe {way.provider.name}")
            task.add_done_callback(_must_not_end)
            self._tasks[way] = task

    async def close(self) -> None:
        self._wanted = False
        tasks, self._tasks = list(self._tasks.values()), {}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _watch(self, way: ProbeMethod) -> None:
        name, interval, failures = way.provider.name, way.probing.interval_seconds, 0
        await asyncio.sleep(random.random() * interval)  # noqa: S311  # spreads load, keeps no secret
        while True:
            if not self._health.answered_within(name, time.time(), interval):
                told = await self._probe(way)
                failures = 0 if told.well else failures + (told.well is False)
                self._learn(way, told, failures)
            await asyncio.sleep(interval * (1 + JITTER * random.random()))  # noqa: S311  # as above

    def _learn(self, way: ProbeMethod, told: ProbeReport, failures: int) -> None:
        name = way.provider.name
        self._count(name, "unclear" if told.well is None else "ok" if told.well else "failed")
        logs.event("health", "probed", {"provider": name, "well": told.well, "why": told.why}, level=_DEBUG)
        if told.well:
            self._tell(Verdict(name, ok=True, model=way.model))
        elif told.well is False and failures >= way.probing.unhealthy_threshold:
            self._tell(Verdict(name, ok=False, why=f"{failures} probes in a row: {told.why}", model=way.model))

    def _tell(self, verdict: Verdict) -> None:
        self._health.note_probe(verdict, time.time())
        self.on_verdict(verdict)

    async def _probe(self, way: ProbeMethod) -> ProbeReport:
        try:
            async with asyncio.timeout(way.probing.timeout_seconds):
                if way.model:
                    return await self._call(way)
                if _models_path(way.provider):
                    return await self._list(way)
                return await _connect(way.endpoint)
        except TimeoutError:
            return ProbeReport(well=False, why=f"no answer within {way.probing.timeout_seconds:g} s")
        except (httpx.TransportError, OSError) as problem:
            return ProbeReport(well=False, why=f"connection: {type(problem).__name__}")

    async def _list(self, way: ProbeMethod) -> ProbeReport:
        provider, side = way.provider, FORMATS[way.provider.format].provider
        assert side is not None, "it has a models_path"
        headers = dict(side.headers)
        if provider.credential:
            headers |= self._put_on(HeaderCredential(provider.credential, side.credential_header))
        url = f"{_base(way.endpoint)}{provider.base_path}{side.models_path}"
        headers = {**headers, "host": way.endpoint.authority}
        return probe_report(await self._open().get(url, headers=headers))

    async def _call(self, way: ProbeMethod) -> ProbeReport:
        """Calls a model for one token. Format, signature and path are those of an attempt."""
        target = Target(way.provider, way.model)
        body = j.dump({"model": way.model, "messages": [{"role": "user", "content": "."}], "max_tokens": 1})
        plan = Plan(
            "probe", _ASKED_AS, "/v1/chat/completions", "", way.model, ((target,),), time.time(), 0, Timeouts(),
            Emergency(),
        )  # fmt: skip
        bound = BoundAttempt(plan, 1, target, {}, History(), plan.began)
        try:
            prepared = prepare_upstream_request(bound, body)
        except FaultError as error:
            return ProbeReport(well=None, why=f"cannot be asked: {error.fault.public}")
        change = upstream_request_step(bound, prepared, body)
        credential = self._put_on(change.credential) if change.credential else dict[str, str]()
        headers = {**change.set_headers, **credential}
        path = headers.pop(":path")
        headers["host"] = headers.pop(":authority", way.endpoint.authority)
        content = body if change.body is None else change.body
        return probe_report(await self._open().post(f"{_base(way.endpoint)}{path}", content=content, headers=headers))

    def _open(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(verify=ssl.create_default_context(), trust_env=False, timeout=None)  # noqa: S113  # the whole probe has a limit
        return self._client


def _nobody(_: Verdict) -> None:
    """The callback where there is no other worker."""


def probe_report(answer: httpx.Response) -> ProbeReport:
    status = answer.status_code
    page = answer.headers.get("content-type", "").startswith("text/html")
    if answer.is_success:
        return ProbeReport(well=not page, why="a web page in place of an answer" if page else "")
    return ProbeReport(False if status >= _SERVER_ERROR else None, f"it answers {status}")


_SERVER_ERROR = 500
_DEBUG = 10


async def _connect(endpoint: ProviderAddress) -> ProbeReport:
    tls = ssl.create_default_context() if endpoint.scheme == "https" else None
    _, writer = await asyncio.open_connection(endpoint.host, endpoint.port, ssl=tls)
    writer.close()
    return ProbeReport(well=True, why="")


def _base(endpoint: ProviderAddress) -> str:
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    return f"{endpoint.scheme}://{host}:{endpoint.port}"


def _models_path(provider: Provider) -> str:
    """Returns the path of a list of models; empty where there is no credential for it, or one that is made for a single
    request."""
    side = FORMATS[provider.format].provider
    return side.models_path if side is not None and provider.auth == "inject" else ""


def _ways(settings: Settings) -> list[ProbeMethod]:
    probes: Mapping[str, Probing] = settings.gateway.health.probes
    return [
        ProbeMethod(settings.gateway.providers[name], settings.endpoints[name], probing)
        for name, probing in probes.items()
        if name in settings.gateway.providers and name in settings.endpoints
    ]


def _must_not_end(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (problem := task.exception()) is not None:
        logs.event("health", "probing_ended", {"task": task.get_name(), "why": type(problem).__name__}, level=40)
