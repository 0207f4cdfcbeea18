"""Promises about limits in dollars."""

from dataclasses import replace
from typing import Any

import pytest

from openclaw_extproc.catalog import ModelFacts
from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.features import Features
from openclaw_extproc.gateway import Gateway
from openclaw_extproc.policy.decide import decide
from openclaw_extproc.policy.runtime_state import RuntimeState, SessionState
from openclaw_extproc.policy.trace import RefusedError
from openclaw_extproc.strategy import Compliance, CostCentre, Level, Optimization, Restriction, Strategy
from openclaw_extproc.wire import client_side
from tests.policy.making import ASKED, NOW, asking, declaring, facts, gateway, names, refusal

COST = {"a/large": 0.03, "b/medium": 0.006, "c/small": 0.0003}
"""Of `ASKED`, in dollars, at each: 1,000 tokens, and 500 of an ordinary answer."""
SPENT = RuntimeState(remembered=SessionState(spent_usd=0.49))


def limited(catalog: dict[str, ModelFacts] | None = None, **limits: object) -> Gateway:
    strategy = Strategy(optimization=replace(Optimization(), **limits))  # type: ignore[arg-type]  # fields by name
    return gateway(strategy, catalog=catalog)


@pytest.mark.parametrize("name", COST)
def test_a_cost_is_estimated_before_anybody_is_asked(name: str) -> None:
    assert decide(asking(name), NOW, gateway()).record.cost_usd == pytest.approx(COST[name])


@pytest.mark.parametrize(
    ("features", "output"),
    [
        (ASKED, 500),
        (replace(ASKED, output_tokens=32_000), 500),
        (replace(ASKED, output_tokens=100), 100),
        (replace(ASKED, reasoning_effort="high"), 2_500),
        (replace(ASKED, reasoning_effort="none"), 500),
        (replace(ASKED, operation="count_tokens"), None),
    ],
)
def test_the_length_of_an_answer_is_a_guess_and_a_clients_cap_is_no_forecast(
    features: Features, output: int | None
) -> None:
    wanted = 0.0 if output is None else (1_000 * 10 + output * 40) / 1e6

    assert decide(features, NOW, gateway()).record.cost_usd == pytest.approx(wanted)


def test_a_price_nobody_knows_is_no_price() -> None:
    assert decide(ASKED, NOW, gateway(catalog={"a/large": facts()})).record.cost_usd is None


def test_a_spent_session_is_downgraded_and_told() -> None:
    decision = decide(ASKED, SPENT, limited(max_cost_per_session=0.5))

    assert names(decision) == ["b/medium", "c/small"]
    assert decision.record.notice == "downgraded from a/large to b/medium: session budget: 0.50 USD, 0.49 spent"
    assert decision.record.downgrade == "session"
    assert decision.record.because[-1] == decision.record.notice


def test_a_limit_of_ones_own_takes_the_dearest_that_fits_and_a_shared_one_the_cheapest() -> None:
    almost = RuntimeState(remembered=SessionState(spent_usd=0.4999), spent_today=0.99)

    assert names(decide(ASKED, almost, limited(max_cost_per_session=0.5005))) == ["c/small"]
    assert names(decide(ASKED, almost, limited(daily_budget=1.0))) == ["c/small", "b/medium"]


def test_cheaper_ones_of_the_own_chain_go_before_strangers() -> None:
    made = gateway(
        Strategy(optimization=Optimization(max_cost_per_session=0.5)),
        chains={"large": ["a/large", "b/medium"], "small": ["c/small"]},
    )

    assert names(decide(ASKED, SPENT, made)) == ["b/medium"]


def test_among_all_models_the_healthy_and_good_enough_go_first() -> None:
    known = {"b/medium": facts(2.0, quality=0.9), "c/small": facts(0.1, quality=0.1)}
    wanted = {"max_cost_per_session": 0.5, "quality_threshold": 0.8}

    assert names(decide(ASKED, SPENT, limited(known, **wanted))) == ["b/medium", "c/small"]
    ill = replace(SPENT, unhealthy=frozenset({"b"}))
    assert names(decide(ASKED, ill, limited(known, **wanted))) == ["c/small", "b/medium"]
    dear = limited(known, max_cost_per_task=0.01)
    assert names(decide(ASKED, replace(NOW, unhealthy=frozenset({"b"})), dear)) == ["c/small", "b/medium", "a/large"]


def test_nobody_is_downgraded_to_what_is_not_permitted() -> None:
    only_a = Compliance(always=(Restriction("here", providers=frozenset({"a"})),))
    made = gateway(Strategy(optimization=Optimization(max_cost_per_session=0.5), compliance=only_a))

    assert refusal(ASKED, SPENT, made).kind is FaultKind.OVER_BUDGET


def test_what_is_free_stays_whatever_was_spent() -> None:
    free = limited({"c/small": facts(0.0)}, hourly_budget=1.0, daily_budget=1.0)
    broke = replace(NOW, spent_this_hour=5.0, spent_today=1.0)

    assert names(decide(ASKED, broke, free)) == ["c/small"]
    assert names(decide(asking("small"), broke, free)) == ["c/small"]
    assert decide(asking("small"), broke, free).record.notice == ""
    rejecting = limited({"c/small": facts(0.0)}, hourly_budget=1.0, on_exceeded="reject")
    assert names(decide(asking("small"), broke, rejecting)) == ["c/small"]


@pytest.mark.parametrize(
    ("limits", "situation", "words"),
    [
        (
            {"max_cost_per_session": 0.5},
            RuntimeState(remembered=SessionState(spent_usd=0.5)),
            "session budget: 0.50 USD",
        ),
        ({"hourly_budget": 5.0}, RuntimeState(spent_this_hour=5.0), "hourly budget: 5.00 USD, 5.00 spent"),
        ({"daily_budget": 50.0}, RuntimeState(spent_today=49.9999), "daily budget: 50.00 USD, 50.00 spent"),
    ],
)
def test_a_spent_budget_refuses_with_its_scope_its_limit_and_what_was_spent(
    limits: dict[str, Any], situation: RuntimeState, words: str
) -> None:
    fault = refusal(ASKED, situation, limited(**limits))

    assert (fault.kind, fault.status) == (FaultKind.OVER_BUDGET, 429)
    assert fault.public.startswith(words)
    assert "this request would cost about 0.03" in fault.public


def test_reject_looks_for_nothing_cheaper() -> None:
    made = limited(max_cost_per_session=0.5, on_exceeded="reject")

    assert refusal(ASKED, SPENT, made).kind is FaultKind.OVER_BUDGET
    assert names(decide(asking("small"), SPENT, made)) == ["c/small"]


def test_a_refusal_brings_its_record_and_its_trace() -> None:
    with pytest.raises(RefusedError) as caught:
        decide(ASKED, RuntimeState(spent_today=1.0), limited(daily_budget=1.0))

    assert caught.value.record.because[-1] == caught.value.fault.public
    assert [one.target.name for one in caught.value.trace.candidates] == ["a/large"]
    assert isinstance(caught.value, FaultError)


def test_a_request_and_its_cost_centre_have_limits_too() -> None:
    strategy = Strategy(cost_centres={"lab": CostCentre(max_cost_usd=0.01)})
    of_lab = declaring(cost_centre="lab")

    assert names(decide(of_lab, NOW, gateway(strategy))) == ["b/medium", "c/small"]
    assert decide(of_lab, NOW, gateway(strategy)).record.downgrade == "cost_centre"
    poorer = declaring(of_lab, level=Level("x-openclaw-max-cost-usd", max_cost_usd=0.001))
    assert names(decide(poorer, NOW, gateway(strategy))) == ["c/small"]
    richer = declaring(of_lab, level=Level("x-openclaw-max-cost-usd", max_cost_usd=10.0))
    assert names(decide(richer, NOW, gateway(strategy)))[0] == "b/medium", "a client can only lower it"


def test_a_task_that_costs_too_much_gets_the_next_cheaper_model_and_is_never_refused() -> None:
    made = limited(max_cost_per_task=0.01)

    decision = decide(ASKED, NOW, made)

    assert names(decision) == ["b/medium", "c/small", "a/large"]
    assert decision.record.notice == "downgraded from a/large to b/medium: limit per task: 0.01 USD"
    assert names(decide(ASKED, NOW, limited(max_cost_per_task=0.000_001))) == ["a/large"]


def test_an_unknown_price_is_allowed_unless_the_operator_says_otherwise() -> None:
    unknown = {"a/large": facts()}

    assert names(decide(ASKED, SPENT, limited(unknown, max_cost_per_session=0.5)))[0] == "a/large"
    denied = limited(unknown, max_cost_per_session=0.5, unknown_price="deny")
    assert names(decide(ASKED, SPENT, denied))[0] == "b/medium"


def test_who_wants_no_routing_is_refused_and_not_downgraded() -> None:
    off = declaring(level=Level("x-openclaw-routing", routing=False))

    assert refusal(off, SPENT, limited(max_cost_per_session=0.5)).kind is FaultKind.OVER_BUDGET


def test_a_count_of_tokens_costs_nothing() -> None:
    counting = replace(ASKED, operation="count_tokens")

    assert names(decide(counting, RuntimeState(spent_today=9.0), limited(daily_budget=1.0))) == ["a/large"]


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("openai_chat", b'"code":"insufficient_quota"'),
        ("openai_responses", b"insufficient_quota"),
        ("anthropic_messages", b'"type":"rate_limit_error"'),
        ("gemini", b'"RESOURCE_EXHAUSTED"'),
    ],
)
def test_every_format_has_a_word_for_it(name: str, word: bytes) -> None:
    fault = refusal(ASKED, RuntimeState(spent_today=1.0), limited(daily_budget=1.0))

    assert word in client_side(name).encode_error(fault)


@pytest.mark.parametrize("on_exceeded", ["reject", "downgrade"])
def test_a_refusal_s_record_names_the_limit(on_exceeded: str) -> None:
    """What tells operators that a budget is reached looks at the record."""
    only_a = Compliance(always=(Restriction("here", providers=frozenset({"a"})),))
    strategy = Strategy(optimization=replace(Optimization(), daily_budget=1.0), compliance=only_a)
    rejecting = replace(strategy, optimization=replace(strategy.optimization, on_exceeded="reject"))

    with pytest.raises(RefusedError) as caught:
        decide(ASKED, RuntimeState(spent_today=1.0), gateway(rejecting if on_exceeded == "reject" else strategy))

    assert caught.value.record.downgrade == "daily_budget"
