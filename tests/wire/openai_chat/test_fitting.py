"""Promises of requests to servers that differ from OpenAI: the same, edited or translated."""

from collections.abc import Mapping

import pytest

from openclaw_extproc.faults import FaultError
from openclaw_extproc.gateway import Provider
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.base import ClientRequest, EncodedRequest, UpstreamEdit
from openclaw_extproc.wire.translation.quirks import MEANINGS, QUIRKS, Quirk
from tests.wire.openai_chat.saying import CLIENT, PROVIDER, ask, body_of, call, user

HELLO: Json = {"role": "user", "content": "Hello"}
BASE: dict[str, Json] = {"model": "gpt", "messages": [HELLO]}
SCHEMA: Json = {"type": "object", "properties": {"a": {"type": "string"}}}
BY_SCHEMA: Json = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}
TOOL: Json = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
STRICT: Json = {"type": "function", "function": {"name": "f", "strict": True}}
LOOSE: Json = {"type": "function", "function": {"name": "f"}}
IN_WORDS = "Answer with one JSON object and nothing else."
BY_WORDS: Json = {
    "role": "system",
    "content": f"{IN_WORDS} It has to be valid against this JSON Schema: {j.text(SCHEMA)}",
}
IMAGE: Json = {"type": "image_url", "image_url": {"url": "https://x/y.png"}}
THINKING: Json = {"role": "assistant", "content": "a", "reasoning_content": "hm", "reasoning": "hm"}
UNTHINKING: Json = {"role": "assistant", "content": "a"}


def change(*quirks: Quirk) -> UpstreamEdit:
    return UpstreamEdit("gpt", provider=Provider("p", "p", "openai_chat", quirks=frozenset(quirks)))


def edited(body: Mapping[str, Json], *quirks: Quirk) -> EncodedRequest:
    return CLIENT.edit(ask(body), change(*quirks))


def translated(body: Mapping[str, Json], *quirks: Quirk) -> EncodedRequest:
    return PROVIDER.encode_request(CLIENT.decode_request(ask(body)), change(*quirks))


FITTED: list[tuple[Quirk, dict[str, Json], dict[str, Json], list[str]]] = [
    ("max_tokens", {"max_completion_tokens": 5}, {"max_tokens": 5}, []),
    (
        "no_json_schema",
        {"response_format": BY_SCHEMA},
        {"messages": [BY_WORDS, HELLO], "response_format": {"type": "json_object"}},
        ["response_format: asked for in words"],
    ),
    (
        "no_json_object",
        {"response_format": BY_SCHEMA},
        {"messages": [BY_WORDS, HELLO]},
        ["response_format: asked for in words"],
    ),
    (
        "no_json_object",
        {"response_format": {"type": "json_object"}},
        {"messages": [{"role": "system", "content": IN_WORDS}, HELLO]},
        ["response_format: asked for in words"],
    ),
    ("no_parallel_tool_calls", {"tools": [TOOL], "parallel_tool_calls": True}, {"tools": [TOOL]}, []),
    (
        "no_parallel_tool_calls",
        {"tools": [TOOL], "parallel_tool_calls": False},
        {"tools": [TOOL]},
        ["parallel_tool_calls"],
    ),
    ("tool_choice_any", {"tools": [TOOL], "tool_choice": "required"}, {"tools": [TOOL], "tool_choice": "any"}, []),
    ("tool_choice_any", {"tools": [TOOL], "tool_choice": "auto"}, {"tools": [TOOL], "tool_choice": "auto"}, []),
    ("no_tool_choice_required", {"tools": [TOOL], "tool_choice": "required"}, {"tools": [TOOL]}, ["tool_choice"]),
    ("no_tool_choice_required", {"tools": [TOOL], "tool_choice": "none"}, {"tools": [TOOL], "tool_choice": "none"}, []),
    ("random_seed", {"seed": 7}, {"random_seed": 7}, []),
    ("no_seed", {"seed": 7}, {}, ["seed"]),
    ("no_reasoning_effort", {"reasoning_effort": "low"}, {}, ["reasoning_effort"]),
    (
        "no_penalties",
        {"frequency_penalty": 1.5, "presence_penalty": 1.5},
        {},
        ["frequency_penalty", "presence_penalty"],
    ),
    ("no_user", {"user": "u"}, {}, ["user"]),
    ("no_store", {"store": True, "metadata": {"a": "b"}}, {}, ["store", "metadata"]),
    ("no_store", {"store": False}, {}, []),
    ("no_service_tier", {"service_tier": "flex"}, {}, ["service_tier"]),
    ("no_prompt_cache_key", {"prompt_cache_key": "k"}, {}, ["prompt_cache_key"]),
    ("no_verbosity", {"verbosity": "low"}, {}, ["verbosity"]),
]


@pytest.mark.parametrize(("quirk", "asked", "sent", "losses"), FITTED)
@pytest.mark.parametrize("way", [edited, translated])
def test_a_server_gets_what_it_knows_and_the_rest_is_named(
    way: object, quirk: Quirk, asked: dict[str, Json], sent: dict[str, Json], losses: list[str]
) -> None:
    encoded = edited(BASE | asked, quirk) if way is edited else translated(BASE | asked, quirk)

    assert body_of(encoded) == BASE | sent
    assert list(encoded.losses) == losses


EDITED: list[tuple[Quirk, dict[str, Json], dict[str, Json]]] = [
    ("no_strict", {"tools": [STRICT, LOOSE]}, {"tools": [LOOSE, LOOSE]}),
    ("no_reasoning_content", {"messages": [THINKING, HELLO]}, {"messages": [UNTHINKING, HELLO]}),
    ("no_user", {"safety_identifier": "u"}, {}),
    ("max_tokens", {"max_completion_tokens": 5, "max_tokens": 4}, {"max_tokens": 4}),
]


@pytest.mark.parametrize(("quirk", "asked", "sent"), EDITED)
def test_what_only_a_client_of_this_format_says_is_fitted_too(
    quirk: Quirk, asked: dict[str, Json], sent: dict[str, Json]
) -> None:
    assert body_of(edited(BASE | asked, quirk)) == BASE | sent


def test_ids_of_nine_characters_still_pair_calls_with_their_results() -> None:
    history: list[Json] = [
        {"role": "assistant", "tool_calls": [call("call_long_1", "f", "{}"), call("abcDEF123", "f", "{}")]},
        {"role": "tool", "tool_call_id": "call_long_1", "content": "1"},
        {"role": "tool", "tool_call_id": "abcDEF123", "content": "2"},
    ]
    body = {**BASE, "messages": history}
    for encoded in (edited(body, "nine_character_ids"), translated(body, "nine_character_ids")):
        calls, *results = j.an_array(body_of(encoded)["messages"], at="messages")
        made = [
            j.an_object(one, at="call")["id"] for one in j.an_array(j.an_object(calls, at="m")["tool_calls"], at="c")
        ]

        assert made == [j.an_object(result, at="result")["tool_call_id"] for result in results]
        assert made[1] == "abcDEF123"
        assert all(isinstance(id, str) and len(id) == 9 and id.isalnum() for id in made)


@pytest.mark.parametrize("way", [edited, translated])
def test_a_linked_image_is_refused_where_images_have_to_be_inline(way: object) -> None:
    body = {**BASE, "messages": [user(IMAGE)]}
    assert callable(way)

    assert way(body)
    with pytest.raises(FaultError, match="image_link"):
        way(body, "no_image_links")


def test_every_byte_that_no_quirk_is_about_stays() -> None:
    raw = b'{ "seed" : 7, "model":"gpt" , "messages":[{"role":"user","content":"\\u00e9"}], "store":true, "x": 1.50 }'
    asked = ClientRequest("/v1/chat/completions", "", raw, j.parse(raw, where="request"))

    encoded = CLIENT.edit(asked, change("no_seed", "no_store", "no_strict", "nine_character_ids", "no_image_links"))

    assert encoded.body == b'{ "model":"gpt" , "messages":[{"role":"user","content":"\\u00e9"}], "x": 1.50 }'


@pytest.mark.parametrize("quirk", QUIRKS)
def test_a_request_that_a_quirk_is_not_about_keeps_its_very_bytes(quirk: Quirk) -> None:
    asked = ask({**BASE, "tools": [TOOL], "temperature": 1})

    assert CLIENT.edit(asked, change(quirk)).body is asked.raw


def test_every_quirk_has_a_meaning() -> None:
    assert MEANINGS.keys() == set(QUIRKS)


# -- usage of streams ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ({"stream": True}, {"stream": True, "stream_options": {"include_usage": True}}),
        (
            {"stream": True, "stream_options": {"include_obfuscation": False, "include_usage": False}},
            {"stream": True, "stream_options": {"include_obfuscation": False, "include_usage": True}},
        ),
        ({"stream": True, "stream_options": None}, {"stream": True, "stream_options": {"include_usage": True}}),
        ({"stream": False}, {"stream": False}),
        ({}, {}),
    ],
)
def test_a_stream_is_always_asked_for_its_usage(asked: dict[str, Json], sent: dict[str, Json]) -> None:
    assert body_of(edited(BASE | asked)) == BASE | sent


def test_who_asks_for_usage_keeps_every_byte() -> None:
    asked = ask({**BASE, "stream": True, "stream_options": {"include_usage": True}})

    assert CLIENT.edit(asked, change()).body is asked.raw


def test_a_server_that_refuses_stream_options_gets_none() -> None:
    wished: dict[str, Json] = {"stream_options": {"include_usage": True}}
    for options in ({}, wished):
        body: dict[str, Json] = {**BASE, "stream": True, **options}

        assert body_of(edited(body, "no_stream_options")) == BASE | {"stream": True}
        assert body_of(translated(body, "no_stream_options")) == BASE | {"stream": True}
        assert edited(body, "no_stream_options").losses == ()
