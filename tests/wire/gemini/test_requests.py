"""Promises of the Gemini format: requests of clients, read and edited."""

from collections.abc import Mapping
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import (
    Chat,
    InlineImage,
    JsonSchema,
    LinkedImage,
    SealedState,
    Text,
    Thinking,
    ToolChoice,
    ToolResult,
    ToolUse,
    Turn,
)
from openclaw_extproc.wire.base import ClientRequest, UpstreamEdit
from tests.wire.gemini.saying import CLIENT, JSONS, PNG, ROOT, STREAM, WHOLE, encoded


def ask(body: Mapping[str, Json], target: str = WHOLE) -> ClientRequest:
    raw = j.dump(dict(body))
    path, _, query = target.partition("?")
    return ClientRequest(path, query, raw, j.parse(raw, where="request"))


def fixture(case: str) -> ClientRequest:
    target = (ROOT / case / "request.path").read_text().strip()
    return ask(j.parse((ROOT / case / "request.json").read_bytes(), where="fixture"), target)


def read(**fields: Json) -> Chat:
    return CLIENT.decode_request(ask({"contents": [{"parts": [{"text": "Hello"}]}], **fields}))


def read_parts(*parts: Json, role: str = "user") -> Chat:
    return read(contents=[{"role": role, "parts": [*parts]}])


# -- requests from clients -------------------------------------------------------


def test_every_plain_field_of_a_request_is_understood() -> None:
    assert CLIENT.decode_request(fixture("text")) == Chat(
        model="gemini-2.5-flash",
        turns=(Turn("user", (Text("Say hello to Zoë."),)),),
        system=("Answer in one sentence.",),
        max_output_tokens=256,
        temperature=0.5,
        top_p=0.9,
        top_k=40,
        stop=("END",),
        stream=True,
        extras={"alt": "sse"},
    )


def test_images_and_keys_are_understood_in_either_spelling() -> None:
    chat = CLIENT.decode_request(fixture("image"))

    assert chat.turns[0].parts[1:] == (
        InlineImage("image/png", PNG),
        LinkedImage("https://images.example.com/cat.jpg"),
    )
    assert (chat.stream, chat.max_output_tokens, chat.losses) == (False, 64, ())


def test_calls_without_ids_are_named_and_find_their_results_by_name_in_order() -> None:
    chat = CLIENT.decode_request(fixture("multi_turn_tools"))

    assert chat.system == ("You are terse.",)
    assert chat.turns[1:] == (
        Turn(
            "assistant",
            (
                Thinking("Looking."),
                Text("Looking."),
                ToolUse("call_1_0", "get_weather", '{"location":"Paris"}', SealedState("gemini", "CpcBAdHt")),
                ToolUse("call_1_1", "get_weather", '{"location":"Rome"}'),
                ToolUse("t-1", "get_time", "{}"),
            ),
        ),
        Turn(
            "user",
            (
                ToolResult("call_1_0", (Text("18 degrees"),)),
                ToolResult("t-1", (Text("clock is broken"),), is_error=True),
                ToolResult("call_1_1", (Text('{"celsius":21,"sky":"clear"}'),)),
            ),
        ),
    )
    assert chat.tool_choice == ToolChoice("named", "get_time")
    assert chat.losses == ()


def test_an_answer_kept_chunk_by_chunk_is_one_turn() -> None:
    """As the SDK's chats keep what was streamed."""
    said = read(
        contents=[
            {"role": "user", "parts": [{"text": "Weather?"}]},
            {"role": "model", "parts": [{"text": "Let"}]},
            {"role": "model", "parts": [{"text": " me"}]},
            {"role": "model", "parts": [{"text": "\n"}]},
            {"role": "model", "parts": [{"functionCall": {"name": "f"}}]},
            {"role": "model", "parts": [{"functionCall": {"name": "f"}}]},
            {"role": "model", "parts": [{"text": ""}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "f"}}, {"functionResponse": {"name": "f"}}]},
            {"role": "user", "parts": [{"text": "Well?"}]},
        ]
    )

    calls = (ToolUse("call_4_0", "f", "{}"), ToolUse("call_5_1", "f", "{}"))
    results = (ToolResult("call_4_0", ()), ToolResult("call_5_1", ()))
    assert said.turns == (
        Turn("user", (Text("Weather?"),)),
        Turn("assistant", (Text("Let me\n"), *calls)),
        Turn("user", results),
        Turn("user", (Text("Well?"),)),
    )


def test_a_result_of_no_known_call_goes_by_its_id_or_its_name() -> None:
    chat = read_parts(
        {"functionResponse": {"name": "f", "id": "x", "response": {"output": "a"}}},
        {"functionResponse": {"name": "f"}},
    )

    assert chat.turns[0].parts == (ToolResult("x", (Text("a"),)), ToolResult("f", ()))


def test_tools_are_understood_in_plain_json_schema() -> None:
    weather, time = CLIENT.decode_request(fixture("function_call")).tools

    assert weather.description == "Current weather."
    assert weather.schema == {
        "type": "object",
        "properties": {
            "location": {"type": "string"},
            "unit": {"type": "string", "enum": ["c", "f"], "nullable": True},
            "days": {"type": "array", "items": {"type": "integer"}, "maxItems": 7},
        },
        "required": ["location"],
        "propertyOrdering": ["location", "unit", "days"],
    }
    assert time.schema["additionalProperties"] is False


def test_names_of_properties_are_left_as_they_are() -> None:
    inner: Json = {"type": "STRING", "max_length": "5"}
    schema: Json = {"properties": {"any_of": inner, "type": {"any_of": [inner, {"type": "TYPE_UNSPECIFIED"}]}}}

    chat = read(tools={"function_declarations": {"name": "f", "parameters": schema}})

    plain = {"type": "string", "maxLength": 5}
    assert chat.tools[0].schema == {"properties": {"any_of": plain, "type": {"anyOf": [plain, {}]}}}


@pytest.mark.parametrize(
    ("calling", "choice"),
    [
        ({"mode": "AUTO"}, ToolChoice("auto")),
        ({"mode": "any"}, ToolChoice("required")),
        ({"mode": "NONE", "allowed_function_names": ["f"]}, ToolChoice("none")),
        ({"mode": "ANY", "allowedFunctionNames": ["f"]}, ToolChoice("named", "f")),
        ({"mode": "MODE_UNSPECIFIED"}, None),
        ({}, None),
        (None, None),
    ],
)
def test_a_tool_choice_is_a_calling_mode(calling: Json, choice: ToolChoice | None) -> None:
    chat = read(toolConfig={"functionCallingConfig": calling})

    assert (chat.tool_choice, chat.losses) == (choice, ())


TOOLS: Json = [{"functionDeclarations": [{"name": "f"}, {"name": "g"}, {"name": "h"}]}]


@pytest.mark.parametrize(
    ("mode", "choice", "losses"),
    [
        ("ANY", ToolChoice("required"), ()),
        ("VALIDATED", ToolChoice("auto"), ("toolConfig.functionCallingConfig.mode: VALIDATED",)),
    ],
)
def test_a_choice_among_several_functions_leaves_only_those(
    mode: str, choice: ToolChoice, losses: tuple[str, ...]
) -> None:
    calling: Json = {"mode": mode, "allowedFunctionNames": ["h", "f"]}

    chat = read(tools=TOOLS, toolConfig={"functionCallingConfig": calling})

    assert [tool.name for tool in chat.tools] == ["f", "h"]
    assert (chat.tool_choice, chat.losses) == (choice, losses)


def test_penalties_and_a_seed_are_neutral_words() -> None:
    chat = read(generationConfig={"presence_penalty": -0.5, "frequencyPenalty": 1, "seed": "7"})

    assert (chat.presence_penalty, chat.frequency_penalty, chat.seed, chat.extras) == (-0.5, 1, 7, {})


def test_settings_that_only_gemini_has_are_losses_by_name() -> None:
    config: Json = {"responseLogprobs": True, "logprobs": 3, "mediaResolution": "MEDIA_RESOLUTION_LOW"}

    chat = read(generationConfig=config, safetySettings=[], labels={"a": "b"})

    assert encoded(chat).losses == (
        *("safetySettings", "labels"),
        *("generationConfig.responseLogprobs", "generationConfig.logprobs", "generationConfig.mediaResolution"),
    )


@pytest.mark.parametrize(
    ("part", "loss"),
    [
        (
            {"fileData": {"fileUri": "https://x/y"}},
            "!contents[0].parts[0].fileData: a file of unknown type",
        ),
        (
            {"fileData": {"mimeType": "image/png", "fileUri": "gs://bucket/cat.png"}},
            "!contents[0].parts[0].fileData: a file only Google can read",
        ),
        (
            {
                "fileData": {
                    "mimeType": "image/png",
                    "fileUri": "https://generativelanguage.googleapis.com/v1beta/files/x",
                }
            },
            "!contents[0].parts[0].fileData: a file only Google can read",
        ),
        ({"executableCode": {"code": "1"}}, "contents[0].parts[0]: executableCode, as text"),
        ({"code_execution_result": {"output": "1"}}, "contents[0].parts[0]: codeExecutionResult, as text"),
        ({"Ignore all!": {}}, "!contents[0].parts[0]: unknown kind of part"),
        ({"text": "a", "thought_signature": "x"}, "contents[0].parts[0].thoughtSignature"),
        (
            {"functionResponse": {"name": "f", "response": {"result": "a"}, "scheduling": "SILENT"}},
            "contents[0].parts[0].functionResponse.scheduling",
        ),
    ],
)
def test_parts_that_another_format_cannot_carry_are_losses_and_no_errors(part: Json, loss: str) -> None:
    assert read_parts(part).losses == (loss,)


BOUND_FIELDS: list[tuple[dict[str, Json], str]] = [
    ({"tools": [{"googleSearch": {}}]}, "tools[0]: googleSearch"),
    ({"tools": [{"code_execution": {}}]}, "tools[0]: codeExecution"),
    ({"tools": [{"Ignore all!": {}}]}, "tools[0]: unknown tool"),
    ({"cachedContent": "cachedContents/1"}, "!cachedContent"),
    ({"generationConfig": {"candidateCount": 2}}, "!generationConfig.candidateCount: more than one answer"),
    ({"generationConfig": {"responseModalities": ["IMAGE"]}}, "!generationConfig.responseModalities: more than text"),
    (
        {"toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f", "g"]}}},
        "!toolConfig.functionCallingConfig.allowedFunctionNames: none of them is declared",
    ),
    (
        {"toolConfig": {"functionCallingConfig": {"mode": "VALIDATED"}}},
        "toolConfig.functionCallingConfig.mode: VALIDATED",
    ),
    (
        {"systemInstruction": {"parts": [{"fileData": {"fileUri": "https://x/a.png"}}]}},
        "!systemInstruction: LinkedImage",
    ),
]


@pytest.mark.parametrize(
    ("fields", "loss"),
    BOUND_FIELDS,
)
def test_abilities_bound_to_gemini_are_losses(fields: dict[str, Json], loss: str) -> None:
    assert read(**fields).losses == (loss,)


def test_what_only_gemini_understands_is_kept_as_an_extra_under_its_path() -> None:
    chat = CLIENT.decode_request(fixture("thinking"))
    blocked = CLIENT.decode_request(fixture("blocked"))

    assert [*chat.extras] == ["alt"]
    assert [*blocked.extras] == ["safetySettings", "alt"]
    assert chat.losses == ()


def test_what_is_the_default_anyway_is_no_loss() -> None:
    config: Json = {"responseMimeType": "text/plain", "candidateCount": 1, "responseModalities": ["TEXT"], "seed": None}

    assert read(generationConfig=config).extras == {}


def test_how_the_stream_is_framed_is_no_loss() -> None:
    chat = CLIENT.decode_request(ask({"contents": [{"parts": [{"text": "x"}]}]}, f"{STREAM}?key=secret&alt=sse"))

    assert chat.extras == {"alt": "sse"}
    assert encoded(chat).losses == ()


def test_a_long_history_names_each_loss_once() -> None:
    signed: Json = {"text": "hm", "thoughtSignature": "x"}
    bound: Json = {"later": {}}

    assert read_parts(*[signed] * 100).losses == ("contents[0].parts[0].thoughtSignature",)
    assert len(read_parts(*[bound] * 100).losses) == 32


def test_a_refused_part_is_refused_by_another_format() -> None:
    with pytest.raises(FaultError) as refused:
        encoded(read_parts({"later": {"code": "1"}}))

    assert refused.value.fault.kind is FaultKind.UNSUPPORTED


MALFORMED: list[tuple[dict[str, Json], str]] = [
    ({"contents": None}, "contents: expected at least one turn, found none"),
    ({"contents": "Hi"}, "contents: expected an array, found a string"),
    ({"contents": [{"role": "assistant"}]}, "contents[0].role: unknown role (known: user, model)"),
    ({"contents": [{"parts": [{"text": 1}]}]}, "contents[0].parts[0].text: expected a string, found a number"),
    ({"generationConfig": {"maxOutputTokens": "many"}}, "generationConfig.maxOutputTokens: expected an integer"),
    ({"generationConfig": {"topK": 1.5}}, "generationConfig.topK: expected an integer, found a number"),
    ({"tools": [{"functionDeclarations": [{}]}]}, "tools[0].functionDeclarations[0].name: expected a string"),
    ({"toolConfig": {"functionCallingConfig": {"mode": "x"}}}, "toolConfig.functionCallingConfig.mode: unknown mode"),
]


@pytest.mark.parametrize(
    ("fields", "complaint"),
    MALFORMED,
)
def test_a_malformed_request_is_told_where(fields: dict[str, Json], complaint: str) -> None:
    with pytest.raises(UnreadableError) as found:
        read(**fields)

    assert str(found.value).startswith(complaint)


def test_a_schema_too_deep_to_be_read_is_a_complaint() -> None:
    schema: Json = {"type": "STRING"}
    for _ in range(100):
        schema = {"type": "ARRAY", "items": schema}

    with pytest.raises(UnreadableError, match="nested too deeply"):
        read(tools=[{"functionDeclarations": [{"name": "f", "parameters": schema}]}])


@given(st.sampled_from(["contents", "tools", "toolConfig", "generationConfig", "systemInstruction", "parts"]), JSONS)
def test_awkward_json_is_read_or_refused_and_never_crashes(key: str, value: Json) -> None:
    with suppress(UnreadableError, FaultError):
        encoded(read_parts(value) if key == "parts" else read(**{key: value}))


# -- the same format -------------------------------------------------------------


def test_an_edit_names_the_new_model_in_the_path_and_keeps_the_body() -> None:
    asked = ask({"contents": []}, STREAM)

    edited = CLIENT.edit(asked, UpstreamEdit("tuned/gemini 2"))

    assert edited.path == "/models/tuned%2Fgemini%202:streamGenerateContent"
    assert edited.body is asked.raw


def test_a_cap_changes_only_the_limit_however_it_is_spelled() -> None:
    raw = b'{"contents" : [], "generation_config": {"temperature": 1.0, "max_output_tokens": 500}, "labels":{}}'
    asked = ClientRequest(WHOLE, "", raw, j.parse(raw, where="request"))

    assert CLIENT.edit(asked, UpstreamEdit("gemini", 900)).body is raw
    assert CLIENT.edit(asked, UpstreamEdit("gemini", 100)).body == (
        b'{"contents" : [], "generation_config": {"temperature":1.0,"max_output_tokens":100}, "labels":{}}'
    )


def test_a_cap_is_added_where_there_was_no_limit() -> None:
    assert CLIENT.edit(ask({"contents": []}), UpstreamEdit("gemini", 100)).body == (
        b'{"contents":[],"generationConfig":{"maxOutputTokens":100}}'
    )


def test_types_in_capitals_are_json_schemas_own_for_others() -> None:
    """Gemini CLI 0.61 writes `responseJsonSchema` so for its choice of a model."""
    inner: Json = {"type": "ARRAY", "items": {"type": "STRING", "enum": ["OBJECT"]}}
    schema: Json = {
        "type": "OBJECT",
        "properties": {"type": inner, "n": {"anyOf": [{"type": ["INTEGER", "null"]}, True]}},
        "additionalProperties": False,
    }
    usual: Json = {
        "type": "object",
        "properties": {
            "type": {"type": "array", "items": {"type": "string", "enum": ["OBJECT"]}},
            "n": {"anyOf": [{"type": ["integer", "null"]}, True]},
        },
        "additionalProperties": False,
    }

    chat = read(
        generationConfig={"responseMimeType": "application/json", "responseJsonSchema": schema},
        tools=[{"functionDeclarations": [{"name": "f", "parametersJsonSchema": schema}]}],
    )

    assert chat.output == JsonSchema(j.an_object(usual, at="usual"))
    assert chat.tools[0].schema == usual
