"""Promises of the OpenAI Chat Completions format: requests to providers."""

import base64
from collections.abc import Iterable
from dataclasses import replace
from typing import cast

import pytest
from openai.types.chat.completion_create_params import CompletionCreateParams
from pydantic import TypeAdapter

from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.gateway import Provider
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import (
    Chat,
    File,
    InlineFile,
    InlineImage,
    JsonObject,
    JsonSchema,
    LinkedFile,
    LinkedImage,
    Part,
    Reasoning,
    Role,
    SealedState,
    Text,
    Thinking,
    ToolChoice,
    ToolResult,
    ToolSpec,
    ToolUse,
    Turn,
)
from openclaw_extproc.wire.base import UpstreamEdit
from tests.wire.openai_chat.saying import CLIENT, PNG, PROVIDER, ROOT, ask, body_of, call, every_case, user


def written(chat: Chat, *, cap: int | None = None) -> dict[str, Json]:
    return body_of(PROVIDER.encode_request(chat, UpstreamEdit("gpt", cap)))


_PARAMS = TypeAdapter[CompletionCreateParams](CompletionCreateParams)


def check(body: dict[str, Json]) -> None:
    """By the official SDK's own types. Pydantic reads their iterables only when somebody asks."""
    read = _PARAMS.validate_python(body)
    list(read.get("tools", ()))
    for message in read["messages"]:
        for value in (message.get("content"), message.get("tool_calls")):
            if isinstance(value, Iterable):
                list(cast("Iterable[object]", value))


def saying(*parts: Part, role: Role = "user") -> Chat:
    return Chat("m", (Turn(role, parts),))


def content_of(body: dict[str, Json]) -> Json:
    (message,) = j.an_array(body["messages"], at="messages")
    return j.an_object(message, at="message")["content"]


def test_a_provider_is_addressed_as_openai_is() -> None:
    assert [PROVIDER.base_path(path) for path in ("", "/", "/v1", "/v1/", "/api/openai/")] == [
        "/v1",
        "/v1",
        "/v1",
        "/v1",
        "/api/openai",
    ]
    assert PROVIDER.credential_header("sk-1") == ("authorization", "Bearer sk-1")
    assert PROVIDER.headers == {"content-type": "application/json"}


@every_case
def test_a_request_read_and_written_means_the_same(case: str) -> None:
    asked = CLIENT.decode_request(ask(j.parse((ROOT / case / "request.json").read_bytes(), where="request")))

    encoded = PROVIDER.encode_request(asked, UpstreamEdit(asked.model))
    again = CLIENT.decode_request(ask(body_of(encoded)))

    assert (again.turns, again.system, again.tools) == (asked.turns, asked.system, asked.tools)
    assert (again.tool_choice, again.max_output_tokens, again.stop) == (
        asked.tool_choice,
        asked.max_output_tokens,
        asked.stop,
    )
    check(body_of(encoded))


def test_everything_neutral_is_written() -> None:
    full = Chat(
        model="claude",
        turns=(
            Turn("user", (Text("See"), InlineImage("image/png", PNG), LinkedImage("https://x/y"))),
            Turn("assistant", (ToolUse("t1", "look", ""),)),
        ),
        system=("one", "two"),
        tools=(ToolSpec("look", "", {"type": "object"}),),
        tool_choice=ToolChoice("named", "look"),
        parallel_tool_calls=False,
        max_output_tokens=100,
        temperature=0.5,
        top_p=0.9,
        stop=("x",),
        frequency_penalty=0.1,
        presence_penalty=-0.1,
        seed=7,
        output=JsonSchema({"type": "object"}, "my city!", "d", strict=True),
        reasoning=Reasoning("high"),
        verbosity="low",
        prompt_cache_key="k",
        service_tier="flex",
        store=False,
        tags={"a": "b"},
        user="u",
        stream=True,
    )

    body = written(full, cap=60)

    check(body)

    assert body == {
        "model": "gpt",
        "messages": [
            {"role": "system", "content": "one\n\ntwo"},
            user(
                {"type": "text", "text": "See"},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
                {"type": "image_url", "image_url": {"url": "https://x/y"}},
            ),
            {"role": "assistant", "content": None, "tool_calls": [call("t1", "look", "{}")]},
        ],
        "tools": [
            {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
        ],
        "tool_choice": {"type": "function", "function": {"name": "look"}},
        "parallel_tool_calls": False,
        "max_completion_tokens": 60,
        "temperature": 0.5,
        "top_p": 0.9,
        "stop": ["x"],
        "frequency_penalty": 0.1,
        "presence_penalty": -0.1,
        "seed": 7,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "my_city_", "description": "d", "schema": {"type": "object"}, "strict": True},
        },
        "reasoning_effort": "high",
        "verbosity": "low",
        "prompt_cache_key": "k",
        "service_tier": "flex",
        "store": False,
        "metadata": {"a": "b"},
        "user": "u",
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_choice_and_parallelism_are_not_written_without_tools() -> None:
    body = written(Chat("m", (Turn("user", (Text("Hi"),)),), tool_choice=ToolChoice("none"), parallel_tool_calls=True))

    assert sorted(body) == ["messages", "model"]


def test_images_of_tool_results_follow_in_a_user_message() -> None:
    results = Turn(
        "user",
        (
            Text("Go on"),
            ToolResult("t1", (Text("a"), InlineImage("image/png", PNG)), is_error=True),
            ToolResult("t2", (Text("b"),)),
        ),
    )

    encoded = PROVIDER.encode_request(Chat("m", (results,)), UpstreamEdit("gpt"))

    assert body_of(encoded)["messages"] == [
        {"role": "tool", "tool_call_id": "t1", "content": "a"},
        {"role": "tool", "tool_call_id": "t2", "content": "b"},
        user(
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
            {"type": "text", "text": "Go on"},
        ),
    ]
    assert encoded.losses == ("is_error", "turns[0]: which tool result an image or a file belongs to")


def test_what_openai_has_no_word_for_is_named() -> None:
    rich = Chat(
        "m", (Turn("user", (Text("Hi"),)),), top_k=5, stop=tuple("abcde"), losses=("x",), extras={"thinking": {}}
    )

    encoded = PROVIDER.encode_request(rich, UpstreamEdit("gpt"))

    assert body_of(encoded)["stop"] == ["a", "b", "c", "d"]
    assert encoded.losses == ("x", "thinking", "top_k", "stop: more than 4")


@pytest.mark.parametrize(
    "turn",
    [
        Turn("assistant", (LinkedImage("https://x/y"),)),
        Turn("assistant", (ToolResult("t", ()),)),
        Turn("user", (ToolUse("t", "look", "{}"),)),
    ],
)
def test_a_part_that_its_role_cannot_say_is_refused(turn: Turn) -> None:
    with pytest.raises(FaultError, match=r"turns\[0\]"):
        PROVIDER.encode_request(Chat("m", (turn,)), UpstreamEdit("gpt"))


# -- files -----------------------------------------------------------------------------

PDF = InlineFile("application/pdf", "JVBERi0=", "a.pdf")
NOTE = InlineFile("text/plain", base64.b64encode("für dich".encode()).decode(), "note.txt")


def test_files_are_written_as_the_api_takes_them() -> None:
    body = written(
        saying(
            PDF,
            replace(PDF, name=""),
            NOTE,
            replace(NOTE, name=""),
            InlineFile("audio/x-wav", "UklGRg=="),
            InlineFile("audio/mpeg", "SUQz"),
        )
    )

    check(body)
    assert content_of(body) == [
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}},
        {"type": "file", "file": {"filename": "document.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}},
        {"type": "text", "text": "note.txt:\nfür dich"},
        {"type": "text", "text": "für dich"},
        {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
        {"type": "input_audio", "input_audio": {"data": "SUQz", "format": "mp3"}},
    ]


@pytest.mark.parametrize(
    "file",
    [
        LinkedFile("https://x/y.pdf", "application/pdf"),
        LinkedFile("https://x/y.txt", "text/plain"),
        InlineFile("video/mp4", "AAAA"),
        InlineFile("application/zip", "AAAA"),
        InlineFile("audio/ogg", "AAAA"),
    ],
)
def test_a_file_that_the_api_cannot_take_is_refused_and_never_dropped(file: File) -> None:
    with pytest.raises(FaultError) as caught:
        written(saying(file))

    assert caught.value.fault.kind is FaultKind.UNSUPPORTED


def test_a_text_file_that_is_no_base64_is_the_clients_fault() -> None:
    with pytest.raises(UnreadableError, match="base64"):
        written(saying(InlineFile("text/plain", "%%%")))


def test_text_files_of_tool_results_stay_in_them_and_others_follow() -> None:
    encoded = PROVIDER.encode_request(saying(ToolResult("t1", (Text("a"), NOTE, PDF))), UpstreamEdit("gpt"))

    result, follows = j.an_array(body_of(encoded)["messages"], at="messages")
    assert result == {
        "role": "tool",
        "tool_call_id": "t1",
        "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "note.txt:\nfür dich"}],
    }
    assert j.an_object(follows, at="message")["role"] == "user"
    assert encoded.losses == ("turns[0]: which tool result an image or a file belongs to",)
    check(body_of(encoded))


# -- state, ids, effort ---------------------------------------------------------------------

THOUGHT = Thinking("hm", SealedState("anthropic", "sig"))
CALL = ToolUse("c1", "f", "{}", SealedState("gemini", "c2ln"))


def test_thoughts_and_seals_of_others_are_left_out_by_name() -> None:
    encoded = PROVIDER.encode_request(saying(THOUGHT, Text("a"), CALL, role="assistant"), UpstreamEdit("gpt"))

    assert body_of(encoded)["messages"] == [
        {"role": "assistant", "content": "a", "tool_calls": [call("c1", "f", "{}")]}
    ]
    assert encoded.losses == ("turns[0]: thinking",)


def test_a_turn_of_thoughts_alone_says_nothing() -> None:
    assert written(saying(THOUGHT, role="assistant"))["messages"] == []


def test_a_server_that_wants_thoughts_back_gets_them() -> None:
    server = Provider("p", "p", "openai_chat", quirks=frozenset({"reasoning_returned"}))

    encoded = PROVIDER.encode_request(saying(THOUGHT, CALL, role="assistant"), UpstreamEdit("gpt", provider=server))

    (message,) = j.an_array(body_of(encoded)["messages"], at="messages")
    assert j.an_object(message, at="message")["reasoning_content"] == "hm"
    assert encoded.losses == ()


@pytest.mark.parametrize(("length", "kept"), [(40, True), (41, False), (64, False), (30_000, False)])
def test_an_id_that_is_too_long_is_shortened_for_call_and_result_alike(length: int, kept: bool) -> None:
    id, other = "i" * length, "i" * (length - 1) + "j"
    turns = (
        Turn("assistant", (ToolUse(id, "f", "{}"), ToolUse(other, "f", "{}"))),
        Turn("user", (ToolResult(id, ()), ToolResult(other, ()))),
    )

    calls, *results = j.an_array(written(Chat("m", turns))["messages"], at="messages")

    sent = [str(j.an_object(one, at="c")["id"]) for one in j.an_array(j.an_object(calls, at="m")["tool_calls"], at="t")]
    assert sent == [j.an_object(one, at="r")["tool_call_id"] for one in results]
    assert len(set(sent)) == 2
    assert (sent[0] == id) is kept
    assert all(len(one) <= 40 for one in sent)


@pytest.mark.parametrize(
    ("reasoning", "effort", "switch"),
    [
        (Reasoning("low"), "low", {"effort": "low"}),
        (Reasoning("none"), "none", {"enabled": False}),
        (Reasoning(budget_tokens=0), "none", {"enabled": False}),
        (Reasoning(budget_tokens=8_000), "medium", {"max_tokens": 8_000}),
        (Reasoning(visible=True), None, {"enabled": True}),
    ],
)
def test_how_much_to_think_is_a_word_or_a_switch(reasoning: Reasoning, effort: str | None, switch: Json) -> None:
    server = Provider("p", "p", "openai_chat", quirks=frozenset({"reasoning_enabled"}))
    chat = replace(saying(Text("Hi")), reasoning=reasoning)

    assert written(chat).get("reasoning_effort") == effort
    switched = body_of(PROVIDER.encode_request(chat, UpstreamEdit("gpt", provider=server)))
    assert switched["reasoning"] == switch
    assert "reasoning_effort" not in switched


def test_an_output_without_name_gets_one() -> None:
    body = written(replace(saying(Text("Hi")), output=JsonSchema({"type": "object"})))

    check(body)
    assert body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": {"type": "object"}},
    }
    assert written(replace(saying(Text("Hi")), output=JsonObject()))["response_format"] == {"type": "json_object"}
