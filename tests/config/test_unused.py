import pytest

from tests.config.loading import seed, warnings

LATER = {
    3: ["model.router.health_check_interval_ms", "memory"],
    4: ["router.health_check"],
    6: ["router.secondary_fallback"],
    11: ["cost_aware.dynamic_switching.rules[1]", "cost_aware.dynamic_switching.rules[2]"],
    12: ["load_balancing.pools: health_check"],
    13: ["failover.scheduled_failover", "failover.recovery"],
    14: ["channels", "routing_rules"],
}


@pytest.mark.parametrize("number", range(15))
def test_what_is_not_acted_on_yet_is_said_once(number: int) -> None:
    said = [line for line in warnings(seed(number)) if line.endswith("not acted on yet by this version")]

    assert sorted(said) == sorted(f"{path}: read, not acted on yet by this version" for path in LATER.get(number, []))
