"""`gateway.on_sidecar_failure`, and what else `gateway` says about our own processes."""

import pytest

from openclaw_extproc.config.settings import Overload
from tests.config.loading import settings, warnings

OPENAI = "model: {providers: [{name: openai, models: [gpt-4o], api_key: '${OPENAI_API_KEY}'}]}\n"


def config(gateway: str, more: str = "") -> str:
    return f"gateway: {{{gateway}}}\n{OPENAI}{more}"


def test_one_worker_is_the_program_itself() -> None:
    assert not settings(config("port: 3000")).is_crewed
    assert settings(config("workers: 4")).is_crewed


def test_passing_through_needs_somebody_who_is_left() -> None:
    found = settings(config("on_sidecar_failure: passthrough"))

    assert found.is_crewed
    assert {name: one.host for name, one in found.fail_open.items()} == {"openai": "api.openai.com"}


def test_a_strangers_server_never_gets_a_callers_key() -> None:
    """It speaks OpenAI's format, and is nobody whom the key in the call is for."""
    local = "model: {providers: [{name: local, models: [m], endpoint: 'http://10.0.0.1:8080'}]}\n"

    found = warnings("gateway: {on_sidecar_failure: {openai: passthrough}}\n" + local)

    assert any("no provider for openai calls" in str(one) for one in found)


def test_a_vendor_can_be_left_out() -> None:
    found = settings(config("on_sidecar_failure: {openai: reject}"))

    assert found.fail_open == {}


@pytest.mark.parametrize(
    "more",
    [
        "compliance: {require_data_class: true}",
        "cost_aware: {optimization: {constraints: {max_daily_budget: 10}}}",
        "session: {max_cost_usd: 1}",
    ],
)
def test_what_only_we_can_check_is_not_passed_through(more: str) -> None:
    found = warnings(config("on_sidecar_failure: passthrough", more))

    assert any("gateway.on_sidecar_failure" in str(one) and "must not pass" in str(one) for one in found), found


def test_limits_are_in_the_units_they_are_compared_in() -> None:
    found = settings(config("overload: {max_requests: 5, max_body_mib: 2, max_lag_ms: 250}"))

    assert found.overload == Overload(5, 2 * 1024 * 1024, 0.25)
