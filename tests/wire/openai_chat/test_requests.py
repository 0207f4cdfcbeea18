"""Promises of the OpenAI Chat Completions format: requests of clients, read and edited."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import (
    CachePoint,
    Chat,
    InlineFile,
    InlineImage,
    Instruction,
    JsonObject,
    JsonSchema,
    LinkedImage,
    Reasoning,
    SealedState,
    Text,
    Thinking,
    ToolChoice,
    ToolResult,
    ToolUse,
    Turn,
)
from openclaw_extproc.wire.base import ClientRequest, EncodedRequest, UpstreamEdit
from openclaw_extproc.wire.translation import provider_state
from openclaw_extproc.wire.translation.losses import translation_losses
from tests.wire.openai_chat.saying import AWKWARD, CLIENT, PNG, PROVIDER, ROOT, ask, body_of, call, user

HELLO: dict[str, Json] = {"model": "gpt", "messages": [{"role": "user", "content": "Hello"}]}
PROMPT = "my secret diary"


def read(**more: Json) -> Chat:
    return CLIENT.decode_request(ask(HELLO | more))


def read_messages(*messages: Json) -> Chat:
    return read(messages=list(messages))


# -- requests of a client --------------------------------------------------------


def test_it_serves_chat_completions_and_nothing_else() -> None:
    served = [path for path in ("/v1/chat/completions", "/v1/completions", "/v1/messages") if CLIENT.serves(path)]

    assert served == ["/v1/chat/completions"]


def test_a_conversation_is_read_with_all_it_says() -> None:
    request = ask(j.parse((ROOT / "multi_turn_tools" / "request.json").read_bytes(), where="request"))

    asked = CLIENT.decode_request(request)

    assert asked.system == ("You book trips.",)
    assert asked.turns == (
        Turn("user", (Text("Where is it warmer, Oslo or Rome?"),)),
        Turn(
            "assistant",
            (
                Text("Let me look."),
                ToolUse("call_oslo", "get_weather", '{"city":"Oslo"}'),
                ToolUse("call_rome", "get_weather", '{"city":"Rome"}'),
            ),
        ),
        Turn(
            "user",
            (
                ToolResult("call_oslo", (Text("4 °C"),)),
                ToolResult("call_rome", (Text("17 °C"), Text(", sunny"))),
            ),
        ),
        Turn("user", (Text("Answer now, and check the clock."),)),
    )
    assert [tool.name for tool in asked.tools] == ["get_weather", "get_time"]
    assert asked.tool_choice == ToolChoice("named", "get_time")
    assert asked.stop == ("END",)
    assert asked.stream
    assert asked.reasoning == Reasoning("low")
    assert asked.extras == {"stream_options": {"include_usage": True}}
    assert asked.losses == ("tools[0].function.strict",)


def test_settings_are_read() -> None:
    asked = read(
        max_tokens=7,
        temperature=0,
        top_p=0.5,
        stop=["a", "b"],
        user="u",
        parallel_tool_calls=False,
        tool_choice="required",
    )

    assert (asked.max_output_tokens, asked.temperature, asked.top_p, asked.stop) == (7, 0, 0.5, ("a", "b"))
    assert (asked.user, asked.parallel_tool_calls, asked.tool_choice) == ("u", False, ToolChoice("required"))
    assert not asked.stream


def test_null_says_nothing() -> None:
    names = ["max_tokens", "max_completion_tokens", "temperature", "top_p", "stop", "user", "stream", "tools", "n"]
    names += ["tool_choice", "parallel_tool_calls", "stream_options", "functions", "seed", "modalities"]

    assert read(**dict.fromkeys(names)) == read()


def test_images_are_read_inline_and_linked() -> None:
    asked = read_messages(
        user(
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}", "detail": "auto"}},
            {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        )
    )

    assert asked.turns[0].parts == (InlineImage("image/png", PNG), LinkedImage("https://example.com/a.png"))
    assert asked.losses == ()


def test_system_and_developer_messages_keep_their_places() -> None:
    asked = read_messages(
        {"role": "system", "content": "one"},
        {"role": "user", "content": "Hi"},
        {"role": "developer", "content": [{"type": "text", "text": "two"}]},
    )

    assert asked.system == ("one",)
    assert asked.turns[1:] == (Turn("user", (Instruction("two"),)),)
    assert asked.losses == ()


def test_a_refusal_in_the_history_is_text() -> None:
    asked = read_messages(
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
        {"role": "assistant", "content": None, "refusal": "Never."},
    )

    assert [turn.parts for turn in asked.turns] == [(Text("No."),), (Text("Never."),)]


WRONG_TYPES: list[tuple[dict[str, Json], str]] = [
    ({"model": None}, "model: expected a string, found nothing"),
    ({"model": ""}, "model: expected a name, found an empty string"),
    ({"messages": None}, "messages: expected an array, found nothing"),
    ({"messages": []}, "messages: expected at least one message"),
    ({"messages": [7]}, "messages[0]: expected an object, found a number"),
    ({"messages": [{"role": PROMPT}]}, "messages[0].role: unknown role"),
    ({"messages": [{"role": "user"}]}, "messages[0].content: expected a string or an array, found nothing"),
    ({"messages": [user({"type": 1})]}, "messages[0].content[0].type: expected a string, found a number"),
    ({"messages": [user({"type": "text"})]}, "messages[0].content[0].text: expected a string, found nothing"),
    (
        {"messages": [user({"type": "image_url", "image_url": "x"})]},
        "messages[0].content[0].image_url: expected an",
    ),
    ({"messages": [{"role": "tool", "content": ""}]}, "messages[0].tool_call_id: expected a string"),
    ({"messages": [{"role": "assistant", "tool_calls": {}}]}, "messages[0].tool_calls: expected an array"),
    ({"messages": [{"role": "assistant", "tool_calls": [{}]}]}, "messages[0].tool_calls[0].function: expected an"),
    ({"tools": [{"type": "function"}]}, "tools[0].function: expected an object, found nothing"),
    ({"tool_choice": PROMPT}, "tool_choice: unknown choice"),
    ({"tool_choice": 1}, "tool_choice: expected an object, found a number"),
    ({"max_tokens": "7"}, "max_tokens: expected an integer, found a string"),
    ({"temperature": True}, "temperature: expected a number, found true or false"),
    ({"stop": [1]}, "stop[0]: expected a string, found a number"),
    ({"stream": "yes"}, "stream: expected true or false, found a string"),
    ({"stream_options": {"include_usage": 1}}, "stream_options.include_usage: expected true or false"),
    ({"n": "2"}, "n: expected an integer, found a string"),
    ({"user": 1}, "user: expected a string, found a number"),
]


@pytest.mark.parametrize(("more", "complaint"), WRONG_TYPES)
def test_a_wrong_type_is_named_by_its_path_and_never_quoted(more: dict[str, Json], complaint: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        read(**more)

    assert str(caught.value).startswith(complaint)
    assert PROMPT not in str(caught.value)


ONLY_OPENAI: list[tuple[dict[str, Json], str]] = [
    ({"n": 2}, "n: more than one answer"),
    ({"modalities": ["text", "audio"]}, "modalities: audio"),
    ({"functions": [{"name": "f"}]}, "functions: legacy"),
    ({"function_call": "auto"}, "function_call: legacy"),
    ({"tools": [{"type": PROMPT}]}, "tools[0]: unknown type"),
    (
        {"messages": [{"role": "assistant", "tool_calls": [{"id": "c", "type": PROMPT}]}]},
        "messages[0].tool_calls[0]: unknown type",
    ),
    ({"logprobs": True, "top_logprobs": 2}, "logprobs"),
    ({"response_format": {"type": "grammar"}}, "response_format: unknown type"),
    (
        {"messages": [user({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "flac"}})]},
        "messages[0].content[0].input_audio.format: neither wav nor mp3",
    ),
    (
        {"messages": [user({"type": "file", "file": {"file_id": "file-1"}})]},
        "messages[0].content[0].file.file_id: a file at OpenAI",
    ),
    (
        {"messages": [user({"type": "file", "file": {"file_data": "https://x/y.pdf"}})]},
        "messages[0].content[0].file.file_data: no base64 data of a known type",
    ),
    ({"messages": [user({"type": PROMPT})]}, "messages[0].content[0]: unknown type of part"),
    (
        {"messages": [user({"type": "image_url", "image_url": {"url": "data:text/plain,x"}})]},
        "messages[0].content[0].image_url.url: neither a link nor base64 data",
    ),
    ({"messages": [{"role": "function", "name": "f", "content": "x"}]}, "messages[0]: role function"),
    ({"messages": [{"role": "assistant", "function_call": {"name": "f"}}]}, "messages[0].function_call"),
    ({"messages": [{"role": "assistant", "audio": {"id": "a"}}]}, "messages[0].audio"),
]


@pytest.mark.parametrize(("more", "loss"), ONLY_OPENAI)
def test_what_only_openai_can_do_is_read_but_refused_on_the_way_to_another_format(
    more: dict[str, Json], loss: str
) -> None:
    asked = read(**more)

    assert f"!{loss}" in asked.losses
    with pytest.raises(FaultError, match="cannot carry") as caught:
        PROVIDER.encode_request(asked, UpstreamEdit("gpt"))
    assert caught.value.fault.kind is FaultKind.UNSUPPORTED
    assert loss in caught.value.fault.public


def test_what_may_be_dropped_is_named() -> None:
    asked = read(
        messages=[
            {"role": "user", "name": "ada", "content": [{"type": "text", "text": "Hi", "colour": "red"}]},
            {"role": "assistant", "content": "Ho", "annotations": [], "audio": None},
            user({"type": "image_url", "image_url": {"url": "http://x/y", "detail": "high"}}),
        ],
        logit_bias={"1": 2},
        prediction={"type": "content", "content": "x"},
        reasoning_effort="enormous",
        stream_options={"include_usage": True},
        metadata=None,
    )

    assert asked.losses == (
        "messages[0].name",
        "messages[0].content[0].colour",
        "messages[2].content[0].image_url.detail",
    )
    assert list(asked.extras) == ["logit_bias", "prediction", "reasoning_effort", "stream_options"]
    assert translation_losses(asked, ["top_k"]) == (
        *asked.losses,
        "logit_bias",
        "prediction",
        "reasoning_effort",
        "top_k",
    )


def test_files_and_sounds_are_read_with_their_type_and_name() -> None:
    asked = read_messages(
        user(
            {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}},
            {"type": "file", "file": {"filename": "b.pdf", "file_data": "JVBERi0="}},
            {"type": "file", "file": {"file_data": "data:text/csv;charset=utf-8;base64,YQ=="}},
            {"type": "file", "file": {"file_data": f"data:image/png;base64,{PNG}"}},
            {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
            {"type": "input_audio", "input_audio": {"data": "SUQz", "format": "mp3"}},
        )
    )

    assert asked.losses == ()
    assert asked.turns[0].parts == (
        InlineFile("application/pdf", "JVBERi0=", "a.pdf"),
        InlineFile("application/pdf", "JVBERi0=", "b.pdf"),
        InlineFile("text/csv", "YQ=="),
        InlineImage("image/png", PNG),
        InlineFile("audio/wav", "UklGRg=="),
        InlineFile("audio/mpeg", "SUQz"),
    )


def test_what_the_answer_is_to_look_like_is_read() -> None:
    schema: dict[str, Json] = {"type": "object", "properties": {}}
    named: Json = {"name": "city", "description": "d", "strict": True, "schema": schema}

    assert read(response_format={"type": "text"}).output is None
    assert read(response_format={"type": "json_object"}).output == JsonObject()
    assert read(response_format={"type": "json_schema", "json_schema": named}).output == JsonSchema(
        schema, "city", "d", strict=True
    )


def test_settings_that_other_formats_have_are_read_too() -> None:
    asked = read(
        frequency_penalty=0.5,
        presence_penalty=-1,
        seed=7,
        verbosity="low",
        prompt_cache_key="k",
        service_tier="flex",
        store=True,
        metadata={"a": "b"},
        safety_identifier="who",
        reasoning_effort="minimal",
    )

    assert (asked.frequency_penalty, asked.presence_penalty, asked.seed) == (0.5, -1, 7)
    assert (asked.verbosity, asked.prompt_cache_key, asked.service_tier) == ("low", "k", "flex")
    assert (asked.store, asked.tags, asked.user, asked.reasoning) == (True, {"a": "b"}, "who", Reasoning("minimal"))
    assert asked.extras == {}


def tool(name: str) -> Json:
    return {"type": "function", "function": {"name": name}}


@pytest.mark.parametrize("mode", ["auto", "required"])
def test_allowed_tools_are_a_choice_among_some(mode: str) -> None:
    allowed: Json = {"mode": mode, "tools": [tool("b")]}

    asked = read(tools=[tool("a"), tool("b")], tool_choice={"type": "allowed_tools", "allowed_tools": allowed})

    assert [spec.name for spec in asked.tools] == ["b"]
    assert asked.tool_choice is not None
    assert asked.tool_choice.mode == mode
    assert asked.losses == ()


def test_where_a_prompt_is_to_be_cached_is_read() -> None:
    ephemeral: Json = {"type": "ephemeral", "ttl": "1h"}
    asked = read_messages(
        {"role": "system", "content": [{"type": "text", "text": "s", "cache_control": ephemeral}]},
        user({"type": "text", "text": "u", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "30m"}}),
    )

    assert asked.cache_system == CachePoint("1h")
    assert asked.turns[0].parts == (Text("u"), CachePoint())
    assert asked.losses == ()


# -- state that comes back ----------------------------------------------------------

THOUGHT = Thinking("hm", SealedState("anthropic", "sig"))
SEAL = SealedState("gemini", "c2ln")


def test_state_in_the_ids_of_calls_comes_back_as_what_it_was() -> None:
    first = provider_state.token(provider_state.State("c1", (THOUGHT,), SEAL))
    second = provider_state.token(provider_state.State("c2", (THOUGHT,)))
    asked = read_messages(
        {
            "role": "assistant",
            "content": "Let me look.",
            "reasoning_content": "hm",
            "tool_calls": [call(first, "f", "{}"), call(second, "g", "{}"), call("c3", "h", "{}")],
        },
        {"role": "tool", "tool_call_id": first, "content": "1"},
        {"role": "tool", "tool_call_id": second, "content": "2"},
    )

    assert asked.turns == (
        Turn(
            "assistant",
            (
                THOUGHT,
                Text("Let me look."),
                ToolUse("c1", "f", "{}", SEAL),
                THOUGHT,
                ToolUse("c2", "g", "{}"),
                ToolUse("c3", "h", "{}"),
            ),
        ),
        Turn("user", (ToolResult("c1", (Text("1"),)), ToolResult("c2", (Text("2"),)))),
    )


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_thoughts_of_the_history_are_read_without_a_seal(name: str) -> None:
    asked = read_messages({"role": "assistant", "content": "a", name: "hm"}, {"role": "assistant", name: "alone"})

    assert asked.turns == (Turn("assistant", (Thinking("hm"), Text("a"))),)


@given(
    st.dictionaries(
        st.sampled_from(["model", "messages", "tools", "tool_choice", "stop", "n", "stream_options", "modalities"]),
        AWKWARD,
    )
)
def test_awkward_json_is_read_or_refused_by_name(more: dict[str, Json]) -> None:
    with suppress(UnreadableError, FaultError):
        asked = CLIENT.decode_request(ask(HELLO | more))
        encoded = PROVIDER.encode_request(asked, UpstreamEdit("gpt"))
        assert body_of(encoded)["model"] == "gpt"


# -- the same format: edited, not translated -------------------------------------


def test_a_request_that_needs_no_change_keeps_its_very_bytes() -> None:
    request = ask(HELLO | {"max_tokens": 5})

    assert CLIENT.edit(request, UpstreamEdit("gpt", cap=10)).body is request.raw
    assert CLIENT.edit(request, UpstreamEdit("gpt")).body is request.raw


def test_only_the_model_is_changed() -> None:
    raw = b'{ "messages" : [{"role":"user","content":"\\u00e9"}], "model":"gpt" , "x": 1.50 }'
    request = ClientRequest("/v1/chat/completions", "", raw, j.parse(raw, where="request"))

    encoded = CLIENT.edit(request, UpstreamEdit("other"))

    assert encoded == EncodedRequest("/chat/completions", raw.replace(b'"gpt"', b'"other"'))


@pytest.mark.parametrize(
    ("limits", "capped"),
    [
        ({}, {"max_completion_tokens": 10}),
        ({"max_tokens": None}, {"max_tokens": None, "max_completion_tokens": 10}),
        ({"max_tokens": 50}, {"max_tokens": 10}),
        ({"max_completion_tokens": 50}, {"max_completion_tokens": 10}),
        ({"max_completion_tokens": 5, "max_tokens": 50}, {"max_completion_tokens": 5, "max_tokens": 10}),
    ],
)
def test_a_cap_holds_whatever_the_client_calls_its_limit(limits: dict[str, Json], capped: dict[str, Json]) -> None:
    encoded = CLIENT.edit(ask(HELLO | limits), UpstreamEdit("gpt", cap=10))

    assert body_of(encoded) == HELLO | capped
