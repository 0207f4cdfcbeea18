"""Prometheus metrics. Every label value is a name of the configuration or a word of ours: a caller cannot add any.

Metrics that find a child which they have made before by its label values alone.

`labels` of prometheus-client converts and checks all values and takes a lock at each call. The children kept are those
of the metric: the words of the configuration and some of ours.
"""

import time
from collections.abc import Callable, Iterator
from typing import Self

import prometheus_client
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from openclaw_extproc.catalog import MILLION
from openclaw_extproc.edge.runtime.health_watch import HealthWatch
from openclaw_extproc.edge.runtime.in_flight import InFlight
from openclaw_extproc.gateway import Gateway
from openclaw_extproc.policy.health.circuit import State
from openclaw_extproc.record import DecisionRecord
from openclaw_extproc.stages.attempt.retries import CREDENTIAL_REFUSED, MODEL_NOT_FOUND, QUOTA_EXHAUSTED
from openclaw_extproc.stages.entries import AttemptEntry, Outcome, RequestEntry, Selection

# -- kept children ---------------------------------------------------------------------


class Counter(prometheus_client.Counter):
    def labels(self, *labelvalues: object, **labelkwargs: object) -> Self:
        if labelkwargs:
            return super().labels(*labelvalues, **labelkwargs)
        kept: dict[tuple[object, ...], Self] = vars(self).setdefault("_kept", {})
        if (found := kept.get(labelvalues)) is None:
            found = kept[labelvalues] = super().labels(*labelvalues)
        return found


class Histogram(prometheus_client.Histogram):
    def labels(self, *labelvalues: object, **labelkwargs: object) -> Self:
        if labelkwargs:
            return super().labels(*labelvalues, **labelkwargs)
        kept: dict[tuple[object, ...], Self] = vars(self).setdefault("_kept", {})
        if (found := kept.get(labelvalues)) is None:
            found = kept[labelvalues] = super().labels(*labelvalues)
        return found


# -- metrics ---------------------------------------------------------------------------


LATENCY_BUCKETS = (0.1, 0.5, 1, 5, 10)
DECISION_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5)
"""Around what is promised: under 1 ms for 2 KB, 2 ms for 50 KB, 6 ms for 400 KB."""


ALERTS = {
    CREDENTIAL_REFUSED: "Attempts whose credential, which is ours, the provider refused",
    MODEL_NOT_FOUND: "Attempts at a model that the provider does not know, or does not show to us",
    QUOTA_EXHAUSTED: "Attempts that the provider refused because our account there has nothing left",
}
"""What an operator has to mend: a counter each."""


DETAILS = (
    "cached_tokens",
    "cache_written_tokens",
    "cache_written_1h_tokens",
    "reasoning_tokens",
    "input_audio_tokens",
    "input_image_tokens",
    "output_audio_tokens",
    "output_image_tokens",
    "input_video_tokens",
    "output_video_tokens",
    "cached_audio_tokens",
    "cached_image_tokens",
    "output_citation_tokens",
    "searches",
)
"""Fields of `Usage` that are a part of the input or the output, and searches."""


class Metrics:
    """The sink that counts, and the registry of everything that this process counts."""

    def __init__(self, gateway: Callable[[], Gateway], health: HealthWatch, in_flight: InFlight) -> None:
        """`gateway` returns the configuration that is in force, whose providers have gauges."""
        self.registry = CollectorRegistry()
        self.registry.register(_HealthStatus(gateway, health))
        self.registry.register(_InFlightCalls(gateway, in_flight))
        self._attempts = _AttemptMetrics(self.registry)
        self._requests = _RequestMetrics(self.registry)
        self._side_requests = Counter(
            "openclaw_auxiliary_model_calls",
            "What the route stage asked other models, by what came of it",
            ["kind", "outcome"],
            registry=self.registry,
        )
        self._reloads = Counter(
            "openclaw_config_reloads", "Configuration reloads by result", ["result"], registry=self.registry
        )
        self._probes = Counter(
            "openclaw_probes",
            "Probes of providers by result: `ok`, `failed`, or `unclear` where the answer says nothing of its health",
            ["provider", "result"],
            registry=self.registry,
        )
        self._fast_path = Counter(
            "openclaw_fast_path_attempts",
            "Attempts of requests that pass one stage, because Envoy routed them by itself",
            registry=self.registry,
        )
        self._credential_failures = Counter(
            "openclaw_credential_failures",
            "AWS keys and Google tokens that could not be renewed",
            ["credential"],
            registry=self.registry,
        )

    def attempt(self, entry: AttemptEntry, at: float) -> None:  # noqa: ARG002  # a counter has no time
        self._attempts.count(entry)

    def request(self, entry: RequestEntry, at: float) -> None:  # noqa: ARG002  # as above
        self._requests.count(entry)

    def count_side_request(self, kind: str, outcome: str) -> None:
        """Counts a request of our own to another model. Both words are of a closed set."""
        self._side_requests.labels(kind, outcome).inc()

    def count_probe(self, provider: str, result: str) -> None:
        """Counts a probe of a provider by its result."""
        self._probes.labels(provider, result).inc()

    def count_fast_path_attempt(self) -> None:
        """Counts an attempt of a request that no route stage has seen."""
        self._fast_path.inc()

    def count_credential_failure(self, identity: str) -> None:
        """Counts a credential of a cloud that could not be renewed, by the name that the configuration has for it."""
        self._credential_failures.labels(identity).inc()

    def count_reload(self, *, ok: bool) -> None:
        """Counts a reload of the configuration."""
        self._reloads.labels("ok" if ok else "rejected").inc()


class _AttemptMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, about: str, *labels: str) -> Counter:
            return Counter(name, about, labels, registry=registry)

        self._selections = counter(
            "openclaw_model_selection", "Total model selections", "provider", "model", "selection_type"
        )
        self._fallbacks = counter(
            "openclaw_model_fallback", "Total model fallbacks", "from_provider", "to_provider", "reason"
        )
        self._latency = Histogram(
            "openclaw_model_latency_seconds",
            "Model request latency, from the start of the attempt that answered to the end of its answer",
            ["provider", "model"],
            buckets=LATENCY_BUCKETS,
            registry=registry,
        )
        self._attempts = counter("openclaw_attempts", "Attempts by how they ended", "provider", "outcome")
        about = "Requests that are no model calls, sent on unread"
        self._passthrough = counter("openclaw_passthrough", about, "provider", "model", "outcome")
        self._tokens = counter("openclaw_tokens", "Tokens as the provider counted them", "provider", "model", "type")
        about = "US dollars, by what they rest on: the provider's count of tokens, or an estimate"
        self._cost = counter("openclaw_cost_usd", about, "provider", "model", "basis")
        about = "Parts of the tokens in openclaw_tokens, as the provider counted them"
        self._details = counter("openclaw_token_details", about, "provider", "model", "kind")
        self._alerts = {reason: counter(f"openclaw_{reason}", about, "provider") for reason, about in ALERTS.items()}

    def count(self, entry: AttemptEntry) -> None:
        provider, model = entry.target.provider.name, entry.target.model
        if entry.alert in self._alerts:
            self._alerts[entry.alert].labels(provider).inc()
        if entry.passed:
            self._passthrough.labels(provider, model, entry.outcome.value).inc()
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
        for kind in DETAILS:
            if part := getattr(entry.usage, kind):
                self._details.labels(provider, model, kind).inc(part)
        if entry.charge is not None and entry.charge.micro_usd:
            self._cost.labels(provider, model, entry.charge.basis).inc(entry.charge.micro_usd / MILLION)


class _RequestMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, about: str, *labels: str) -> Counter:
            return Counter(name, about, labels, registry=registry)

        self._requests = counter("openclaw_requests", "Requests by what the client got", "client_format", "status")
        about = (
            "Requests by who sent them: a name under `clients`, `other` for a verified caller that is not listed there"
        )
        self._clients = counter("openclaw_client_requests", about, "client", "identity_source", "status")
        about = "Requests by what was decided about them: `rule` only where one chose the model"
        self._decisions = counter("openclaw_decisions", about, "mode", "tier", "chosen_by", "rule")
        self._decision_seconds = Histogram(
            "openclaw_decision_seconds",
            "Work of the route stage for a request: reading it, deciding, planning",
            buckets=DECISION_BUCKETS,
            registry=registry,
        )
        about = "Requests that an experiment or a canary looked at, by where they were sent"
        self._experiments = counter("openclaw_experiment_requests", about, "experiment", "arm")
        about = "Requests that went to a cheaper model because of a limit in dollars"
        self._downgrades = counter("openclaw_downgrades", about, "reason")

    def count(self, entry: RequestEntry) -> None:
        status = "client_gone" if entry.status is None else str(entry.status)
        self._requests.labels(entry.client_format, status).inc()
        who = entry.identity
        self._clients.labels(who.client or ("other" if who.is_verified else "none"), who.source, status).inc()
        if entry.record is not None and (entry.plan is None or not entry.plan.passes):
            self._count_decision(entry.record, refused=entry.fault is not None and entry.plan is None)
        if entry.plan is not None and not entry.plan.passes:
            self._decision_seconds.observe(entry.decision_seconds)

    def _count_decision(self, record: DecisionRecord, *, refused: bool) -> None:
        """Counts a decision. Every label value is a word of the configuration, or of a closed set of ours."""
        self._decisions.labels(record.mode, record.tier, record.chosen_by, record.rule).inc()
        for name, _, arm in (one.partition("=") for one in record.experiment.split(",") if one):
            self._experiments.labels(name, arm).inc()
        if record.downgrade and not refused:
            self._downgrades.labels(record.downgrade).inc()


class _HealthStatus(Collector):
    """The gauge of health, read at scrape time: a provider that is not called any more recovers by the clock alone."""

    def __init__(self, gateway: Callable[[], Gateway], health: HealthWatch) -> None:
        self._gateway = gateway
        self._health = health

    def collect(self) -> Iterator[GaugeMetricFamily]:
        gauge = GaugeMetricFamily(
            "openclaw_model_health_status",
            "0 while openclaw_target_state and the command health say open or half-open of the provider, else 1",
            labels=["provider"],
        )
        states = GaugeMetricFamily(
            "openclaw_target_state",
            "1 for the state that it is in; without a model: the provider, or all of its models that are called",
            labels=["provider", "model", "state"],
        )
        at = time.time()
        for name in self._gateway().providers:
            gauge.add_metric([name], self._health.status(name, at))
        for view in self._health.view(at):
            for state in State:
                states.add_metric([view.provider, view.model, state.value], view.state is state)
        yield gauge
        yield states


class _InFlightCalls(Collector):
    """The gauge of calls in flight, read at scrape time for all that is configured: a target that is not called shows a
    zero."""

    def __init__(self, gateway: Callable[[], Gateway], in_flight: InFlight) -> None:
        self._gateway = gateway
        self._in_flight = in_flight

    def collect(self) -> Iterator[GaugeMetricFamily]:
        gauge = GaugeMetricFamily(
            "openclaw_in_flight_calls",
            "Calls planned or under way, by where they are; what max_concurrent is compared with",
            labels=["provider", "model"],
        )
        counts = self._in_flight.inflight(time.time())
        for provider in self._gateway().providers.values():
            for model in provider.models:
                gauge.add_metric([provider.name, model], counts.get(f"{provider.name}/{model}", 0))
        yield gauge
