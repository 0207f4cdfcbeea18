"""What a decision does not ask for is not worked out, and is missed by nobody."""

from dataclasses import fields, replace
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openclaw_extproc.faults import Fault, FaultError
from openclaw_extproc.features import Features, extract
from openclaw_extproc.features.request_reader import LAZY
from openclaw_extproc.gateway import AUTO, Gateway
from openclaw_extproc.policy.decide import Decision, decide
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.strategy import Affinity, Compliance, Experiment, Mode, Optimization, Restriction, Rule, Strategy
from tests.policy.making import as_they_are, gateway, when
from tests.policy.random_cases import Case

MANY = settings(max_examples=max(300, settings().max_examples))
SEEDS = st.integers(0, 2**64)
MODES = st.sampled_from(get_args(Mode))


def made(features: Features, situation: RuntimeState, made: Gateway) -> Decision | Fault:
    try:
        return decide(features, situation, made)
    except FaultError as error:
        return error.fault


def told(decision: Decision | Fault) -> object:
    """All of a decision but the classification."""
    if isinstance(decision, Fault):
        return decision
    return replace(decision, record=replace(decision.record, tier="", score=0.0, confidence=0.0, task=""))


@MANY
@given(SEEDS, MODES)
def test_who_does_not_look_at_the_classification_decides_the_same_without_it(seed: int, mode: Mode) -> None:
    case = Case(seed)
    drawn = case.drawn()
    features = extract(case.ask(), client_format="openai_chat", headers=case.headers())
    usual = replace(drawn.gateway, strategy=replace(drawn.gateway.strategy, mode=mode))
    always = replace(usual, classification="always")

    lazy = made(features, drawn.situation, usual)
    whole = made(replace(features), drawn.situation, always)

    assert told(lazy) == told(whole)
    if isinstance(lazy, Decision) and isinstance(whole, Decision):
        assert lazy.record.tier in ("", whole.record.tier)
        assert lazy.trace == whole.trace
        assert whole.record.tier
        assert mode == "enforce" or lazy.record.tier


@MANY
@given(SEEDS)
def test_a_lazy_feature_is_the_one_that_is_read_at_once(seed: int) -> None:
    case = Case(seed)
    ask, headers = case.ask(), case.headers()
    eager = replace(extract(ask, client_format="openai_chat", headers=headers))

    for name in case.some(sorted(LAZY), least=len(LAZY), most=len(LAZY)):
        assert getattr(extract(ask, client_format="openai_chat", headers=headers), name) == getattr(eager, name)


def known(features: Features) -> set[str]:
    """The features that have a value by now."""
    return {one.name for one in fields(Features) if _has_value(features, one.name)} & LAZY


def _has_value(features: Features, name: str) -> bool:
    try:
        vars(Features)[name].__get__(features)  # the slot alone: `getattr` would work the value out
    except AttributeError:
        return False
    return True


def asked(model: str = "large") -> Features:
    case = Case(1)
    return extract(replace(case.ask(), model=model), client_format="openai_chat", headers={"x-a": "b"})


def test_a_fixed_chain_asks_for_tokens_and_for_nothing_of_what_is_said() -> None:
    features = asked()

    decision = decide(features, RuntimeState(), gateway())

    assert known(features) <= {"size", "needs", "images"}
    assert (decision.record.tier, decision.record.task, decision.record.confidence) == ("", "", 0.0)
    assert decision.record.input_tokens > 0


def test_a_condition_has_its_own_variables_worked_out() -> None:
    looks = replace(when("language", lambda known: known["language"] == "xx"), variables=frozenset({"language"}))
    features = asked()

    decision = decide(features, RuntimeState(), gateway(Strategy(activate=as_they_are, rules=(Rule("r", looks, "x"),))))

    assert "language" in known(features)
    assert known(features).isdisjoint({"query", "questions", "steps", "has_code", "rounds", "headers"})
    assert decision.record.tier == ""


TIER = replace(when("t", lambda known: known["task_complexity"] == "x"), variables=frozenset({"task_complexity"}))
NOT_TIER = replace(when("u", lambda known: known["user"] == "x"), variables=frozenset({"user"}))
CLASSES = {"c": Restriction("c")}
LOOKING: dict[str, Strategy] = {
    "a rule": Strategy(activate=as_they_are, rules=(Rule("r", TIER, "small"),)),
    "a rule of any condition": Strategy(activate=as_they_are, rules=(Rule("r", when("?", lambda _: False), "small"),)),
    "tiers": Strategy(tiers={"large": ("large",)}),
    "tasks": Strategy(tasks={"analysis": "small"}),
    "an experiment": Strategy(activate=as_they_are, experiments=(Experiment("e", "small", condition=TIER),)),
    "compliance": Strategy(activate=as_they_are, compliance=Compliance(classes=CLASSES, when=((TIER, "c"),))),
    "cost": Strategy(optimization=Optimization(minimize_cost=True)),
    "kinds": Strategy(optimization=Optimization(kinds=("local",))),
    "a rule's priority": Strategy(rules=(Rule("r", None, "", "cost"),)),
    "the default's priority": Strategy(default="small", default_priority="cost"),
    "shadow": Strategy(mode="shadow"),
    "observe": Strategy(mode="observe"),
}  # fmt: skip
NOT_LOOKING: dict[str, Strategy] = {
    "nothing": Strategy(),
    "a rule": Strategy(activate=as_they_are, rules=(Rule("r", NOT_TIER, "small"),)),
    "rules and tiers for others": Strategy(
        activate=as_they_are, applies_to="auto", rules=(Rule("r", TIER, "small"),), tiers={"large": ("large",)}
    ),
    "cost above a threshold": Strategy(optimization=Optimization(minimize_cost=True, quality_threshold=0.5)),
    "a budget": Strategy(optimization=Optimization(daily_budget=100.0)),
    "affinity": Strategy(affinity=Affinity()),
    "a fallback": Strategy(fallbacks={"large": ("small",)}),
}  # fmt: skip


@pytest.mark.parametrize("what", LOOKING)
def test_what_looks_at_the_classification_has_it_told(what: str) -> None:
    assert decide(asked(), RuntimeState(), gateway(LOOKING[what])).record.tier


@pytest.mark.parametrize("what", NOT_LOOKING)
def test_what_does_not_look_at_it_costs_none_unless_it_is_always_wanted(what: str) -> None:
    features, usual = asked(), gateway(NOT_LOOKING[what])

    assert not decide(features, RuntimeState(), usual).record.tier
    assert known(features).isdisjoint({"query", "questions"})
    assert decide(features, RuntimeState(), replace(usual, classification="always")).record.tier


def test_who_leaves_the_choice_is_classified_for_the_tiers_that_named_models_do_not_ask_for() -> None:
    made = gateway(NOT_LOOKING["rules and tiers for others"])

    assert decide(asked(AUTO), RuntimeState(), made).record.tier
