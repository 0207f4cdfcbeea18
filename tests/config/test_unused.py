import pytest

from tests.config.loading import complaints, seed, warnings

LATER = {
    3: ["model.router.health_check_interval_ms", "memory"],
    4: ["router.health_check"],
    6: ["router.secondary_fallback"],
    9: ["router.context_management"],
    11: ["cost_aware.dynamic_switching.rules[1]", "cost_aware.dynamic_switching.rules[2]"],
    12: ["load_balancing"],
    13: ["failover: weight, timeout_ms, scheduled_failover, recovery"],
    14: ["channels", "routing_rules"],
}


@pytest.mark.parametrize("number", range(15))
def test_what_is_not_acted_on_yet_is_said_once(number: int) -> None:
    said = [line for line in warnings(seed(number)) if line.endswith("not acted on yet by this version")]

    assert sorted(said) == sorted(f"{path}: read, not acted on yet by this version" for path in LATER.get(number, []))


def test_a_surplus_weight_is_ignored_and_a_missing_one_an_error() -> None:
    few = seed(12).replace("[60, 40]", "[60]")

    assert (
        "load_balancing.pools.standard.weight: 3 weights for 2 models: 20 is ignored: remove 20, or name another model"
    ) in warnings(seed(12))
    assert complaints(few) == [
        "load_balancing.pools.high_performance.weight: 1 weights for 2 models: give each model a weight, or none at all"
    ]
