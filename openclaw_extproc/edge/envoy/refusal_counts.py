"""What Envoy refuses by itself, before any stage sees it, as a metric of ours."""

from collections.abc import Iterator, Mapping

from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

COUNTED_STATS = {
    "http.llm.downstream_cx_protocol_error": "protocol",
    "http.llm.downstream_rq_overload_close": "overload",
    "http.llm.downstream_rq_header_timeout": "headers_timeout",
    "http.llm.downstream_rq_timeout": "request_timeout",
}
"""Envoy's statistic, and our word for it."""
CONNECTIONS = "downstream_global_cx_overflow"
"""The end of a listener's statistic: a connection more than `max_connections`."""


class EnvoyCounts(Collector):
    """A collector of the numbers that were read last; `up` reads them every two seconds."""

    def __init__(self) -> None:
        self._counts: Mapping[str, int] = {}

    def saw(self, counts: Mapping[str, int]) -> None:
        """Takes the numbers by reason, counted since Envoy's start."""
        self._counts = counts

    def collect(self) -> Iterator[CounterMetricFamily]:
        counter = CounterMetricFamily(
            "openclaw_envoy_refused",
            "Requests and connections that Envoy refused by itself, since its start, by why",
            labels=["reason"],
        )
        for reason, count in sorted(self._counts.items()):
            counter.add_metric([reason], count)
        yield counter


def refusals_on_page(page: str) -> dict[str, int]:
    """The numbers of rejected requests by reason, from Envoy's `/stats` page."""
    found = dict.fromkeys((*COUNTED_STATS.values(), "connections"), 0)
    for name, _, value in (line.rpartition(": ") for line in page.splitlines()):
        reason = "connections" if name.endswith(CONNECTIONS) else COUNTED_STATS.get(name, "")
        if reason and value.isdecimal():
            found[reason] += int(value)
    return found
