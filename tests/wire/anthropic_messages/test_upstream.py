"""Promises of the Anthropic Messages format: requests to providers."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import (
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
from openclaw_extproc.wire.anthropic_messages import DEFAULT_MAX_TOKENS
from openclaw_extproc.wire.base import UpstreamEdit
from tests.wire.anthropic_messages.saying import CASES, CLIENT, HELLO, PROVIDER, ROOT, ask, encoded, messages, written

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"


# -- the record ------------------------------------------------------------------


def test_only_the_messages_path_is_a_model_call() -> None:
    assert CLIENT.serves("/v1/messages")
    assert not CLIENT.serves("/v1/messages/count_tokens")
    assert not CLIENT.serves("/v1/messages/batches")


@pytest.mark.parametrize(
    ("given_path", "base"),
    [("", "/v1"), ("/", "/v1"), ("/v1", "/v1"), ("/v1/", "/v1"), ("/anthropic", "/anthropic/v1")],
)
def test_the_version_is_part_of_the_base_path(given_path: str, base: str) -> None:
    assert PROVIDER.base_path(given_path) == base


def test_a_secret_goes_into_anthropics_own_header() -> None:
    assert PROVIDER.credential_header("sk-ant") == ("x-api-key", "sk-ant")
    assert PROVIDER.headers["anthropic-version"] == "2023-06-01"
    assert "anthropic-beta" in PROVIDER.client_headers


# -- requests to providers -------------------------------------------------------


def test_a_request_of_every_field_is_written_anthropics_way() -> None:
    chat = Chat(
        model="asked-for",
        turns=(Turn("user", (Text("Hello"), LinkedImage("https://example.com/a.png"), InlineImage("image/png", PNG))),),
        system=("Be kind.",),
        tools=(ToolSpec("f", "Does it.", {"properties": {}}), ToolSpec("g", "", {})),
        tool_choice=ToolChoice("named", "f"),
        parallel_tool_calls=False,
        max_output_tokens=300,
        temperature=0.2,
        top_p=0.3,
        top_k=4,
        stop=("END",),
        user="u-1",
        stream=True,
        extras={"seed": 7, "stream_options": {}},
    )

    request = PROVIDER.encode_request(chat, UpstreamEdit("claude", cap=200))

    assert request.path == "/messages"
    assert request.losses == ("seed",)
    assert j.parse(request.body, where="encoded") == {
        "model": "claude",
        "max_tokens": 200,
        "system": "Be kind.",
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Hello"},
                    {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
                ],
            }
        ],
        "tools": [
            {"name": "f", "description": "Does it.", "input_schema": {"type": "object", "properties": {}}},
            {"name": "g", "input_schema": {"type": "object"}},
        ],
        "tool_choice": {"type": "tool", "name": "f", "disable_parallel_tool_use": True},
        "temperature": 0.2,
        "top_p": 0.3,
        "top_k": 4,
        "stop_sequences": ["END"],
        "metadata": {"user_id": "u-1"},
        "stream": True,
    }


def test_a_request_without_a_limit_gets_one_because_anthropic_demands_it() -> None:
    assert written(HELLO)["max_tokens"] == DEFAULT_MAX_TOKENS
    assert written(HELLO, UpstreamEdit("claude", cap=10))["max_tokens"] == 10


def test_several_system_texts_stay_apart_and_blank_ones_go() -> None:
    request = written(replace(HELLO, system=("One.", " ", "Two.")))

    assert request["system"] == [{"type": "text", "text": "One."}, {"type": "text", "text": "Two."}]


def test_turns_of_one_role_become_one_message_with_tool_results_first() -> None:
    told = messages(
        Turn("user", (Text("Go"),)),
        Turn("assistant", (ToolUse("t1", "f", '{"a":1}'),)),
        Turn("assistant", (ToolUse("t2", "f", ""),)),
        Turn("user", (Text("Wait"),)),
        Turn("user", (ToolResult("t1", (Text("one"),)),)),
        Turn("user", (ToolResult("t2", (), is_error=True), Text("Now"))),
    )

    assert told[1:] == [
        {
            "role": "assistant",
            "content": [
                {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}},
                {"type": "tool_use", "id": "t2", "name": "f", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": "one"},
                {"type": "tool_result", "tool_use_id": "t2", "is_error": True},
                {"type": "text", "text": "Wait"},
                {"type": "text", "text": "Now"},
            ],
        },
    ]


def test_blank_texts_go_and_so_do_turns_left_empty() -> None:
    told = messages(Turn("user", (Text("Go"), Text("\n"))), Turn("assistant", (Text(""),)), Turn("user", (Text("On"),)))

    assert told == [{"role": "user", "content": [{"type": "text", "text": "Go"}, {"type": "text", "text": "On"}]}]


def test_white_space_after_the_last_assistant_text_goes() -> None:
    told = messages(
        Turn("assistant", (Text("One "),)), Turn("user", (Text("Go "),)), Turn("assistant", (Text("It is \n"),))
    )

    assert [j.text(message) for message in told] == [
        '{"role":"assistant","content":[{"type":"text","text":"One "}]}',
        '{"role":"user","content":[{"type":"text","text":"Go "}]}',
        '{"role":"assistant","content":[{"type":"text","text":"It is"}]}',
    ]


@pytest.mark.parametrize("args", ["{", "[1]", '"text"', "no"])
def test_arguments_that_are_no_object_are_wrapped_and_named(args: str) -> None:
    request = encoded(replace(HELLO, turns=(Turn("assistant", (ToolUse("t", "f", args),)),)))

    assert "tool arguments are not JSON" in request.losses
    assert f'"input":{j.text({"_raw": args})}' in request.body.decode()


@given(st.text(), st.text())
def test_tool_ids_stay_apart_and_belong_together_after_cleaning(one: str, other: str) -> None:
    told = messages(
        Turn("assistant", (ToolUse(one, "f", ""), ToolUse(other, "f", ""))),
        Turn("user", (ToolResult(one, ()), ToolResult(other, ()))),
    )

    ids = [
        str(part.get("id", part.get("tool_use_id")))
        for message in told
        for item in j.an_array(j.an_object(message, at="message")["content"], at="content")
        for part in [j.an_object(item, at="part")]
    ]
    assert ids[:2] == ids[2:]
    assert (ids[0] == ids[1]) == (one == other)
    assert all(id and set(id) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") for id in ids)


def test_an_id_that_anthropic_takes_is_left_alone() -> None:
    assert '"id":"call_A-1"' in j.text(messages(Turn("assistant", (ToolUse("call_A-1", "f", ""),))))


@pytest.mark.parametrize(
    ("choice", "parallel", "expected"),
    [
        (None, None, None),
        (None, True, None),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        (ToolChoice("auto"), True, {"type": "auto"}),
        (ToolChoice("required"), False, {"type": "any", "disable_parallel_tool_use": True}),
        (ToolChoice("none"), False, {"type": "none"}),
    ],
)
def test_a_tool_choice_is_written_with_its_limit(
    choice: ToolChoice | None, parallel: bool | None, expected: Json
) -> None:
    chat = replace(HELLO, tools=(ToolSpec("f", "", {}),), tool_choice=choice, parallel_tool_calls=parallel)

    assert written(chat).get("tool_choice") == expected
    assert "tool_choice" not in written(replace(chat, tools=()))


def test_what_anthropic_refuses_is_fitted_and_named() -> None:
    request = encoded(replace(HELLO, temperature=1.7, stop=("\n\n", "END")))

    assert set(request.losses) == {"temperature above 1", "stop: only white space"}
    body = j.parse(request.body, where="encoded")
    assert body["temperature"] == 1
    assert body["stop_sequences"] == ["END"]
    assert "stop_sequences" not in written(replace(HELLO, stop=(" ",)))


@pytest.mark.parametrize("case", CASES)
def test_a_request_survives_being_written_and_read_again(case: str) -> None:
    chat = CLIENT.decode_request(ask(j.parse((ROOT / case / "request.json").read_bytes(), where="fixture")))
    chat = replace(chat, top_p=None if chat.temperature is not None else chat.top_p)
    expected = replace(chat, extras={}, losses=(), parallel_tool_calls=chat.parallel_tool_calls and None)

    again = CLIENT.decode_request(ask(written(chat)))

    assert again == expected


def test_wishes_that_anthropic_has_no_word_for_are_named() -> None:
    wishes = replace(
        HELLO,
        frequency_penalty=0.5,
        presence_penalty=0.5,
        seed=7,
        verbosity="low",
        prompt_cache_key="k",
        service_tier="flex",
        store=True,
        tags={"a": "b"},
    )

    request = encoded(wishes)

    assert set(request.losses) == {
        "frequency_penalty",
        "presence_penalty",
        "seed",
        "verbosity",
        "prompt_cache_key",
        "service_tier",
        "store",
        "metadata",
    }
    assert j.parse(request.body, where="x").keys() == {"model", "max_tokens", "messages"}
    assert encoded(replace(HELLO, frequency_penalty=0, presence_penalty=0.0, store=False)).losses == ()


def test_a_user_too_long_for_anthropic_is_a_hash_and_named() -> None:
    request = encoded(replace(HELLO, user="u" * 257))

    assert request.losses == ("metadata.user_id: longer than 256 characters, as a hash",)
    assert b'"user_id":"' in request.body
    assert b"uuu" not in request.body
    assert encoded(replace(HELLO, user="u" * 256)).losses == ()
