import pytest

from openclaw_extproc.gateway import AUTO
from tests.config.loading import chains, cluster, complaints, seed, warnings


def listed(*entries: str) -> str:
    return "model:\n  providers:\n" + "".join(f"  - {{{entry}}}\n" for entry in entries)


def test_a_primary_provider_goes_before_the_order_of_the_list() -> None:
    found = chains(listed("name: openai, models: [m, n]", "name: groq, models: [k, m], primary: true"))

    assert found == {"k": ["groq/k"], "m": ["groq/m"], "n": ["openai/n"], AUTO: ["groq/k"]}


def test_the_fallback_gets_the_asked_model_if_it_has_it_and_else_its_first() -> None:
    found = chains(listed("name: openai, models: [m, n], fallback: groq", "name: groq, models: [k, n]"))

    assert found["m"] == ["openai/m", "groq/k"]
    assert found["n"] == ["openai/n", "groq/n"]


def test_a_provider_that_comes_again_ends_the_chain() -> None:
    found = chains(
        listed(
            "name: openai, models: [m, m2], fallback: groq",
            "name: groq, models: [k], fallback: mistral, fallback_model: l",
            "name: mistral, models: [l], fallback: openai, fallback_model: m2",
        )
    )

    assert found["m"] == ["openai/m", "groq/k", "mistral/l"]
    assert found["l"] == ["mistral/l", "openai/m2", "groq/k"]


def test_a_provider_without_an_endpoint_is_passed_over() -> None:
    text = listed(
        "name: openai, models: [m], fallback: local",
        "name: local, models: [k], fallback: groq",
        "name: groq, models: [n]",
    )

    assert chains(text) == {"m": ["openai/m", "groq/n"], "n": ["groq/n"], AUTO: ["openai/m", "groq/n"]}
    assert "model.providers[1].endpoint: provider local has no endpoint: skipped: write endpoint: http://HOST:PORT" in (
        warnings(text)
    )


def test_a_fallback_has_to_name_another_provider() -> None:
    assert complaints(listed("name: openai, models: [m], fallback: openai")) == [
        "model.providers[0].fallback: a provider cannot be its own fallback: name another one, or remove it"
    ]


def test_a_fallback_model_that_its_provider_does_not_list_is_an_error() -> None:
    text = listed("name: openai, models: [m], fallback: groq, fallback_model: kk", "name: groq, models: [kkk]")

    assert 'model.providers[0].fallback_model: groq does not list "kk" (known: kkk): did you mean kkk?' in (
        complaints(text)
    )


@pytest.mark.parametrize(
    ("policy", "path"),
    [
        ("failover: {primary: opnai}", "failover.primary"),
        ("failover: {primary: openai, fallbacks: [{provider: antropic}]}", "failover.fallbacks[0].provider"),
        (
            "router: {secondary_fallback: {providers: [{name: antrhopic}]}}",
            "router.secondary_fallback.providers[0].name",
        ),
    ],
)
def test_a_slip_of_a_provider_s_name_is_an_error_and_a_name_of_nobody_a_warning(policy: str, path: str) -> None:
    text = listed("name: openai, models: [m]", "name: anthropic, models: [c]")
    other = policy.replace("opnai", "vllm").replace("antropic", "vllm").replace("antrhopic", "vllm")

    assert any(line.startswith(f"{path}: no provider is named") for line in complaints(text, policy))
    assert any(line.startswith(f"{path}: no provider is named") for line in warnings(text, other))
    assert complaints(text, other) == []


def test_router_roles_count_where_model_has_none() -> None:
    alone = chains(seed(2))
    both = "model: {primary: {provider: groq, model: m}}"

    assert alone[AUTO] == ["anthropic/claude-3-opus-20240229", "google/gemini-pro-1.5"]
    assert chains(seed(2), both) == {"m": ["groq/m"], AUTO: ["groq/m"]}
    assert any(line.startswith("router.primary: not used") for line in warnings(seed(2), both))


def test_one_model_at_two_providers_in_roles() -> None:
    text = "model: {primary: {provider: openai, model: m}, fallback: {provider: groq, model: m}}"

    assert chains(text) == {"m": ["openai/m", "groq/m"], AUTO: ["openai/m", "groq/m"]}


def test_failover_extends_what_has_no_fallback_of_its_own() -> None:
    text = listed("name: anthropic, models: [c]", "name: openai, models: [c, d]", "name: google, models: [g]")

    found = chains(text, seed(13))

    assert found["c"] == found[AUTO] == ["anthropic/c", "openai/c", "google/g"]
    assert found["d"] == ["openai/d"]
    said = 'failover.fallbacks[2].provider: no provider is named "local" (known: anthropic, google, openai): not used: '
    assert any(line.startswith(said) for line in warnings(text, seed(13)))


def test_failover_leaves_a_fallback_alone() -> None:
    assert chains(seed(3), seed(13)) == chains(seed(3))
    assert any(line.startswith("failover.fallbacks: every model of anthropic") for line in warnings(seed(3), seed(13)))


def test_fallback_params_are_the_last_resort() -> None:
    assert chains(seed(0), seed(5))[AUTO] == ["anthropic/claude-3-opus-20240229", "google/gemini-pro-1.5"]
    assert chains(seed(0), seed(5).replace('"fallback"', '"error"'))[AUTO] == ["anthropic/claude-3-opus-20240229"]


def test_a_router_that_is_off_leaves_the_first_target() -> None:
    assert chains(seed(3), "model: {router: {enabled: false}}")[AUTO] == ["anthropic/claude-3-opus-20240229"]


def test_a_router_that_is_off_leaves_every_name_its_meaning() -> None:
    """A model that only stands in for others has a name as well: what is wrong with it is found once, where it is."""
    off = "model: {router: {enabled: false}}"
    entries = listed("name: openai, models: [m], fallback: google, fallback_model: n", "name: google, models: [other]")
    named = "users: {u: {preferred_model: google/n}}\nload_balancing: {pools: {p: {models: [google/n]}}}"

    (finding,) = complaints(entries, off, named)

    assert finding.startswith('model.providers[0].fallback_model: google does not list "n"')
    assert not [line for line in warnings(entries, off, named) if "no model is named" in line]


def test_an_alias_does_not_take_the_name_of_a_model_elsewhere() -> None:
    text = listed("name: openai, models: [m]") + "gateway: {models: {m: {provider: groq, model: k}}}"

    assert chains(text) == {"m": ["openai/m"], "k": ["groq/k"], AUTO: ["openai/m"]}
    assert any(line.startswith("gateway.models.m: is also the name of a model") for line in warnings(text))


def test_an_alias_may_have_its_model_s_own_name() -> None:
    text = "gateway: {models: {m: {provider: groq, model: m}}}"

    assert chains(text) == {"m": ["groq/m"], AUTO: ["groq/m"]}
    assert not any(line.startswith("gateway.models.m:") for line in warnings(text))


def test_what_is_not_active_is_skipped() -> None:
    text = "gateway: {models: {a: {provider: groq, model: m}, b: {provider: groq, model: n, status: retired}}}"

    assert chains(text).keys() == {"a", "m", AUTO}


def test_the_name_that_leaves_the_choice_to_us_is_ours() -> None:
    assert complaints(listed("name: openai, models: [auto]")) == [
        'model.providers[0]: lists a model named "auto": that name is reserved for the default choice: remove it'
    ]
    assert complaints("gateway: {models: {auto: {provider: openai, model: m}}}") == [
        "gateway.models.auto: this name is reserved for the default choice: give the alias another name"
    ]


def test_rules_have_to_name_models_that_are_there() -> None:
    text = seed(10).replace('fallback: "claude_sonnet"', 'fallback: "claude_sonet"')

    (told,) = complaints(text)
    assert told.startswith('gateway.routing_strategy.rules[3].fallback: no model is named "claude_sonet" (known: auto')
    assert told.endswith("did you mean claude_sonnet?")


def test_the_written_forms_go_before_the_clusters_file() -> None:
    clusters = "resources:" + cluster("c", "{provider: mine, format: openai_chat, models: [m, n]}")

    assert chains(listed("name: openai, models: [m]"), clusters=clusters) == {
        "m": ["openai/m"], "n": ["mine/n"], AUTO: ["openai/m"],
    }  # fmt: skip


def test_secondary_fallbacks_stand_behind_all_others_in_the_order_of_their_priority() -> None:
    found = chains(seed(3), seed(6))

    assert found["claude-3-opus-20240229"] == [
        "anthropic/claude-3-opus-20240229",
        "google/gemini-pro-1.5",
        "local/gpt-oss-120b",
    ]
    assert found["gemini-pro-1.5"] == [
        "google/gemini-pro-1.5",
        "local/gpt-oss-120b",
        "anthropic/claude-3-opus-20240229",
    ]


def test_a_secondary_fallback_that_is_no_provider_is_told() -> None:
    text = "router: {secondary_fallback: {providers: [{name: nobody, priority: 1}]}}"

    assert any('no provider is named "nobody"' in told for told in warnings(seed(3), text))


def test_secondary_fallbacks_can_be_switched_off() -> None:
    off = "router: {secondary_fallback: {enabled: false}}"

    assert chains(seed(3), seed(6), off) == chains(seed(3))
