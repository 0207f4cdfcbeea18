"""What an operator has to mend is told once in a while for each thing that is to be mended."""

from openclaw_extproc.edge.telemetry.alerts import SILENCE_SECONDS, Alerts
from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.gateway import Provider, Target
from openclaw_extproc.notices.kinds import Notice
from openclaw_extproc.record import DecisionRecord
from openclaw_extproc.stages.attempt.retries import CREDENTIAL_REFUSED, MODEL_NOT_FOUND
from openclaw_extproc.stages.entries import AttemptEntry, Outcome, RequestEntry, Selection

ACE = Provider("ace", "ace", "openai_chat", models=("m", "n"))
AT = 1_754_000_000.0


def attempt(model: str, alert: str) -> AttemptEntry:
    fault = Fault(FaultKind.NOT_FOUND, "", 404)
    return AttemptEntry("r", 1, Target(ACE, model), Selection.PRIMARY, Outcome.FAILED, fault=fault, alert=alert)


def told(*entries: AttemptEntry | RequestEntry, apart: float = 1.0) -> list[Notice]:
    notices: list[Notice] = []
    alerts = Alerts(notices.append)
    for n, entry in enumerate(entries):
        if isinstance(entry, AttemptEntry):
            alerts.attempt(entry, AT + n * apart)
        else:
            alerts.request(entry, AT + n * apart)
    return notices


def test_two_models_that_are_missing_at_one_provider_are_two_notices() -> None:
    both = told(attempt("m", MODEL_NOT_FOUND), attempt("n", MODEL_NOT_FOUND), attempt("m", MODEL_NOT_FOUND))

    assert [one.subject for one in both] == ["ace/m", "ace/n"]


def test_a_credential_is_the_providers_whichever_model_is_asked() -> None:
    once = told(attempt("m", CREDENTIAL_REFUSED), attempt("n", CREDENTIAL_REFUSED))
    again = told(attempt("m", CREDENTIAL_REFUSED), attempt("m", CREDENTIAL_REFUSED), apart=SILENCE_SECONDS)

    assert [one.subject for one in once] == ["ace"]
    assert len(again) == 2


def test_a_budget_that_is_reached_is_told_when_it_downgrades_and_when_it_refuses() -> None:
    spent = DecisionRecord(downgrade="daily_budget")
    downgraded = RequestEntry("r", "openai_chat", None, 200, record=spent)
    refused = RequestEntry("r", "openai_chat", None, 429, record=spent, fault=Fault(FaultKind.OVER_BUDGET, ""))

    texts = [one.text for one in told(downgraded, refused, refused, downgraded)]

    assert texts == [
        "the daily budget is reached: requests go to cheaper models",
        "the daily budget is reached: requests are refused",
    ]
