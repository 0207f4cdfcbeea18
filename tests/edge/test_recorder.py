"""Every outlet gets every entry once, and a new one needs nothing but the two methods of a sink."""

import logging

import pytest

from openclaw_extproc.edge.runtime.health_watch import HealthWatch
from openclaw_extproc.edge.runtime.in_flight import InFlight
from openclaw_extproc.edge.runtime.memory import Memory
from openclaw_extproc.edge.telemetry.alerts import Alerts
from openclaw_extproc.edge.telemetry.metrics import Metrics
from openclaw_extproc.edge.telemetry.recorder import Recorder, RequestLog
from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.gateway import Gateway, Provider, Target
from openclaw_extproc.notices.kinds import Notice
from openclaw_extproc.stages.attempt.retries import CREDENTIAL_REFUSED
from openclaw_extproc.stages.entries import AttemptEntry, Outcome, RequestEntry, Selection

ACE = Provider("ace", "ace", "openai_chat", models=("m",))
GATEWAY = Gateway(providers={"ace": ACE})
FAULT = Fault(FaultKind.UNAUTHENTICATED, "", 401)
ATTEMPT = AttemptEntry(
    "r1", 1, Target(ACE, "m"), Selection.PRIMARY, Outcome.FAILED, fault=FAULT, alert=CREDENTIAL_REFUSED
)
REQUEST = RequestEntry("r1", "openai_chat", None, 429, fault=Fault(FaultKind.OVER_BUDGET, ""))


class Audit:
    """A new outlet, as somebody would write it."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.times: set[float] = set()

    def attempt(self, entry: AttemptEntry, at: float) -> None:
        self.lines.append(f"attempt {entry.request_id} {entry.outcome.value}")
        self.times.add(at)

    def request(self, entry: RequestEntry, at: float) -> None:
        self.lines.append(f"request {entry.request_id} {entry.status}")
        self.times.add(at)


def test_a_new_outlet_gets_what_the_others_get(caplog: pytest.LogCaptureFixture) -> None:
    audit, notices, health = Audit(), list[Notice](), HealthWatch(GATEWAY)
    metrics = Metrics(lambda: GATEWAY, health, InFlight())
    memory = Memory(lambda: GATEWAY)
    recorder = Recorder((metrics, RequestLog(), Alerts(notices.append), memory, health, audit))

    with caplog.at_level(logging.INFO, logger="openclaw"):
        recorder.attempt(ATTEMPT)
        recorder.request(REQUEST)

    assert audit.lines == ["attempt r1 failed", "request r1 429"]
    assert metrics.registry.get_sample_value("openclaw_attempts_total", {"provider": "ace", "outcome": "failed"}) == 1
    told = {"client_format": "openai_chat", "status": "429"}
    assert metrics.registry.get_sample_value("openclaw_requests_total", told) == 1
    assert "request_refused" in [record.getMessage() for record in caplog.records]
    assert [notice.subject for notice in notices] == ["ace"]


def test_the_attempt_of_a_request_that_passed_through_unread_is_recorded_before_it() -> None:
    first, second = Audit(), Audit()

    Recorder((first, second)).request(RequestEntry("r1", "", None, 200, passed=ATTEMPT))

    assert first.lines == second.lines == ["attempt r1 failed", "request r1 200"]
    assert first.times == second.times, "all sinks get the same time"
