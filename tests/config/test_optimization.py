"""The sections about money, as published and beyond."""

import pytest

from openclaw_extproc.strategy import Optimization, Switching
from tests.config.loading import complaints, seed, settings, warnings

SWITCHING = (
    Switching("error_rate", 0.05, "switch_provider", 300.0, 30.0),
    Switching("latency_p99", 10_000.0, "fallback_fast", 300.0, 30.0),
)
BOTH = Optimization(
    minimize_cost=True,
    quality_threshold=0.85,
    kinds=("local", "open_source", "paid"),
    max_cost_per_session=0.5,
    hourly_budget=5.0,
    daily_budget=50.0,
    max_cost_per_task=0.1,
)


def aware(more: str) -> str:
    return f"cost_aware: {{{more}}}"


def optimization(*texts: str) -> Optimization:
    return settings(*texts).gateway.strategy.optimization


def rules(*rules: str) -> str:
    return aware(f"dynamic_switching: {{rules: [{', '.join(f'{{{rule}}}' for rule in rules)}]}}")


# -- the published examples ----------------------------------------------------------------


def test_cost_optimization_prefers_kinds_and_has_budgets() -> None:
    assert optimization(seed(8)) == Optimization(
        kinds=("local", "open_source", "paid"), hourly_budget=5.0, daily_budget=50.0
    )


def test_cost_aware_routing_minimizes_and_limits() -> None:
    found = settings(seed(11)).gateway.strategy

    assert found.optimization == Optimization(
        minimize_cost=True,
        quality_threshold=0.85,
        max_cost_per_session=0.5,
        daily_budget=50.0,
        max_cost_per_task=0.1,
    )
    assert found.switching == SWITCHING


@pytest.mark.parametrize("others", [(), (3,), (10,), (3, 10)])
def test_together_with_models_they_say_the_same(others: tuple[int, ...]) -> None:
    texts = [seed(number) for number in (8, 11, *others)]

    assert optimization(*texts) == BOTH
    assert complaints(*texts) == []


def test_what_no_model_of_production_is_good_enough_for_is_not_told_as_two_are() -> None:
    assert not [line for line in warnings(seed(3), seed(11)) if "quality_threshold" in line]


# -- limits --------------------------------------------------------------------------------


def test_of_two_daily_budgets_the_lower_one_holds() -> None:
    constraints = aware("optimization: {constraints: {max_daily_budget: 20}}")

    assert optimization(seed(8), constraints).daily_budget == 20
    assert optimization(seed(8), constraints.replace("20", "80")).daily_budget == 50


def test_a_budget_of_zero_is_one() -> None:
    text = "router: {cost_optimization: {cost_threshold: {daily_budget: 0, hourly_budget: 0}}}"

    found = optimization(text)

    assert (found.daily_budget, found.hourly_budget) == (0, 0)


def test_what_is_switched_off_counts_as_not_written() -> None:
    off = seed(11).replace("enabled: true", "enabled: false")

    found = settings(off, seed(8).replace("enabled: true", "enabled: false")).gateway.strategy

    assert (found.optimization, found.switching) == (Optimization(), ())
    assert not [line for line in warnings(off) if "cost_aware" in line]


def test_what_is_done_at_a_limit_can_be_said() -> None:
    found = optimization(aware("on_exceeded: reject, unknown_price: deny"))

    assert (found.on_exceeded, found.unknown_price) == ("reject", "deny")
    assert (Optimization().on_exceeded, Optimization().unknown_price) == ("downgrade", "allow")


def test_of_two_limits_for_a_task_the_lower_one_holds() -> None:
    text = rules("metric: cost_per_task, threshold: 0.3", "metric: cost_per_task, threshold: 0.2")

    assert optimization(text).max_cost_per_task == 0.2
    assert (
        "cost_aware.dynamic_switching.rules[1].metric: a second rule about cost_per_task: the lower threshold applies"
        in (warnings(text))
    )


UNPRICED = "the price of google/gemini-ultra-1.5, local/gpt-oss-120b is unknown: "


def test_models_that_a_limit_cannot_count_are_named() -> None:
    (told,) = [line for line in warnings(seed(3), seed(8)) if UNPRICED in line]

    assert told.startswith("cost_aware.optimization.constraints.max_daily_budget: ")
    assert (
        ": not counted: write input_cost_per_million and output_cost_per_million of them (0 if they are free)" in told
    )


def test_they_are_left_out_where_that_is_said_and_nothing_is_told_where_it_is_allowed() -> None:
    deny = [line for line in warnings(seed(3), seed(8), aware("unknown_price: deny")) if UNPRICED in line]
    allow = [line for line in warnings(seed(3), seed(8), aware("unknown_price: allow")) if UNPRICED in line]

    assert ": left out by this limit: " in deny[0]
    assert allow == []


def test_without_a_limit_a_price_may_be_unknown() -> None:
    assert not [line for line in warnings(seed(3), aware("optimization: {target: minimize_cost}")) if UNPRICED in line]


# -- mistakes ------------------------------------------------------------------------------


def test_a_quality_that_no_model_reaches_is_told() -> None:
    models = "model: {providers: [{name: openai, models: [gpt-4o-mini, unheard]}]}"

    (told,) = [line for line in warnings(models, seed(11)) if "quality_threshold" in line]

    assert told == (
        "cost_aware.optimization.constraints.quality_threshold: no model reaches 0.85: the best has 0.7: "
        "write quality: of the models, or lower it"
    )


def test_an_hour_is_not_worth_more_than_a_day() -> None:
    text = seed(8).replace("hourly_budget: 5.00", "hourly_budget: 500")

    assert [line for line in warnings(text) if line.startswith("router.cost_optimization.cost_threshold.hourly_budget")]


def test_minimizing_needs_prices() -> None:
    text = aware("optimization: {target: minimize_cost}")
    local = "model: {provider: local, model: m, endpoint: 'http://10.0.0.1'}"

    assert "cost_aware.optimization.target: makes no difference: no model's price is known: write " in " ".join(
        warnings(local, text)
    )
    assert not [line for line in warnings(seed(0), text) if "makes no difference" in line]


def test_all_mistakes_about_money_are_told_at_once() -> None:
    found = complaints(
        "router: {cost_optimization: {priority: [locl, paid, free]}}",
        aware(
            "optimization: {target: minimise_cost, constraints: {quality_threshold: 85}}, on_exceeded: stop, "
            "dynamic_switching: {strategy: window, rules: [{metric: errors, threshold: 1}, {threshold: 1}, "
            "{metric: cost_per_task, action: switch_provider, downgrade_to: nothing}, "
            "{metric: error_rate, threshold: 5, action: downgrade_model}]}"
        ),
    )

    switching = "cost_aware.dynamic_switching"
    assert found == [
        (
            "cost_aware.optimization.constraints.quality_threshold: must be less than or equal to 1: "
            "write a number within this limit"
        ),
        "cost_aware.on_exceeded: expected 'downgrade' or 'reject': write one of these",
        (
            'router.cost_optimization.priority: no kind of models is named "locl" (known: local, open_source, paid): '
            "did you mean local?"
        ),
        (
            'router.cost_optimization.priority: no kind of models is named "free" (known: local, open_source, paid): '
            "remove it"
        ),
        (
            'cost_aware.optimization.target: no target is named "minimise_cost" (known: minimize_cost): '
            "did you mean minimize_cost?"
        ),
        f'{switching}.strategy: no strategy is named "window" (known: cost_window): did you mean cost_window?',
        (
            f'{switching}.rules[0].metric: no metric is named "errors" '
            "(known: cost_per_task, error_rate, latency_p99): did you mean error_rate?"
        ),
        f"{switching}.rules[1].metric: missing: write one of: cost_per_task, error_rate, latency_p99",
        f"{switching}.rules[2].threshold: missing: write the number above which it happens",
        (
            f'{switching}.rules[2].action: no action for cost_per_task is named "switch_provider" '
            "(known: downgrade_model): remove it"
        ),
        f'{switching}.rules[2].downgrade_to: no way down is named "nothing" (known: next_cheaper): remove it',
        (
            f'{switching}.rules[3].action: no action for error_rate is named "downgrade_model" '
            "(known: switch_provider): remove it"
        ),
        f"{switching}.rules[3].threshold: is a share, from 0 to 1: write 0.05 for 5 percent",
    ]


# -- region --------------------------------------------------------------------------------


def test_a_sidecar_knows_its_region() -> None:
    text = "region: eu-west-1\nmodel: {provider: bedrock, model: m, region: eu-west-1}"

    assert settings(text).gateway.strategy.region == "eu-west-1"
    assert not [line for line in warnings(text) if line.startswith("region:")]


def test_a_region_among_providers_without_one_makes_no_difference() -> None:
    assert "region: has no effect: no provider has a region: set region of the providers" in warnings(
        "region: eu-west-1", seed(0)
    )
