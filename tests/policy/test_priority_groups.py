"""Promises about pools: weights, hot spots, what comes behind them, and how many attempts there are."""

from collections import Counter
from dataclasses import replace

import pytest

from openclaw_extproc.gateway import Gateway
from openclaw_extproc.plan import MAX_ATTEMPTS
from openclaw_extproc.policy.decide import Decision, decide
from openclaw_extproc.policy.runtime_state import SessionState
from openclaw_extproc.strategy import Affinity, Level, Optimization, Pool, Strategy
from tests.policy.making import ASKED, NOW, asking, declaring, gateway, names, provider

POOL = Pool({"large": 60, "medium": 30, "small": 10}, max_concurrent=5)
FROM_POOL = asking("pool")


def pooled(pool: Pool = POOL, **more: object) -> Gateway:
    return gateway(replace(Strategy(pools={"pool": pool}), **more))  # type: ignore[arg-type]  # fields by name


def weights(decision: Decision) -> list[dict[str, int]]:
    return [{one.name: one.weight for one in group} for group in decision.groups]


def test_a_pool_is_spread_by_weight_and_then_gone_through_the_lightest_first() -> None:
    decision = decide(FROM_POOL, NOW, pooled(fallbacks={"pool": ("large",)}))

    assert weights(decision) == [
        {"a/large": 60, "b/medium": 30, "c/small": 10},
        {"c/small": 1},
        {"b/medium": 1},
        {"a/large": 1},
    ]
    assert decision.record.because == ("the client asked for the pool pool",)


def test_who_cannot_leaves_the_pool_and_the_others_keep_their_weights() -> None:
    decision = decide(FROM_POOL, replace(NOW, missing_credentials=frozenset({"KEY_b"})), pooled())

    assert weights(decision) == [{"a/large": 60, "c/small": 10}, {"c/small": 1}, {"a/large": 1}]


def test_who_is_busy_goes_behind_the_others_and_if_all_are_nobody_does() -> None:
    busy = replace(NOW, inflight={"a/large": 5, "b/medium": 4})
    all_busy = replace(NOW, inflight={"a/large": 5, "b/medium": 6, "c/small": 7})

    assert weights(decide(FROM_POOL, busy, pooled())) == [
        {"b/medium": 30, "c/small": 10}, {"c/small": 1}, {"b/medium": 1}, {"a/large": 1}
    ]  # fmt: skip
    assert weights(decide(FROM_POOL, all_busy, pooled()))[0] == {"a/large": 60, "b/medium": 30, "c/small": 10}
    assert weights(decide(FROM_POOL, busy, pooled(replace(POOL, max_concurrent=None))))[0].keys() >= {"a/large"}


def test_who_fails_is_out_of_the_pool_until_nobody_else_is_left() -> None:
    ill = replace(NOW, unhealthy=frozenset({"a"}))

    assert weights(decide(FROM_POOL, ill, pooled())) == [
        {"b/medium": 30, "c/small": 10}, {"c/small": 1}, {"b/medium": 1}, {"a/large": 1}
    ]  # fmt: skip
    assert weights(decide(FROM_POOL, replace(NOW, unhealthy=frozenset("abc")), pooled()))[0].keys() >= {"a/large"}


def test_of_two_models_behind_one_cluster_one_is_drawn_with_the_weight_of_both() -> None:
    """An attempt knows its model by its cluster."""
    chains = {"x": ["a/x"], "y": ["a/y"], "z": ["b/z"]}
    made = gateway(Strategy(pools={"pool": Pool({"x": 3, "y": 1, "z": 4})}), chains=chains, catalog={})
    drawn = Counter(
        tuple(one.name for one in decide(FROM_POOL, replace(NOW, draw=n / 1_000), made).groups[0]) for n in range(1_000)
    )

    first = decide(FROM_POOL, NOW, made).groups[0]

    assert {one.name: one.weight for one in first} == {"a/x": 4, "b/z": 4}
    assert drawn == {("a/x", "b/z"): 750, ("a/y", "b/z"): 250}


def test_a_pool_behind_one_cluster_is_drawn_from_and_not_tried_twice() -> None:
    made = gateway(Strategy(pools={"pool": Pool({"x": 3, "y": 1})}), chains={"x": ["a/x"], "y": ["a/y"]}, catalog={})

    assert weights(decide(FROM_POOL, replace(NOW, draw=0.9), made)) == [{"a/y": 1}, {"a/x": 1}]


def test_requests_with_tools_draw_the_same_lot_all_through_their_loop() -> None:
    """Even where nobody remembers the session: the question that began it is the same."""
    made = pooled()

    def first(query: str, *, in_loop: bool) -> str:
        asked = asking("pool", tools=1, query=query, in_tool_loop=in_loop)
        decision = decide(asked, replace(NOW, draw=0.5 if in_loop else 0.1), made)
        assert len(decision.groups[0]) == 1
        return decision.groups[0][0].name

    drawn = [(first(f"q{n}", in_loop=False), first(f"q{n}", in_loop=True)) for n in range(2_000)]
    shares = Counter(begun for begun, _ in drawn)

    assert all(begun == ended for begun, ended in drawn)
    assert shares["a/large"] / 2_000 == pytest.approx(0.6, abs=0.04)
    assert shares["c/small"] / 2_000 == pytest.approx(0.1, abs=0.03)


def test_a_session_stays_with_its_member_and_the_others_are_spread_behind_it() -> None:
    stays = replace(NOW, remembered=SessionState("b/medium"))
    request = declaring(FROM_POOL, session="s")

    decision = decide(request, stays, pooled(affinity=Affinity()))

    assert weights(decision) == [{"b/medium": 1}, {"a/large": 60, "c/small": 10}, {"c/small": 1}, {"a/large": 1}]
    assert "the session stays with b/medium" in decision.record.because
    busy = replace(stays, inflight={"b/medium": 5})
    assert names(decide(request, busy, pooled(affinity=Affinity())))[0] != "b/medium"
    assert len(decide(request, stays, pooled()).groups[0]) == 3, "without affinity nobody stays"


def test_without_routing_a_pool_is_spread_and_nothing_stands_in() -> None:
    off = declaring(FROM_POOL, level=Level("x-openclaw-routing", routing=False))

    assert weights(decide(off, NOW, pooled())) == [{"a/large": 60, "b/medium": 30, "c/small": 10}]


def test_a_member_goes_on_with_its_tool_loop_alone() -> None:
    loop = asking("pool", tools=1, in_tool_loop=True)

    decision = decide(loop, replace(NOW, remembered=SessionState("b/medium")), pooled())

    assert weights(decision)[0] == {"b/medium": 1}


def test_a_member_without_weight_only_stands_in() -> None:
    assert weights(decide(FROM_POOL, NOW, pooled(Pool({"large": 1, "small": 0})))) == [{"a/large": 1}, {"c/small": 1}]


def test_least_latency_takes_the_place_of_weights() -> None:
    measured = replace(NOW, latency={"c/small": 0.1, "a/large": 0.5, "b/medium": 0.9}, draw=0.5)

    decision = decide(FROM_POOL, measured, pooled(optimization=Optimization(latency=True)))

    assert weights(decision) == [{"c/small": 1}, {"a/large": 1}, {"b/medium": 1}]


def test_there_are_no_more_attempts_than_anybody_waits_for() -> None:
    many = [f"{where}/m{n}" for where in "abc" for n in range(10)]
    made = gateway(chains={"large": many, **{f"m{n}": [f"a/m{n}"] for n in range(10)}})
    with_pool = replace(made, strategy=Strategy(pools={"pool": Pool({f"m{n}": 1 for n in range(10)})}))

    assert len(decide(ASKED, NOW, made).groups) == MAX_ATTEMPTS
    assert len(decide(FROM_POOL, NOW, with_pool).groups) == MAX_ATTEMPTS


def test_a_pool_is_what_a_tier_or_a_fallback_may_name() -> None:
    strategy = Strategy(pools={"pool": Pool({"medium": 1, "small": 1})}, tiers={"simple": ("pool",)})

    decision = decide(asking("auto"), NOW, gateway(strategy))

    assert weights(decision)[0] == {"b/medium": 1, "c/small": 1}
    behind = replace(strategy, tiers={}, fallbacks={"large": ("pool",)})
    assert names(decide(ASKED, NOW, gateway(behind))) == ["a/large", "b/medium", "c/small"]


def test_the_cost_told_is_that_of_the_first_target() -> None:
    decision = decide(FROM_POOL, NOW, pooled())

    assert decision.record.cost_usd == pytest.approx((1_000 * 10 + 500 * 40) / 1e6)


def test_a_provider_of_another_format_is_a_member_like_any_other() -> None:
    made = gateway(
        Strategy(pools={"pool": Pool({"large": 1, "medium": 1})}),
        providers=[provider("b", format="anthropic_messages")],
    )

    assert weights(decide(FROM_POOL, NOW, made))[0] == {"a/large": 1, "b/medium": 1}
