"""The metrics of several workers, as one scrape sees them."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric
from prometheus_client.samples import Sample

from openclaw_extproc.edge.workers.summed_metrics import WorkerMetrics, sum_metrics, totals


def counted(number: float, *, labels: str = "a") -> tuple[Metric, ...]:
    """A worker that has that much of everything."""
    registry = CollectorRegistry()
    Counter("openclaw_requests", "", ["status"], registry=registry).labels(labels).inc(number)
    Histogram("openclaw_seconds", "", buckets=(1, 5), registry=registry).observe(number)
    Gauge("openclaw_in_flight_calls", "", registry=registry).set(number)
    Gauge("openclaw_model_health_status", "", registry=registry).set(number)
    Gauge("openclaw_event_loop_lag_seconds", "", registry=registry).set(number)
    return tuple(registry.collect())


def values(metrics: tuple[Metric, ...]) -> dict[tuple[str, ...], float]:
    return {(s.name, *s.labels.values()): s.value for m in metrics for s in m.samples if "_created" not in s.name}


def test_counters_and_histograms_are_added_up() -> None:
    found = values(sum_metrics([counted(2), counted(3), counted(4, labels="b")]))

    assert found["openclaw_requests_total", "a"] == 5
    assert found["openclaw_requests_total", "b"] == 4
    assert found["openclaw_seconds_bucket", "5.0"] == 3
    assert found["openclaw_seconds_sum",] == 9


def test_a_sum_was_begun_when_the_first_of_its_parts_was() -> None:
    """What scrapers take for the time since which a total counts: a later one would hide what was counted before."""
    gone, young = (tuple(_begun(metric, at) for metric in counted(count)) for count, at in ((2, 1_000.0), (3, 2_000.0)))

    for parts in ([totals(gone), young], [young, totals(gone)]):
        begun = [s for m in sum_metrics(parts) for s in m.samples if s.name.endswith("_created")]
        assert {s.name for s in begun} == {"openclaw_requests_created", "openclaw_seconds_created"}
        assert {s.value for s in begun} == {1_000.0}


def _begun(metric: Metric, at: float) -> Metric:
    made = Metric(metric.name, metric.documentation, metric.type)
    made.samples = [Sample(s.name, s.labels, at if s.name.endswith("_created") else s.value) for s in metric.samples]
    return made


def test_a_gauge_is_what_it_would_be_for_one_service() -> None:
    found = values(sum_metrics([counted(0), counted(1)]))

    assert found["openclaw_in_flight_calls",] == 1
    assert found["openclaw_model_health_status",] == 0, "a provider that fails for one worker fails"
    assert found["openclaw_event_loop_lag_seconds",] == 1


def test_what_a_worker_counted_outlives_it_and_what_it_measured_does_not() -> None:
    found = values(sum_metrics([totals(counted(2)), counted(3)]))

    assert found["openclaw_requests_total", "a"] == 5
    assert found["openclaw_event_loop_lag_seconds",] == 3
    assert found["openclaw_in_flight_calls",] == 3


def test_the_totals_of_all_workers_that_ended_stay_in_the_sum() -> None:
    metrics = WorkerMetrics(Counter("openclaw_notices", "", registry=None), lambda: 1)
    metrics.add_ended(counted(2))
    metrics.add_ended(counted(3))
    metrics.count_restart("hung")

    found = values(metrics.sums([counted(4)]))

    assert found["openclaw_requests_total", "a"] == 9
    assert found["openclaw_in_flight_calls",] == 4, "who has ended has nothing in flight"
    assert found["openclaw_worker_restarts_total", "hung"] == 1
    assert found["openclaw_workers_ready",] == 1
