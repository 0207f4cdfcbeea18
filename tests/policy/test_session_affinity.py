"""Promises about what a session keeps."""

from dataclasses import replace

import pytest

from openclaw_extproc.gateway import AUTO
from openclaw_extproc.policy.complexity import Classification
from openclaw_extproc.policy.decide import decide
from openclaw_extproc.policy.runtime_state import RuntimeState, SessionState
from openclaw_extproc.strategy import Affinity, Compliance, Level, Optimization, Restriction, Rule, Strategy
from tests.policy.making import NOW, SIMPLE, STANDARD, asking, declaring, gateway, names, refusal

LOOP = declaring(asking("large", tools=1, in_tool_loop=True), session="s")
REMEMBERED = RuntimeState(remembered=SessionState("b/medium", "large", "standard"))


@pytest.mark.parametrize(
    "strategy",
    [
        Strategy(),
        Strategy(rules=(Rule("all", None, "small"),)),
        Strategy(tiers={"simple": ("small",)}),
        Strategy(users={"": "small"}),
        Strategy(optimization=Optimization(minimize_cost=True)),
        Strategy(rules=(Rule("all", None, "small", "cost"),)),
    ],
)
def test_nobody_is_switched_inside_a_tool_loop(strategy: Strategy) -> None:
    decision = decide(LOOP, REMEMBERED, gateway(strategy), judgement=SIMPLE)

    assert names(decision)[0] == "b/medium"
    assert "b/medium continues, because the request is inside a tool loop" in decision.record.because


def test_who_may_or_can_no_longer_answer_does_not_go_on() -> None:
    only_a = Strategy(compliance=Compliance(always=(Restriction("here", providers=frozenset({"a"})),)))

    assert names(decide(LOOP, REMEMBERED, gateway(only_a))) == ["a/large"]
    keyless = replace(REMEMBERED, missing_credentials=frozenset({"KEY_b"}))
    assert names(decide(LOOP, keyless, gateway())) == ["a/large"]
    gone = replace(REMEMBERED, remembered=SessionState("x/gone"))
    assert names(decide(LOOP, gone, gateway())) == ["a/large"]


def test_a_provider_that_fails_still_goes_on_with_its_loop_first() -> None:
    ill = replace(REMEMBERED, unhealthy=frozenset({"b"}))

    assert names(decide(LOOP, ill, gateway())) == ["b/medium", "a/large"]


def test_a_client_that_asks_for_another_model_gets_it() -> None:
    """Claude Code asks for a large and a small model within one session."""
    other = replace(LOOP, model="small")

    assert names(decide(other, REMEMBERED, gateway())) == ["c/small"]
    unsaid = replace(REMEMBERED, remembered=SessionState("b/medium"))
    assert names(decide(other, unsaid, gateway()))[0] == "b/medium"
    header = declaring(LOOP, level=Level("x-openclaw-model", "small"))
    assert names(decide(header, REMEMBERED, gateway())) == ["c/small"]
    off = declaring(LOOP, level=Level("x-openclaw-routing", routing=False))
    assert names(decide(off, REMEMBERED, gateway())) == ["a/large"]


def test_a_loop_is_judged_as_its_question_was() -> None:
    strategy = Strategy(tiers={"simple": ("small",), "standard": ("medium",)})
    forgotten = RuntimeState(remembered=SessionState("", "auto", "standard"))
    loop = replace(LOOP, model=AUTO)

    decision = decide(loop, forgotten, gateway(strategy), judgement=SIMPLE)

    assert names(decision)[0] == "b/medium"
    assert decision.trace.judgement is not None
    assert decision.trace.judgement.source == "session"
    declared = replace(SIMPLE, source="declared")
    assert names(decide(loop, forgotten, gateway(strategy), judgement=declared))[0] == "c/small"


TURN = declaring(asking("auto"), session="s")
TIER = Strategy(affinity=Affinity(), tiers={"simple": ("medium", "small"), "standard": ("large",)})


def test_affinity_keeps_a_session_among_those_that_were_chosen() -> None:
    stays = RuntimeState(remembered=SessionState("c/small"))

    assert names(decide(TURN, stays, gateway(TIER), judgement=SIMPLE))[0] == "c/small"
    assert names(decide(TURN, NOW, gateway(TIER), judgement=SIMPLE))[0] == "b/medium"
    assert names(decide(TURN, stays, gateway(replace(TIER, affinity=None)), judgement=SIMPLE))[0] == "b/medium"


def test_affinity_is_no_reason_to_stay_with_a_stand_in_or_against_a_rule() -> None:
    stays = RuntimeState(remembered=SessionState("c/small"))
    strategy = replace(TIER, fallbacks={"large": ("small",)})

    assert names(decide(TURN, stays, gateway(strategy), judgement=STANDARD))[0] == "a/large"


def test_affinity_does_not_keep_a_session_with_who_fails() -> None:
    stays = RuntimeState(remembered=SessionState("c/small"), unhealthy=frozenset({"c"}))

    assert names(decide(TURN, stays, gateway(TIER), judgement=SIMPLE))[0] == "b/medium"


def test_a_budget_ends_a_loop_sooner_than_it_is_overrun() -> None:
    strategy = Strategy(optimization=Optimization(max_cost_per_session=0.5))
    spent = RuntimeState(remembered=SessionState("a/large", "large", spent_usd=0.499))

    assert names(decide(LOOP, spent, gateway(strategy))) == ["c/small"]
    rejecting = Strategy(optimization=Optimization(max_cost_per_session=0.5, on_exceeded="reject"))
    assert "session budget" in refusal(LOOP, spent, gateway(rejecting)).public


def test_what_a_task_may_cost_does_not_break_its_loop() -> None:
    strategy = Strategy(optimization=Optimization(max_cost_per_task=0.000_1))

    assert names(decide(LOOP, REMEMBERED, gateway(strategy)))[0] == "b/medium"


def test_the_record_says_what_was_judged() -> None:
    judged = Classification("large", "math_reasoning", 0.9, 0.7, ("long",))

    record = decide(LOOP, NOW, gateway(), judgement=judged).record

    assert (record.tier, record.task, record.score, record.confidence) == ("large", "math_reasoning", 0.9, 0.7)
    assert (record.session, record.mode, record.chosen_by) == ("s", "enforce", "asked")
