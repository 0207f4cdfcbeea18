"""Metrics under the names that they had in the previous release, beside their own.

A dashboard goes on while it is changed. This module and its table go with the next release.
"""

from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.samples import Sample

FORMER_NAMES: Final = {
    "openclaw_in_flight_calls": "openclaw_calls_under_way",
    "openclaw_in_flight_requests": "openclaw_requests_under_way",
    "openclaw_in_flight_body_bytes": "openclaw_body_bytes_under_way",
    "openclaw_auxiliary_model_calls": "openclaw_questions",
}
"""The former name of a family, by its name now."""


class WithFormerNames(CollectorRegistry):
    """A registry that exposes renamed families of another one twice."""

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__(auto_describe=False)
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        for metric in self._registry.collect():
            yield metric
            if former := FORMER_NAMES.get(metric.name):
                yield _renamed(metric, former)


def _renamed(metric: Metric, name: str) -> Metric:
    copy = Metric(name, f"Former name of {metric.name}. {metric.documentation}", metric.type, metric.unit)
    copy.samples = [
        Sample(name + one.name.removeprefix(metric.name), one.labels, one.value, one.timestamp, one.exemplar)
        for one in metric.samples
    ]
    return copy
