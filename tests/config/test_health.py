"""What is written about health, and what it means."""

import pytest

from openclaw_extproc.health_rules import HealthRules, Probing, Recovery
from tests.config.loading import complaints, seed, settings, warnings

TWO = """
model:
  providers:
    - {name: anthropic, models: [claude-opus-4-1]}
    - {name: local, models: [tiny], endpoint: "http://10.0.0.7:8080"}
"""


def health(*texts: str) -> HealthRules:
    return settings(*texts).gateway.health


def test_nobody_is_probed_unless_it_is_written() -> None:
    assert health(TWO) == HealthRules()


def test_production_probes_everybody() -> None:
    found = health(seed(3))

    assert found.probes == dict.fromkeys(("anthropic", "google", "local"), Probing(30.0, 5.0, 3))
    assert found.thresholds.failure_rate == 0.2


def test_a_health_check_of_the_router_is_for_all_providers() -> None:
    found = health(TWO, seed(4))

    assert found.probes == dict.fromkeys(("anthropic", "local"), Probing(30.0, 5.0, 3))
    assert found.critical_rate == 0.3


def test_all_of_the_published_health_check_is_acted_on() -> None:
    told = [line for line in warnings(TWO, seed(4)) if "health_check" in line]

    assert told == []


def test_the_interval_of_model_router_goes_before() -> None:
    nearer = "model: {router: {health_check_interval_ms: 5000}}"

    assert health(TWO, seed(4), nearer).probes["local"].interval_seconds == 5
    assert any("router.health_check.interval_ms: not used" in line for line in warnings(TWO, seed(4), nearer))


def test_a_pool_s_own_check_goes_before_that_of_all() -> None:
    pool = "load_balancing: {pools: {p: {models: [tiny], health_check: {interval: 2s, timeout: 500ms, probe: call}}}}"

    found = health(TWO, seed(4), pool).probes

    assert found["local"] == Probing(2.0, 0.5, 3, call=True)
    assert found["anthropic"] == Probing(30.0, 5.0, 3)


@pytest.mark.parametrize(
    "off",
    ["{enabled: false}", "{probe: off}", "{probe: 'off'}", "{interval_ms: 0}", "{enabled: false, interval_ms: 9}"],
)
def test_probes_can_be_switched_off(off: str) -> None:
    assert health(TWO, f"router: {{health_check: {off}}}").probes == {}


def test_the_published_recovery_is_linear_and_grows() -> None:
    recovery = health(TWO, seed(13)).thresholds.recovery

    assert recovery == Recovery("linear", 300.0, 12, 3_600.0, auto=True)
    assert [recovery.wait(n) for n in (0, 1, 2, 100)] == [300, 600, 900, 3_600]
    assert not [line for line in warnings(TWO, seed(13)) if "recovery" in line]


def test_a_recovery_can_be_quick_and_slow_to_start() -> None:
    text = "failover: {recovery: {backoff: exponential, interval: 500ms, slow_start: 2m, auto_recover: false}}"

    recovery = health(TWO, text).thresholds.recovery

    assert (recovery.interval_seconds, recovery.slow_start_seconds, recovery.auto) == (0.5, 120.0, False)


def test_a_backoff_of_another_kind_is_an_error() -> None:
    assert any(
        "failover.recovery.backoff" in line for line in complaints(TWO, "failover: {recovery: {backoff: cubic}}")
    )


def test_whoever_allows_every_failure_counts_none() -> None:
    assert health(TWO, "model: {router: {failure_threshold: 1}}").thresholds.in_a_row > 1_000_000


def test_dynamic_switching_is_acted_on() -> None:
    assert not [line for line in warnings(TWO, seed(11)) if "dynamic_switching" in line and "not acted on" in line]


def test_every_provider_s_place_is_known_for_probes() -> None:
    found = settings(TWO).endpoints

    assert (found["local"].scheme, found["local"].host, found["local"].port) == ("http", "10.0.0.7", 8080)
    assert (found["anthropic"].scheme, found["anthropic"].authority) == ("https", "api.anthropic.com")
