"""The metrics of several workers as those of one service.

Counters and histograms are added up, and what a worker counted that has gone stays in the sum: a total never falls. Of
a gauge it depends on what it says. No files are shared: each worker tells its parent, and another sidecar on the same
machine has another parent.
"""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

SUMMED = frozenset({"openclaw_in_flight_calls", "openclaw_in_flight_requests", "openclaw_in_flight_body_bytes"})
"""Gauges of which each worker has a part."""
SMALLEST = frozenset({"openclaw_model_health_status"})
"""Gauges of which the worst news is the smallest number. Of all others it is the largest."""
_TOTALS = ("counter", "histogram", "summary")


def sum_metrics(many: Iterable[Iterable[Metric]]) -> tuple[Metric, ...]:
    """One family of each name, with all series of all of them."""
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
    """What outlives a worker."""
    return tuple(metric for metric in metrics if metric.type in _TOTALS)


def _both(metric: Metric, sample: Sample, before: float) -> float:
    if sample.name.endswith("_created") and metric.type in _TOTALS:
        return min(before, sample.value)
    if metric.type in _TOTALS or metric.name in SUMMED:
        return before + sample.value
    return min(before, sample.value) if metric.name in SMALLEST else max(before, sample.value)


class SummedCollector(Collector):
    """A registry's content that is asked for at scrape time."""

    def __init__(self, ask: Callable[[], Iterable[Metric]]) -> None:
        self._ask = ask

    def collect(self) -> Iterator[Metric]:
        yield from self._ask()
