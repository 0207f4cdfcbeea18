"""Promises of the Anthropic Messages format: schemas of tools and of answers."""

from dataclasses import replace

import pytest
from anthropic import transform_schema
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.gateway import Provider
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Chat, JsonObject, JsonSchema, ToolSpec
from openclaw_extproc.wire.anthropic_messages.provider import schemas
from openclaw_extproc.wire.base import UpstreamEdit
from tests.wire.anthropic_messages.saying import AWKWARD, CLIENT, HELLO, ask, encoded, written

SCHEMA: dict[str, Json] = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}


# -- tools -----------------------------------------------------------------------


def of_tool(schema: dict[str, Json]) -> tuple[dict[str, Json], list[str]]:
    losses: list[str] = []
    return schemas.of_tool(schema, "f", losses), losses


def test_a_tool_that_anthropic_takes_keeps_its_schema() -> None:
    schema: dict[str, Json] = {**SCHEMA, "$schema": "x", "additionalProperties": False}

    assert of_tool(schema) == (schema, [])
    assert of_tool({}) == ({"type": "object"}, [])


def test_a_tool_without_an_object_gets_one_and_it_is_named() -> None:
    schema, losses = of_tool({"type": "string"})

    assert schema["type"] == "object"
    assert losses == ["tools: schema of f: not an object"]


def test_demands_at_the_top_are_one_object() -> None:
    """As MCP servers write "one of these": dearlordylord/huly-mcp#66."""
    schema, losses = of_tool(
        {**SCHEMA, "anyOf": [{"required": ["a", "b"]}, {"required": ["b"], "properties": {"b": {"type": "integer"}}}]}
    )

    assert schema == {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "integer"}},
        "required": ["a", "b"],
    }
    assert losses == ["tools: schema of f: its alternatives as one object"]


def test_all_parts_are_demanded_and_of_alternatives_what_they_share() -> None:
    def one(name: str, kind: str) -> Json:
        return {
            "type": "object",
            "properties": {name: {"type": kind}, "kind": {"const": kind}},
            "required": [name, "kind"],
        }

    schema, _ = of_tool({"allOf": [one("a", "string")], "oneOf": [one("b", "number"), one("c", "null")]})

    assert schema["required"] == ["a", "kind"]
    assert j.an_object(schema["properties"], at="p").keys() == {"a", "b", "c", "kind"}
    assert "anyOf" in j.text(schema["properties"])


def test_a_reference_at_the_top_is_followed() -> None:
    schema, _ = of_tool({"$ref": "#/$defs/A", "$defs": {"A": SCHEMA}})

    assert schema == {**SCHEMA, "$defs": {"A": SCHEMA}}


def test_a_schema_that_refers_to_itself_ends() -> None:
    schema, _ = of_tool({"$ref": "#/$defs/A", "$defs": {"A": {"anyOf": [{"$ref": "#/$defs/A"}, SCHEMA]}}})

    assert schema["properties"] == SCHEMA["properties"]


@given(st.dictionaries(st.sampled_from(["type", "anyOf", "allOf", "$ref", "properties", "required"]), AWKWARD))
def test_any_schema_becomes_an_object(schema: dict[str, Json]) -> None:
    made, _ = of_tool(schema)

    assert made["type"] == "object"
    assert not made.keys() & {"anyOf", "oneOf", "allOf", "$ref"}


@pytest.mark.parametrize("name", ["", "a.b", "é", "x" * 129])
def test_a_tool_that_cannot_be_called_by_its_name_is_refused(name: str) -> None:
    with pytest.raises(FaultError, match="letters, digits, underscores and hyphens") as refused:
        encoded(replace(HELLO, tools=(ToolSpec(name, "", {}),)))

    assert refused.value.fault.kind is FaultKind.UNSUPPORTED


# -- answers ---------------------------------------------------------------------


def of_answer(schema: dict[str, Json]) -> tuple[dict[str, Json], list[str]]:
    losses: list[str] = []
    return schemas.of_answer(schema, losses), losses


SDKS: list[dict[str, Json]] = [
    SCHEMA,
    {"type": "array", "items": {"type": "string", "format": "email"}, "minItems": 1},
    {"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"enum": ["x", None, 1]}}},
    {"oneOf": [{"type": "integer", "title": "T"}, {"const": "c"}]},
    {"type": "object", "title": "T", "description": "D", "properties": {"a": {"type": "boolean"}}},
]


@pytest.mark.parametrize("schema", SDKS)
def test_what_anthropic_takes_is_what_its_sdk_makes_of_it(schema: dict[str, Json]) -> None:
    assert of_answer(schema) == (transform_schema(schema), [])


def test_rules_that_anthropic_does_not_know_are_told_in_words_and_named() -> None:
    schema, losses = of_answer(
        {
            "type": "object",
            "properties": {
                "a": {"type": "integer", "minimum": 1, "description": "A."},
                "b": {"type": "string", "format": "color", "pattern": "x"},
                "c": {"type": "array", "items": {}, "minItems": 3},
                "d": {"type": ["string", "null"], "maxLength": 5, "title": "D"},
            },
            "additionalProperties": {"type": "string"},
        }
    )

    properties = j.an_object(schema["properties"], at="p")
    assert properties["a"] == {"type": "integer", "description": "A.\n\n{minimum: 1}"}
    assert properties["b"] == {"type": "string", "description": '{format: "color", pattern: "x"}'}
    assert properties["d"] == {
        "anyOf": [{"type": "string", "description": "{maxLength: 5}"}, {"type": "null"}],
        "title": "D",
    }
    assert schema["additionalProperties"] is False
    assert losses == [
        f"output: schema: {key}, in the description"
        for key in ("additionalProperties", "format", "maxLength", "minItems", "minimum", "pattern", "type")
    ]


@given(st.dictionaries(st.sampled_from(["type", "anyOf", "enum", "$defs", "properties", "items", "x"]), AWKWARD))
def test_any_schema_of_an_answer_is_written(schema: dict[str, Json]) -> None:
    made, _ = of_answer(schema)

    assert made.keys() & {"type", "anyOf", "enum", "const", "allOf", "$ref"}


def output(
    chat: Chat, model: str = "claude-opus-5", provider: UpstreamEdit | None = None
) -> tuple[Json, Json, tuple[str, ...]]:
    request = encoded(chat, provider or UpstreamEdit(model))
    body = j.parse(request.body, where="x")
    return body.get("output_config"), body.get("system"), request.losses


def test_a_schema_is_written_anthropics_way_and_read_again() -> None:
    chat = replace(HELLO, output=JsonSchema(SCHEMA, "answer"))

    config, system, losses = output(chat)

    form: Json = {"type": "json_schema", "schema": {**SCHEMA, "additionalProperties": False}}
    assert (config, system, losses) == ({"format": form}, None, ())
    assert CLIENT.decode_request(ask(written(chat))).output == JsonSchema({**SCHEMA, "additionalProperties": False})


def test_the_betas_name_for_it_is_understood() -> None:
    body: dict[str, Json] = {"model": "c", "messages": [{"role": "user", "content": "x"}]}

    chat = CLIENT.decode_request(ask({**body, "output_format": {"type": "json_schema", "schema": SCHEMA}}))

    assert chat.output == JsonSchema(SCHEMA)
    assert chat.extras == {}


def test_json_without_a_schema_is_asked_for_in_words_and_named() -> None:
    config, system, losses = output(replace(HELLO, output=JsonObject(), system=("Be kind.",)))

    assert config is None
    assert "Be kind." in str(system)
    assert "JSON object" in str(system)
    assert losses == ("output: JSON, asked for in words",)


def test_a_model_that_takes_no_schema_gets_it_in_words() -> None:
    config, system, losses = output(replace(HELLO, output=JsonSchema(SCHEMA)), "claude-sonnet-4-0")

    assert config is None
    assert j.text(SCHEMA) in str(system)
    assert losses == ("output: JSON, asked for in words",)


def test_a_provider_that_takes_no_schema_gets_it_in_words() -> None:
    quirky = Provider("p", "p", "anthropic_messages", quirks=frozenset({"no_json_schema"}))

    config, _, losses = output(replace(HELLO, output=JsonSchema(SCHEMA)), provider=UpstreamEdit("m", provider=quirky))

    assert config is None
    assert losses == ("output: JSON, asked for in words",)
