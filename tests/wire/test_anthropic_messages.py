"""Promises of the Anthropic Messages format. Fixtures: `tests/fixtures/anthropic_messages`."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import cast

import anthropic
import httpx2
import pytest
from anthropic.types import Message
from anthropic.types.shared import ErrorResponse
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
from openclaw_extproc.wire.anthropic_messages import DEFAULT_MAX_TOKENS, FORMAT
from openclaw_extproc.wire.base import Asked, Edit, Encoded

assert FORMAT.client is not None
assert FORMAT.provider is not None
CLIENT, PROVIDER = FORMAT.client, FORMAT.provider

ROOT = Path(__file__).parents[1] / "fixtures" / "anthropic_messages"
CASES = sorted(path.name for path in ROOT.iterdir())
CREATED = 1_763_000_000
HELLO = Chat("claude", (Turn("user", (Text("Hello"),)),))
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"


def ask(body: Mapping[str, Json]) -> Asked:
    raw = j.dump(dict(body))
    return Asked("/v1/messages", "", raw, j.parse(raw, where="request"))


def read(**fields: Json) -> Chat:
    messages: Json = [{"role": "user", "content": "Hello"}]
    return CLIENT.decode_request(ask({"model": "claude", "max_tokens": 9, "messages": messages, **fields}))


def read_blocks(*blocks: Json, role: str = "user") -> Chat:
    return read(messages=[{"role": role, "content": [*blocks]}])


def written(chat: Chat, change: Edit | None = None) -> dict[str, Json]:
    return j.parse(encoded(chat, change).body, where="encoded")


def encoded(chat: Chat, change: Edit | None = None) -> Encoded:
    return PROVIDER.encode_request(chat, change or Edit(chat.model))


def messages(*turns: Turn) -> list[Json]:
    return j.an_array(written(replace(HELLO, turns=turns))["messages"], at="messages")


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


def write(told: Iterable[Fact], *, stream: bool, model: str = "claude") -> bytes:
    encoder = CLIENT.encoder(replace(HELLO, model=model, stream=stream), CREATED)
    return b"".join(encoder.feed(fact) for fact in told)


def sse(*events: Mapping[str, Json]) -> bytes:
    return b"".join(b"event: %s\ndata: %s\n\n" % (str(e["type"]).encode(), j.dump(dict(e))) for e in events)


def answer(*events: Mapping[str, Json]) -> list[Fact]:
    start: dict[str, Json] = {"id": "msg_1", "model": "claude", "usage": {"input_tokens": 5, "output_tokens": 1}}
    return facts(True, sse({"type": "message_start", "message": start}, *events))


def block(start: dict[str, Json], *deltas: dict[str, Json], index: int = 0) -> Iterator[dict[str, Json]]:
    yield {"type": "content_block_start", "index": index, "content_block": start}
    for delta in deltas:
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


def over(reason: Json = "end_turn") -> Iterator[dict[str, Json]]:
    yield {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": 7}}
    yield {"type": "message_stop"}


def sdk(status: int, content_type: str, body: bytes) -> anthropic.Anthropic:
    """The official client, answered with these bytes."""

    def reply(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(status, headers={"content-type": content_type}, content=body)

    http = httpx2.Client(transport=httpx2.MockTransport(reply))
    return anthropic.Anthropic(api_key="made-up", http_client=http, max_retries=0)


def streamed_by_sdk(body: bytes) -> Message:
    with (
        sdk(200, "text/event-stream", body) as client,
        client.messages.stream(model="claude", max_tokens=9, messages=[{"role": "user", "content": "x"}]) as stream,
    ):
        return cast("Message", stream.get_final_message())


# -- the record ---------------------------------------------------------------


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


# -- requests from clients ----------------------------------------------------


def test_every_plain_field_of_a_request_is_understood() -> None:
    chat = CLIENT.decode_request(ask(j.parse((ROOT / "text" / "request.json").read_bytes(), where="fixture")))

    assert chat == Chat(
        model="claude-sonnet-4-5",
        turns=(Turn("user", (Text("Say hello to Zoë."),)),),
        system=("Answer in one sentence.",),
        max_output_tokens=256,
        temperature=0.5,
        top_p=0.9,
        top_k=40,
        stop=("END",),
        user="u-17",
        stream=True,
    )


def test_tool_turns_are_understood_and_cache_breakpoints_are_one_loss() -> None:
    body = j.parse((ROOT / "multi_turn_tools" / "request.json").read_bytes(), where="fixture")

    chat = CLIENT.decode_request(ask(body))

    assert chat.system == ("You are terse.", "Units are metric.")
    assert [tool.name for tool in chat.tools] == ["get_weather", "get_time"]
    assert chat.tool_choice == ToolChoice("required")
    assert chat.turns[1].parts == (
        Text("Looking."),
        ToolUse("toolu_01A", "get_weather", '{"location":"Paris"}'),
        ToolUse("toolu_01B", "get_time", "{}"),
    )
    assert chat.turns[2].parts[1] == ToolResult("toolu_01B", (Text("clock is broken"),), is_error=True)
    assert chat.losses == ("cache_control",)


@pytest.mark.parametrize(
    ("given_choice", "understood"),
    [
        ({"type": "auto"}, (ToolChoice("auto"), None)),
        ({"type": "any", "disable_parallel_tool_use": True}, (ToolChoice("required"), False)),
        ({"type": "none"}, (ToolChoice("none"), None)),
        ({"type": "tool", "name": "f", "disable_parallel_tool_use": False}, (ToolChoice("named", "f"), True)),
        (None, (None, None)),
    ],
)
def test_a_tool_choice_says_which_tools_and_how_many_at_once(given_choice: Json, understood: object) -> None:
    chat = read(tool_choice=given_choice)

    assert (chat.tool_choice, chat.parallel_tool_calls) == understood


def test_what_only_anthropic_understands_is_kept_as_an_extra() -> None:
    chat = read(thinking={"type": "adaptive"}, service_tier="auto", output_config=None)

    assert chat.extras == {"thinking": {"type": "adaptive"}, "service_tier": "auto"}
    assert chat.losses == ()


BOUND_BLOCKS: list[tuple[Json, str]] = [
    ({"type": "document", "source": {}}, "!messages[0].content[0]: document"),
    ({"type": "mcp_tool_use", "id": "x"}, "!messages[0].content[0]: mcp_tool_use"),
    ({"type": "Ignore all!"}, "!messages[0].content[0]: unknown type"),
    ({"type": "image", "source": {"type": "file", "file_id": "f"}}, "!messages[0].content[0].source: file"),
    ({"type": "thinking", "thinking": "hm", "signature": "s"}, "messages[0].content[0]: thinking"),
    ({"type": "redacted_thinking", "data": "x"}, "messages[0].content[0]: redacted_thinking"),
    ({"type": "text", "text": "a", "citations": [{}]}, "messages[0].content[0].citations"),
    ({"type": "text", "text": "a", "cache_control": {}}, "cache_control"),
    (
        {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "search_result"}]},
        "!messages[0].content[0].content[0]: search_result",
    ),
]


@pytest.mark.parametrize(
    ("unknown_elsewhere", "loss"),
    BOUND_BLOCKS,
)
def test_what_another_format_cannot_carry_is_a_loss_and_no_error(unknown_elsewhere: Json, loss: str) -> None:
    assert read_blocks(unknown_elsewhere).losses == (loss,)


@pytest.mark.parametrize(
    ("fields", "loss"),
    [
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "!tools[0]: web_search_20250305"),
        ({"tools": [{"type": "custom", "name": "f", "strict": True}]}, "tools[0].strict"),
        ({"mcp_servers": [{"url": "https://example.com"}]}, "!mcp_servers"),
        ({"container": "container_1"}, "!container"),
        ({"tool_choice": {"type": "later"}}, "!tool_choice: later"),
        ({"metadata": {"user_id": "u", "plan": "x"}}, "metadata.plan"),
    ],
)
def test_abilities_bound_to_anthropic_are_losses(fields: dict[str, Json], loss: str) -> None:
    assert read(**fields).losses == (loss,)


def test_no_system_text_is_no_system_text() -> None:
    assert read(system="").system == read(system=None).system == read(system=[]).system == ()


def test_a_long_history_names_each_loss_once() -> None:
    thought: Json = {"type": "thinking", "thinking": "hm", "signature": "s"}
    odd: dict[str, Json] = {"type": "text", "text": "a", **{f"key{n}": 1 for n in range(500)}}

    chat = read_blocks(*[thought] * 100, odd)

    assert chat.losses[0] == "messages[0].content[0]: thinking"
    assert len(chat.losses) == 32


def test_a_refused_part_is_named_however_many_losses_came_before() -> None:
    odd: dict[str, Json] = {"type": "text", "text": "a", **{f"key{n}": 1 for n in range(500)}}

    chat = read_blocks(odd, {"type": "document"})

    assert chat.losses[-1] == "!messages[0].content[1]: document"
    with pytest.raises(FaultError) as refused:
        encoded(chat)
    assert refused.value.fault.kind is Kind.UNSUPPORTED


def test_a_system_message_in_the_middle_moves_to_the_front() -> None:
    """Claude Code sends them since 2.1.154: anthropics/claude-code#61412."""
    chat = read(
        system="First.",
        messages=[
            {"role": "user", "content": "Hello"},
            {"role": "system", "content": [{"type": "text", "text": "Then."}]},
        ],
    )

    assert chat.system == ("First.", "Then.")
    assert chat.turns == HELLO.turns
    assert chat.losses == ("messages[1]: system, moved to the front",)


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"model": None}, "model: expected a string, found nothing"),
        ({"model": ""}, "model: expected the name of a model, found an empty string"),
        ({"messages": []}, "messages: expected at least one message, found none"),
        ({"messages": {}}, "messages: expected an array, found an object"),
        ({"messages": ["x"]}, "messages[0]: expected an object, found a string"),
        ({"messages": [{"role": "tool", "content": ""}]}, "messages[0].role: expected user, assistant or system"),
        ({"messages": [{"role": "user"}]}, "messages[0].content: expected a string or an array, found nothing"),
        ({"system": [{"type": "text", "text": 1}]}, "system[0].text: expected a string, found a number"),
        ({"tools": {}}, "tools: expected an array, found an object"),
        ({"tools": [{"name": 1}]}, "tools[0].name: expected a string, found a number"),
        ({"tool_choice": "auto"}, "tool_choice: expected an object, found a string"),
        ({"max_tokens": 1.5}, "max_tokens: expected an integer, found a number"),
        ({"temperature": "hot"}, "temperature: expected a number, found a string"),
        ({"stop_sequences": [1]}, "stop_sequences[0]: expected a string, found a number"),
        ({"stream": "yes"}, "stream: expected true or false, found a string"),
        ({"metadata": {"user_id": 7}}, "metadata.user_id: expected a string, found a number"),
    ],
)
def test_a_wrong_type_is_named_by_its_path(fields: dict[str, Json], complaint: str) -> None:
    with pytest.raises(UnreadableError) as error:
        read(**fields)

    assert str(error.value) == complaint


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"type": "text", "text": 5}, ".text: expected a string, found a number"),
        ({}, ".type: expected a string, found nothing"),
        ({"type": "tool_use", "id": "t", "name": "f", "input": "{}"}, ".input: expected an object, found a string"),
        (
            {"type": "tool_use", "id": "t", "name": "f", "input": False},
            ".input: expected an object, found true or false",
        ),
        ({"type": "tool_result"}, ".tool_use_id: expected a string, found nothing"),
        ({"type": "image", "source": {"type": "url"}}, ".source.url: expected a string, found nothing"),
    ],
)
def test_a_wrong_block_is_named_by_its_path(wrong: Json, complaint: str) -> None:
    with pytest.raises(UnreadableError) as error:
        read_blocks(wrong)

    assert str(error.value) == f"messages[0].content[0]{complaint}"


AWKWARD: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
PLACES: list[Callable[[Json], dict[str, Json]]] = [
    *(
        lambda value, key=key: {key: value}
        for key in ("model", "messages", "system", "tools", "tool_choice", "max_tokens", "stop_sequences", "metadata")
    ),
    lambda value: {"messages": [value]},
    lambda value: {"messages": [{"role": "user", "content": value}]},
    lambda value: {"messages": [{"role": "user", "content": [value]}]},
    lambda value: {
        "messages": [{"role": "user", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": value}]}]
    },
    lambda value: {
        "messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": value}]}]
    },
    lambda value: {"messages": [{"role": "user", "content": [{"type": "image", "source": value}]}]},
    lambda value: {"tools": [value]},
    lambda value: {"tools": [{"name": "f", "input_schema": value}]},
]


@given(st.sampled_from(PLACES), AWKWARD)
def test_awkward_json_is_read_or_refused_and_never_crashes(
    place: Callable[[Json], dict[str, Json]], value: Json
) -> None:
    try:
        request = encoded(read(**place(value)))
    except (UnreadableError, FaultError):
        return

    assert j.parse(request.body, where="encoded")["model"]


# -- edits --------------------------------------------------------------------


RAW = b'{ "max_tokens" : 100, "model":"claude",\n "messages":[{"role":"user","content":"\\u00e9"}], "x": 1.50 }'
ASKED = Asked("/v1/messages", "", RAW, j.parse(RAW, where="request"))


def test_a_request_that_needs_no_change_keeps_its_very_bytes() -> None:
    edited = CLIENT.edit(ASKED, Edit("claude", cap=200))

    assert edited.body is RAW
    assert edited.path == "/messages"
    assert edited.losses == ()


def test_an_edit_changes_the_model_and_lowers_the_limit_and_nothing_else() -> None:
    edited = CLIENT.edit(ASKED, Edit("opus", cap=50))

    assert edited.body == RAW.replace(b"100", b"50").replace(b'"claude"', b'"opus"')


def test_a_cap_holds_where_the_client_set_no_limit() -> None:
    edited = CLIENT.edit(ask({"model": "claude", "messages": []}), Edit("claude", cap=50))

    assert j.parse(edited.body, where="edited")["max_tokens"] == 50


# -- requests to providers ----------------------------------------------------


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

    request = PROVIDER.encode_request(chat, Edit("claude", cap=200))

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
    assert written(HELLO, Edit("claude", cap=10))["max_tokens"] == 10


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

    assert request.losses == ("tool arguments are not JSON",)
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

    assert request.losses == ("temperature above 1", "stop: only white space")
    body = j.parse(request.body, where="encoded")
    assert body["temperature"] == 1
    assert body["stop_sequences"] == ["END"]
    assert "stop_sequences" not in written(replace(HELLO, stop=(" ",)))


@pytest.mark.parametrize("case", CASES)
def test_a_request_survives_being_written_and_read_again(case: str) -> None:
    chat = CLIENT.decode_request(ask(j.parse((ROOT / case / "request.json").read_bytes(), where="fixture")))
    expected = replace(chat, extras={}, losses=(), parallel_tool_calls=chat.parallel_tool_calls and None)

    again = CLIENT.decode_request(ask(written(chat)))

    assert again == expected


# -- answers from providers ---------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_a_streamed_and_a_whole_answer_mean_the_same(case: str) -> None:
    streamed = facts(True, (ROOT / case / "response.sse").read_bytes())
    whole = facts(False, (ROOT / case / "response.json").read_bytes())

    assert gist(streamed) == gist(whole)
    assert isinstance(streamed[-1], Finished)


@pytest.mark.parametrize("case", CASES)
def test_a_stream_means_the_same_wherever_it_is_cut(case: str) -> None:
    body = (ROOT / case / "response.sse").read_bytes()
    whole = facts(True, body)

    for at in range(len(body) + 1):
        assert facts(True, body[:at], body[at:]) == whole
    assert facts(True, *(body[n : n + 1] for n in range(len(body)))) == whole


@given(st.sampled_from(CASES), st.lists(st.floats(0, 1), max_size=8), st.sampled_from([b"\n", b"\r", b"\r\n"]))
def test_a_stream_means_the_same_with_any_line_ending(case: str, cuts: list[float], ending: bytes) -> None:
    body = (ROOT / case / "response.sse").read_bytes()
    other = body.replace(b"\n", ending)
    edges = [0, *sorted(int(cut * len(other)) for cut in cuts), len(other)]

    assert facts(True, *(other[a:b] for a, b in pairwise(edges))) == facts(True, body)


@pytest.mark.parametrize("case", CASES)
def test_a_stream_that_breaks_off_is_never_an_end(case: str) -> None:
    body = (ROOT / case / "response.sse").read_bytes()

    for at in range(len(body) - 1):
        last = facts(True, body[:at])[-1]
        assert last == Failed(Fault(Kind.UPSTREAM_GARBLED, "the provider's answer broke off"))


def test_parallel_tools_with_split_arguments_are_told_block_by_block() -> None:
    told = facts(True, (ROOT / "tool_use" / "response.sse").read_bytes())

    assert gist(told) == [
        Started("msg_01Tool", "claude-sonnet-4-5"),
        TextStarted(),
        Delta("Let me look."),
        BlockEnded(),
        ToolStarted("toolu_01A", "get_weather"),
        Delta('{"location":"Paris"}'),
        BlockEnded(),
        ToolStarted("toolu_01B", "get_time"),
        BlockEnded(),
        Seen(Usage(input_tokens=592, cached_tokens=100, cache_written_tokens=20, output_tokens=89)),
        Finished(Stop.TOOL_USE),
    ]


def test_thinking_and_server_tools_are_swallowed() -> None:
    told = facts(True, (ROOT / "thinking" / "response.sse").read_bytes())

    assert isinstance(next(fact for fact in told if isinstance(fact, Thought | Delta)), Thought)
    assert gist(told) == [
        Started("msg_01Think", "claude-sonnet-4-5"),
        TextStarted(),
        Delta("Yes: 12,231."),
        BlockEnded(),
        Seen(Usage(41, 0, 0, 60, reasoning_tokens=38)),
        Finished(Stop.END),
    ]


def test_usage_is_a_running_total_of_which_the_last_word_counts() -> None:
    told = answer(
        {"type": "message_delta", "delta": {}, "usage": {"output_tokens": 3}},
        {"type": "message_delta", "delta": {}, "usage": {"cache_read_input_tokens": 50, "input_tokens": None}},
        {"type": "message_delta", "delta": {}, "usage": {"input_tokens": 6, "output_tokens": 9}},
        {"type": "message_stop"},
    )

    assert [fact.usage for fact in told if isinstance(fact, Seen)] == [
        Usage(input_tokens=5, output_tokens=1),
        Usage(input_tokens=5, output_tokens=3),
        Usage(input_tokens=55, cached_tokens=50, output_tokens=3),
        Usage(input_tokens=56, cached_tokens=50, output_tokens=9),
    ]


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("end_turn", Stop.END),
        ("stop_sequence", Stop.END),
        ("pause_turn", Stop.END),
        ("max_tokens", Stop.LENGTH),
        ("model_context_window_exceeded", Stop.LENGTH),
        ("tool_use", Stop.TOOL_USE),
        ("refusal", Stop.REFUSAL),
        ("invented_later", Stop.END),
        (None, Stop.END),
    ],
)
def test_every_stop_reason_has_a_meaning(reason: Json, stop: Stop) -> None:
    assert answer(*over(reason))[-1] == Finished(stop)


def test_an_answer_with_tools_never_just_ends() -> None:
    """vercel/ai#12218: an agent that reads "end" does not run its tools."""
    tool: dict[str, Json] = {"type": "tool_use", "id": "t", "name": "f", "input": {}}

    assert answer(*block(tool), *over("end_turn"))[-1] == Finished(Stop.TOOL_USE)
    assert answer(*block(tool), *over("max_tokens"))[-1] == Finished(Stop.LENGTH)


def test_tool_input_that_came_whole_is_told_unless_pieces_follow() -> None:
    tool: dict[str, Json] = {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}}
    pieces: dict[str, Json] = {"type": "input_json_delta", "partial_json": '{"a":2}'}

    assert Delta('{"a":1}') in answer(*block(tool), *over())
    assert [fact for fact in answer(*block(tool, pieces), *over()) if isinstance(fact, Delta)] == [Delta('{"a":2}')]


def test_events_and_deltas_nobody_knows_yet_are_passed_over() -> None:
    told = answer(
        {"type": "ping"},
        {"type": "weather_report", "index": "?"},
        *block(
            {"type": "text", "text": "A"}, {"type": "citations_delta", "citation": {}}, {"type": "later", "text": "B"}
        ),
        *block({"type": "later"}, {"type": "text_delta", "text": "no"}, index=1),
        *over(),
    )

    assert [fact for fact in told if isinstance(fact, Delta)] == [Delta("A")]


@pytest.mark.parametrize(
    "disorder",
    [
        [*over()],
        [*list(block({"type": "text", "text": ""}))[1:]],
        [*list(block({"type": "text"}))[:1], *block({"type": "text"}, index=1)],
        [*list(block({"type": "text"}))[:1], *over()],
        [{"type": "content_block_delta", "index": 0, "delta": {}}],
        [{"type": "content_block_start", "index": "0", "content_block": {}}],
        [{"type": "message_delta", "delta": {}, "usage": {"output_tokens": "7"}}],
    ],
    ids=["no start", "stop unopened", "interleaved", "unclosed", "delta unopened", "index", "usage"],
)
def test_disorder_is_unreadable_and_never_told(disorder: list[dict[str, Json]]) -> None:
    started: dict[str, Json] = {"type": "message_start", "message": {}}
    events = disorder if disorder == [*over()] else [started, *disorder]
    decoder = PROVIDER.decoder(True)

    with pytest.raises(UnreadableError):
        list(decoder.feed(sse(*events)))


@pytest.mark.parametrize("data", [b"{oops", b"[1]", b"[DONE]", b"\xff"])
def test_an_event_that_is_no_object_is_unreadable(data: bytes) -> None:
    with pytest.raises(UnreadableError):
        facts(True, b"data: " + data + b"\n\n")


def test_facts_before_broken_json_are_still_told() -> None:
    stream = PROVIDER.decoder(True).feed(sse({"type": "message_start", "message": {}}) + b"data: {oops\n\n")

    assert next(stream) == Started("", "")
    with pytest.raises(UnreadableError):
        next(stream)


@pytest.mark.parametrize("body", [b"", b"<html>504</html>", b"[]", b"{}", b'{"content":"x"}', b'{"content":[1]}'])
def test_a_whole_body_that_is_no_answer_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableError):
        facts(False, body)


@pytest.mark.parametrize(
    ("word", "kind", "status"),
    [
        ("overloaded_error", Kind.OVERLOADED, 529),
        ("rate_limit_error", Kind.RATE_LIMITED, 429),
        ("api_error", Kind.UPSTREAM_ERROR, 500),
        ("authentication_error", Kind.UNAUTHENTICATED, 401),
        ("invalid_request_error", Kind.MALFORMED, 400),
        ("not_found_error", Kind.NOT_FOUND, 404),
        ("permission_error", Kind.FORBIDDEN, 403),
        ("request_too_large", Kind.TOO_LARGE, 413),
        ("timeout_error", Kind.UPSTREAM_SILENT, 504),
        ("invented_later", Kind.UPSTREAM_ERROR, 500),
    ],
)
def test_an_error_in_an_answer_fails_it_with_the_providers_words(word: str, kind: Kind, status: int) -> None:
    error: dict[str, Json] = {"type": "error", "error": {"type": word, "message": "So sorry"}}
    fault = Fault(kind, "So sorry", status, word)

    assert answer(error, *over())[-1] == Failed(fault)
    assert facts(True, sse(error)) == [Failed(fault)]
    assert facts(False, j.dump(error)) == [Failed(fault)]


EVENTS = (ROOT / "tool_use" / "response.sse").read_bytes()


@given(st.integers(0, len(EVENTS) - 1), st.binary(max_size=4))
def test_garbled_bytes_are_unreadable_or_told_in_order_and_never_crash(at: int, noise: bytes) -> None:
    try:
        told = facts(True, EVENTS[:at] + noise + EVENTS[at + 1 :])
    except UnreadableError:
        return

    assert isinstance(told[-1], Finished | Failed)


# -- answers to clients -------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_survives_being_written_and_read_again(case: str, stream: bool) -> None:
    told = facts(True, (ROOT / case / "response.sse").read_bytes())

    again = facts(stream, write(told, stream=stream))

    def without_reasoning(fact: Fact) -> Fact:
        return Seen(replace(fact.usage, reasoning_tokens=None)) if isinstance(fact, Seen) else fact

    assert gist(again) == [without_reasoning(fact) for fact in gist(told)]


@pytest.mark.parametrize("case", CASES)
def test_the_official_sdk_reads_both_kinds_of_answer_alike(case: str) -> None:
    told = facts(True, (ROOT / case / "response.sse").read_bytes())

    whole = Message.model_validate_json(write(told, stream=False), strict=True)
    streamed = streamed_by_sdk(write(told, stream=True))

    def plain(message: Message) -> object:
        return [block.model_dump(exclude_none=True) for block in message.content], message.stop_reason, message.id

    assert plain(streamed) == plain(whole)
    assert streamed.usage.model_dump(exclude_none=True) == whole.usage.model_dump(exclude_none=True)
    assert (streamed.model, streamed.role, streamed.type) == (whole.model, "assistant", "message")


def test_a_stream_is_written_word_for_word() -> None:
    told: list[Fact] = [
        Started("msg_9", "opus"),
        Seen(Usage(input_tokens=30, cached_tokens=20, cache_written_tokens=4)),
        TextStarted(),
        Delta("Hi"),
        BlockEnded(),
        ToolStarted("t1", "f"),
        Delta('{"a"'),
        Delta(":1}"),
        BlockEnded(),
        Seen(Usage(output_tokens=8)),
        Finished(Stop.TOOL_USE),
    ]

    def event(name: str, rest: str) -> str:
        return f'event: {name}\ndata: {{"type":"{name}"{rest}}}\n\n'

    assert write(told, stream=True).decode() == "".join(
        [
            event(
                "message_start",
                ',"message":{"id":"msg_9","type":"message","role":"assistant","model":"opus","content":[],'
                '"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":6,"cache_creation_input_tokens":4,'
                '"cache_read_input_tokens":20,"output_tokens":0}}',
            ),
            event("content_block_start", ',"index":0,"content_block":{"type":"text","text":""}'),
            event("content_block_delta", ',"index":0,"delta":{"type":"text_delta","text":"Hi"}'),
            event("content_block_stop", ',"index":0'),
            event(
                "content_block_start", ',"index":1,"content_block":{"type":"tool_use","id":"t1","name":"f","input":{}}'
            ),
            event("content_block_delta", ',"index":1,"delta":{"type":"input_json_delta","partial_json":"{\\"a\\""}'),
            event("content_block_delta", ',"index":1,"delta":{"type":"input_json_delta","partial_json":":1}"}'),
            event("content_block_stop", ',"index":1'),
            event(
                "message_delta",
                ',"delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":6,'
                '"cache_creation_input_tokens":4,"cache_read_input_tokens":20,"output_tokens":8}',
            ),
            event("message_stop", ""),
        ]
    )


def test_an_answer_without_names_gets_the_time_and_the_model_that_was_asked_for() -> None:
    body = j.parse(write([Started("", ""), Finished(Stop.END)], stream=False, model="mine"), where="answer")

    assert (body["id"], body["model"], body["content"]) == (f"msg_{CREATED}", "mine", [])


@pytest.mark.parametrize(
    ("args", "parsed"),
    [("", {}), (" ", {}), ('{"a":1}', {"a": 1}), ("{oops", {"_raw": "{oops"}), ("[1]", {"_raw": "[1]"})],
)
def test_a_whole_answer_has_tool_input_as_an_object(args: str, parsed: Json) -> None:
    pieces = [Delta(args)] if args else []
    told: list[Fact] = [Started("m", "c"), ToolStarted("t", "f"), *pieces, BlockEnded(), Finished(Stop.TOOL_USE)]

    body = j.parse(write(told, stream=False), where="answer")

    assert body["content"] == [{"type": "tool_use", "id": "t", "name": "f", "input": parsed}]


def test_a_whole_answer_has_no_empty_text_because_anthropic_takes_none_back() -> None:
    told: list[Fact] = [Started("m", "c"), TextStarted(), BlockEnded(), Finished(Stop.END)]

    assert j.parse(write(told, stream=False), where="answer")["content"] == []


def test_a_failed_whole_answer_is_an_error_body() -> None:
    fault = Fault(Kind.OVERLOADED, "Busy", 529)

    assert write([Started("m", "c"), TextStarted(), Delta("Hi"), Failed(fault)], stream=False) == CLIENT.encode_error(
        fault
    )


def test_a_stream_that_fails_ends_with_the_error_and_leaves_its_block_open() -> None:
    fault = Fault(Kind.OVERLOADED, "Busy", 529)

    body = write([Started("m", "c"), TextStarted(), Delta("Hi"), Failed(fault)], stream=True)

    assert body.endswith(CLIENT.encode_stream_error(fault))
    assert b"content_block_stop" not in body
    assert facts(True, body)[-1] == Failed(Fault(Kind.OVERLOADED, "Busy", 529, "overloaded_error"))


def test_the_official_sdk_raises_an_error_in_a_stream() -> None:
    body = write([Started("m", "c"), TextStarted(), Failed(Fault(Kind.OVERLOADED, "Busy"))], stream=True)

    with pytest.raises(anthropic.APIStatusError, match="Busy"):
        streamed_by_sdk(body)


# -- errors -------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(Kind))
def test_every_fault_is_an_error_the_official_sdk_knows(kind: Kind) -> None:
    body = CLIENT.encode_error(Fault(kind, "It is so"))

    if kind is not Kind.TOO_LARGE:  # documented as `request_too_large`, and missing in the SDK's types
        ErrorResponse.model_validate_json(body)
    with sdk(kind.status, "application/json", body) as client, pytest.raises(anthropic.APIStatusError) as error:
        client.messages.create(model="claude", max_tokens=9, messages=[{"role": "user", "content": "x"}])
    assert "It is so" in str(error.value)
    assert error.value.status_code == kind.status


def test_an_error_answer_is_told_with_the_providers_words() -> None:
    body = b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}'

    assert PROVIDER.decode_error(500, body) == Fault(Kind.OVERLOADED, "Overloaded", 500, "overloaded_error")


def test_a_foreign_error_word_does_not_outweigh_the_status() -> None:
    body = b'{"error":{"type":"invalid_request_error","message":"Wrong key"}}'

    assert PROVIDER.decode_error(401, body) == Fault(Kind.UNAUTHENTICATED, "Wrong key", 401, "invalid_request_error")


def test_a_long_error_is_cut() -> None:
    body = j.dump({"type": "error", "error": {"type": "x" * 500, "message": "m" * 5_000}})

    fault = PROVIDER.decode_error(400, body)

    assert (len(fault.public), len(fault.code)) == (2_000, 64)


def error_body(error: Json) -> bytes:
    return j.dump({"type": "error", "error": error})


@given(
    st.integers(400, 599),
    st.binary() | AWKWARD.map(error_body) | st.just(b"<html>502 Bad Gateway</html>"),
)
def test_any_error_body_gives_a_fault(status: int, body: bytes) -> None:
    fault = PROVIDER.decode_error(status, body)

    assert fault.upstream_status == status
    assert fault.public
