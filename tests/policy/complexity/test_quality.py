"""What the judge is worth on prompts it was not tuned on. The floors are three points below what was measured."""

import pytest

from bench.routing.measure import Score, judged, score
from bench.routing.prompts import prompts
from openclaw_extproc.strategy import TIERS


@pytest.fixture(scope="module")
def held_out() -> Score:
    return score(judged(prompts("held_out")))


def test_most_tiers_are_right(held_out: Score) -> None:
    assert held_out.tier >= 0.75


def test_a_random_router_of_the_same_cost_is_beaten_clearly(held_out: Score) -> None:
    assert held_out.tier >= held_out.by_chance + 0.30
    assert held_out.under <= held_out.under_by_chance / 2
    assert held_out.hard_served >= held_out.chance_served + 0.25


def test_doubt_goes_upwards(held_out: Score) -> None:
    assert held_out.under < held_out.over
    assert held_out.under <= 0.09


def test_tasks_are_told_apart(held_out: Score) -> None:
    assert held_out.task >= 0.625


def test_halves_share_no_topic_and_all_tiers_are_in_both() -> None:
    tuned, held = prompts("tuned"), prompts("held_out")

    assert {p.topic for p in tuned} & {p.topic for p in held} == set()
    assert {p.tier for p in tuned} == {p.tier for p in held} == set(TIERS)
    assert not {p.say for p in tuned if len(p.say) > 20} & {p.say for p in held if len(p.say) > 20} - SHARED


SHARED = {"Why does my Kubernetes pod crash with OOMKilled only under load?"}
"""Named as an example from the beginning."""
