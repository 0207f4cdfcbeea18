"""Promises of the OpenAI Chat Completions format: requests to providers."""

import pytest
from openai.types.chat.completion_create_params import CompletionCreateParams
from pydantic import TypeAdapter

from openclaw_extproc.faults import FaultError
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
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.base import Edit
from tests.wire.openai_chat.saying import CLIENT, PNG, PROVIDER, ROOT, ask, body_of, call, every_case, user


def written(chat: Chat, *, cap: int | None = None) -> dict[str, Json]:
    return body_of(PROVIDER.encode_request(chat, Edit("gpt", cap)))


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

    encoded = PROVIDER.encode_request(asked, Edit(asked.model))
    again = CLIENT.decode_request(ask(body_of(encoded)))

    assert (again.turns, again.system, again.tools) == (asked.turns, asked.system, asked.tools)
    assert (again.tool_choice, again.max_output_tokens, again.stop) == (
        asked.tool_choice,
        asked.max_output_tokens,
        asked.stop,
    )
    TypeAdapter[CompletionCreateParams](CompletionCreateParams).validate_python(body_of(encoded))


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
        user="u",
        stream=True,
    )

    body = written(full, cap=60)

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

    encoded = PROVIDER.encode_request(Chat("m", (results,)), Edit("gpt"))

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

    encoded = PROVIDER.encode_request(rich, Edit("gpt"))

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
        PROVIDER.encode_request(Chat("m", (turn,)), Edit("gpt"))
