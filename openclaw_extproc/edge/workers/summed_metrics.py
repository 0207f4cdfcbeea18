"""The metrics of several workers as those of one service.

Counters and histograms are added up, and what a worker counted that has gone stays in the sum: a total never falls. Of
a gauge it depends on what it says. No files are shared: each worker tells its parent, and another sidecar on the same
machine has another parent.
"""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

SUMMED_GAUGES = frozenset({"openclaw_in_flight_calls", "openclaw_in_flight_requests", "openclaw_in_flight_body_bytes"})
"""Gauges of which each worker has a part."""
SMALLEST = frozenset({"openclaw_model_health_status"})
"""Gauges of which the worst news is the smallest number. Of all others it is the largest."""
_TOTALS = ("counter", "histogram", "summary")


class WorkerMetrics:
    """The counters of the supervisor itself, and the totals of workers that have ended."""

    def __init__(self, notices: Counter, ready: Callable[[], int]) -> None:
        """`notices` counts what the notifier sends; `ready` returns how many workers accept requests."""
        self.own = CollectorRegistry()
        """The registry for what workers do not count."""
        self.own.register(notices)
        self._ended: tuple[Metric, ...] = ()
        self._reloads = Counter(
            "openclaw_config_reloads", "Configuration reloads by result", ["result"], registry=self.own
        )
        self._restarts = Counter(
            "openclaw_worker_restarts", "Workers that were replaced, by why", ["reason"], registry=self.own
        )
        gauge = Gauge("openclaw_workers_ready", "Workers that take requests", registry=self.own)
        gauge.set_function(ready)
        for reason in ("ended", "hung", "rolling"):
            self._restarts.labels(reason)

    def count_reload(self, *, ok: bool) -> None:
        """Counts a reload of the configuration."""
        self._reloads.labels("ok" if ok else "rejected").inc()

    def count_restart(self, reason: str) -> None:
        """Counts a worker that was replaced."""
        self._restarts.labels(reason).inc()

    def add_ended(self, metrics: Iterable[Metric]) -> None:
        """Takes the last metrics of a worker that has ended: its totals stay in the sums."""
        self._ended = sum_metrics([self._ended, totals(metrics)])

    def sums(self, workers: Iterable[Iterable[Metric]]) -> tuple[Metric, ...]:
        """Returns all metrics, with those of the running workers."""
        return sum_metrics([self.own.collect(), self._ended, *workers])


def sum_metrics(many: Iterable[Iterable[Metric]]) -> tuple[Metric, ...]:
    """The sums: one family of each name, with the series of all."""
    families: dict[str, Metric] = {}
    values: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]] = {}
    for metric in (metric for metrics in many for metric in metrics):
        families.setdefault(metric.name, Metric(metric.name, metric.documentation, metric.type, metric.unit))
        seen = values.setdefault(metric.name, {})
        for sample in metric.samples:
            key = (sample.name, tuple(sample.labels.items()))
            seen[key] = _both(metric, sample, seen[key]) if key in seen else sample.value
    for name, family in families.items():
        family.samples = [Sample(series, dict(labels), value) for (series, labels), value in values[name].items()]
    return tuple(families.values())


def totals(metrics: Iterable[Metric]) -> tuple[Metric, ...]:
    """The families whose values stay when their worker has ended: counters, histograms and summaries."""
    return tuple(metric for metric in metrics if metric.type in _TOTALS)


def _both(metric: Metric, sample: Sample, before: float) -> float:
    if sample.name.endswith("_created") and metric.type in _TOTALS:
        return min(before, sample.value)
    if metric.type in _TOTALS or metric.name in SUMMED_GAUGES:
        return before + sample.value
    return min(before, sample.value) if metric.name in SMALLEST else max(before, sample.value)


class SummedCollector(Collector):
    """A collector that asks for its metrics at each scrape."""

    def __init__(self, ask: Callable[[], Iterable[Metric]]) -> None:
        self._ask = ask

    def collect(self) -> Iterator[Metric]:
        yield from self._ask()
