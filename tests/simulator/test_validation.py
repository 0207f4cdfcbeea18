"""What the real APIs refuse is refused, in their own words and with the field's name."""

import asyncio
import json
from dataclasses import replace
from typing import cast

import pytest

from openclaw_simulator import serve
from openclaw_simulator.reading import Json
from tests.simulator.asking import CITY, KEYS, Request, chat, send

Body = dict[str, Json]


def user(text: Json = "hello") -> Json:
    return {"role": "user", "content": text}


def openai_call(name: str = "call_1", arguments: Json = "{}") -> Json:
    return {"id": name, "type": "function", "function": {"name": "f", "arguments": arguments}}


def openai_tool(**more: Json) -> Json:
    return [{"type": "function", "function": {"name": "f", "parameters": CITY, **more}}]


OPENAI: dict[str, tuple[Body, str]] = {
    "unknown field": ({"foo": 1}, "Unknown parameter: 'foo'"),
    "unknown field of a message": (
        {"messages": [{"role": "user", "content": "x", "foo": 1}]},
        "Unknown parameter: 'messages[0].foo'",
    ),
    "no messages": ({"messages": []}, "Invalid 'messages': empty array"),
    "null messages": ({"messages": None}, "Missing required parameter: 'messages'"),
    "wrong type": ({"messages": [user(5)]}, "Invalid type for 'messages[0].content': expected a string"),
    "null content": ({"messages": [user(None)]}, "Invalid value for 'content'"),
    "unknown role": ({"messages": [{"role": "model", "content": "x"}]}, "Invalid value for 'messages[0].role'"),
    "orphan tool message": (
        {"messages": [user(), {"role": "tool", "tool_call_id": "call_1", "content": "x"}]},
        "must be a response to a preceeding message with 'tool_calls'",
    ),
    "unanswered call": (
        {"messages": [user(), {"role": "assistant", "tool_calls": [openai_call()]}, user()]},
        "did not have response messages: call_1",
    ),
    "no tool calls": ({"messages": [user(), {"role": "assistant", "tool_calls": []}]}, "messages[1].tool_calls"),
    "long id": (
        {"messages": [user(), {"role": "assistant", "tool_calls": [openai_call("c" * 41)]}]},
        "string too long. Expected a string with maximum length 40",
    ),
    "arguments that are no string": (
        {"messages": [user(), {"role": "assistant", "tool_calls": [openai_call(arguments={})]}]},
        "messages[1].tool_calls[0].function.arguments",
    ),
    "image that is no url": (
        {"messages": [user([{"type": "image_url", "image_url": {"url": "nonsense"}}])]},
        "messages[0].content[0].image_url.url",
    ),
    "image as a string": (
        {"messages": [user([{"type": "image_url", "image_url": "https://x"}])]},
        "Invalid type for 'messages[0].content[0].image_url'",
    ),
    "bad base64": (
        {"messages": [user([{"type": "image_url", "image_url": {"url": "data:image/png;base64,?"}}])]},
        "Invalid base64 image_url",
    ),
    "Anthropic's image": ({"messages": [user([{"type": "image", "source": {}}])]}, "messages[0].content[0].type"),
    "both limits": ({"max_tokens": 1, "max_completion_tokens": 1}, "at the same time is not supported"),
    "old limit for a new model": ({"model": "gpt-5", "max_tokens": 1}, "Use 'max_completion_tokens' instead"),
    "no limit at all": ({"max_tokens": 0}, "'max_tokens'"),
    "temperature": ({"temperature": 2.5}, "'temperature'"),
    "stream options alone": ({"stream_options": {"include_usage": True}}, "only allowed when 'stream' is enabled"),
    "tool choice alone": ({"tool_choice": "auto"}, "only allowed when 'tools' are specified"),
    "tool choice of none": (
        {"tools": openai_tool(), "tool_choice": {"type": "function", "function": {"name": "g"}}},
        "'g' not found",
    ),
    "no tools": ({"tools": []}, "Invalid 'tools': empty array"),
    "tool name": ({"tools": openai_tool(name="a.b")}, "string does not match pattern"),
    "tool schema": ({"tools": openai_tool(parameters={"type": "string"})}, "Invalid schema for function 'f'"),
    "many stops": ({"stop": ["a", "b", "c", "d", "e"]}, "array too long"),
    "json without the word": ({"response_format": {"type": "json_object"}}, "must contain the word 'json'"),
}


def anthropic_use(name: str = "toolu_1") -> Json:
    return {"type": "tool_use", "id": name, "name": "f", "input": {}}


def anthropic_result(name: str = "toolu_1") -> Json:
    return {"type": "tool_result", "tool_use_id": name, "content": "x"}


def assistant(*blocks: Json) -> Json:
    return {"role": "assistant", "content": list(blocks)}


TEXT: Json = {"type": "text", "text": "x"}
BMP: Json = {"type": "base64", "media_type": "image/bmp", "data": "AAAA"}
MARKED: Json = {"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}
ANTHROPIC: dict[str, tuple[Body, str]] = {
    "unknown field": ({"stop": ["x"]}, "stop: Extra inputs are not permitted"),
    "unknown field of a block": (
        {"messages": [user([{"type": "text", "text": "x", "foo": 1}])]},
        "messages.0.content.0.foo: Extra inputs are not permitted",
    ),
    "no limit": ({"max_tokens": None}, "max_tokens: Field required"),
    "no messages": ({"messages": []}, "at least one message is required"),
    "assistant first": ({"messages": [assistant(TEXT), user()]}, 'first message must use the \\"user\\" role'),
    "tool role": ({"messages": [user(), {"role": "tool", "content": "x"}]}, "messages.1.role"),
    "empty text": ({"messages": [user([{"type": "text", "text": ""}])]}, "text content blocks must be non-empty"),
    "empty content": ({"messages": [user("")]}, "must have non-empty content"),
    "trailing space": (
        {"messages": [user(), {"role": "assistant", "content": "x "}]},
        "cannot end with trailing whitespace",
    ),
    "orphan result": (
        {"messages": [user([anthropic_result()])]},
        "messages.0.content.0: unexpected `tool_use_id` found in `tool_result` blocks: toolu_1",
    ),
    "unanswered use": (
        {"messages": [user(), assistant(anthropic_use()), user()]},
        "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1",
    ),
    "result after text": (
        {"messages": [user(), assistant(anthropic_use()), user([TEXT, anthropic_result()])]},
        "without `tool_result` blocks immediately after",
    ),
    "use twice": (
        {"messages": [user(), assistant(anthropic_use(), anthropic_use()), user([anthropic_result()])]},
        "`tool_use` ids must be unique",
    ),
    "id": (
        {"messages": [user(), assistant(anthropic_use("call:1")), user([anthropic_result("call:1")])]},
        "messages.1.content.0.id: String should match pattern '^[a-zA-Z0-9_-]+$'",
    ),
    "OpenAI's image": ({"messages": [user([{"type": "image_url", "image_url": {}}])]}, "Input tag 'image_url'"),
    "image type": (
        {"messages": [user([{"type": "image", "source": BMP}])]},
        "messages.0.content.0.source.media_type",
    ),
    "temperature": ({"temperature": 1.5}, "temperature: Input should be less than or equal to 1"),
    "tool name": ({"tools": [{"name": "a.b", "input_schema": CITY}]}, "tools.0.custom.name: String should match"),
    "OpenAI's tool": ({"tools": [{"name": "f", "parameters": CITY}]}, "tools.0.custom.parameters: Extra inputs"),
    "same tool twice": (
        {"tools": [{"name": "f", "input_schema": CITY}, {"name": "f", "input_schema": CITY}]},
        "Tool names must be unique",
    ),
    "tool choice as a word": (
        {"tools": [{"name": "f", "input_schema": CITY}], "tool_choice": "auto"},
        "tool_choice: Input should be a valid dictionary",
    ),
    "tool choice alone": ({"tool_choice": {"type": "auto"}}, "only be specified while providing tools"),
    "cache marks": (
        {"messages": [user([MARKED, MARKED, MARKED, MARKED, MARKED])]},
        "A maximum of 4 blocks with cache_control",
    ),
    "thinking budget": (
        {"thinking": {"type": "enabled", "budget_tokens": 1024}},
        "`max_tokens` must be greater than `thinking.budget_tokens`",
    ),
    "thinking lost": (
        {
            "max_tokens": 2000,
            "thinking": {"type": "enabled", "budget_tokens": 1024},
            "messages": [user(), assistant(anthropic_use()), user([anthropic_result()])],
        },
        "Expected `thinking` or `redacted_thinking`, but found `tool_use`",
    ),
    "blank stop": ({"stop_sequences": ["\n"]}, "must contain non-whitespace"),
}


def parts(*parts: Json) -> Json:
    return {"contents": [{"role": "user", "parts": list(parts)}]}


def declared(schema: Json, name: str = "f") -> Json:
    return {"tools": [{"functionDeclarations": [{"name": name, "parameters": schema}]}]}


CALL: Json = {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}}]}
RESULT: Json = {"functionResponse": {"name": "f", "response": {}}}
ASKED: Json = {"role": "user", "parts": [{"text": "x"}]}
ANSWERED: Json = {"role": "user", "parts": [RESULT]}
GEMINI: dict[str, tuple[Json, str]] = {
    "unknown field": ({"messages": []}, 'Unknown name \\"messages\\": Cannot find field'),
    "unknown field of a part": (
        parts({"text": "x", "type": "text"}),
        "Unknown name \\\"type\\\" at 'contents[0].parts[0]': Cannot find field",
    ),
    "unknown setting": ({"generationConfig": {"max_tokens": 1}}, "at 'generation_config': Cannot find field"),
    "no contents": ({"contents": []}, "contents is not specified"),
    "no parts": (parts(), "contents.parts must not be empty"),
    "role": ({"contents": [{"role": "assistant", "parts": [{"text": "x"}]}]}, "Please use a valid role: user, model."),
    "empty part": (parts({}), "required oneof field 'data' must have one initialized field"),
    "two in a part": (parts({"text": "x", "functionCall": {"name": "f"}}), "oneof field 'data' is already set"),
    "orphan response": (parts(RESULT), "comes immediately after a function call turn"),
    "unanswered call": ({"contents": [ASKED, CALL, ASKED]}, "equal to the number of function call parts"),
    "call first": ({"contents": [CALL, ANSWERED]}, "function call turn comes immediately after a user turn"),
    "response that is no object": (
        {"contents": [ASKED, CALL, {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": "x"}}]}]},
        "contents[2].parts[0].function_response.response",
    ),
    "foreign signature": (
        {"contents": [ASKED, {"role": "model", "parts": [{"text": "x", "thoughtSignature": "AAAA"}]}, ASKED]},
        "Thought signature is not valid",
    ),
    "image data": (parts({"inlineData": {"mimeType": "image/png", "data": "?"}}), "Base64 decoding failed"),
    "additionalProperties": (
        declared({"type": "OBJECT", "additionalProperties": False}),
        "Unknown name \\\"additionalProperties\\\" at 'tools[0].function_declarations[0].parameters'",
    ),
    "const within": (
        declared({"type": "object", "properties": {"x": {"const": 1}}}),
        "Unknown name \\\"const\\\" at 'tools[0].function_declarations[0].parameters.properties[0].value'",
    ),
    "list of types": (
        declared({"type": "object", "properties": {"x": {"type": ["string", "null"]}}}),
        "Proto field is not repeating, cannot start list",
    ),
    "empty object": (declared({"type": "object", "properties": {}}), "should be non-empty for OBJECT type"),
    "array without items": (
        declared({"type": "object", "properties": {"x": {"type": "array"}}}),
        "items: missing field",
    ),
    "enum of numbers": (
        declared({"type": "object", "properties": {"x": {"type": "integer", "enum": [1]}}}),
        "enum: only allowed for STRING type",
    ),
    "function name": (declared(CITY, "0f"), "Invalid function name"),
    "allowed names": (
        {"toolConfig": {"functionCallingConfig": {"mode": "AUTO", "allowedFunctionNames": ["f"]}}},
        "allowed_function_names should only be set",
    ),
    "schema without type": (
        {"generationConfig": {"responseSchema": CITY}},
        "response_schema needs response_mime_type",
    ),
}
CASES = [
    pytest.param(shape, change, said, id=f"{shape}: {name}")
    for shape, table in (("openai", OPENAI), ("anthropic", ANTHROPIC), ("gemini", GEMINI))
    for name, (change, said) in cast("dict[str, tuple[Body, str]]", table).items()
]


def refuse(request: Request, shape: str) -> tuple[int, str]:
    async def inside() -> tuple[int, str]:
        async with serve(shape) as simulator:
            response = await send(simulator, request)
            return response.status_code, response.text

    return asyncio.run(inside())


@pytest.mark.parametrize(("shape", "change", "said"), CASES)
def test_a_wrong_request_is_refused_in_the_providers_words(shape: str, change: Body, said: str) -> None:
    request = chat(shape)

    status, text = refuse(replace(request, body=request.body | change), shape)

    assert status == 400
    assert said in text
    assert json.loads(text)["error"]["message"]


OWN_WORDS = {"openai": "invalid_request_error", "anthropic": "invalid_request_error", "gemini": "INVALID_ARGUMENT"}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"a": NaN}', b"\xff", b'{"model": "m\\ud800"}'])
@pytest.mark.parametrize("shape", OWN_WORDS)
def test_what_is_not_json_is_refused(shape: str, body: bytes) -> None:
    async def inside() -> None:
        async with serve(shape) as simulator:
            request = chat(shape)
            raw = type("Raw", (), {"path": request.path, "headers": request.headers, "raw": body})
            response = await send(simulator, cast("Request", raw))

        assert response.status_code == 400
        assert OWN_WORDS[shape] in response.text

    asyncio.run(inside())


@pytest.mark.parametrize("shape", KEYS)
@pytest.mark.parametrize("key", ["", "bad-key"])
def test_a_missing_or_bad_key_is_a_401_of_the_providers(shape: str, key: str) -> None:
    request = chat(shape)
    headers = {
        name: value.replace("test", key) for name, value in request.headers.items() if key or "test" not in value
    }

    status, text = refuse(replace(request, headers=headers), shape)

    assert status == 401
    assert json.loads(text).keys() & {"error", "message"}


def test_anthropic_wants_a_version() -> None:
    status, text = refuse(replace(chat("anthropic"), headers={"x-api-key": "test"}), "anthropic")

    assert (status, "anthropic-version: header is required" in text) == (400, True)


def test_anthropic_takes_a_bearer_token_too() -> None:
    headers = {"authorization": "Bearer test", "anthropic-version": "2023-06-01"}

    assert refuse(replace(chat("anthropic"), headers=headers), "anthropic")[0] == 200


@pytest.mark.parametrize("turns", [[user("a"), user("b")], [user("a"), assistant(TEXT), assistant(TEXT), user("b")]])
def test_anthropic_merges_turns_of_one_role(turns: list[Json]) -> None:
    request = chat("anthropic")

    status, text = refuse(replace(request, body=request.body | {"messages": turns}), "anthropic")

    assert status == 200
    assert "b" in text


@pytest.mark.parametrize("path", ["/", "/v2/nonsense", "/chat"])
def test_other_paths_are_not_found_at_openai(path: str) -> None:
    status, text = refuse(replace(chat("openai"), path=path), "openai")

    assert status == 404
    assert "error" in json.loads(text)


@pytest.mark.parametrize("path", ["/", "/v1/nonsense", "/v1/chat"])
@pytest.mark.parametrize("shape", ["anthropic", "gemini"])
def test_other_paths_say_what_arrived(shape: str, path: str) -> None:
    request = replace(chat(shape), path=path)

    status, text = refuse(request, shape)

    assert status == 200
    said = {"simulated": "passthrough", "method": "POST", "path": path, "bytes": len(request.raw)}
    assert json.loads(text) == said


@pytest.mark.parametrize("shape", ["anthropic", "gemini"])
def test_other_paths_want_a_key_too(shape: str) -> None:
    assert refuse(Request("/v1/nonsense", {}), shape)[0] == 401
