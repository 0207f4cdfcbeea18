"""Promises about one table of what several processes know."""

from dataclasses import replace

from openclaw_extproc.policy.health.circuit import State
from openclaw_extproc.policy.health.merged import merge_health_views
from openclaw_extproc.policy.health.provider_health import HealthView

WELL = HealthView("a", "a", "", State.HEALTHY, 0.0, 10, 1.0, None, False, False, "", 0.0)
OUT = replace(
    WELL, state=State.OPEN, failure_rate=0.5, samples=30, share=0.0, tries_again_at=70.0, why="503", why_at=60.0
)


def test_a_provider_is_as_bad_as_whoever_thinks_worst_of_it() -> None:
    (found,) = merge_health_views([(WELL,), (OUT,), (replace(WELL, state=State.DEGRADED),)])

    assert found.state is State.OPEN
    assert (found.why, found.why_at, found.tries_again_at) == ("503", 60.0, 70.0)


def test_one_that_is_tried_by_nobody_is_worse_than_one_on_trial() -> None:
    trial = replace(OUT, state=State.HALF_OPEN)

    assert [merge_health_views([(one,), (other,)])[0].state for one, other in ((trial, OUT), (OUT, trial))] == [
        State.OPEN
    ] * 2
    assert merge_health_views([(trial,), (WELL,)])[0].state is State.HALF_OPEN


def test_what_was_counted_is_added_up() -> None:
    (found,) = merge_health_views([(WELL,), (OUT,)])

    assert found.samples == 40
    assert found.failure_rate == 0.375
    assert found.share == 0.5


def test_the_soonest_trial_is_told_and_any_doubt() -> None:
    (found,) = merge_health_views([(replace(OUT, tries_again_at=50.0, suspect=True),), (OUT,)])

    assert found.tries_again_at == 50.0
    assert found.suspect
    assert not found.slow


def test_nobody_counted_anything() -> None:
    (found,) = merge_health_views([(replace(WELL, failure_rate=None, samples=0),)] * 2)

    assert found.failure_rate is None


def test_the_order_of_the_first_stays_and_who_knows_more_is_added() -> None:
    other = replace(WELL, name="b", provider="b")

    assert [view.name for view in merge_health_views([(WELL,), (other, WELL), ()])] == ["a", "b"]
