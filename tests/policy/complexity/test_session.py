"""Promises about a session's tier."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.policy.complexity import USUAL, Classification, with_session_tier
from openclaw_extproc.strategy import TIERS, Tier

MARGIN = 0.05
TIER = st.sampled_from(TIERS)
SCORE = st.floats(0, 1)


def judged(score: float, source: str = "rules") -> Classification:
    return Classification(USUAL.tier(score), "conversation", score, 0.5, ("one", "two", "three"), source)


def test_without_memory_nothing_changes() -> None:
    judgement = judged(0.2)

    assert with_session_tier(judgement, None, in_tool_loop=True, margin=MARGIN) is judgement


@given(SCORE, TIER)
def test_in_a_tool_loop_the_tier_stays(score: float, remembered: Tier) -> None:
    assert with_session_tier(judged(score), remembered, in_tool_loop=True, margin=MARGIN).tier == remembered


@pytest.mark.parametrize("remembered", ["simple", "standard"])
def test_a_session_goes_up_at_once(remembered: Tier) -> None:
    judgement = judged(0.9)

    assert with_session_tier(judgement, remembered, in_tool_loop=False, margin=MARGIN) is judgement


def test_a_session_does_not_go_down_near_the_border() -> None:
    near = with_session_tier(judged(USUAL.large_from - 0.01), "large", in_tool_loop=False, margin=MARGIN)

    assert (near.tier, near.source) == ("large", "session")
    assert near.reasons == ("the session stays with tier large: the score is not clearly lower", "one", "two")


def test_a_session_goes_down_when_it_is_clear() -> None:
    assert (
        with_session_tier(judged(USUAL.large_from - 0.06), "large", in_tool_loop=False, margin=MARGIN).tier
        == "standard"
    )
    assert with_session_tier(judged(0.05), "large", in_tool_loop=False, margin=MARGIN).tier == "simple"


def test_a_session_goes_down_as_far_as_is_clear_and_no_further() -> None:
    assert (
        with_session_tier(judged(USUAL.standard_from - 0.01), "large", in_tool_loop=False, margin=MARGIN).tier
        == "standard"
    )


def test_what_a_client_declared_is_left_alone() -> None:
    declared = judged(0.1, "declared")

    assert with_session_tier(declared, "large", in_tool_loop=True, margin=MARGIN) is declared


@given(SCORE, TIER, st.floats(0, 0.5))
def test_the_tier_is_between_the_judged_and_the_remembered(score: float, remembered: Tier, margin: float) -> None:
    judgement = judged(score)

    rank = TIERS.index(with_session_tier(judgement, remembered, in_tool_loop=False, margin=margin).tier)

    assert rank >= TIERS.index(judgement.tier)
    assert rank <= max(TIERS.index(judgement.tier), TIERS.index(remembered))


@given(SCORE, TIER)
def test_keeping_twice_is_keeping_once(score: float, remembered: Tier) -> None:
    once = with_session_tier(judged(score), remembered, in_tool_loop=False, margin=MARGIN)

    assert with_session_tier(once, once.tier, in_tool_loop=False, margin=MARGIN) == once
