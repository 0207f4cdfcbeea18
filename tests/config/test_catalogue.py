"""What is written of models, what is known by their names, and what comes of both."""

import json
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc import plan
from openclaw_extproc.catalog import ModelFacts, Price
from openclaw_extproc.gateway import AUTO, Changes, Emergency, Timeouts
from openclaw_extproc.snapshots import Snapshots
from tests.config.loading import chains, cluster, complaints, loaded, seed, settings, warnings
from tests.config.test_example import uncommented

OPUS = "anthropic/claude-3-opus-20240229"
GEMINI = "google/gemini-pro-1.5"
LOCAL = "local/gpt-oss-120b"


def catalog(*texts: str, clusters: str | None = None) -> dict[str, ModelFacts]:
    return dict(settings(*texts, clusters=clusters).gateway.catalog)


def alias(facts: str, provider: str = "openai", model: str = "gpt-4o") -> str:
    return f"gateway: {{models: {{a: {{provider: {provider}, model: {model}, {facts}}}}}}}"


# -- the published examples ----------------------------------------------------------------


def test_the_example_of_aliases_says_window_price_and_abilities() -> None:
    found = catalog(seed(10))["anthropic/claude-opus-4"]

    assert found.window == 128_000
    assert found.prices == (Price(15, 15),)
    assert {"complex_reasoning", "code_generation", "analysis"} <= found.capabilities
    assert (found.quality, found.family, found.kind) == (0.95, "anthropic", "paid")


def test_a_light_model_of_ones_own_is_in_it_once_it_has_an_endpoint() -> None:
    text = seed(10).replace('model: "light-v1"', 'model: "light-v1"\n      endpoint: http://10.0.0.7:8080')

    found = catalog(text)["openclaw/light-v1"]

    assert found == ModelFacts(
        prices=(Price(0.3, 0.3),),
        window=32_000,
        capabilities=frozenset({"simple_qa", "classification", "extraction"}),
        kind="local",
    )


def test_a_cost_per_token_of_a_thousand_dollars_a_million_is_per_thousand_tokens() -> None:
    (told,) = [line for line in warnings(seed(10)) if "is read as dollars per 1,000" in line]

    assert told.startswith("gateway.models.claude_opus.cost_per_token: ")
    assert told.endswith(": write input_cost_per_million and output_cost_per_million")


def test_a_true_cost_per_token_is_taken_at_its_word() -> None:
    text = alias("cost_per_token: 0.000015")

    assert catalog(text)["openai/gpt-4o"].prices == (Price(15, 15),)
    assert not [line for line in warnings(text) if "per 1,000" in line]


def test_a_skipped_model_counts_for_the_unit_of_all() -> None:
    light = "light: {provider: openclaw, model: light-v1, cost_per_token: 0.015}"
    text = f"gateway: {{models: {{a: {{provider: openai, model: gpt-4o, cost_per_token: 0.0009}}, {light}}}}}"

    assert catalog(text)["openai/gpt-4o"].prices == (Price(0.9, 0.9),)


def test_answers_that_are_counted_too_cheap_are_told() -> None:
    told = [line for line in warnings(seed(10)) if "limits in dollars come too late" in line]

    assert [line.split(": ")[0] for line in told] == [
        "gateway.models.claude_opus.cost_per_token",
        "gateway.models.claude_sonnet.cost_per_token",
    ]
    assert "answers at $15 a million tokens, and their list price is $75" in told[0]


def test_production_has_list_prices_windows_and_kinds() -> None:
    found = catalog(seed(3))

    assert found[OPUS].prices == (Price(15, 75, 1.5, 18.75, cache_write_1h=30),)
    assert {name: one.window for name, one in found.items()} == {
        OPUS: 200_000,
        "anthropic/claude-3-sonnet-20240229": 200_000,
        GEMINI: 2_000_000,
        "google/gemini-ultra-1.5": None,
        LOCAL: 131_072,
    }
    assert {name: one.kind for name, one in found.items()} == {
        OPUS: "paid",
        "anthropic/claude-3-sonnet-20240229": "paid",
        GEMINI: "paid",
        "google/gemini-ultra-1.5": "paid",
        LOCAL: "local",
    }
    assert [name for name, one in found.items() if not one.prices] == ["google/gemini-ultra-1.5", LOCAL]


# -- what is written, in every form --------------------------------------------------------

FACTS = "context_window: 9000, input_cost_per_million: 1, output_cost_per_million: 2, quality: 0.4"
FORMS = {
    "alias": (alias(FACTS), None),
    "list": (f"model: {{providers: [{{name: openai, models: [{{name: gpt-4o, {FACTS}}}]}}]}}", None),
    "role": (f"model: {{primary: {{provider: openai, model: gpt-4o, {FACTS}}}}}", None),
    "router": (f"router: {{primary: {{provider: openai, model: gpt-4o, {FACTS}}}}}", None),
    "single": (f"model: {{provider: openai, model: gpt-4o, {FACTS}}}", None),
    "clusters": (
        "",
        "resources:"
        + cluster("openai", f"{{provider: openai, format: openai_chat, models: [x, {{name: gpt-4o, {FACTS}}}]}}"),
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_same_may_be_written_of_a_model_wherever_it_is_named(form: str) -> None:
    text, clusters = FORMS[form]

    found = catalog(text, clusters=clusters)["openai/gpt-4o"]

    assert (found.window, found.prices, found.quality) == (9_000, (Price(1, 2),), 0.4)


def test_names_alone_and_mappings_stand_side_by_side() -> None:
    text = "model: {providers: [{name: openai, models: [gpt-4o, {name: gpt-4o-mini}, gpt-4o]}]}"

    assert list(chains(text)) == [AUTO, "gpt-4o", "gpt-4o-mini"]


def test_forms_that_say_different_things_of_a_model_are_an_error() -> None:
    text = "model: {providers: [{name: openai, models: [{name: gpt-4o, quality: 0.5}]}]}"

    (found,) = complaints(text, alias("quality: 0.6"))

    path = "model.providers[0].models[0].quality"
    assert found == f"{path}: differs from gateway.models.a.quality for openai/gpt-4o: write it once"


def test_forms_that_say_different_keys_are_put_together() -> None:
    text = "model: {providers: [{name: openai, models: [{name: gpt-4o, quality: 0.5}]}]}"

    found = catalog(text, alias("context_window: 50"))["openai/gpt-4o"]

    assert (found.quality, found.window) == (0.5, 50)


def test_written_abilities_go_before_those_known() -> None:
    found = catalog(alias("capabilities: [fast_sql, audio, images], lacks: [tools]"))["openai/gpt-4o"]

    assert {"fast_sql", "audio", "images", "vision", "pdf"} <= found.capabilities
    assert "tools" not in found.capabilities
    assert "audio" not in found.lacks
    assert {"tools", "video"} <= found.lacks


def test_a_deployment_is_known_by_its_base_model() -> None:
    azure = "api_key: '${OPENAI_API_KEY}', endpoint: 'https://acme.openai.azure.com', format: azure_openai"
    text = alias(f"base_model: gpt-4o, api_version: '2024-10-21', {azure}", "azure", "prod-4")

    found = catalog(text)["azure/prod-4"]

    assert (found.prices[0].input, found.window, found.quality, found.kind) == (2.5, 128_000, 0.85, "paid")


def test_a_server_with_less_context_answers_less_at_once() -> None:
    found = catalog(alias("context_window: 8000", model="gpt-4.1"))["openai/gpt-4.1"]

    assert (found.window, found.max_output) == (8_000, 8_000)


# -- prices --------------------------------------------------------------------------------


def test_free_is_written_and_unknown_is_not() -> None:
    free = catalog(alias("input_cost_per_million: 0, output_cost_per_million: 0", model="own"))["openai/own"]
    unknown = catalog(alias("quality: 0.5", model="own"))["openai/own"]

    assert free.free
    assert free.prices == (Price(0, 0),)
    assert not unknown.free
    assert unknown.price(10) is None


def test_half_a_price_is_completed_from_the_list() -> None:
    assert catalog(alias("output_cost_per_million: 8"))["openai/gpt-4o"].prices == (Price(2.5, 8),)
    assert catalog(alias("input_cost_per_million: 1"))["openai/gpt-4o"].prices == (Price(1, 10),)
    assert catalog(alias("cost_per_token: 0.000001, output_cost_per_million: 8"))["openai/gpt-4o"].prices == (
        Price(1, 8),
    )


def test_half_a_price_without_a_list_is_an_error() -> None:
    (found,) = complaints(alias("output_cost_per_million: 8", model="own"))

    assert found.startswith(
        "gateway.models.a.output_cost_per_million: only half of the price is set, and the list price is"
    )
    assert found.endswith(": write input_cost_per_million too")


def test_a_written_price_of_the_cache_changes_the_list() -> None:
    assert catalog(alias("cache_read_cost_per_million: 0.5"))["openai/gpt-4o"].prices == (
        Price(2.5, 10, 0.5, searches=10),
    )
    told = warnings(alias("cache_read_cost_per_million: 1", model="own"))
    place = "gateway.models.a.cache_read_cost_per_million"
    assert any(line.startswith(f"{place}: not used: what the model itself costs is not known: write ") for line in told)


@pytest.mark.parametrize("cost", ["input_cost_per_million: 5000", "cost_per_token: 0.0000000001"])
def test_too_many_zeros_or_too_few_are_told(cost: str) -> None:
    text = alias(f"{cost}, output_cost_per_million: 5", model="own")

    assert [line for line in warnings(text) if line.endswith("check the number of zeros")]


def test_a_simulator_under_a_famous_name_has_no_list_price() -> None:
    found = catalog(alias("endpoint: 'http://127.0.0.1:1'"))["openai/gpt-4o"]

    assert found.prices == ()
    assert (found.window, found.kind) == (128_000, "paid")


# -- kinds ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("provider", "model", "more", "kind"),
    [
        ("openai", "gpt-4o", "", "paid"),
        ("openai", "never-heard-of", "", "paid"),
        ("groq", "llama-3.3-70b-versatile", "", "open_source"),
        ("deepseek", "deepseek-chat", "", "open_source"),
        ("groq", "openai/gpt-oss-120b", "", "open_source"),
        ("local", "gpt-oss-120b", ", endpoint: 'http://172.16.16.39:8080'", "local"),
        ("ollama", "qwen2.5:7b", "", "local"),
        ("mine", "x", ", endpoint: 'http://vllm:8000'", "local"),
        ("mine", "x", ", endpoint: 'http://llm.ns.svc.cluster.local'", "local"),
        ("mine", "x", ", endpoint: 'http://[fd00::1]:8000'", "local"),
        ("vllm", "x", ", endpoint: 'https://gpu.example.com'", "local"),
        ("mine", "x", ", endpoint: 'https://llm.example.com'", ""),
        ("mine", "qwen2.5-72b", ", endpoint: 'https://llm.example.com'", "open_source"),
        ("proxy", "gpt-4o", ", endpoint: 'http://10.0.0.1:4000'", "paid"),
        ("proxy", "gpt-4o", ", endpoint: 'http://10.0.0.1:4000', kind: local", "local"),
    ],
)
def test_kinds_are_told_by_address_and_model(provider: str, model: str, more: str, kind: str) -> None:
    text = f"model: {{provider: {provider}, model: '{model}'{more}}}"

    assert catalog(text)[f"{provider}/{model}"].kind == kind


# -- what goes with a request --------------------------------------------------------------

TEMPLATES = """
model:
  providers:
    - name: openai
      models: [gpt-4o, {name: gpt-4o-mini, template: {style: Be brief.}}]
      template: {preamble: You work for Acme., style: Be polite.}
      fallback: anthropic
    - name: anthropic
      models: [claude-opus-4]
"""


def test_words_of_a_provider_go_with_each_of_its_models_and_a_models_own_before_them() -> None:
    found = settings(TEMPLATES).gateway.chains

    assert found["gpt-4o"][0].changes == Changes("You work for Acme.", "Be polite.")
    assert found["gpt-4o-mini"][0].changes == Changes("You work for Acme.", "Be brief.")
    assert found["gpt-4o"][1].changes == Changes()


def test_words_of_a_cluster_s_provider_do_too() -> None:
    metadata = "{provider: openai, format: openai_chat, models: [gpt-4o], template: {style: Be brief.}}"

    found = settings("", clusters="resources:" + cluster("c", metadata)).gateway.chains

    assert found["gpt-4o"][0].changes == Changes(style="Be brief.")


def test_words_are_at_most_four_kilobytes() -> None:
    assert complaints(alias(f"template: {{preamble: '{'ä' * 2049}'}}")) == [
        "gateway.models.a.template.preamble: cannot be read: write at most 4096 bytes"
    ]
    assert complaints(alias(f"template: {{preamble: '{'ä' * 2048}'}}")) == []


PARAMS = Changes(temperature=0.7, max_output_tokens=4_096)


def test_who_falls_back_by_fallback_params_is_asked_as_they_say() -> None:
    found = settings(seed(0), seed(5)).gateway.chains

    assert [(target.name, target.changes) for target in found[AUTO]] == [(OPUS, Changes()), (GEMINI, PARAMS)]
    assert [target.changes for target in found["gemini-pro-1.5"]] == [Changes()]


def test_also_where_the_model_was_a_fallback_anyway() -> None:
    found = settings(seed(3), seed(5)).gateway.chains

    assert [(target.name, target.changes) for target in found[AUTO]] == [(OPUS, Changes()), (GEMINI, PARAMS)]
    assert [target.changes for target in found["gemini-pro-1.5"]] == [Changes()]
    assert [target.name for target in found["gpt-oss-120b"]] == [LOCAL, OPUS, GEMINI]


def test_both_kinds_of_changes_meet_in_one_target() -> None:
    text = seed(0) + "  template: {style: Short.}\n"
    google = alias("template: {style: Sing.}", "google", "gemini-pro-1.5")

    found = settings(text, google, seed(5)).gateway.chains[AUTO]

    assert [target.changes for target in found] == [
        Changes(style="Short."),
        Changes(style="Sing.", temperature=0.7, max_output_tokens=4_096),
    ]


@pytest.mark.parametrize("params", ["temperature: 2.1", "temperature: -1", "max_tokens: 0"])
def test_parameters_have_their_range(params: str) -> None:
    text = f"router: {{retry_policy: {{fallback_params: {{provider: google, model: m, {params}}}}}}}"

    assert len(complaints(text)) == 1


def test_a_plan_carries_the_changes() -> None:
    gateway = settings(seed(3), seed(5), TEMPLATES.replace("model:", "model: ", 1)).gateway
    chain = gateway.chains["gpt-4o"]
    made = plan.Plan("r", "openai_chat", "/", "", "m", ((chain[0],),), 0.0, 1, Timeouts(), Emergency())

    assert plan.read(plan.write(made), Snapshots(gateway)).groups[0][0].changes == chain[0].changes


def test_targets_that_are_changed_differently_are_not_the_same() -> None:
    found = settings(seed(3), seed(5)).gateway.chains
    as_fallback, asked_for = found[AUTO][1], found["gemini-pro-1.5"][0]

    assert as_fallback != asked_for
    assert as_fallback.name == asked_for.name
    assert len({as_fallback, asked_for}) == 2


# -- mistakes ------------------------------------------------------------------------------


def test_nonsense_about_a_model_is_told_at_once() -> None:
    facts = (
        "max_tokens: 8000, context_window: 200000, max_output_tokens: 300000, lacks: [tool, vision], "
        "capabilities: [vision], quality: 2, kind: free"
    )

    found = complaints(alias(facts))

    for beginning in (
        "gateway.models.a.max_tokens: differs from gateway.models.a.context_window: if the longest",
        "gateway.models.a.max_output_tokens: is more than the whole window of 200000: write less here",
        'gateway.models.a.lacks: no ability is named "tool" (known: audio, ',
        "gateway.models.a.lacks: vision is also among its capabilities: write it in one of the two",
        "gateway.models.a.quality: must be less than or equal to 1: write a number within this limit",
        "gateway.models.a.kind: expected 'local', 'open_source' or 'paid': write one of these",
    ):
        assert any(line.startswith(beginning) for line in found), f"{beginning} is not in {found}"
    assert len(found) == 6


def test_mistakes_in_a_list_of_models_have_their_place() -> None:
    text = "model: {providers: [{name: openai, models: [7, '', {name: m, modle: x}, {quality: 1}, [a]]}]}"

    found = complaints(text)

    assert [line.split(": ")[0] for line in found] == [
        "model.providers[0].models[0]",
        "model.providers[0].models[1].name",
        "model.providers[0].models[2].modle",
        "model.providers[0].models[4]",
        "model.providers[0].models[3].name",
    ]
    assert found[0].endswith("expected text or a mapping: write it in one of these two ways")


def test_facts_beside_no_model_belong_to_nobody() -> None:
    assert complaints("model: {quality: 1, providers: [{name: openai, models: [m]}]}") == [
        "model.quality: belongs to a provider, and none is named beside it: write model.provider"
    ]


KEYS = st.sampled_from([
    "name", "context_window", "max_tokens", "max_output_tokens", "cost_per_token", "input_cost_per_million",
    "cache_read_cost_per_million", "capabilities", "lacks", "quality", "kind", "family", "base_model", "template",
])  # fmt: skip
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 2**70), st.floats(), st.text(max_size=3), st.just("gpt-4o"),
    st.lists(st.one_of(st.none(), st.just("tools"), st.text(max_size=3)), max_size=2),
    st.dictionaries(st.sampled_from(["preamble", "style", "x"]), st.one_of(st.none(), st.text(max_size=3))),
)  # fmt: skip


@given(
    st.lists(st.one_of(VALUES, st.dictionaries(KEYS, VALUES, max_size=4)), max_size=3), st.dictionaries(KEYS, VALUES)
)
def test_whatever_is_written_of_models_there_are_findings_and_no_crash(models: list[object], entry: object) -> None:
    text = json.dumps(
        {"model": {"providers": [{"name": "openai", "models": models}]}, "gateway": {"models": {"a": entry}}}
    )

    found = loaded(text)

    assert (found.settings is None) == any(finding.severity == "error" for finding in found.findings)


# -- the whole -----------------------------------------------------------------------------


def test_many_models_are_linked_at_once() -> None:
    """Eight times as many are eight times the work: thirty leave room for a noisy machine, sixty-four would be all
    pairs."""

    def text(count: int) -> str:
        names = [f"{{name: '{vendor}/claude-sonnet-4.{n}'}}" for vendor in ("anthropic", "x") for n in range(count)]
        return f"model: {{providers: [{{name: openrouter, models: [{', '.join(names)}]}}]}}"

    def seconds(count: int) -> float:
        began = time.process_time()
        assert len(catalog(text(count))) == 2 * count
        return time.process_time() - began

    seconds(100)  # the tables are made once
    assert min(seconds(800) for _ in range(3)) < 30 * min(seconds(100) for _ in range(3))


def test_the_example_works_with_all_that_is_commented_out() -> None:
    example, *hidden = uncommented()
    whole = re.sub(r"(?m)^( +)#( *[a-z_]+:)", r"\1\2", example)

    found = settings(whole, *hidden).gateway

    assert found.catalog["local/qwen2.5-7b-instruct"].free
    assert found.strategy.virtual["drafts"].among == ("gpt-4o-mini", "small")
    assert found.strategy.optimization.minimize_cost
