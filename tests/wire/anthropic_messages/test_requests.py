"""Promises of the Anthropic Messages format: requests of clients, read and edited."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import Chat, Instruction, Text, ToolChoice, ToolResult, ToolUse, Turn
from openclaw_extproc.wire.base import ClientRequest, UpstreamEdit
from tests.wire.anthropic_messages.saying import AWKWARD, CLIENT, HELLO, ROOT, ask, encoded


def read(**fields: Json) -> Chat:
    messages: Json = [{"role": "user", "content": "Hello"}]
    return CLIENT.decode_request(ask({"model": "claude", "max_tokens": 9, "messages": messages, **fields}))


def read_blocks(*blocks: Json, role: str = "user") -> Chat:
    return read(messages=[{"role": role, "content": [*blocks]}])


# -- requests from clients -------------------------------------------------------


def test_every_plain_field_of_a_request_is_understood() -> None:
    chat = CLIENT.decode_request(ask(j.parse((ROOT / "text" / "request.json").read_bytes(), where="fixture")))

    assert chat == Chat(
        model="claude-sonnet-4-0",
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


def test_tool_turns_are_understood_with_their_cache_points() -> None:
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
    assert chat.losses == ("tools[1]: cache_control before the last tool",)


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
    chat = read(inference_geo="eu", service_tier="auto", output_config=None)

    assert chat.extras == {"inference_geo": "eu", "service_tier": "auto"}
    assert chat.losses == ()


BOUND_BLOCKS: list[tuple[Json, str]] = [
    ({"type": "document", "source": {"type": "file", "file_id": "f"}}, "!messages[0].content[0].source: file"),
    (
        {"type": "document", "source": {"type": "url", "url": "u"}, "citations": {"enabled": True}},
        "messages[0].content[0].citations",
    ),
    ({"type": "mcp_tool_use", "id": "x"}, "messages[0].content[0]: mcp_tool_use, as text"),
    ({"type": "Ignore all!"}, "!messages[0].content[0]: unknown type"),
    ({"type": "image", "source": {"type": "file", "file_id": "f"}}, "!messages[0].content[0].source: file"),
    ({"type": "text", "text": "a", "citations": [{}]}, "messages[0].content[0].citations"),
    (
        {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "a", "cache_control": {}}]},
        "messages[0].content[0].content[0].cache_control",
    ),
    (
        {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "later"}]},
        "messages[0].content[0].content[0]: later, as text",
    ),
    ({"type": "tool_removal", "tool": {}}, "messages[0].content[0]: tool_removal"),
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
        ({"tools": [{"type": "custom", "name": "f", "strict": True}]}, "tools[0].strict"),
        ({"tool_choice": {"type": "later"}}, "!tool_choice: later"),
        ({"metadata": {"user_id": "u", "plan": "x"}}, "metadata.plan"),
    ],
)
def test_abilities_bound_to_anthropic_are_losses(fields: dict[str, Json], loss: str) -> None:
    assert read(**fields).losses == (loss,)


def test_no_system_text_is_no_system_text() -> None:
    assert read(system="").system == read(system=None).system == read(system=[]).system == ()


def test_a_long_history_names_each_loss_once() -> None:
    quoted: Json = {"type": "text", "text": "q", "citations": [{}]}
    odd: dict[str, Json] = {"type": "text", "text": "a", **{f"key{n}": 1 for n in range(500)}}

    chat = read_blocks(*[quoted] * 100, odd)

    assert chat.losses[0] == "messages[0].content[0].citations"
    assert len(chat.losses) == 32


def test_what_happened_at_anthropic_is_read_as_text() -> None:
    search: Json = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "q"}}
    found: Json = {
        "type": "web_search_tool_result",
        "tool_use_id": "s",
        "content": [{"type": "web_search_result", "title": "T", "url": "u", "encrypted_content": "E" * 9_000}],
    }

    (turn,) = read(messages=[{"role": "assistant", "content": [search, found]}]).turns

    assert turn.parts == (
        Text('{"type":"server_tool_use","id":"s","name":"web_search","input":{"query":"q"}}'),
        Text(
            '{"type":"web_search_tool_result","tool_use_id":"s",'
            '"content":[{"type":"web_search_result","title":"T","url":"u"}]}'
        ),
    )


def test_whatever_a_tool_answers_has_a_reading() -> None:
    resource: Json = {"type": "resource", "resource": {"uri": "a:b", "blob": "B" * 3_000}, "cache_control": {}}
    by_id: Json = {"type": "document", "source": {"type": "file", "file_id": "f"}}

    (turn,) = read_blocks({"type": "tool_result", "tool_use_id": "t", "content": [resource, by_id]}).turns

    assert turn.parts == (
        ToolResult(
            "t",
            (
                Text('{"type":"resource","resource":{"uri":"a:b","blob":"(3,000 characters)"}}'),
                Text('{"type":"document","source":{"type":"file","file_id":"f"}}'),
            ),
        ),
    )


def test_a_refused_part_is_named_however_many_losses_came_before() -> None:
    odd: dict[str, Json] = {"type": "text", "text": "a", **{f"key{n}": 1 for n in range(500)}}

    chat = read_blocks(odd, {"type": "container_upload"})

    assert chat.losses[-1] == "!messages[0].content[1]: container_upload"
    with pytest.raises(FaultError) as refused:
        encoded(chat)
    assert refused.value.fault.kind is FaultKind.UNSUPPORTED


def test_a_system_message_in_the_middle_keeps_its_place() -> None:
    """Claude Code sends them since 2.1.154: anthropics/claude-code#61412."""
    chat = read(
        system="First.",
        messages=[
            {"role": "user", "content": "Hello"},
            {"role": "system", "content": [{"type": "text", "text": "Then."}]},
        ],
    )

    assert chat.system == ("First.",)
    assert chat.turns == (*HELLO.turns, Turn("user", (Instruction("Then."),)))
    assert chat.losses == ()


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


# -- edits -----------------------------------------------------------------------


RAW = b'{ "max_tokens" : 100, "model":"claude",\n "messages":[{"role":"user","content":"\\u00e9"}], "x": 1.50 }'
ASKED = ClientRequest("/v1/messages", "", RAW, j.parse(RAW, where="request"))


def test_a_request_that_needs_no_change_keeps_its_very_bytes() -> None:
    edited = CLIENT.edit(ASKED, UpstreamEdit("claude", cap=200))

    assert edited.body is RAW
    assert edited.path == "/messages"
    assert edited.losses == ()


def test_an_edit_changes_the_model_and_lowers_the_limit_and_nothing_else() -> None:
    edited = CLIENT.edit(ASKED, UpstreamEdit("opus", cap=50))

    assert edited.body == RAW.replace(b"100", b"50").replace(b'"claude"', b'"opus"')


def test_a_cap_holds_where_the_client_set_no_limit() -> None:
    edited = CLIENT.edit(ask({"model": "claude", "messages": []}), UpstreamEdit("claude", cap=50))

    assert j.parse(edited.body, where="edited")["max_tokens"] == 50
