"""What is counted of decisions, and that nobody can make it more than the configuration has words."""

from dataclasses import replace

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from openclaw_extproc.edge.runtime.health_watch import HealthWatch
from openclaw_extproc.edge.runtime.in_flight import InFlight
from openclaw_extproc.edge.telemetry.admin import WithFormerNames
from openclaw_extproc.edge.telemetry.metrics import Metrics
from openclaw_extproc.gateway import Gateway
from openclaw_extproc.record import DecisionRecord
from openclaw_extproc.stages.entries import RequestEntry

DECIDED = DecisionRecord(
    mode="enforce", tier="simple", confidence=0.5, rule="short ones", chosen_by="rule",
    experiment="opus-5=control,canary=opus-4-7", downgrade="hourly_budget", notice="words for ada",
    because=("words for ada",), session="session-of-ada", cost_centre="research", input_tokens=17, cost_usd=0.5,
)  # fmt: skip


def counted(*records: DecisionRecord | None) -> str:
    metrics = Metrics(Gateway, HealthWatch(Gateway()), InFlight())
    for record in records:
        metrics.request(RequestEntry("r", "openai_chat", None, 200, record=record), 0.0)
    return generate_latest(metrics.registry).decode()


def test_a_decision_is_counted_by_what_chose_it() -> None:
    text = counted(DECIDED, DECIDED)

    assert 'openclaw_decisions_total{chosen_by="rule",mode="enforce",rule="short ones",tier="simple"} 2.0' in text
    assert 'openclaw_experiment_requests_total{arm="control",experiment="opus-5"} 2.0' in text
    assert 'openclaw_experiment_requests_total{arm="opus-4-7",experiment="canary"} 2.0' in text
    assert 'openclaw_downgrades_total{reason="hourly_budget"} 2.0' in text


def test_what_came_to_no_decision_is_not_counted_as_one() -> None:
    assert "openclaw_decisions_total{" not in counted(None)


def test_no_label_comes_from_a_request() -> None:
    one = len(counted(DECIDED).splitlines())
    many = counted(*(replace(DECIDED, session=f"s-{n}", input_tokens=n, notice=f"n-{n}") for n in range(100)))

    assert len(many.splitlines()) == one
    assert not [word for word in ("ada", "s-1", "n-1", "research") if word in many]


def test_a_renamed_metric_has_its_former_name_beside_it_for_a_release() -> None:
    registry = CollectorRegistry()
    Gauge("openclaw_in_flight_calls", "Calls", ["provider"], registry=registry).labels("ace").set(3)
    Counter("openclaw_auxiliary_model_calls", "Calls", registry=registry).inc(2)
    Gauge("openclaw_pressure", "A part", registry=registry).set(0.5)

    told = generate_latest(WithFormerNames(registry)).decode()

    for line in (
        'openclaw_in_flight_calls{provider="ace"} 3.0',
        'openclaw_calls_under_way{provider="ace"} 3.0',
        "openclaw_auxiliary_model_calls_total 2.0",
        "openclaw_questions_total 2.0",
    ):
        assert told.splitlines().count(line) == 1
    assert told.count("\nopenclaw_pressure ") == 1
