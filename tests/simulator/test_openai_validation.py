"""What OpenAI refuses is refused: in its words, with its code, and with the place of the fault."""

import asyncio
from typing import cast

import pytest

from openclaw_simulator import serve
from openclaw_simulator.reading import Json
from tests.simulator.asking import CITY, KEYS, PNG, Request, send

Body = dict[str, Json]
Told = tuple[str | None, str | None, str]
"""`param`, `code`, and what the message says."""
PATHS = {
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
    "embeddings": "/v1/embeddings",
    "completions": "/v1/completions",
}
USER: Json = {"role": "user", "content": "x"}
GOOD: dict[str, Body] = {
    "chat": {"messages": [USER]},
    "responses": {"input": "x"},
    "embeddings": {"input": "x"},
    "completions": {"prompt": "x"},
}


def parts(role: str, *content: Json) -> Json:
    return {"role": role, "content": list(content)}


def schema(strict: bool = True, **changed: Json) -> Json:
    """A good strict schema, changed."""
    good: Body = {**CITY, "additionalProperties": False, **changed}
    return {"name": "it", "strict": strict, "schema": good}


def formatted(strict: bool = True, **changed: Json) -> Body:
    return {"response_format": {"type": "json_schema", "json_schema": schema(strict, **changed)}}


def texted(strict: bool = True, **changed: Json) -> Body:
    return {"text": {"format": {"type": "json_schema", **cast("Body", schema(strict, **changed))}}}


def file(**fields: Json) -> Body:
    return {"messages": [parts("user", {"type": "file", "file": dict(fields)})]}


OPEN: Json = {"type": "object", "properties": {"a": CITY}, "required": ["a"], "additionalProperties": False}
CHAT: dict[str, tuple[Body, Told]] = {
    "n": ({"n": 129}, ("n", "integer_above_max_value", "Expected a value <= 128, but got 129")),
    "penalty": ({"presence_penalty": -3}, ("presence_penalty", "decimal_below_min_value", ">= -2")),
    "seed": ({"seed": 1.5}, ("seed", "invalid_type", "an integer")),
    "logprobs": ({"logprobs": 1}, ("logprobs", "invalid_type", "a boolean")),
    "top logprobs": ({"logprobs": True, "top_logprobs": 21}, ("top_logprobs", "integer_above_max_value", "<= 20")),
    "top logprobs alone": ({"top_logprobs": 1}, ("top_logprobs", None, "'logprobs' is enabled")),
    "bias": ({"logit_bias": {"5": 101}}, ("logit_bias.5", "decimal_above_max_value", "<= 100")),
    "effort": ({"reasoning_effort": "huge"}, ("reasoning_effort", "invalid_value", "huge")),
    "thoughts of others": (
        {"messages": [{"role": "assistant", "content": "x", "reasoning_content": "y"}]},
        ("messages[0].reasoning_content", "unknown_parameter", "Unknown parameter"),
    ),
    "flat tool": (
        {"tools": [{"type": "function", "name": "f"}]},
        ("tools[0].function", "missing_required_parameter", "Missing"),
    ),
    "open schema": (formatted(additionalProperties=True), ("response_format", None, "In context=(), 'additionalPro")),
    "no word on more properties": (formatted(additionalProperties=None), ("response_format", None, "to be false")),
    "optional property": (formatted(required=[]), ("response_format", None, "Missing 'city'.")),
    "required but unknown": (formatted(required=["city", "b"]), ("response_format", None, "Extra required key 'b'")),
    "open schema within": (
        formatted(properties={"city": OPEN}),
        ("response_format", None, "In context=('properties', 'city', 'properties', 'a'), 'additionalProperties'"),
    ),
    "array as answer": (formatted(strict=False, type="array"), ("response_format", None, "got 'type: \"array\"'")),
    "no such type": (
        formatted(strict=False, properties={"city": {"type": "text"}}),
        ("response_format", None, "'text' is not valid under any of the given schemas"),
    ),
    "one of": (formatted(properties={"city": {"oneOf": []}}), ("response_format", None, "'oneOf' is not permitted")),
    "schema without a name": (
        {"response_format": {"type": "json_schema", "json_schema": {"schema": CITY}}},
        ("response_format.json_schema.name", "missing_required_parameter", "Missing"),
    ),
    "the Responses API's schema": (
        {"response_format": {"type": "json_schema", **cast("Body", schema())}},
        ("response_format.name", "unknown_parameter", "Unknown parameter"),
    ),
    "strict tool": (
        {"tools": [{"type": "function", "function": {"name": "f", "strict": True, "parameters": CITY}}]},
        ("tools[0].function.parameters", "invalid_function_parameters", "Invalid schema for function 'f': In context"),
    ),
    "text file": (
        file(filename="a.txt", file_data="data:text/plain;base64,AAAA"),
        ("messages[0].content[0].file.file_data", "invalid_value", "unsupported MIME type 'text/plain'"),
    ),
    "bare base64": (
        file(filename="a.pdf", file_data="AAAA"),
        ("messages[0].content[0].file.file_data", "invalid_value", "without the 'data:' prefix"),
    ),
    "file without a name": (
        file(file_data="data:application/pdf;base64,AAAA"),
        ("messages[0].content[0].file.filename", "missing_required_parameter", "Missing"),
    ),
    "no file": (file(filename="a.pdf"), ("messages[0].content[0].file.file_id", "missing_required_parameter", "")),
    "audio as a data URL": (
        {
            "messages": [
                parts("user", {"type": "input_audio", "input_audio": {"data": "data:a/b;base64,AA", "format": "wav"}})
            ]
        },
        ("messages[0].content[0].input_audio.data", "invalid_value", "base64-encoded audio"),
    ),
    "cache key": ({"prompt_cache_key": "x" * 65}, ("prompt_cache_key", "string_above_max_length", "length 64")),
    "tool call's id": (
        {
            "messages": [
                {
                    "role": "assistant",
                    "tool_calls": [{"id": "c" * 65, "type": "function", "function": {"name": "f", "arguments": "{}"}}],
                }
            ]
        },
        ("messages[0].tool_calls[0].id", "string_above_max_length", "string too long"),
    ),
}


def items(*given: Json) -> Body:
    return {"input": list(given)}


def call(name: str = "call_1", **more: Json) -> Json:
    return {"type": "function_call", "call_id": name, "name": "f", "arguments": "{}", **more}


def output(name: str = "call_1", **more: Json) -> Json:
    return {"type": "function_call_output", "call_id": name, "output": "x", **more}


def thought(**more: Json) -> Json:
    return {"type": "reasoning", "summary": [], **more}


FUNCTION: Json = {"type": "function", "name": "f", "parameters": CITY}
RESPONSES: dict[str, tuple[Body, Told]] = {
    "no input": ({"input": None}, ("input", "missing_required_parameter", "Missing")),
    "empty input": ({"input": []}, ("input", "empty_array", "empty array")),
    "messages": (
        {"messages": [USER]},
        ("messages", "unsupported_parameter", "has moved to 'input'"),
    ),
    "response format": (
        {"response_format": {"type": "text"}},
        ("response_format", "unsupported_parameter", "has moved to 'text.format'"),
    ),
    "old limit": ({"max_tokens": 100}, ("max_tokens", "unsupported_parameter", "'max_output_tokens'")),
    "stop": ({"stop": ["x"]}, ("stop", "unknown_parameter", "Unknown parameter: 'stop'")),
    "small limit": (
        {"max_output_tokens": 15},
        ("max_output_tokens", "integer_below_min_value", "Expected a value >= 16, but got 15 instead"),
    ),
    "role": (items({"role": "tool", "content": "x"}), ("input[0].role", "invalid_value", "Supported values are")),
    "kind of item": (items({"type": "tool_use"}), ("input[0]", "invalid_value", "Invalid value: 'tool_use'")),
    "unknown field": (
        items({"role": "user", "content": "x", "name": "y"}),
        ("input[0].name", "unknown_parameter", "Unknown parameter"),
    ),
    "no content": (items({"role": "user"}), ("input[0].content", "missing_required_parameter", "Missing")),
    "chat's text part": (
        items(parts("user", {"type": "text", "text": "x"})),
        ("input[0].content[0]", "invalid_value", "'input_text', 'input_image', and 'input_file'"),
    ),
    "what the model says as input": (
        items(parts("assistant", {"type": "input_text", "text": "x"})),
        ("input[0].content[0]", "invalid_value", "Supported values are: 'output_text' and 'refusal'."),
    ),
    "chat's image": (
        items(parts("user", {"type": "input_image", "image_url": {"url": f"data:image/png;base64,{PNG}"}})),
        ("input[0].content[0].image_url", "invalid_type", "a string"),
    ),
    "no image": (
        items(parts("user", {"type": "input_image", "detail": "auto"})),
        ("input[0].content[0].image_url", "missing_required_parameter", ""),
    ),
    "output without a call": (items(USER, output()), ("input", None, "No tool call found for function call output")),
    "output before its call": (items(output(), call()), ("input", None, "with call_id call_1")),
    "call without an output": (items(call(), USER), ("input", None, "No tool output found for function call call_1.")),
    "one of two calls without an output": (
        items(call(), call("call_2"), output()),
        ("input", None, "No tool output found for function call call_2."),
    ),
    "output that is an object": (items(call(), output(output={})), ("input[1].output", "invalid_type", "")),
    "arguments that are an object": (items(call(arguments={})), ("input[0].arguments", "invalid_type", "a string")),
    "call without its id": (
        items({"type": "function_call", "name": "f", "arguments": "{}"}),
        ("input[0].call_id", "missing_required_parameter", ""),
    ),
    "call's id as the item's": (
        items(call(id="call_1"), output()),
        ("input[0].id", "invalid_value", "Expected an ID that begins with 'fc'"),
    ),
    "message's id": (
        items({"type": "message", "role": "assistant", "content": "x", "id": "chatcmpl-1"}, USER),
        ("input[0].id", "invalid_value", "begins with 'msg'"),
    ),
    "the same id twice": (
        items(call(id="fc_1"), output(), call("call_2", id="fc_1"), output("call_2")),
        ("input", None, "Duplicate item found with id fc_1"),
    ),
    "long call id": (
        items(call("c" * 65), output("c" * 65)),
        ("input[0].call_id", "string_above_max_length", "maximum length 64, but got a string with length 65"),
    ),
    "foreign thought": (
        items(thought(encrypted_content="gAAAAABfrom-somewhere-else"), call(), output()),
        (None, "invalid_encrypted_content", "The encrypted content gAAA...else could not be verified."),
    ),
    "thought without a summary": (
        items({"type": "reasoning", "id": "rs_1"}),
        ("input[0].summary", "missing_required_parameter", ""),
    ),
    "thought that leads nowhere": (
        items(USER, thought(id="rs_simulated1"), USER),
        ("input", None, "Item 'rs_simulated1' of type 'reasoning' was provided without its required following item."),
    ),
    "nested tool": (
        {"tools": [{"type": "function", "function": {"name": "f"}}]},
        ("tools[0].name", "missing_required_parameter", "Missing required parameter: 'tools[0].name'"),
    ),
    "tool schema": (
        {"tools": [{"type": "function", "name": "f", "parameters": {"type": "array"}}]},
        ("tools[0].parameters", "invalid_function_parameters", "schema must be a JSON Schema of"),
    ),
    "strict tool": (
        {"tools": [{**cast("Body", FUNCTION), "strict": True}]},
        ("tools[0].parameters", "invalid_function_parameters", "'additionalProperties' is required"),
    ),
    "chat's tool choice": (
        {"tools": [FUNCTION], "tool_choice": {"type": "function", "function": {"name": "f"}}},
        ("tool_choice.name", "missing_required_parameter", ""),
    ),
    "tool choice of none": (
        {"tools": [FUNCTION], "tool_choice": {"type": "function", "name": "g"}},
        ("tool_choice", None, "'g' not found"),
    ),
    "required of nothing": ({"tool_choice": "required"}, ("tool_choice", None, "must be specified with 'tools'")),
    "chat's schema": (
        {"text": {"format": {"type": "json_schema", "json_schema": schema()}}},
        ("text.format.name", "missing_required_parameter", "'text.format.name'"),
    ),
    "open schema": (
        texted(additionalProperties=True),
        ("text.format.schema", "invalid_json_schema", "Invalid schema for response_format 'it': In context=()"),
    ),
    "json without the word": (
        {"text": {"format": {"type": "json_object"}}},
        ("input", None, "must contain the word 'json'"),
    ),
    "effort": ({"reasoning": {"effort": "huge"}}, ("reasoning.effort", "invalid_value", "'huge'")),
    "summary": ({"reasoning": {"summary": "long"}}, ("reasoning.summary", "invalid_value", "'long'")),
    "include": ({"include": ["usage"]}, ("include[0]", "invalid_value", "'reasoning.encrypted_content'")),
    "usage in a stream": (
        {"stream": True, "stream_options": {"include_usage": True}},
        ("stream_options.include_usage", "unknown_parameter", ""),
    ),
    "unknown earlier response": (
        {"previous_response_id": "resp_1"},
        ("previous_response_id", "previous_response_not_found", "not found"),
    ),
    "temperature": ({"temperature": 3}, ("temperature", "decimal_above_max_value", "<= 2")),
    "metadata": ({"metadata": {"a": 1}}, ("metadata.a", "invalid_type", "a string")),
}
EMBEDDINGS: dict[str, tuple[Body, Told]] = {
    "empty text": ({"input": ""}, ("input", "invalid_value", "must not be empty")),
    "nothing": ({"input": []}, ("input", "empty_array", "")),
    "too many": ({"input": [*("x" for _ in range(2049))]}, ("input", "array_above_max_length", "maximum length 2048")),
    "mixed": ({"input": [1, "x"]}, ("input[1]", "invalid_type", "an integer")),
    "dimensions": ({"dimensions": 1537}, ("dimensions", "integer_above_max_value", "<= 1536")),
    "encoding": ({"encoding_format": "hex"}, ("encoding_format", "invalid_value", "'float' and 'base64'")),
    "unknown field": ({"stream": True}, ("stream", "unknown_parameter", "")),
}
COMPLETIONS: dict[str, tuple[Body, Told]] = {
    "messages": ({"messages": [USER]}, ("messages", "unknown_parameter", "")),
    "logprobs": ({"logprobs": 6}, ("logprobs", "integer_above_max_value", "<= 5")),
    "best of": ({"best_of": 1, "n": 2}, ("best_of", None, "more choices")),
    "prompt": ({"prompt": {"text": "x"}}, ("prompt", "invalid_type", "a string")),
    "usage alone": ({"stream_options": {"include_usage": True}}, ("stream_options", None, "when 'stream' is enabled")),
}
CASES = [
    pytest.param(kind, change, told, id=f"{kind}: {name}")
    for kind, table in (
        ("chat", CHAT),
        ("responses", RESPONSES),
        ("embeddings", EMBEDDINGS),
        ("completions", COMPLETIONS),
    )
    for name, (change, told) in table.items()
]


def ask(kind: str, change: Body, key: str = "test") -> tuple[int, Body]:
    async def inside() -> tuple[int, Body]:
        body: Body = {"model": "model", **GOOD[kind], **change}
        async with serve("openai") as simulator:
            headers = {"authorization": f"Bearer {key}"}
            answer = await send(simulator, Request(PATHS[kind], body, headers))
            return answer.status_code, cast("Body", answer.json())

    return asyncio.run(inside())


@pytest.mark.parametrize(("kind", "change", "told"), CASES)
def test_a_wrong_request_is_refused_with_its_place(kind: str, change: Body, told: Told) -> None:
    status, body = ask(kind, change)

    error = cast("dict[str, str]", body["error"])
    assert (status, error["type"]) == (400, "invalid_request_error")
    assert (error["param"], error["code"]) == told[:2]
    assert told[2] in error["message"]


@pytest.mark.parametrize("kind", GOOD)
def test_the_good_requests_that_are_changed_here_are_good(kind: str) -> None:
    assert ask(kind, {})[0] == 200


GOOD_RESPONSES: dict[str, Body] = {
    "call and output": items(USER, call(id="fc_1", status="completed"), output()),
    "outputs in parts": items(call(), output(output=[{"type": "input_text", "text": "x"}])),
    "outputs of calls said earlier": {**items(output()), "previous_response_id": "resp_simulated1"},
    "kept thought": items(USER, thought(id="rs_simulated1"), call(), output()),
    "message of the model": items(
        USER,
        {
            "type": "message",
            "id": "msg_1",
            "status": "completed",
            **cast("Body", parts("assistant", {"type": "output_text", "text": "x", "annotations": []})),
        },
        USER,
    ),
    "loose tool": {"tools": [FUNCTION, {"type": "web_search"}]},
    "loose schema": texted(strict=False, additionalProperties=True, required=[]),
    "strict schema": texted(),
    "nulls": dict.fromkeys(("instructions", "tools", "reasoning", "text", "metadata", "max_output_tokens")),
}


@pytest.mark.parametrize("change", GOOD_RESPONSES.values(), ids=GOOD_RESPONSES)
def test_what_the_responses_api_takes_is_taken(change: Body) -> None:
    status, body = ask("responses", change)

    assert (status, body.get("error")) == (200, None)


def test_what_is_not_stored_is_not_found() -> None:
    status, body = ask("responses", {**items(thought(id="rs_simulated1"), call(), output()), "store": False})

    assert status == 404
    assert "Items are not persisted when `store` is set to false" in cast("dict[str, str]", body["error"])["message"]


def test_a_thought_sealed_for_one_account_is_foreign_to_another() -> None:
    wanted: Body = {"reasoning": {"effort": "low"}, "include": ["reasoning.encrypted_content"]}
    _, first = ask("responses", wanted, key="one")
    said = cast("list[Json]", first["output"])

    assert ask("responses", items(USER, *said, USER), key="one")[0] == 200
    status, body = ask("responses", items(USER, *said, USER), key="other")
    assert (status, cast("Body", body["error"])["code"]) == (400, "invalid_encrypted_content")


def test_deepseeks_thoughts_are_taken_back_by_its_models() -> None:
    said: Json = {"role": "assistant", "content": "x", "reasoning_content": "y"}

    assert ask("chat", {"model": "deepseek-v3", "messages": [USER, said, USER]})[0] == 200


@pytest.mark.parametrize("path", PATHS.values())
def test_every_endpoint_wants_a_key(path: str) -> None:
    async def inside() -> None:
        async with serve("openai") as simulator:
            assert (await send(simulator, Request(path, {}, {}))).status_code == 401
            assert (await send(simulator, Request(path, {}, KEYS["openai"]))).status_code == 400

    asyncio.run(inside())
