"""Promises about who is taken for healthy."""

import pytest

from openclaw_extproc.policy.health import MAX_SAMPLES, MIN_SAMPLES, WINDOW_SECONDS, Health, Window

AT = 1_754_000_000.0


def health(*outcomes: bool, at: float = AT) -> Health:
    made = Health()
    for ok in outcomes:
        made.note("p", at, ok=ok)
    return made


def test_a_provider_nobody_called_is_healthy() -> None:
    assert Health().is_healthy("p", AT, 0.0)


def test_a_few_calls_say_nothing() -> None:
    assert health(*[False] * (MIN_SAMPLES - 1)).is_healthy("p", AT, 0.0)
    assert not health(*[False] * MIN_SAMPLES).is_healthy("p", AT, 0.0)


@pytest.mark.parametrize(("failures", "healthy"), [(0, True), (2, True), (3, False), (10, False)])
def test_more_failures_than_allowed_make_a_provider_unhealthy(failures: int, *, healthy: bool) -> None:
    assert health(*[False] * failures, *[True] * (10 - failures)).is_healthy("p", AT, 0.2) is healthy


def test_what_is_long_ago_is_forgotten() -> None:
    sick = health(*[False] * 10)

    assert not sick.is_healthy("p", AT + WINDOW_SECONDS, 0.2)
    assert sick.is_healthy("p", AT + WINDOW_SECONDS + 0.1, 0.2)


def test_the_share_is_of_the_last_minute() -> None:
    window = Window()
    for ok in (*[False] * 10, *[True] * 6):
        window.note(AT if not ok else AT + 59, ok=ok)

    assert window.failure_rate(AT + 59) == 10 / 16
    assert window.failure_rate(AT + 61) == 0.0
    assert window.failure_rate(AT + 200) is None


def test_the_window_is_bounded() -> None:
    window = Window()
    for _ in range(3 * MAX_SAMPLES):
        window.note(AT, ok=True)

    assert len(window.samples) == MAX_SAMPLES


def test_one_provider_says_nothing_about_another() -> None:
    assert health(*[False] * 10).is_healthy("q", AT, 0.2)


def test_who_is_no_longer_configured_is_forgotten() -> None:
    sick = health(*[False] * 10)

    sick.keep({"q": object()})

    assert sick.is_healthy("p", AT, 0.2)
    assert sick.windows == {}
