import pytest

from openclaw_extproc.strategy import Compliance, CostCentre, Restriction
from tests.config.loading import complaints, settings, warnings

PROVIDERS = """
gateway:
  models: {opus: {provider: anthropic, model: claude-opus-4}}
model:
  providers:
  - {name: openai, models: [gpt-4o, shared], region: us-east-1}
  - {name: anthropic, models: [claude-opus-4, shared], region: eu-west-1}
  - {name: local, models: [llama]}
"""


def compliance(text: str) -> Compliance:
    return settings(PROVIDERS + text).gateway.strategy.compliance


def test_without_a_word_everything_is_permitted() -> None:
    assert compliance("") == Compliance()


def test_compliance_says_all_it_can_say() -> None:
    found = compliance("""
compliance:
  data_class: internal
  require_data_class: true
  regions: [us-east-1, eu-west-1]
  data_classes:
    internal: {}
    pii: {providers: [anthropic], models: [opus]}
  rules:
  - {if: 'headers["x-team"] == "hr"', data_class: pii}
""")

    assert found.always == (Restriction("compliance", regions=frozenset({"us-east-1", "eu-west-1"})),)
    assert found.classes == {
        "internal": Restriction("data class internal"),
        "pii": Restriction("data class pii", frozenset({"anthropic"}), None, frozenset({"anthropic/claude-opus-4"})),
    }
    assert (found.data_class, found.required) == ("internal", True)
    assert [(condition.source, name) for condition, name in found.when] == [('headers["x-team"] == "hr"', "pii")]


def test_a_model_s_name_permits_it_wherever_it_is_and_an_alias_one_place() -> None:
    (by_name,) = compliance("compliance: {models: [shared]}").always
    (by_alias,) = compliance("compliance: {models: [opus]}").always
    (by_both,) = compliance("compliance: {models: [openai/shared]}").always

    assert by_name.models == frozenset({"openai/shared", "anthropic/shared"})
    assert by_alias.models == frozenset({"anthropic/claude-opus-4"})
    assert by_both.models == frozenset({"openai/shared"})


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("providers: [opnai]", 'providers[0]: no provider is named "opnai" (known: anthropic, local, openai): did you'),
        ("providers: []", "providers: permits nothing: every request would be refused: name some, or remove the key"),
        ("data_classes: {pii: {regions: []}}", "data_classes.pii.regions: permits nothing"),
        ("data_classes: {pii: {providers: [x]}}", 'data_classes.pii.providers[0]: no provider is named "x"'),
        ("models: [x]", 'models[0]: no model is named "x"'),
        ("models: [cheap]", 'models[0]: "cheap" is a wish, and could be any model: name a model'),
        ("data_class: pii", 'data_class: no data class is named "pii" (known: none): add it under'),
        ("require_data_class: true", "require_data_class: there is no data class to have"),
        ("rules: [{if: stream, data_class: pii}]", 'rules[0].data_class: no data class is named "pii"'),
        ("rules: [{if: strm, data_class: pii}]", 'rules[0].if: column 1: no such variable "strm"'),
        ("rules: [{data_class: pii}], data_classes: {pii: {}}", "rules[0].if: missing: write it, or "),
        ("rules: [{if: stream}]", "rules[0].data_class: missing"),
    ],
)  # fmt: skip
def test_what_means_nothing_is_an_error_and_never_permits(written: str, told: str) -> None:
    assert complaints(PROVIDERS + f"compliance: {{{written}}}")[0].startswith(f"compliance.{told}")


def test_what_no_model_may_serve_is_told_before_callers_are_refused() -> None:
    nobody = "no model may serve it: such requests are refused: permit a provider that is there"
    text = """
compliance:
  providers: [openai, local]
  data_classes: {pii: {providers: [anthropic]}, far: {regions: [mars-1]}, near: {regions: [us-east-1]}}
"""

    told = warnings(PROVIDERS + text)

    assert f"compliance.data_classes.pii: {nobody}" in told
    assert f"compliance.data_classes.far: {nobody}" in told
    assert not any(line.startswith("compliance.data_classes.near") for line in told)
    assert any(
        line.startswith('compliance.data_classes.far.regions[0]: no provider is in region "mars-1"') for line in told
    )


def test_a_provider_without_an_endpoint_permits_nothing() -> None:
    assert ("compliance: no model may serve any request: all are refused: permit a provider that is there") in warnings(
        PROVIDERS + "compliance: {providers: [local]}"
    )


def test_a_condition_that_needs_a_header_is_told_to_hold_without_it() -> None:
    text = 'compliance: {data_classes: {pii: {}}, rules: [{if: \'headers["a"] == "b"\', data_class: pii}]}'
    asked = text.replace("if: '", 'if: \'"a" in headers && ')

    assert (
        "compliance.rules[0].if: cannot be evaluated for a request without headers: such requests have the data class, "
        'too: ask first: "x-team" in headers && ...'
    ) in warnings(PROVIDERS + text)
    assert not any(line.startswith("compliance.rules") for line in warnings(PROVIDERS + asked))


def test_cost_centres_are_restricted_and_limited() -> None:
    text = "cost_centres: {research: {providers: [openai], max_cost_usd: 0.5}, free: {}}"

    assert settings(PROVIDERS + text).gateway.strategy.cost_centres == {
        "research": CostCentre(Restriction("cost centre research", frozenset({"openai"})), 0.5),
        "free": CostCentre(),
    }
    assert complaints(PROVIDERS + "cost_centres: {research: {providers: [opnai]}}")[0].startswith(
        'cost_centres.research.providers[0]: no provider is named "opnai"'
    )
    assert "cost_centres.a: no model may serve it: its requests are refused: permit a provider that is there" in (
        warnings(PROVIDERS + "cost_centres: {a: {providers: [local]}}")
    )
