"""Prometheus metrics. Every label value is a name of the configuration or a word of ours: a caller cannot add any."""

import time
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from openclaw_extproc.gateway import Gateway
from openclaw_extproc.policy.health import Health
from openclaw_extproc.stages.entries import AttemptEntry, Outcome, RequestEntry, Selection

LATENCY_BUCKETS = (0.1, 0.5, 1, 5, 10)


class Metrics:
    def __init__(self, gateway: Callable[[], Gateway], health: Health) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(_HealthStatus(gateway, health))
        self._selections = Counter(
            "openclaw_model_selection",
            "Total model selections",
            ["provider", "model", "selection_type"],
            registry=self.registry,
        )
        self._fallbacks = Counter(
            "openclaw_model_fallback",
            "Total model fallbacks",
            ["from_provider", "to_provider", "reason"],
            registry=self.registry,
        )
        self._latency = Histogram(
            "openclaw_model_latency_seconds",
            "Model request latency, from the start of the attempt that answered to the end of its answer",
            ["provider", "model"],
            buckets=LATENCY_BUCKETS,
            registry=self.registry,
        )
        self._requests = Counter(
            "openclaw_requests", "Requests by what the client got", ["client_format", "status"], registry=self.registry
        )
        self._attempts = Counter(
            "openclaw_attempts", "Attempts by how they ended", ["provider", "outcome"], registry=self.registry
        )
        self._passed = Counter(
            "openclaw_passthrough",
            "Requests that are no model calls, sent on unread",
            ["provider", "outcome"],
            registry=self.registry,
        )
        self._tokens = Counter(
            "openclaw_tokens",
            "Tokens as the provider counted them",
            ["provider", "model", "type"],
            registry=self.registry,
        )
        self._reloads = Counter(
            "openclaw_config_reloads", "Configuration reloads by result", ["result"], registry=self.registry
        )

        self._credential_failures = Counter(
            "openclaw_credential_failures",
            "AWS keys and Google tokens that could not be renewed",
            ["credential"],
            registry=self.registry,
        )

    def attempt(self, entry: AttemptEntry) -> None:
        provider, model = entry.target.provider.name, entry.target.model
        if entry.passed:
            self._passed.labels(provider, entry.outcome.value).inc()
            return
        self._selections.labels(provider, model, entry.selection.value).inc()
        self._attempts.labels(provider, entry.outcome.value).inc()
        if entry.selection is Selection.FALLBACK and entry.previous is not None:
            self._fallbacks.labels(entry.previous.provider.name, provider, entry.previous_reason).inc()
        if entry.outcome is Outcome.OK:
            self._latency.labels(provider, model).observe(entry.seconds)
        for kind, count in (("input", entry.usage.input_tokens), ("output", entry.usage.output_tokens)):
            if count is not None:
                self._tokens.labels(provider, model, kind).inc(count)

    def request(self, entry: RequestEntry) -> None:
        status = "client_gone" if entry.status is None else str(entry.status)
        self._requests.labels(entry.client_format, status).inc()

    def credential_failed(self, identity: str) -> None:
        self._credential_failures.labels(identity).inc()

    def reload(self, *, ok: bool) -> None:
        self._reloads.labels("ok" if ok else "rejected").inc()


class _HealthStatus(Collector):
    """Read at scrape time: a provider that nobody calls any more recovers by the clock alone."""

    def __init__(self, gateway: Callable[[], Gateway], health: Health) -> None:
        self._gateway = gateway
        self._health = health

    def collect(self) -> Iterator[GaugeMetricFamily]:
        gauge = GaugeMetricFamily(
            "openclaw_model_health_status", "1 when the provider is healthy, else 0", labels=["provider"]
        )
        gateway, at = self._gateway(), time.time()
        for name in gateway.providers:
            gauge.add_metric([name], self._health.is_healthy(name, at, gateway.failure_threshold))
        yield gauge
