"""Health learns from what is recorded: from each outcome what it says, and of whom."""

import logging
from collections.abc import Sequence
from dataclasses import replace

import pytest

from openclaw_extproc.edge.runtime.health_watch import ABSENT_SECONDS, MOST_STALE, HealthWatch
from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.gateway import Emergency, Gateway, Provider, Target, Timeouts
from openclaw_extproc.plan import Plan
from openclaw_extproc.policy.health.circuit import State
from openclaw_extproc.policy.health.headroom import Headroom
from openclaw_extproc.stages.attempt.history import STALE
from openclaw_extproc.stages.entries import AttemptEntry, Outcome, RequestEntry, Selection

AT = 1_754_000_000.0
ACE, BEE = (Provider(name, name, "openai_chat", models=("m",)) for name in ("ace", "bee"))
ACES, BEES = Target(ACE, "m"), Target(BEE, "m")
GATEWAY = Gateway(providers={"ace": ACE, "bee": BEE}, chains={"m": (ACES, BEES)})
PLAN = Plan("r", "openai_chat", "/v1/chat/completions", "", "m", ((ACES,), (BEES,)), AT, 1, Timeouts(), Emergency())


def entry(outcome: Outcome, kind: FaultKind | None = None, status: int | None = None) -> AttemptEntry:
    fault = None if kind is None else Fault(kind, "", status)
    return AttemptEntry("r", 1, ACES, Selection.PRIMARY, outcome, fault=fault, plan=PLAN)


def after(*entries: AttemptEntry, gateway: Gateway = GATEWAY) -> HealthWatch:
    watch = HealthWatch(gateway)
    for one in entries:
        watch.attempt(one, AT)
    return watch


def states(watch: HealthWatch) -> dict[str, State]:
    return {view.name: view.state for view in watch.view(AT) if view.state is not State.HEALTHY}


@pytest.mark.parametrize(
    ("one", "open_"),
    [
        (entry(Outcome.OK), []),
        (entry(Outcome.GONE), []),
        (entry(Outcome.NO_ANSWER), []),
        (entry(Outcome.FAILED, FaultKind.MALFORMED, 400), []),
        (entry(Outcome.FAILED, FaultKind.RATE_LIMITED, 429), ["ace", "ace/m"]),  # its only model is all there is of it
        (entry(Outcome.FAILED, FaultKind.UPSTREAM_GARBLED), ["ace", "ace/m"]),
        (entry(Outcome.BROKEN, FaultKind.UPSTREAM_GARBLED), ["ace", "ace/m"]),
        (entry(Outcome.BROKEN, FaultKind.BUG), []),
        (entry(Outcome.FAILED, FaultKind.UNAUTHENTICATED, 401), ["ace", "ace/m"]),
    ],
)
def test_an_outcome_says_what_it_says(one: AttemptEntry, open_: Sequence[str]) -> None:
    assert sorted(states(after(*[one] * 3))) == open_


def test_the_caller_s_own_wrong_key_is_not_the_provider_s_fault() -> None:
    theirs = replace(ACES, provider=replace(ACE, auth="forward"))
    wrong = replace(entry(Outcome.FAILED, FaultKind.UNAUTHENTICATED, 401), target=theirs)

    assert states(after(*[wrong] * 10)) == {}


@pytest.mark.parametrize("reason", ["connection", "timeout"])
def test_the_next_attempt_tells_that_the_one_before_got_no_answer(reason: str) -> None:
    second = replace(entry(Outcome.OK), target=BEES, previous=ACES, previous_reason=reason)

    assert sorted(states(after(*[second] * 3))) == ["ace", "ace/m"]


STALE_ONCE = replace(entry(Outcome.OK), target=BEES, previous=ACES, previous_reason=STALE)


def test_a_stale_connection_says_nothing_of_its_provider() -> None:
    request = RequestEntry("r", "openai_chat", PLAN, 503, attempts=2, reasons=(f"ace:{STALE}", f"bee:{STALE}"))
    watch = after(*[STALE_ONCE, entry(Outcome.OK)] * 20)
    for _ in range(MOST_STALE):
        watch.request(request, AT)

    assert states(watch) == {}


def test_whoever_resets_each_request_is_no_better_for_keeping_connections() -> None:
    """A stream that is reset looks the same where a connection has many of them."""
    assert states(after(*[STALE_ONCE] * MOST_STALE)) == {}
    assert sorted(states(after(*[STALE_ONCE] * (MOST_STALE + 3)))) == ["ace", "ace/m"]


def test_the_end_of_a_request_tells_it_of_the_last_attempt() -> None:
    watch = HealthWatch(GATEWAY)

    for _ in range(3):
        watch.request(RequestEntry("r", "openai_chat", PLAN, 504, attempts=2), AT)

    assert sorted(states(watch)) == ["bee", "bee/m"]


def test_what_is_left_of_a_limit_is_taken_from_good_answers_too() -> None:
    low = replace(entry(Outcome.OK), headroom=Headroom("requests", 0.0, 5.0))

    watch = after(low)

    assert watch.avoid(AT + 4) == {"ace/m"}
    assert watch.avoid(AT + 6) == frozenset()


def test_a_change_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "openclaw")
    failed = entry(Outcome.FAILED, FaultKind.OVERLOADED, 529)

    watch = after(*[failed] * 6)
    watch.look(AT + 1)

    (line,) = [record for record in caplog.records if record.message == "health_changed"]
    assert line.__dict__["data"] == {"name": "ace/m", "from": "healthy", "to": "open", "why": "overloaded (529)"}
    assert line.levelno == logging.WARNING


@pytest.mark.parametrize(("fault", "open_"), [(None, ["ace", "ace/m"]), (Fault(FaultKind.BUG, "", 503), [])])
def test_a_call_that_we_lost_is_nobody_else_s_fault(fault: Fault | None, open_: Sequence[str]) -> None:
    watch = HealthWatch(GATEWAY)

    for _ in range(3):
        watch.request(RequestEntry("r", "openai_chat", PLAN, 503, fault=fault, attempts=1), AT)

    assert sorted(states(watch)) == open_


def test_who_was_found_without_an_address_is_behind_for_a_while_and_has_not_failed() -> None:
    watch = HealthWatch(GATEWAY)

    watch.request(RequestEntry("r", "openai_chat", PLAN, 503, attempts=1, reasons=("ace:unresolved",)), AT)

    assert watch.avoid(AT + ABSENT_SECONDS - 1) == {"ace"}
    assert watch.avoid(AT + ABSENT_SECONDS + 1) == frozenset()
    assert [view.failure_rate for view in watch.view(AT) if view.name == "ace"] == [None]
