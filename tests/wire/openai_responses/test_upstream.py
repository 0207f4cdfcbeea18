"""Promises of the OpenAI Responses format: the request to a provider, written."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses.response_create_params import ResponseCreateParams
from pydantic import TypeAdapter

from openclaw_extproc.faults import FaultError
from openclaw_extproc.gateway import Provider
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import (
    CachePoint,
    Chat,
    InlineFile,
    InlineImage,
    JsonObject,
    JsonSchema,
    LinkedFile,
    LinkedImage,
    Part,
    Reasoning,
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
from tests.samples import REQUESTS, Case, provider_side
from tests.wire.openai_responses.saying import CLIENT, FOREIGN, NATIVE, PNG, PROVIDER, ask, chat, sent

PARAMS: TypeAdapter[Any] = TypeAdapter(ResponseCreateParams)  # a union of dicts: nothing of it is used but the check

HELLO = Turn("user", (Text("Hello"),))


def asked_with(quirk: str) -> UpstreamEdit:
    return UpstreamEdit("gpt-5", provider=Provider("p", "p", "openai_responses", quirks=frozenset({quirk})))


def items(*turns: Turn) -> Json:
    return sent(chat(*turns))["input"]


def losses(request: Chat, edit: UpstreamEdit | None = None) -> tuple[str, ...]:
    return PROVIDER.encode_request(request, edit or UpstreamEdit("gpt-5")).losses


@pytest.mark.parametrize("case", REQUESTS, ids=str)
def test_the_sdk_would_send_every_request_that_can_be_translated(case: Case) -> None:
    request = case.chat()
    if any(loss.startswith("!") for loss in request.losses):
        return

    body = sent(request)

    PARAMS.validate_python(body)
    assert CLIENT.decode_request(ask(**body)).losses == ()


def test_nothing_is_left_with_the_provider_and_its_state_comes_to_us() -> None:
    body = sent(chat())

    assert body == {
        "model": "gpt-5",
        "input": [{"type": "message", "role": "user", "content": "Hello"}],
        "include": ["reasoning.encrypted_content"],
        "store": False,
        "stream": True,
    }


@pytest.mark.parametrize(
    ("model", "asked"),
    [
        ("gpt-5-mini", True), ("o3", True), ("openai/gpt-6", True), ("my-deployment", True), ("gpt-5-codex", True),
        ("gpt-4o", False), ("openai/gpt-4.1-mini", False), ("gpt-5-chat-latest", False), ("chatgpt-4o-latest", False),
        ("ft:gpt-4o:acme", False),
    ],
)  # fmt: skip
def test_models_that_do_not_reason_are_not_asked_for_reasoning(model: str, asked: bool) -> None:
    request = replace(chat(), reasoning=Reasoning("high", visible=True))

    body = sent(request, UpstreamEdit(model))

    assert ("include" in body, "reasoning" in body) == (asked, asked)
    assert ("reasoning" in losses(request, UpstreamEdit(model))) is not asked


def test_every_setting_has_its_place() -> None:
    request = replace(
        chat(stream=False),
        system=("one", "two"),
        tools=(ToolSpec("f", "", {}), ToolSpec("g", "d", {"type": "object", "required": ["a"]})),
        tool_choice=ToolChoice("named", "g"),
        parallel_tool_calls=False,
        max_output_tokens=9,
        temperature=0.5,
        top_p=0.25,
        output=JsonSchema({"type": "object"}, strict=True),
        verbosity="low",
        reasoning=Reasoning(budget_tokens=1_000, visible=True),
        prompt_cache_key="k",
        service_tier="flex",
        tags={"a": "b"},
        user="u",
    )

    assert sent(request, UpstreamEdit("o")) == {
        "model": "o",
        "instructions": "one\n\ntwo",
        "input": [{"type": "message", "role": "user", "content": "Hello"}],
        "tools": [
            {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}, "strict": False},
            {
                "type": "function",
                "name": "g",
                "description": "d",
                "parameters": {"type": "object", "required": ["a"], "properties": {}},
                "strict": False,
            },
        ],
        "tool_choice": {"type": "function", "name": "g"},
        "parallel_tool_calls": False,
        "max_output_tokens": 9,
        "temperature": 0.5,
        "top_p": 0.25,
        "text": {
            "format": {"type": "json_schema", "name": "answer", "schema": {"type": "object"}, "strict": True},
            "verbosity": "low",
        },
        "reasoning": {"effort": "low", "summary": "auto"},
        "include": ["reasoning.encrypted_content"],
        "prompt_cache_key": "k",
        "service_tier": "flex",
        "user": "u",
        "store": False,
        "metadata": {"a": "b"},
    }
    assert losses(request, UpstreamEdit("o")) == ()


def test_any_json_is_asked_for_in_its_own_words() -> None:
    assert sent(replace(chat(), output=JsonObject()))["text"] == {"format": {"type": "json_object"}}


def test_thinking_that_is_off_is_off() -> None:
    off = replace(chat(), reasoning=Reasoning("none", visible=True))

    assert sent(off, UpstreamEdit("gpt-5.2"))["reasoning"] == {"effort": "none"}


def test_what_the_api_does_not_know_is_named() -> None:
    request = replace(chat(), top_k=1, stop=("a",), seed=1, frequency_penalty=0.1, presence_penalty=0.1, store=True)

    assert set(losses(request)) == {"top_k", "stop", "seed", "frequency_penalty", "presence_penalty", "store"}


@pytest.mark.parametrize(
    ("quirk", "request_", "keys", "named"),
    [
        ("no_reasoning_effort", replace(chat(), reasoning=Reasoning("low")), {"reasoning", "include"}, {"reasoning"}),
        ("no_user", replace(chat(), user="u"), {"user"}, {"user"}),
        ("no_store", replace(chat(), tags={"a": "b"}), {"store", "metadata"}, {"metadata"}),
        ("no_parallel_tool_calls", replace(chat(), tools=(ToolSpec("f", "", {}),), parallel_tool_calls=True),
         {"parallel_tool_calls"}, set[str]()),
    ],
)  # fmt: skip
def test_a_quirk_is_honoured(quirk: str, request_: Chat, keys: set[str], named: set[str]) -> None:
    assert keys <= sent(request_).keys()
    assert not keys & sent(request_, asked_with(quirk)).keys()
    assert set(losses(request_, asked_with(quirk))) == named


# -- turns ---------------------------------------------------------------------------


def test_reasoning_goes_back_in_front_of_the_calls_it_led_to() -> None:
    turns = items(
        HELLO,
        Turn("assistant", (Text("ok"), Thinking("hm", NATIVE), ToolUse("c1", "f", ""))),
        Turn("user", (ToolResult("c1", (Text("1"),)), Text("go on"))),
    )

    assert turns == [
        {"type": "message", "role": "user", "content": "Hello"},
        {"type": "message", "role": "assistant", "content": "ok"},
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "hm"}],
            "encrypted_content": "gAAAAopaque",
        },
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "1"},
        {"type": "message", "role": "user", "content": "go on"},
    ]


@pytest.mark.parametrize(
    "thought", [Thinking("hm"), Thinking("hm", FOREIGN), Thinking("hm", SealedState("openai", "not ours"))]
)
def test_what_openai_did_not_seal_is_left_out(thought: Thinking) -> None:
    assert items(HELLO, Turn("assistant", (thought, Text("ok")))) == [
        {"type": "message", "role": "user", "content": "Hello"},
        {"type": "message", "role": "assistant", "content": "ok"},
    ]


def test_reasoning_that_led_to_nothing_is_left_out() -> None:
    """OpenAI refuses a reasoning item without the item that followed it."""
    assert items(HELLO, Turn("assistant", (Text("ok"), Thinking("hm", NATIVE)))) == [
        {"type": "message", "role": "user", "content": "Hello"},
        {"type": "message", "role": "assistant", "content": "ok"},
    ]


@pytest.mark.parametrize(
    ("part", "written"),
    [
        (InlineImage("image/png", PNG), {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"}),
        (LinkedImage("https://a.example"), {"type": "input_image", "image_url": "https://a.example"}),
        (InlineFile("application/pdf", "JVBERg==", "a.pdf"),
         {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERg=="}),
        (InlineFile("application/pdf", "JVBERg=="),
         {"type": "input_file", "filename": "file.pdf", "file_data": "data:application/pdf;base64,JVBERg=="}),
        (LinkedFile("https://a.example/b", "application/pdf"), {"type": "input_file", "file_url": "https://a.example/b"}),
        (InlineFile("text/csv", "YSxi", "a.csv"), {"type": "input_text", "text": "a.csv:\na,b"}),
    ],
)  # fmt: skip
def test_images_and_files_are_carried_in_messages_and_in_results(part: Any, written: dict[str, Json]) -> None:
    expected = {**written, **({"detail": "auto"} if written["type"] == "input_image" else {})}
    result = ToolResult("c", (Text("see"), part))

    said: Any = items(Turn("user", (Text("see"), part, CachePoint())), Turn("user", (result,)))

    assert said[0]["content"] == said[1]["output"] == [{"type": "input_text", "text": "see"}, expected]


@pytest.mark.parametrize(
    "part", [InlineFile("audio/wav", "UklG"), LinkedFile("https://a", "text/plain"), InlineFile("video/mp4", "AA==")]
)
def test_what_the_api_cannot_read_is_refused(part: Part) -> None:
    with pytest.raises(FaultError):
        sent(chat(Turn("user", (part,))))


def test_a_text_file_that_is_none_is_refused() -> None:
    with pytest.raises(FaultError):
        sent(chat(Turn("user", (InlineFile("text/plain", "/w==", "a.txt"),))))


@given(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=200))
def test_no_id_of_a_call_is_too_long_and_its_result_keeps_it(id: str) -> None:
    said: Any = items(Turn("assistant", (ToolUse(id, "f", "{}"),)), Turn("user", (ToolResult(id, ()),)))

    assert said[0]["call_id"] == said[1]["call_id"]
    assert len(said[0]["call_id"]) <= 64
    assert said[0]["call_id"] == id or len(id) > 64


@pytest.mark.parametrize(
    ("version", "path"), [("", "/v1/responses"), ("2025-04-01-preview", "/responses?api-version=2025-04-01-preview")]
)
def test_azure_has_it_at_another_path(version: str, path: str) -> None:
    side = provider_side("azure_responses")
    assert side is not None
    assert side.adapt is not None
    edit = UpstreamEdit("dep", provider=Provider("p", "p", "azure_responses", api_version=version))

    adapted = side.adapt(side.encode_request(chat(), edit), chat(), edit)

    assert adapted.path == path
    assert side.base_path("") == "/openai"
    assert side.credential_header("k") == ("api-key", "k")
