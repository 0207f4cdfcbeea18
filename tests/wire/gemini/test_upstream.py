"""Promises of the Gemini format: requests to providers."""

from dataclasses import replace

import pytest

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import (
    CachePoint,
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
from openclaw_extproc.wire.base import NOBODY, UpstreamEdit
from openclaw_extproc.wire.gemini.provider.upstream import NOT_JSON, WHOSE_IMAGE
from openclaw_extproc.wire.gemini.thinking import UNSIGNED_CALL
from tests.wire.gemini.saying import CLIENT, HELLO, PNG, PROVIDER, STREAM, WHOLE, contents, encoded, written

# -- the record ------------------------------------------------------------------


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


# -- requests to providers -------------------------------------------------------


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

    request = encoded(chat, UpstreamEdit("gemini-2.5-flash", 50))

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
    assert encoded(HELLO, UpstreamEdit("models/gemini")).path == "/models/gemini:generateContent"
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
                {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": UNSIGNED_CALL},
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

    assert encoded(chat).losses == ("parallel_tool_calls", "stop: more than 5", "user", NOT_JSON)
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


@pytest.mark.parametrize(
    ("model", "quirks", "kept"),
    [
        ("gemini-2.0-flash", frozenset[str](), {"frequencyPenalty": 0.5, "presencePenalty": 0.0}),
        ("my-own", frozenset[str](), {"frequencyPenalty": 0.5, "presencePenalty": 0.0}),
        ("gemini-2.5-flash", frozenset[str](), {"presencePenalty": 0.0}),
        ("gemini-3-flash-preview", frozenset[str](), {"presencePenalty": 0.0}),
        ("my-own", frozenset({"no_penalties"}), {"presencePenalty": 0.0}),
    ],
)
def test_penalties_that_a_model_refuses_are_a_loss(model: str, quirks: frozenset[str], kept: Json) -> None:
    chat = replace(HELLO, frequency_penalty=0.5, presence_penalty=0.0)
    change = UpstreamEdit(model, provider=replace(NOBODY, quirks=quirks))

    assert written(chat, change)["generationConfig"] == kept
    assert encoded(chat, change).losses == (() if len(j.an_object(kept, at="")) == 2 else ("frequency_penalty",))


def test_words_of_other_vendors_are_losses_by_name() -> None:
    point = CachePoint()
    chat = replace(
        HELLO,
        turns=(Turn("user", (Text("Hello"), point, Text("you"), point)),),
        verbosity="low",
        prompt_cache_key="k",
        service_tier="flex",
        store=False,
        tags={"a": "b"},
        cache_system=point,
    )

    assert encoded(chat).losses == (
        *("cache points", "verbosity", "prompt_cache_key", "service_tier", "store", "tags"),
    )
    assert written(chat)["contents"] == [{"role": "user", "parts": [{"text": "Hello"}, {"text": "you"}]}]
