"""Promises about going on to the next attempt."""

import pytest

from openclaw_extproc.gateway import Emergency
from openclaw_extproc.plan import Plan, groups
from openclaw_extproc.stages.attempt.retries import BACKOFF, RETRY, retry_headers
from tests.samples import PROVIDERS
from tests.stages.talking import BEGAN, chain, gateway

A, B, C = chain(*(PROVIDERS * 3)[:3])


def plan(*targets: object, **limits: float) -> Plan:
    made = gateway(targets, **limits)  # type: ignore[arg-type]  # they are targets
    chosen = tuple(target for target in (A, B, C) if target in targets)
    return Plan(
        "r",
        "openai_chat",
        "/p",
        "",
        "m",
        groups([(t,) for t in chosen], made.retry_policy),
        BEGAN,
        made.timeouts.first_token_ms,
        made.timeouts,
        Emergency(),
        retry_policy=made.retry_policy,
    )


def test_another_provider_is_tried_at_once() -> None:
    assert retry_headers(plan(A, B, C), 1, "") == retry_headers(plan(A, B, C), 2, "17") == {RETRY: "1"}


def test_behind_the_last_there_is_nobody() -> None:
    assert retry_headers(plan(A, B), 2, "") is None
    assert retry_headers(plan(A, B), 3, "") is None
    assert retry_headers(plan(A, max_retries=0), 1, "") is None


def test_the_same_provider_is_given_time() -> None:
    same = plan(A, max_retries=4, retry_delay_ms=1_500, backoff_multiplier=2.0)

    waits = [(retry_headers(same, n, "") or {}).get(BACKOFF) for n in (1, 2, 3, 4, 5)]

    assert waits == ["2", "3", "6", "12", None]


def test_a_provider_that_names_a_pause_gets_it() -> None:
    same = plan(A, max_retries=2)

    assert retry_headers(same, 1, "7") == {RETRY: "1", BACKOFF: "7"}
    assert retry_headers(same, 1, "0") == {RETRY: "1", BACKOFF: "1"}


@pytest.mark.parametrize("pause", ["11", "31", "3600", "9" * 400])
def test_a_provider_that_names_a_long_pause_is_not_waited_for(pause: str) -> None:
    assert retry_headers(plan(A, max_retries=2), 1, pause) is None


def test_a_pause_that_is_longer_than_the_whole_call_may_take_is_not_waited_for() -> None:
    same = plan(A, max_retries=2, total_ms=6_000)

    assert retry_headers(same, 1, "5") == {RETRY: "1", BACKOFF: "5"}
    assert retry_headers(same, 1, "6") is None
    assert retry_headers(same, 1, "5", BEGAN + 1.5) is None, "it began a while ago"
    assert retry_headers(plan(A, max_retries=2, total_ms=900), 1, "") is None, "Envoy waits for whole seconds"


@pytest.mark.parametrize("pause", ["", "Wed, 21 Oct 2026 07:28:00 GMT", "-1", "1.5", "soon", "²"])
def test_a_pause_that_is_no_number_is_none(pause: str) -> None:
    assert retry_headers(plan(A, max_retries=2), 1, pause) == {RETRY: "1", BACKOFF: "1"}


def test_no_wait_grows_beyond_measure() -> None:
    slow = plan(A, max_retries=7, retry_delay_ms=10_000, backoff_multiplier=10.0)

    assert retry_headers(slow, 5, "") == {RETRY: "1", BACKOFF: "30"}
