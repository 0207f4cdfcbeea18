"""Promises of the Gemini format: structured output."""

from dataclasses import replace

import pytest

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Chat, JsonObject, JsonSchema, Output, ToolSpec
from openclaw_extproc.wire.base import ClientRequest, UpstreamEdit
from openclaw_extproc.wire.gemini.tools import IN_WORDS
from tests.wire.gemini.saying import CLIENT, HELLO, WHOLE, encoded, written

PERSON: dict[str, Json] = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name"],
    "propertyOrdering": ["name", "age"],
}
TOOL = ToolSpec("f", "", {})


def read(**config: Json) -> Chat:
    body: dict[str, Json] = {"contents": [{"parts": [{"text": "Hi"}]}], "generationConfig": config}
    return CLIENT.decode_request(ClientRequest(WHOLE, "", j.dump(body), body))


@pytest.mark.parametrize(
    ("config", "wanted"),
    [
        ({"responseMimeType": "application/json"}, JsonObject()),
        ({"response_mime_type": "text/plain"}, None),
        ({"responseMimeType": "application/json", "responseJsonSchema": PERSON}, JsonSchema(PERSON)),
        (
            {
                "responseMimeType": "application/json",
                "responseSchema": {"type": "ARRAY", "items": {"type": "STRING"}, "maxItems": "3"},
            },
            JsonSchema({"type": "array", "items": {"type": "string"}, "maxItems": 3}),
        ),
        ({}, None),
    ],
)
def test_an_output_is_read_in_neutral_words(config: dict[str, Json], wanted: Output | None) -> None:
    chat = read(**config)

    assert (chat.output, chat.extras, chat.losses) == (wanted, {}, ())


@pytest.mark.parametrize(
    ("mime", "loss"),
    [
        ("text/x.enum", "!generationConfig.responseMimeType: text/x.enum"),
        ("image/png", "!generationConfig.responseMimeType: neither text nor JSON"),
    ],
)
def test_an_output_that_nobody_else_has_must_be_carried(mime: str, loss: str) -> None:
    assert read(responseMimeType=mime).losses == (loss,)


def test_a_json_object_is_a_mime_type() -> None:
    assert written(replace(HELLO, output=JsonObject()))["generationConfig"] == {"responseMimeType": "application/json"}


def test_a_schema_is_written_in_geminis_dialect_with_its_order() -> None:
    schema: dict[str, Json] = {
        "$defs": {"P": {**PERSON, "additionalProperties": False}},
        "type": "array",
        "items": {"$ref": "#/$defs/P"},
    }

    chat = replace(HELLO, output=JsonSchema(schema, name="people", description="Who came."))

    assert written(chat)["generationConfig"] == {
        "responseMimeType": "application/json",
        "responseSchema": {"type": "array", "description": "Who came.", "items": PERSON},
    }
    assert encoded(chat).losses == ("output.schema: additionalProperties",)


def test_a_schema_of_any_object_is_json_without_a_schema() -> None:
    chat = replace(HELLO, output=JsonSchema({"type": "object"}))

    assert written(chat)["generationConfig"] == {"responseMimeType": "application/json"}
    assert encoded(chat).losses == ("output.schema: properties",)


def test_a_schema_that_holds_itself_ends() -> None:
    node: dict[str, Json] = {"type": "object", "properties": {"next": {"$ref": "#"}}}

    chat = replace(HELLO, output=JsonSchema(node))

    assert "output.schema: $ref" in encoded(chat).losses


@pytest.mark.parametrize("output", [JsonObject(), JsonSchema(PERSON)])
def test_beside_tools_a_model_before_gemini_3_is_asked_in_words(output: Output) -> None:
    chat = replace(HELLO, system=("Be brief.",), tools=(TOOL,), output=output)

    old, new = written(chat, UpstreamEdit("gemini-2.5-pro")), written(chat, UpstreamEdit("gemini-3-flash-preview"))

    assert "generationConfig" not in old
    first, asked = j.an_array(j.an_object(old["systemInstruction"], at="")["parts"], at="")
    assert first == {"text": "Be brief."}
    assert "JSON" in str(asked)
    assert ("propertyOrdering" in str(asked)) is isinstance(output, JsonSchema)
    assert encoded(chat, UpstreamEdit("gemini-2.5-pro")).losses == (IN_WORDS,)
    assert "responseMimeType" in str(new["generationConfig"])
    assert encoded(chat, UpstreamEdit("gemini-3-flash-preview")).losses == ()


def test_what_was_read_is_written_the_same() -> None:
    chat = read(responseMimeType="application/json", responseSchema=PERSON, seed=7, frequencyPenalty=0.5)

    assert written(chat)["generationConfig"] == {
        "seed": 7,
        "frequencyPenalty": 0.5,
        "responseMimeType": "application/json",
        "responseSchema": PERSON,
    }
