"""Promises about `load_balancing`, about who stands in by `failover`, and about what is done with weights too many."""

import pytest

from openclaw_extproc.config.findings import known_names
from openclaw_extproc.config.routing.rules import TIER_WORDS
from openclaw_extproc.config.settings import Settings
from openclaw_extproc.gateway import Target, Timeouts
from openclaw_extproc.plan import attempt_timeout_ms
from openclaw_extproc.strategy import Affinity, Pool
from tests.config.loading import complaints, loaded, seed, settings, warnings

ALL_TIERS = known_names(TIER_WORDS)

ALIASES = """
gateway:
  models:
    claude_opus: {provider: anthropic, model: opus}
    claude_sonnet: {provider: anthropic, model: sonnet}
    gpt_55: {provider: openai, model: gpt-5.5}
    gemini_pro: {provider: google, model: gemini-pro}
    openclaw_light: {provider: light, model: light-v1, endpoint: "http://light:80"}
    local_llama: {provider: local, model: llama, endpoint: "http://llama:80"}
"""


def pools(text: str) -> str:
    return f"load_balancing: {{pools: {{{text}}}}}"


def balanced(*texts: str) -> Settings:
    return settings(ALIASES, *texts, lenient=True)


# --- the published example ---


def test_the_published_pools_are_linked_as_written() -> None:
    strategy = balanced(seed(12)).gateway.strategy

    assert strategy.pools == {
        "high_performance": Pool({"claude_opus": 60, "gpt_55": 40}, 10),
        "standard": Pool({"claude_sonnet": 50, "gemini_pro": 30}, 50),
        "budget": Pool({"openclaw_light": 70, "local_llama": 30}, 200),
    }
    assert strategy.affinity == Affinity(900.0)
    assert not strategy.optimization.latency


def test_three_weights_for_two_models_are_an_error_that_says_what_to_do() -> None:
    remedy = "remove 20, name another model, or run with --lenient to ignore 20"

    assert complaints(seed(12)) == [f"load_balancing.pools.standard.weight: 3 weights for 2 models: {remedy}"]
    assert loaded(seed(12)).settings is None


def test_lenient_drops_what_is_too_much_and_says_so() -> None:
    assert complaints(seed(12), lenient=True) == []
    assert "load_balancing.pools.standard.weight: 3 weights for 2 models: 20 is ignored: remove 20" in warnings(
        seed(12), lenient=True
    )


def test_too_few_weights_are_an_error_however_lenient() -> None:
    few = seed(12).replace("[60, 40]", "[60]")

    assert complaints(few, lenient=True) == [
        "load_balancing.pools.high_performance.weight: 1 weights for 2 models: give each model a weight, or none at all"
    ]


def test_the_published_pools_alone_say_that_nobody_lists_their_models() -> None:
    found = warnings(seed(12), lenient=True)

    for name in ("high_performance", "standard", "budget"):
        finding = "none of its models is known, or has any weight: the pool is not used"
        assert f"load_balancing.pools.{name}: {finding}: name models that a provider lists" in found
    assert settings(seed(12), lenient=True).gateway.strategy.pools == {}


# --- members ---


def test_a_member_that_nobody_lists_is_skipped_with_its_weight() -> None:
    text = pools("p: {models: [claude, gpt_55, sonnet], weight: [1, 2, 3]}")

    assert balanced(text).gateway.strategy.pools == {"p": Pool({"gpt_55": 2, "sonnet": 3})}
    [said] = [line for line in warnings(ALIASES, text) if line.startswith("load_balancing")]
    assert said.startswith('load_balancing.pools.p.models[0]: no model is named "claude" (known: ')
    assert said.endswith(": skipped: did you mean claude_opus?")


def test_a_member_that_is_a_slip_of_a_listed_name_is_an_error() -> None:
    (said,) = complaints(ALIASES, pools("p: {models: [claude_opsu, gpt_55]}"))

    assert said.startswith('load_balancing.pools.p.models[0]: no model is named "claude_opsu" (known: ')
    assert said.endswith(": did you mean claude_opus?")


def test_without_weights_all_are_equal() -> None:
    assert balanced(pools("p: {models: [opus, gpt_55]}")).gateway.strategy.pools["p"].members == {
        "opus": 1,
        "gpt_55": 1,
    }


def test_a_weight_of_nothing_takes_a_model_out() -> None:
    text = pools("p: {models: [opus, gpt_55], weight: [0, 5]}")

    assert balanced(text).gateway.strategy.pools["p"].members == {"gpt_55": 5}
    assert 'load_balancing.pools.p.models[0]: "opus" has weight 0: it gets nothing' in warnings(ALIASES, text)


def test_round_robin_is_without_weights_whatever_they_are() -> None:
    text = "load_balancing: {strategy: round_robin, pools: {p: {models: [opus, gpt_55, sonnet], weight: [60, 40, 0]}}}"

    assert balanced(text).gateway.strategy.pools["p"].members == {"opus": 1, "gpt_55": 1}


def test_least_latency_keeps_the_weights_for_as_long_as_nothing_is_known() -> None:
    text = "load_balancing: {strategy: least_latency, pools: {p: {models: [opus, gpt_55], weight: [60, 40]}}}"

    strategy = balanced(text).gateway.strategy

    assert strategy.optimization.latency
    assert strategy.pools["p"].members == {"opus": 60, "gpt_55": 40}


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("p: {models: [opus, opus]}", 'load_balancing.pools.p.models[1]: "opus" is named twice: give it one weight'),
        (
            "auto: {models: [opus]}",
            "load_balancing.pools.auto: this name is reserved for the default choice: give the pool another name",
        ),
        (
            "p: {models: [opus], max_concurrent: 0}",
            (
                "load_balancing.pools.p.max_concurrent: must be greater than or equal to 1: "
                "write a number within this limit"
            ),
        ),
        (
            "p: {models: [opus], tier: simpel}",
            f'load_balancing.pools.p.tier[0]: no tier is named "simpel" {ALL_TIERS}: did you mean simple?',
        ),
    ],
)
def test_what_cannot_be_meant_is_an_error(text: str, finding: str) -> None:
    assert complaints(ALIASES, pools(text)) == [finding]


def test_an_unknown_strategy_is_told_the_known_ones() -> None:
    assert complaints(ALIASES, "load_balancing: {strategy: fastest}") == [
        "load_balancing.strategy: expected 'weighted_round_robin', 'least_latency' or 'round_robin': write one of these"
    ]


def test_a_pool_with_the_name_of_a_model_is_doubted() -> None:
    assert (
        "load_balancing.pools.opus: is also the name of a model: requests for it get only the model: "
        "give the pool another name"
    ) in warnings(ALIASES, pools("opus: {models: [opus]}"))


def test_a_pool_can_be_that_of_a_tier() -> None:
    text = pools("p: {models: [opus], tier: [complex, coding]}, q: {models: [sonnet], tier: reasoning}")

    assert balanced(text).gateway.strategy.tiers == {"standard": ("p", "q"), "large": ("p",), "coding": ("p",)}


# --- affinity ---


@pytest.mark.parametrize(
    ("section", "affinity"),
    [
        ("{enabled: true}", Affinity(900.0)),
        ("{ttl: 90s}", Affinity(90.0)),
        ("{ttl: 500ms}", Affinity(0.5)),
        ("{ttl: 2h}", Affinity(7200.0)),
        ("{enabled: false, ttl: 2h}", None),
    ],
)
def test_a_session_stays_as_long_as_is_written(section: str, affinity: Affinity | None) -> None:
    assert balanced(f"load_balancing: {{session_affinity: {section}}}").gateway.strategy.affinity == affinity


# --- the limits of Envoy's clusters ---


def limits(*texts: str) -> dict[str, int | None]:
    return {upstream.provider.name: upstream.max_requests for upstream in balanced(*texts).upstreams}


def test_a_cluster_carries_the_sum_of_the_limits_of_its_models() -> None:
    assert limits(seed(12)) == {"anthropic": 60, "openai": 10, "google": 50, "light": 200, "local": 200}


def test_a_provider_with_a_model_that_nobody_limits_is_not_limited() -> None:
    text = pools("p: {models: [claude_opus, gpt_55], max_concurrent: 3}, q: {models: [gpt_55], max_concurrent: 7}")

    found = limits(text)

    assert found["anthropic"] is None, "it has sonnet too"
    assert found["openai"] == 7
    assert found["google"] is None


# --- failover ---

CHAINS = """
model:
  providers:
    - {name: anthropic, models: [c]}
    - {name: openai, models: [o]}
    - {name: google, models: [g]}
    - {name: local, models: [l], endpoint: "http://local:80"}
"""


def chain(*texts: str) -> tuple[Target, ...]:
    return settings(CHAINS, *texts).gateway.chains["c"]


def test_the_published_failover_has_its_order_and_its_limits() -> None:
    found = [(target.name, target.timeout_ms) for target in chain(seed(13))]

    assert found == [("anthropic/c", None), ("openai/o", 15_000), ("google/g", 20_000), ("local/l", 60_000)]


def test_the_heavier_stands_in_first() -> None:
    heavier = seed(13).replace("weight: 10", "weight: 90")

    assert [target.name for target in chain(heavier)] == ["anthropic/c", "local/l", "openai/o", "google/g"]


def test_envoys_one_limit_is_the_longest_that_any_attempt_needs() -> None:
    usual, longest = Timeouts().first_token_ms, Timeouts().max_attempt_timeout_ms
    first, *others = [(target,) for target in chain(seed(13))]

    assert attempt_timeout_ms([first, *others], 5_000, longest) == 60_000
    assert attempt_timeout_ms(others[:2], usual, longest) == 20_000
    assert attempt_timeout_ms([first], usual, longest) == usual
    assert attempt_timeout_ms(others, usual, 30_000) == 30_000
