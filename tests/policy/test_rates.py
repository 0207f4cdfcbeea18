"""Promises about an operator's own rules for errors and slowness."""

from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.policy.health.rates import MAX_SAMPLES, MIN_SAMPLES, Rates
from openclaw_extproc.strategy import Switching

AT = 1_754_000_000.0
ERRORS = Switching("error_rate", 0.05, "switch_provider", window_seconds=300, interval_seconds=0)
SLOW = Switching("latency_p99", 10_000, "fallback_fast", window_seconds=300, interval_seconds=0)


@given(st.lists(st.booleans(), max_size=200), st.floats(0, 1))
def test_it_says_so_exactly_when_the_share_is_above_the_threshold(failed: list[bool], threshold: float) -> None:
    rates = Rates()
    for n, one in enumerate(failed):
        rates.note(AT + n, failed=one)

    why = rates.look([Switching("error_rate", threshold, "switch_provider", interval_seconds=0)], AT + len(failed))

    assert bool(why) == (len(failed) >= MIN_SAMPLES and sum(failed) / len(failed) > threshold)


def test_what_is_older_than_the_window_is_not_counted() -> None:
    rates = Rates()
    for _ in range(50):
        rates.note(AT, failed=True, seconds=60)

    assert not rates.look([ERRORS, SLOW], AT + 301)
    assert not rates.slow


def test_an_outage_that_was_told_is_not_told_again_when_it_is_over() -> None:
    rates = Rates()
    for n in range(50):
        rates.note(AT + n, failed=True)

    assert rates.look([ERRORS], AT + 50)
    for n in range(50):
        rates.note(AT + 60 + n, failed=False)

    assert not rates.look([ERRORS], AT + 110)


def test_it_remembers_a_bounded_number_of_calls() -> None:
    rates = Rates()

    for n in range(3 * MAX_SAMPLES):
        rates.note(AT + n / 100, failed=n < 2 * MAX_SAMPLES, seconds=1.0)

    assert not rates.look([ERRORS], AT + 30), "only the last ones count"
