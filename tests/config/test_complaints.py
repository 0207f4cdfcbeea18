import json

import pytest

from openclaw_extproc.config.read.complaints import validate
from openclaw_extproc.config.schema.config_file import Written, schema
from tests.config.loading import written


def complaints(values: dict[str, object]) -> list[str]:
    return written(validate(Written, values)[1])


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"gateway": 5}, "gateway: expected a mapping"),
        ({"gateway": {"port": "80"}}, "gateway.port: expected a whole number"),
        ({"gateway": {"port": True}}, "gateway.port: expected a whole number"),
        ({"gateway": {"version": 2}}, "gateway.version: expected text: put it in quotes"),
        ({"gateway": {"models": []}}, "gateway.models: expected a mapping"),
        ({"model": {"providers": {}}}, "model.providers: expected a list"),
        ({"model": {"providers": [{"primary": 1}]}}, "model.providers[0].primary: expected true or false"),
        ({"model": {"unknown_models": "x"}}, "model.unknown_models: expected 'reject' or 'auto': write one of these"),
        (
            {"model": {"embedding_fallbacks": "x"}},
            "model.embedding_fallbacks: expected 'same_model' or 'any_model': write one of these",
        ),
        (
            {"cost_aware": {"dynamic_switching": {"check_interval": "soon"}}},
            "cost_aware.dynamic_switching.check_interval: cannot be read: write a duration such as 30s, 15m or 6h",
        ),
        ({"channels": {"a": {"rate_limit": "10"}}}, "channels.a.rate_limit: cannot be read: write a rate such as"),
        ({"model": {"router": {"failure_threshold": float("nan")}}}, "model.router.failure_threshold: expected"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_said_plainly(values: dict[str, object], complaint: str) -> None:
    (found,) = complaints(values)

    assert found.startswith(complaint)


def test_an_unknown_key_is_answered_with_the_one_that_is_meant() -> None:
    (found,) = complaints({"gateway": {"routing_strategy": {"rules": [{"iff": "x"}]}}})

    assert found == ("gateway.routing_strategy.rules[0].iff: unknown key: did you mean if?")


def test_what_is_wrong_is_left_out_and_the_rest_stays() -> None:
    entries = [{"name": "a", "x": 1}, 7, {"name": "b", "models": [1, "m", 2]}]

    found, findings = validate(Written, {"model": {"providers": entries}})

    assert [entry.name for entry in found.model.providers] == ["a", None, "b"]
    assert [model.name for model in found.model.providers[2].models] == [None, "m", None]
    assert [finding.path for finding in findings] == [
        "model.providers[0].x", "model.providers[1]", "model.providers[2].models[0]", "model.providers[2].models[2]",
    ]  # fmt: skip


def test_what_is_given_stays_as_it_was() -> None:
    given: dict[str, object] = {"gateway": {"prot": 1}}

    validate(Written, given)

    assert given == {"gateway": {"prot": 1}}


def test_editors_get_a_schema_of_every_section() -> None:
    found = schema()

    sections = found["properties"]
    assert isinstance(sections, dict)
    assert {"gateway", "model", "router", "load_balancing", "routing_rules"} <= sections.keys()
    assert found["additionalProperties"] is False
    assert '"pattern": "^\\\\$\\\\{' in json.dumps(found)


def test_the_schema_knows_both_ways_of_writing_a_model() -> None:
    found = json.dumps(schema())

    name = '{"maxLength": 2000, "minLength": 1, "type": "string"}'
    assert f'{{"anyOf": [{name}, {{"$ref": "#/$defs/ListedModel"}}]}}' in found
    assert f'{{"anyOf": [{{"items": {name}, "type": "array"}}, {{"$ref": "#/$defs/VirtualModel"}}]}}' in found
