"""Promises of the Gemini format: tools' parameters in Google's dialect."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import ToolSpec
from tests.wire.gemini.saying import HELLO, JSONS, encoded, written


def narrowed(schema: Mapping[str, Json]) -> tuple[Json, tuple[str, ...]]:
    chat = replace(HELLO, tools=(ToolSpec("f", "", schema),))
    declared = j.an_object(j.an_array(written(chat)["tools"], at="tools")[0], at="tools[0]")["functionDeclarations"]
    return j.an_object(j.an_array(declared, at="")[0], at="").get("parameters"), encoded(chat).losses


def narrowed_property(schema: Json, **root: Json) -> tuple[Json, tuple[str, ...]]:
    parameters, losses = narrowed({"type": "object", "properties": {"p": schema}, **root})
    return j.an_object(j.an_object(parameters, at="")["properties"], at="")["p"], losses


def lost(*keywords: str) -> tuple[str, ...]:
    return (f"tools[].parameters: {', '.join(keywords)}",)


STRING: Json = {"type": "string"}
OBJECT: Json = {"type": "object"}


def test_a_schema_of_an_mcp_server_is_one_that_gemini_takes() -> None:
    parameters, losses = narrowed(
        {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "url": {"type": "string", "format": "uri", "description": "Where.", "default": ""},
                "at": {"type": ["string", "null"], "format": "date-time"},
                "kind": {"const": "page"},
                "filter": {"$ref": "#/$defs/Filter", "description": "Which."},
                "limit": {"type": "integer", "minimum": 1, "exclusiveMaximum": 9},
                "tags": {"type": "array"},
            },
            "required": ["url", "gone"],
            "$defs": {"Filter": {"type": "object", "properties": {}, "required": ["x"]}},
        }
    )

    assert parameters == {
        "type": "object",
        "properties": {
            "url": {"type": "string", "description": "Where."},
            "at": {"type": "string", "nullable": True, "format": "date-time"},
            "kind": {"type": "string", "enum": ["page"]},
            "filter": {"type": "object", "description": "Which."},
            "limit": {"type": "integer", "minimum": 1},
            "tags": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["url"],
    }
    assert losses == lost("$schema", "additionalProperties", "format", "default", "exclusiveMaximum", "items")


@pytest.mark.parametrize(
    ("schema", "narrow", "losses"),
    [
        ({"type": "STRING"}, STRING, ()),
        ({}, STRING, ()),
        (True, STRING, ()),
        ({"properties": {"a": STRING}}, {"type": "object", "properties": {"a": STRING}}, ()),
        (
            {"anyOf": [{"type": "number"}, {"type": "null"}], "title": "T"},
            {"type": "number", "title": "T", "nullable": True},
            (),
        ),
        (
            {"description": "D", "oneOf": [STRING, {"type": "integer"}, {"const": None}]},
            {
                "anyOf": [
                    {"type": "string", "description": "D", "nullable": True},
                    {"type": "integer", "description": "D", "nullable": True},
                ]
            },
            (),
        ),
        ({"type": ["string", "integer"]}, {"anyOf": [STRING, {"type": "integer"}]}, ()),
        (
            {"anyOf": [STRING, {"anyOf": [{"type": "boolean"}, OBJECT]}]},
            {"anyOf": [STRING, {"type": "boolean"}, OBJECT]},
            (),
        ),
        (
            {"type": "object", "properties": {"a": STRING}, "anyOf": [{"required": ["a"]}]},
            {"type": "object", "properties": {"a": STRING}},
            lost("anyOf"),
        ),
        (
            {"allOf": [{"properties": {"a": STRING}, "required": ["a"]}, {"$ref": "#/$defs/B"}]},
            {"type": "object", "properties": {"b": STRING, "a": STRING}, "required": ["a", "b"]},
            (),
        ),
        ({"enum": ["a", None, ""]}, {"type": "string", "enum": ["a"], "nullable": True}, lost("enum")),
        ({"type": "integer", "enum": [1, 2]}, {"type": "integer"}, lost("enum")),
        ({"const": 1}, {"type": "integer"}, lost("enum")),
        ({"type": "array", "items": [STRING, OBJECT]}, {"type": "array", "items": {"anyOf": [STRING, OBJECT]}}, ()),
        ({"$ref": "#/$defs/gone"}, OBJECT, lost("$ref")),
        ({"$ref": "https://example.com/schema"}, OBJECT, lost("$ref")),
        ({"$ref": "#/$defs/Loop"}, OBJECT, lost("$ref")),
        (
            {"type": "string", "format": ["x"], "pattern": 5, "minLength": "a", "Ignore all!": 1},
            STRING,
            lost("format", "pattern", "minLength", "other keywords"),
        ),
    ],
)
def test_a_schema_is_rewritten_in_geminis_dialect(schema: Json, narrow: Json, losses: tuple[str, ...]) -> None:
    definitions: Json = {
        "B": {"type": "object", "properties": {"b": STRING}, "required": ["b"]},
        "Loop": {"$ref": "#/$defs/Loop2"},
        "Loop2": {"$ref": "#/$defs/Loop"},
    }

    assert narrowed_property(schema, **{"$defs": definitions}) == (narrow, losses)


def test_a_schema_that_contains_itself_ends() -> None:
    tree: Json = {"type": "object", "properties": {"child": {"$ref": "#/$defs/Tree"}, "name": STRING}}
    definitions: Json = {"Tree": tree}

    narrow, losses = narrowed_property({"$ref": "#/$defs/Tree"}, **{"$defs": definitions})

    assert narrow == {"type": "object", "properties": {"child": OBJECT, "name": STRING}}
    assert losses == lost("$ref")


def test_references_that_multiply_are_cut_off() -> None:
    def twice(name: str) -> Json:
        return {"type": "object", "properties": {side: {"$ref": f"#/$defs/{name}"} for side in "lr"}}

    definitions: dict[str, Json] = {f"d{n}": twice(f"d{n + 1}") for n in range(40)}

    narrow, _ = narrowed_property({"$ref": "#/$defs/d0"}, **{"$defs": {**definitions, "d40": STRING}})

    assert len(j.dump(narrow)) < 200_000


def test_parameters_that_are_a_choice_become_one_object() -> None:
    one: Json = {"type": "object", "properties": {"a": STRING}, "required": ["a"]}
    other: Json = {"type": "object", "properties": {"b": STRING}}

    assert narrowed({"anyOf": [one, other]}) == (
        {"type": "object", "properties": {"a": STRING, "b": STRING}},
        lost("anyOf"),
    )


KEYWORDS = ["$ref", "allOf", "anyOf", "enum", "type", "items", "properties", "required", "format", "const"]


@given(st.dictionaries(st.sampled_from(KEYWORDS), JSONS))
def test_an_awkward_schema_is_rewritten_and_never_crashes(schema: dict[str, Json]) -> None:
    narrowed(schema)
    narrowed_property(schema)
