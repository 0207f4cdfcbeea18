"""Promises of the Gemini format. Fixtures: `tests/fixtures/gemini`."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.faults import Fault, FaultError, Kind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.chat import (
    Chat,
    InlineImage,
    LinkedImage,
    Text,
    ToolChoice,
    ToolResult,
    ToolSpec,
    ToolUse,
    Turn,
)
from openclaw_extproc.model.facts import (
    BlockEnded,
    Delta,
    Fact,
    Failed,
    Finished,
    Grammar,
    Seen,
    Started,
    Stop,
    TextStarted,
    Thought,
    ToolStarted,
)
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.usage import Usage
from openclaw_extproc.wire.base import Asked, Edit, Encoded
from openclaw_extproc.wire.gemini import FORMAT
from openclaw_extproc.wire.gemini.upstream import NOT_JSON, UNSIGNED, WHOSE_IMAGE

assert FORMAT.client is not None
assert FORMAT.provider is not None
CLIENT, PROVIDER = FORMAT.client, FORMAT.provider

ROOT = Path(__file__).parents[1] / "fixtures" / "gemini"
CASES = sorted(path.name for path in ROOT.iterdir())
CREATED = 1_763_000_000
HELLO = Chat("gemini", (Turn("user", (Text("Hello"),)),))
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
STREAM = "/v1beta/models/gemini:streamGenerateContent"
WHOLE = "/v1beta/models/gemini:generateContent"


def ask(body: Mapping[str, Json], target: str = WHOLE) -> Asked:
    raw = j.dump(dict(body))
    path, _, query = target.partition("?")
    return Asked(path, query, raw, j.parse(raw, where="request"))


def fixture(case: str) -> Asked:
    target = (ROOT / case / "request.path").read_text().strip()
    return ask(j.parse((ROOT / case / "request.json").read_bytes(), where="fixture"), target)


def read(**fields: Json) -> Chat:
    return CLIENT.decode_request(ask({"contents": [{"parts": [{"text": "Hello"}]}], **fields}))


def read_parts(*parts: Json, role: str = "user") -> Chat:
    return read(contents=[{"role": role, "parts": [*parts]}])


def encoded(chat: Chat, change: Edit | None = None) -> Encoded:
    return PROVIDER.encode_request(chat, change or Edit(chat.model))


def written(chat: Chat, change: Edit | None = None) -> dict[str, Json]:
    return j.parse(encoded(chat, change).body, where="encoded")


def contents(*turns: Turn) -> Json:
    return written(replace(HELLO, turns=turns))["contents"]


def facts(streamed: bool, *chunks: bytes) -> list[Fact]:
    """Every fact of a whole body, checked against the grammar on the way."""
    decoder, grammar = PROVIDER.decoder(streamed), Grammar()
    told: list[Fact] = []
    for chunk in chunks:
        told += decoder.feed(chunk)
    told += decoder.end()
    for fact in told:
        grammar.check(fact)
    return told


def gist(told: Iterable[Fact]) -> list[Fact]:
    """The facts with deltas joined, JSON arguments in one spelling, usage summed up before the end, thoughts apart."""
    joined: list[Fact] = []
    usage = Usage()
    in_tool = False
    for fact in told:
        match fact, joined[-1] if joined else None:
            case Seen(seen), _:
                usage = usage.or_later(seen)
            case Thought(), _:
                pass
            case Delta(text), Delta(before):
                joined[-1] = Delta(before + text)
            case BlockEnded(), Delta(text) if in_tool:
                joined[-1] = Delta(j.text(j.parse(text, where="arguments")))
                joined.append(fact)
            case Finished(), _:
                joined += [Seen(usage), fact]
            case _:
                in_tool = isinstance(fact, ToolStarted) or (in_tool and isinstance(fact, Delta))
                joined.append(fact)
    return joined


def write(told: Iterable[Fact], *, stream: bool, alt: str = "sse") -> bytes:
    encoder = CLIENT.encoder(replace(HELLO, stream=stream, extras={"alt": alt}), CREATED)
    return b"".join(encoder.feed(fact) for fact in told)


def sse(*chunks: Mapping[str, Json]) -> bytes:
    return b"".join(b"data: %s\r\n\r\n" % j.dump(dict(chunk)) for chunk in chunks)


def candidate(*parts: Json, reason: Json = "STOP", **more: Json) -> dict[str, Json]:
    said: Json = {"content": {"role": "model", "parts": [*parts]}, "finishReason": reason}
    return {"candidates": [said], "responseId": "r-1", "modelVersion": "gemini", **more}


def answer(*chunks: Mapping[str, Json]) -> list[Fact]:
    return facts(True, sse(*chunks))


# -- the record ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "served"),
    [
        (WHOLE, True),
        (STREAM, True),
        ("/v1/models/gemini-2.5-pro:generateContent", True),
        ("/v1beta/models/a%2Fb:c:generateContent", True),
        ("/v1beta/models/gemini:countTokens", False),
        ("/v1beta/models/gemini:embedContent", False),
        ("/v1beta/models/:generateContent", False),
        ("/v1beta/models/gemini", False),
        ("/v2/models/gemini:generateContent", False),
    ],
)
def test_only_generating_is_a_model_call(path: str, served: bool) -> None:
    assert CLIENT.serves(path) is served


@pytest.mark.parametrize(
    ("given_path", "base"),
    [
        ("", "/v1beta"),
        ("/", "/v1beta"),
        ("/v1", "/v1"),
        ("/v1beta/", "/v1beta"),
        ("/v1alpha", "/v1alpha"),
        ("/google", "/google/v1beta"),
        ("/v1/projects/p/locations/l/publishers/google", "/v1/projects/p/locations/l/publishers/google"),
    ],
)
def test_the_version_is_part_of_the_base_path(given_path: str, base: str) -> None:
    assert PROVIDER.base_path(given_path) == base


def test_a_secret_goes_into_googles_own_header() -> None:
    assert PROVIDER.credential_header("AIza") == ("x-goog-api-key", "AIza")
    assert "x-goog-api-client" in PROVIDER.client_headers


# -- requests from clients ----------------------------------------------------


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
                Text("Looking."),
                ToolUse("call_1_0", "get_weather", '{"location":"Paris"}'),
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
    assert chat.losses == ("contents[1].parts[0]: thought", "contents[1].parts[2].thoughtSignature")


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


@pytest.mark.parametrize(
    ("part", "loss"),
    [
        (
            {"inlineData": {"mimeType": "application/pdf", "data": "x"}},
            "!contents[0].parts[0].inlineData: not an image",
        ),
        (
            {"fileData": {"mimeType": "video/mp4", "fileUri": "https://x/y"}},
            "!contents[0].parts[0].fileData: not an image",
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
        ({"executableCode": {"code": "1"}}, "!contents[0].parts[0]: executableCode"),
        ({"code_execution_result": {"output": "1"}}, "!contents[0].parts[0]: codeExecutionResult"),
        ({"Ignore all!": {}}, "!contents[0].parts[0]: unknown kind of part"),
        ({"text": "hm", "thought": True, "thoughtSignature": "x"}, "contents[0].parts[0]: thought"),
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
    ({"tools": [{"googleSearch": {}}]}, "!tools[0]: googleSearch"),
    ({"tools": [{"code_execution": {}}]}, "!tools[0]: codeExecution"),
    ({"tools": [{"Ignore all!": {}}]}, "!tools[0]: unknown tool"),
    ({"cachedContent": "cachedContents/1"}, "!cachedContent"),
    ({"generationConfig": {"candidateCount": 2}}, "!generationConfig.candidateCount: more than one answer"),
    ({"generationConfig": {"responseModalities": ["IMAGE"]}}, "!generationConfig.responseModalities: more than text"),
    (
        {"toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f", "g"]}}},
        "!toolConfig.functionCallingConfig.allowedFunctionNames: a choice among several",
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

    assert [*chat.extras] == ["generationConfig.thinkingConfig", "generationConfig.seed", "alt"]
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
    thought: Json = {"text": "hm", "thought": True}
    bound: Json = {"toolCall": {}}

    assert read_parts(*[thought] * 100).losses == ("contents[0].parts[0]: thought",)
    assert len(read_parts(*[bound] * 100).losses) == 32


def test_a_refused_part_is_refused_by_another_format() -> None:
    with pytest.raises(FaultError) as refused:
        encoded(read_parts({"executableCode": {"code": "1"}}))

    assert refused.value.fault.kind is Kind.UNSUPPORTED


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


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(["contents", "tools", "toolConfig", "generationConfig", "systemInstruction", "parts"]), JSONS)
def test_awkward_json_is_read_or_refused_and_never_crashes(key: str, value: Json) -> None:
    with suppress(UnreadableError, FaultError):
        encoded(read_parts(value) if key == "parts" else read(**{key: value}))


# -- the same format ----------------------------------------------------------


def test_an_edit_names_the_new_model_in_the_path_and_keeps_the_body() -> None:
    asked = ask({"contents": []}, STREAM)

    edited = CLIENT.edit(asked, Edit("tuned/gemini 2"))

    assert edited.path == "/models/tuned%2Fgemini%202:streamGenerateContent"
    assert edited.body is asked.raw


def test_a_cap_changes_only_the_limit_however_it_is_spelled() -> None:
    raw = b'{"contents" : [], "generation_config": {"temperature": 1.0, "max_output_tokens": 500}, "labels":{}}'
    asked = Asked(WHOLE, "", raw, j.parse(raw, where="request"))

    assert CLIENT.edit(asked, Edit("gemini", 900)).body is raw
    assert CLIENT.edit(asked, Edit("gemini", 100)).body == (
        b'{"contents" : [], "generation_config": {"temperature":1.0,"max_output_tokens":100}, "labels":{}}'
    )


def test_a_cap_is_added_where_there_was_no_limit() -> None:
    assert CLIENT.edit(ask({"contents": []}), Edit("gemini", 100)).body == (
        b'{"contents":[],"generationConfig":{"maxOutputTokens":100}}'
    )


# -- requests to providers ----------------------------------------------------


def test_every_neutral_word_is_written() -> None:
    chat = Chat(
        "gemini-2.5-pro",
        (Turn("user", (Text("Hi"), InlineImage("image/png", PNG), LinkedImage("https://x/cat.webp?size=1"))),),
        system=("One.", "", "Two."),
        tools=(ToolSpec("f", "Does f.", {"type": "object", "properties": {"a": {"type": "string"}}}),),
        tool_choice=ToolChoice("named", "f"),
        max_output_tokens=100,
        temperature=0.5,
        top_p=0.9,
        top_k=40,
        stop=("a", "b"),
        stream=True,
    )

    request = encoded(chat, Edit("gemini-2.5-flash", 50))

    assert request.path == "/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
    assert request.losses == ()
    assert j.parse(request.body, where="encoded") == {
        "systemInstruction": {"parts": [{"text": "One."}, {"text": "Two."}]},
        "contents": [
            {
                "role": "user",
                "parts": [
                    {"text": "Hi"},
                    {"inlineData": {"mimeType": "image/png", "data": PNG}},
                    {"fileData": {"mimeType": "image/webp", "fileUri": "https://x/cat.webp?size=1"}},
                ],
            }
        ],
        "tools": [
            {
                "functionDeclarations": [
                    {
                        "name": "f",
                        "description": "Does f.",
                        "parameters": {"type": "object", "properties": {"a": {"type": "string"}}},
                    }
                ]
            }
        ],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
        "generationConfig": {
            "maxOutputTokens": 50,
            "temperature": 0.5,
            "topP": 0.9,
            "topK": 40,
            "stopSequences": ["a", "b"],
        },
    }


def test_a_plain_request_is_a_plain_request() -> None:
    assert encoded(HELLO, Edit("models/gemini")).path == "/models/gemini:generateContent"
    assert written(HELLO) == {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}


def test_results_follow_the_order_of_their_calls_and_carry_their_names() -> None:
    written_turns = contents(
        Turn("user", (Text("Go."),)),
        Turn("assistant", (Text("Looking."), ToolUse("1", "f", '{"a":1}'), ToolUse("2", "g", ""))),
        Turn("user", (ToolResult("2", (Text("broken"),), is_error=True), Text("Well?"))),
        Turn("user", (ToolResult("1", (Text("a"), Text("b"))), ToolResult("?", ()))),
    )

    assert written_turns == [
        {"role": "user", "parts": [{"text": "Go."}]},
        {
            "role": "model",
            "parts": [
                {"text": "Looking."},
                {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": UNSIGNED},
                {"functionCall": {"name": "g", "args": {}}},
            ],
        },
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"name": "f", "response": {"result": "a\nb"}}},
                {"functionResponse": {"name": "g", "response": {"error": "broken"}}},
                {"functionResponse": {"name": "?", "response": {"result": ""}}},
                {"text": "Well?"},
            ],
        },
    ]


def test_images_of_tool_results_follow_them() -> None:
    result = ToolResult("1", (Text("See."), InlineImage("image/png", PNG)))
    chat = replace(HELLO, turns=(Turn("user", (result, ToolResult("2", ()))),))

    parts = j.an_object(j.an_array(written(chat)["contents"], at="contents")[0], at="contents[0]")["parts"]

    assert isinstance(parts, list)
    assert [next(iter(part)) for part in parts if isinstance(part, dict)] == [
        "functionResponse",
        "functionResponse",
        "inlineData",
    ]
    assert encoded(chat).losses == (WHOSE_IMAGE,)


def test_what_gemini_has_no_word_for_is_a_loss() -> None:
    use = Turn("assistant", (ToolUse("1", "f", "{broken"), ToolUse("2", "f", "[]")))
    chat = replace(
        HELLO, turns=(*HELLO.turns, use), parallel_tool_calls=False, user="u", stop=("1", "2", "3", "4", "5", "6")
    )

    assert encoded(chat).losses == ("parallel_tool_calls", "user", "stop: more than 5", NOT_JSON)
    assert len(j.an_array(j.an_object(written(chat)["generationConfig"], at="")["stopSequences"], at="")) == 5


def test_a_choice_without_tools_is_not_written() -> None:
    assert "toolConfig" not in written(replace(HELLO, tool_choice=ToolChoice("auto")))


@pytest.mark.parametrize(
    ("choice", "mode"), [(ToolChoice("auto"), "AUTO"), (ToolChoice("none"), "NONE"), (ToolChoice("required"), "ANY")]
)
def test_a_calling_mode_is_a_tool_choice(choice: ToolChoice, mode: str) -> None:
    chat = replace(HELLO, tools=(ToolSpec("f", "", {}),), tool_choice=choice)

    assert written(chat)["toolConfig"] == {"functionCallingConfig": {"mode": mode}}
    assert written(chat)["tools"] == [{"functionDeclarations": [{"name": "f"}]}]


# -- the schema dialect -------------------------------------------------------


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


# -- answers from providers ---------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_a_streamed_answer_means_the_same_as_a_whole_one(case: str) -> None:
    streamed = facts(True, (ROOT / case / "response.sse").read_bytes())
    whole = facts(False, (ROOT / case / "response.json").read_bytes())

    assert gist(streamed) == gist(whole)


@pytest.mark.parametrize("case", CASES)
def test_a_stream_means_the_same_wherever_the_network_cuts_it(case: str) -> None:
    body = (ROOT / case / "response.sse").read_bytes()
    whole = facts(True, body)

    for cut in range(len(body) + 1):
        assert facts(True, body[:cut], body[cut:]) == whole
    assert facts(True, *(body[at : at + 1] for at in range(len(body)))) == whole


@pytest.mark.parametrize("case", CASES)
def test_an_array_means_the_same_as_events_wherever_it_is_cut(case: str) -> None:
    body = (ROOT / case / "response.sse").read_bytes()
    chunks = [line.removeprefix(b"data: ") for line in body.split(b"\r\n") if line]
    array = b"[" + b"\n,\r\n".join(chunks) + b"\n]\n"
    whole = facts(True, body)

    for cut in range(len(array) + 1):
        assert facts(False, array[:cut], array[cut:]) == whole
    assert facts(False, *(array[at : at + 1] for at in range(len(array)))) == whole


def test_an_array_is_read_as_it_grows() -> None:
    decoder = PROVIDER.decoder(False)

    first = list(decoder.feed(b'[{"responseId":"1","candidates":[{"content":{"parts":[{"text":"}{\\"\\\\"}]}}]}'))
    second = list(decoder.feed(b',{"candidates":[{"finishReason":"STOP"}]}]'))

    assert first == [Started("1", ""), TextStarted(), Delta('}{"\\')]
    assert (second, list(decoder.end())) == ([], [BlockEnded(), Finished(Stop.END)])


@given(st.lists(st.text(), min_size=1, max_size=4), st.data())
def test_any_text_survives_any_cut(texts: list[str], data: st.DataObject) -> None:
    chunks = [candidate({"text": text}) for text in texts]
    body = j.dump([*chunks])
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=8)))

    told = facts(False, *(body[a:b] for a, b in pairwise([0, *cuts, len(body)])))

    assert "".join(fact.text for fact in told if isinstance(fact, Delta)) == "".join(texts)


def test_a_function_call_is_told_in_facts() -> None:
    usage = Usage(input_tokens=80, output_tokens=43, reasoning_tokens=12)

    assert gist(facts(True, (ROOT / "function_call" / "response.sse").read_bytes())) == [
        Started("kt8eaY-0C5Wp1MkPqr2s2QE", "gemini-2.5-flash"),
        TextStarted(),
        Delta("Let me look."),
        BlockEnded(),
        ToolStarted("call_kt8eaY_0C5Wp1MkPqr2s2QE_0", "get_weather"),
        Delta('{"location":"Paris","days":[1,2]}'),
        BlockEnded(),
        ToolStarted("call_kt8eaY_0C5Wp1MkPqr2s2QE_1", "get_time"),
        Delta("{}"),
        BlockEnded(),
        Seen(usage),
        Finished(Stop.TOOL_USE),
    ]


def test_thoughts_are_swallowed_and_counted() -> None:
    told = facts(True, (ROOT / "thinking" / "response.sse").read_bytes())

    assert isinstance(next(fact for fact in told if isinstance(fact, Thought | Delta)), Thought)
    assert "".join(fact.text for fact in told if isinstance(fact, Delta)) == "Three r's."
    assert gist(told)[-2] == Seen(Usage(input_tokens=11, output_tokens=68, reasoning_tokens=64))


def test_cached_tokens_are_part_of_the_input() -> None:
    told = facts(True, (ROOT / "text" / "response.sse").read_bytes())

    assert gist(told)[-2] == Seen(Usage(input_tokens=14, cached_tokens=8, output_tokens=9))


def test_a_blocked_prompt_is_a_refusal() -> None:
    told = facts(False, (ROOT / "blocked" / "response.json").read_bytes())

    assert [fact for fact in told if not isinstance(fact, Seen)] == [
        Started("A-8eac2wFf-91MkPwqOJ0Aw", "gemini-2.5-flash"),
        Finished(Stop.REFUSAL),
    ]


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("STOP", Stop.END),
        ("MAX_TOKENS", Stop.LENGTH),
        *((reason, Stop.REFUSAL) for reason in ("SAFETY", "RECITATION", "LANGUAGE", "OTHER", "BLOCKLIST", "SPII")),
        *((reason, Stop.REFUSAL) for reason in ("PROHIBITED_CONTENT", "IMAGE_SAFETY", "MODEL_ARMOR")),
        ("FINISH_REASON_UNSPECIFIED", Stop.END),
        ("INVENTED_LATER", Stop.END),
    ],
)
def test_every_reason_to_finish_has_its_word(reason: str, stop: Stop) -> None:
    assert answer(candidate({"text": "a"}, reason=reason))[-1] == Finished(stop)


@pytest.mark.parametrize("reason", ["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "MALFORMED_RESPONSE"])
def test_an_answer_that_came_to_nothing_failed(reason: str) -> None:
    fault = Fault(Kind.UPSTREAM_ERROR, f"the provider ended its answer with {reason}", code=reason)

    assert answer(candidate(reason=reason), candidate({"text": "more"}))[1:] == [Failed(fault)]


def test_a_reason_in_every_chunk_does_not_end_the_answer() -> None:
    told = answer(candidate({"text": "a"}), candidate({"text": "b"}), {"usageMetadata": {"promptTokenCount": 1}})

    assert gist(told)[2:] == [Delta("ab"), BlockEnded(), Seen(Usage(input_tokens=1)), Finished(Stop.END)]


def test_a_limit_hit_in_the_middle_of_tools_stays_a_limit() -> None:
    call: Json = {"functionCall": {"name": "f", "id": "x"}}

    assert answer(candidate(call, reason="MAX_TOKENS"))[-1] == Finished(Stop.LENGTH)
    assert ToolStarted("x", "f") in answer(candidate(call))


def test_text_around_a_call_is_two_blocks() -> None:
    told = answer(candidate({"text": "a"}, {"functionCall": {"name": "f", "args": None}}, {"text": "b"}))

    assert told[1:] == [
        TextStarted(),
        Delta("a"),
        BlockEnded(),
        ToolStarted("call_r_1_0", "f"),
        Delta("{}"),
        BlockEnded(),
        TextStarted(),
        Delta("b"),
        BlockEnded(),
        Finished(Stop.TOOL_USE),
    ]


def test_a_call_in_pieces_is_one_call() -> None:
    """Vertex AI sends them to clients that ask for `streamFunctionCallArguments`; we only listen then."""
    told = answer(
        candidate({"functionCall": {"name": "f", "willContinue": True}}, reason=None),
        candidate({"functionCall": {"partialArgs": [{"jsonPath": "$.a"}], "willContinue": True}}, reason=None),
        candidate({"functionCall": {}}),
    )

    assert sum(isinstance(fact, ToolStarted) for fact in told) == 1


def test_other_candidates_are_not_heard() -> None:
    second: Json = {"index": 1, "content": {"parts": [{"text": "no"}]}}
    first: Json = {"index": 0, "content": {"parts": [{"text": "yes"}]}, "finishReason": "STOP"}

    assert Delta("no") not in answer({"candidates": [second, first]})


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (
            {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"},
            Fault(Kind.OVERLOADED, "The model is overloaded.", code="UNAVAILABLE"),
        ),
        (
            {"code": 429, "message": "Slow down.", "status": "RESOURCE_EXHAUSTED"},
            Fault(Kind.RATE_LIMITED, "Slow down.", code="RESOURCE_EXHAUSTED"),
        ),
        ({"code": 404}, Fault(Kind.NOT_FOUND, "the provider's answer ended in an error")),
        ("odd", Fault(Kind.UPSTREAM_ERROR, "odd")),
    ],
)
def test_an_error_in_the_stream_ends_it(error: Json, fault: Fault) -> None:
    told = answer(candidate({"text": "a"}, reason=None), {"error": error}, candidate({"text": "b"}))

    assert told[1:] == [TextStarted(), Delta("a"), Failed(fault)]


BROKEN_OFF = Failed(Fault(Kind.UPSTREAM_GARBLED, "the provider's answer broke off"))


@pytest.mark.parametrize("streamed", [True, False])
def test_an_answer_without_a_reason_to_finish_broke_off(streamed: bool) -> None:
    body = sse(candidate({"text": "a"}, reason=None)) if streamed else j.dump([candidate({"text": "a"}, reason=None)])

    assert facts(streamed, body)[-1] == BROKEN_OFF
    assert facts(streamed) == [BROKEN_OFF]
    assert facts(streamed, body[:-20]) == [BROKEN_OFF]


@pytest.mark.parametrize(
    "body",
    [
        b"<html>busy</html>",
        b'"text"',
        b"[1]",
        b'{"candidates":{}}',
        b'{"candidates":[{"content":{"parts":[{"text":1}]}}]}',
        b'{"candidates":[{"content":{"parts":[{"functionCall":{}}]}}]}',
        b'{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":[]}}]}}]}',
        b'{"candidates":]}',
        b"}{",
    ],
)
def test_an_answer_that_makes_no_sense_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableError):
        facts(False, body)


@given(st.binary(max_size=60), st.booleans())
def test_garbage_is_unreadable_or_broke_off_and_never_crashes(body: bytes, streamed: bool) -> None:
    with suppress(UnreadableError):
        assert facts(streamed, body)[-1] == BROKEN_OFF


@given(st.sampled_from(["candidates", "promptFeedback", "usageMetadata", "responseId", "parts"]), JSONS)
def test_an_awkward_answer_never_crashes(key: str, value: Json) -> None:
    with suppress(UnreadableError):
        answer(candidate(value) if key == "parts" else candidate({"text": "a"}, **{key: value}))


# -- answers for clients ------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("stream", "alt"), [(True, "sse"), (True, "json"), (False, "")])
def test_what_is_written_reads_the_same_again(case: str, stream: bool, alt: str) -> None:
    told = facts(True, (ROOT / case / "response.sse").read_bytes())

    body = write(told, stream=stream, alt=alt)

    assert gist(facts(alt == "sse", body)) == gist(told)


TOLD: list[Fact] = [
    Started("r-1", "gpt"),
    TextStarted(),
    Delta("Hel"),
    Delta("lo"),
    BlockEnded(),
    ToolStarted("call_1", "f"),
    Delta('{"a"'),
    Delta(": 1}"),
    BlockEnded(),
    ToolStarted("call_2", "g"),
    BlockEnded(),
    Seen(Usage(input_tokens=5, cached_tokens=2, output_tokens=9, reasoning_tokens=4)),
    Finished(Stop.TOOL_USE),
]
PARTS = (
    b'{"text":"Hel"}',
    b'{"text":"lo"}',
    b'{"functionCall":{"id":"call_1","name":"f","args":{"a":1}}}',
    b'{"functionCall":{"id":"call_2","name":"g","args":{}}}',
)
TAIL = b'"modelVersion":"gpt","responseId":"r-1"}'
USAGE = (
    b'"usageMetadata":{"promptTokenCount":5,"cachedContentTokenCount":2,"candidatesTokenCount":5,'
    b'"thoughtsTokenCount":4,"totalTokenCount":14},'
)
CHUNKS = [
    *(b'{"candidates":[{"content":{"parts":[%s],"role":"model"},"index":0}],%s' % (part, TAIL) for part in PARTS),
    b'{"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"STOP","index":0}],%s%s'
    % (USAGE, TAIL),
]


def test_a_stream_is_written_word_for_word_as_google_would() -> None:
    assert write(TOLD, stream=True) == b"".join(b"data: %s\n\n" % chunk for chunk in CHUNKS)


def test_a_stream_nobody_wants_as_events_is_an_array() -> None:
    assert write(TOLD, stream=True, alt="json") == b"[" + b",\r\n".join(CHUNKS) + b"]"


def test_a_whole_answer_is_one_object() -> None:
    parts = b'{"text":"Hello"},' + b",".join(PARTS[2:])

    assert write(TOLD, stream=False) == (
        b'{"candidates":[{"content":{"parts":[%s],"role":"model"},"finishReason":"STOP","index":0}],%s%s'
        % (parts, USAGE, TAIL)
    )


def test_arguments_that_are_no_object_still_reach_the_client() -> None:
    told: list[Fact] = [Started("", ""), ToolStarted("1", "f"), Delta("{broken"), BlockEnded(), Finished(Stop.TOOL_USE)]

    body = write(told, stream=False)

    assert b'"args":{"_raw":"{broken"}' in body
    assert b'"modelVersion":"gemini","responseId":"1763000000"}' in body


@pytest.mark.parametrize(
    ("stop", "word"),
    [(Stop.END, "STOP"), (Stop.LENGTH, "MAX_TOKENS"), (Stop.REFUSAL, "SAFETY"), (Stop.TOOL_USE, "STOP")],
)
def test_an_answer_ends_with_a_word_of_geminis(stop: Stop, word: str) -> None:
    assert b'"finishReason":"%s"' % word.encode() in write([Started("", ""), Finished(stop)], stream=False)


def test_usage_nobody_told_is_not_made_up() -> None:
    assert b"usageMetadata" not in write([Started("", ""), Finished(Stop.END)], stream=True)


FAULT = Fault(Kind.UPSTREAM_GARBLED, "it broke off")
ERROR = b'{"error":{"code":502,"message":"it broke off","status":"INTERNAL"}}'


def test_a_failure_is_told_in_the_words_of_each_framing() -> None:
    begun = TOLD[:3]
    failed = Failed(FAULT)

    assert write([*begun, failed], stream=True) == b"data: %s\n\ndata: %s\n\n" % (CHUNKS[0], ERROR)
    assert write([*begun, failed], stream=True, alt="") == b"[%s,\r\n%s]" % (CHUNKS[0], ERROR)
    assert write([failed], stream=True, alt="") == b"[%s]" % ERROR
    assert write([*begun, failed], stream=False) == ERROR == CLIENT.encode_error(FAULT)
    assert CLIENT.encode_stream_error(FAULT) == b"data: %s\n\n" % ERROR


# -- errors -------------------------------------------------------------------


@pytest.mark.parametrize("kind", Kind)
def test_every_fault_can_be_told_and_understood_again(kind: Kind) -> None:
    fault = Fault(kind, "Because.")

    heard = PROVIDER.decode_error(fault.status, CLIENT.encode_error(fault))

    assert (heard.public, heard.upstream_status) == ("Because.", kind.status)


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        (
            429,
            b'[{"error":{"code":429,"message":"Quota.","status":"RESOURCE_EXHAUSTED"}}\n]',
            Fault(Kind.RATE_LIMITED, "Quota.", 429, "RESOURCE_EXHAUSTED"),
        ),
        (
            400,
            b'{"error":{"message":"No.","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}',
            Fault(Kind.UNAUTHENTICATED, "No.", 400, "INVALID_ARGUMENT"),
        ),
        (
            400,
            b'{"error":{"message":"User location is not supported","status":"FAILED_PRECONDITION"}}',
            Fault(Kind.FORBIDDEN, "User location is not supported", 400, "FAILED_PRECONDITION"),
        ),
        (
            403,
            b'{"error":{"message":"Consumer \'api_key:AIzaMadeUp-1_2\' has been suspended."}}',
            Fault(Kind.FORBIDDEN, "Consumer 'api_key:***' has been suspended.", 403),
        ),
        (503, b"<html>", Fault(Kind.OVERLOADED, "the provider answered 503", 503)),
        (500, b'{"error":"odd"}', Fault(Kind.UPSTREAM_ERROR, "odd", 500)),
        (500, b"\xff", Fault(Kind.UPSTREAM_ERROR, "the provider answered 500", 500)),
        (500, b"", Fault(Kind.UPSTREAM_ERROR, "the provider answered 500", 500)),
        (404, b"[]", Fault(Kind.NOT_FOUND, "the provider answered 404", 404)),
        (404, b'{"error":{"details":[1,{}],"code":[]}}', Fault(Kind.NOT_FOUND, "the provider answered 404", 404)),
    ],
)
def test_an_error_answer_is_understood_whatever_it_is(status: int, body: bytes, fault: Fault) -> None:
    assert PROVIDER.decode_error(status, body) == fault


@given(st.binary(max_size=60) | JSONS.map(lambda value: j.dump({"error": value})))
def test_no_error_answer_is_too_odd(body: bytes) -> None:
    assert PROVIDER.decode_error(500, body).upstream_status == 500
