"""A metric that keeps its children counts as one that does not."""

import prometheus_client
from prometheus_client import CollectorRegistry, generate_latest

from openclaw_extproc.edge.telemetry.metrics import Counter, Histogram


def test_a_child_is_found_by_its_values_and_shown_like_any_other() -> None:
    kept, plain = CollectorRegistry(), CollectorRegistry()
    for registry, counter, histogram in (
        (kept, Counter, Histogram),
        (plain, prometheus_client.Counter, prometheus_client.Histogram),
    ):
        counts = counter("c", "c", ["a", "b"], registry=registry)
        times = histogram("h", "h", ["a"], buckets=(1, 2), registry=registry)
        for n in range(3):
            counts.labels("x", "y").inc()
            counts.labels("y", "x").inc(n)
            counts.labels(b="y", a="x").inc()
            times.labels("x").observe(n)

    assert [line for line in shown(kept) if "_created" not in line] == [
        line for line in shown(plain) if "_created" not in line
    ]
    assert 'c_total{a="x",b="y"} 6.0' in shown(kept)


def test_the_same_values_are_the_same_child() -> None:
    counts = Counter("c", "c", ["a"], registry=CollectorRegistry())

    assert counts.labels("x") is counts.labels("x") is counts.labels(a="x")
    assert counts.labels("x") is not counts.labels("y")


def shown(registry: CollectorRegistry) -> list[str]:
    return generate_latest(registry).decode().splitlines()
