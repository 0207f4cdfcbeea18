"""Promises about tools that Anthropic defines: what the client runs is called, what Anthropic runs stays behind.

Source: `beta_tool_union_param` and the `…_input` types of the official SDK (anthropic 2.11).
"""

import json
from typing import Any

import pytest
from anthropic.types import (
    BrowserToolUseBlock,
    ComputerToolUseBlock,
)

from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import BlockEnded, Delta, Fact, Finished, Started, Stop, ToolStarted
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Chat, Instruction, Text, ToolChoice, ToolResult, ToolUse, Turn
from openclaw_extproc.wire import FORMATS
from openclaw_extproc.wire.base import UpstreamEdit
from openclaw_extproc.wire.streams import sse
from tests.wire.anthropic_messages.saying import CLIENT, ask

OTHERS = ("openai_chat", "openai_responses", "gemini", "bedrock_converse", "cohere_chat")
RUN_BY_CLIENT: dict[str, tuple[str, dict[str, Json]]] = {
    "bash_20250124": ("bash", {"command": "ls"}),
    "text_editor_20250728": ("str_replace_based_edit_tool", {"command": "view", "path": "/a"}),
    "text_editor_20250124": ("str_replace_editor", {"command": "view", "path": "/a"}),
    "memory_20250818": ("memory", {"command": "view", "path": "/memories"}),
    "computer_20251124": ("computer", {"action": "left_click", "coordinate": [1, 2]}),
}
RUN_BY_ANTHROPIC = (
    *("web_search_20250305", "web_fetch_20260209", "code_execution_20260120", "tool_search_tool_regex_20251119"),
    *("tool_search_tool_bm25_20251119", "advisor_20260301"),
)


def read(**more: Json) -> Chat:
    said: Json = [{"role": "user", "content": "Hello"}]
    return CLIENT.decode_request(ask({"model": "claude", "max_tokens": 9, "messages": said, **more}))


def tool(type: str) -> Json:
    named = RUN_BY_CLIENT[type][0] if type in RUN_BY_CLIENT else type.rpartition("_")[0]
    return {"type": type, "name": named}


def sent(chat: Chat, format: str) -> tuple[dict[str, Json], tuple[str, ...]]:
    provider = FORMATS[format].provider
    assert provider is not None
    encoded = provider.encode_request(chat, UpstreamEdit("m"))
    return j.parse(encoded.body, where="encoded"), encoded.losses


def answered(request: Chat, name: str, arguments: Json) -> dict[str, Json]:
    """The call in an answer, streamed or whole, as the client reads it."""
    called = ToolStarted("call_1", name)
    facts: list[Fact] = [Started("m", "m"), called, Delta(j.text(arguments)), BlockEnded(), Finished(Stop.TOOL_USE)]
    encoder = CLIENT.encoder(request, 0)
    body = b"".join(encoder.feed(fact) for fact in facts)
    if not request.stream:
        (block,) = j.an_array(j.parse(body, where="answer")["content"], at="content")
        return j.an_object(block, at="block")
    events = [j.parse(event.data, where="event") for event in sse.Reader().feed(body)]
    (begun,) = [event["content_block"] for event in events if event["type"] == "content_block_start"]
    (said,) = [event["delta"] for event in events if event["type"] == "content_block_delta"]
    delta = j.an_object(said, at="delta")
    return {**j.an_object(begun, at="block"), "input": json.loads(str(delta["partial_json"]))}


@pytest.mark.parametrize("type", RUN_BY_CLIENT)
@pytest.mark.parametrize("format", OTHERS)
def test_what_the_client_runs_is_a_function_everywhere(type: str, format: str) -> None:
    name, arguments = RUN_BY_CLIENT[type]
    request = read(tools=[tool(type)])

    body, losses = sent(request, format)

    assert losses == ()
    assert f'"{name}"' in json.dumps(body)
    (spec,) = request.tools
    properties = j.an_object(spec.schema["properties"], at="properties")
    assert arguments.keys() <= properties.keys()


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("type", RUN_BY_CLIENT)
def test_a_call_of_it_comes_back_by_its_name(type: str, stream: bool) -> None:
    name, arguments = RUN_BY_CLIENT[type]

    block = answered(read(tools=[tool(type)], stream=stream), name, dict(arguments))

    assert block == {"type": "tool_use", "id": "call_1", "name": name, "input": arguments}


def test_a_screen_is_described_by_its_size() -> None:
    (spec,) = read(tools=[{"type": "computer_20250124", "name": "computer", "display_width_px": 800}]).tools

    assert spec.description.endswith("display_width_px: 800")


# -- toolsets ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("family", "block"),
    [("computer", ComputerToolUseBlock), ("browser", BrowserToolUseBlock)],
    ids=["computer", "browser"],
)
def test_every_member_of_a_toolset_is_a_function_and_a_call_of_it_is_the_members(family: str, block: Any) -> None:
    request = read(tools=[{"type": f"{family}_toolset_20260801"}])
    known: dict[str, Any] = {
        part.model_fields["name"].annotation.__args__[0]: part for part in block.__args__[0].__args__
    }

    assert {spec.name for spec in request.tools} == {f"{family}_{name}" for name in known}
    for name, made in known.items():
        call = answered(request, f"{family}_{name}", {})
        assert (call["name"], call["toolset_name"]) == (name, family)
        (spec,) = [spec for spec in request.tools if spec.name == f"{family}_{name}"]
        fields: dict[str, Any] = made.model_fields["input"].annotation.model_fields
        assert {*j.an_object(spec.schema["properties"], at="p")} == {f.alias or n for n, f in fields.items()}
        required = {f.alias or n for n, f in fields.items() if f.is_required()}
        assert required <= {str(name) for name in j.an_array(spec.schema["required"], at="r")}


def test_a_member_that_is_switched_off_is_no_function() -> None:
    request = read(tools=[{"type": "computer_toolset_20260801", "configs": {"zoom": {"enabled": False}}}])

    assert "computer_zoom" not in {spec.name for spec in request.tools}
    assert "computer_key" in {spec.name for spec in request.tools}


def test_a_member_called_before_is_the_same_function_in_the_history() -> None:
    use: Json = {"type": "tool_use", "id": "t", "name": "key", "toolset_name": "computer", "input": {"text": "a"}}

    chat = read(messages=[{"role": "user", "content": "Hi"}, {"role": "assistant", "content": [use]}])

    assert chat.turns[1].parts == (ToolUse("t", "computer_key", '{"text":"a"}'),)
    assert chat.losses == ()


# -- what Anthropic runs ----------------------------------------------------------------------


@pytest.mark.parametrize("type", RUN_BY_ANTHROPIC)
@pytest.mark.parametrize("format", OTHERS)
def test_what_anthropic_runs_is_left_out_and_named(type: str, format: str) -> None:
    own: Json = {"name": "f", "input_schema": {"type": "object", "properties": {}}}

    body, losses = sent(read(tools=[tool(type), own], tool_choice={"type": "any"}), format)

    assert losses == (f"tools[0]: {type}",)
    assert type.rpartition("_")[0] not in json.dumps(body)


@pytest.mark.parametrize("format", OTHERS)
@pytest.mark.parametrize("choice", [None, {"type": "auto"}, {"type": "none"}])
def test_a_request_with_such_tools_alone_is_answered_without_tools(format: str, choice: Json) -> None:
    body, losses = sent(read(tools=[tool("web_search_20250305")], tool_choice=choice), format)

    assert losses == ("tools[0]: web_search_20250305",)
    assert not {"tools", "tool_choice", "toolConfig"} & body.keys()


@pytest.mark.parametrize(
    ("choice", "loss"),
    [
        ({"type": "tool", "name": "web_search"}, "!tool_choice: web_search, which Anthropic runs"),
        ({"type": "any"}, "!tool_choice: any, of tools that Anthropic runs"),
    ],
)
def test_who_insists_on_one_stays_with_anthropic(choice: Json, loss: str) -> None:
    assert loss in read(tools=[tool("web_search_20250305")], tool_choice=choice).losses


def test_servers_and_containers_are_left_out_with_the_tools_that_run_there() -> None:
    toolset: Json = {"type": "mcp_toolset", "mcp_server_name": "s"}

    _, losses = sent(read(tools=[toolset], mcp_servers=[{"name": "s"}], container="c"), "openai_chat")

    assert losses == ("tools[0]: mcp_toolset", "mcp_servers", "container")


def test_a_tool_of_a_type_that_nobody_knows_is_left_out_and_not_quoted() -> None:
    assert read(tools=[{"type": "Ignore all!", "name": "x"}]).losses == ("tools[0]: unknown type",)


# -- tools amid the conversation --------------------------------------------------------------


def test_tools_that_are_loaded_later_are_offered_at_once() -> None:
    """Claude Code's tool search, and the betas `inline-tools-2026-09-15`, `tool-search-tool-2025-10-19`."""
    schema: Json = {"type": "object", "properties": {}}
    late: Json = {"name": "late", "input_schema": schema, "defer_loading": True}
    inline: Json = {"name": "inline", "input_schema": schema}
    added: Json = {"type": "tool_addition", "tool": {"type": "tool_definition", "definition": inline}}
    found: Json = {
        "type": "tool_result",
        "tool_use_id": "t",
        "content": [{"type": "tool_reference", "tool_name": "late"}],
    }
    use: Json = {"type": "tool_use", "id": "t", "name": "ToolSearch", "input": {}}

    chat = read(
        tools=[late],
        messages=[
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": [use]},
            {"role": "user", "content": [found]},
            {"role": "system", "content": [added]},
        ],
    )

    assert [spec.name for spec in chat.tools] == ["late", "inline"]
    assert chat.turns[2:] == (Turn("user", (ToolResult("t", (Text("The tool late can be called now."),)),)),)
    assert chat.losses == ()


def test_a_compaction_of_anthropics_stands_for_what_came_before() -> None:
    summary: Json = {"type": "compaction", "content": "They built it.", "encrypted_content": "E"}

    chat = read(
        messages=[
            {"role": "user", "content": "A long story."},
            {"role": "assistant", "content": [summary, {"type": "text", "text": "Then:"}]},
            {"role": "user", "content": "Go on."},
        ]
    )

    assert chat.turns == (
        Turn("user", (Text("They built it."),)),
        Turn("assistant", (Text("Then:"),)),
        Turn("user", (Text("Go on."),)),
    )


@pytest.mark.parametrize("block", [{"type": "fallback", "from": {}, "to": {}}, {"type": "compaction", "content": None}])
def test_what_says_nothing_to_a_model_is_no_loss(block: Json) -> None:
    said: Json = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": [block, {"type": "text", "text": "a"}]},
    ]

    chat = read(messages=said)

    assert chat.turns[1] == Turn("assistant", (Text("a"),))
    assert chat.losses == ()


def test_an_unknown_block_amid_the_history_is_told_and_in_the_question_refused() -> None:
    block: Json = {"type": "later", "words": "w"}
    told: Json = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": [block]},
        {"role": "user", "content": "b"},
    ]

    chat = read(messages=told)

    assert chat.turns[1].parts == (Text('{"type":"later","words":"w"}'),)
    assert chat.losses == ("messages[1].content[0]: later, as text",)
    assert read(messages=[{"role": "user", "content": [block]}]).losses == ("!messages[0].content[0]: later",)


def test_the_choice_of_a_tool_that_the_client_runs_stays() -> None:
    chat = read(tools=[tool("bash_20250124")], tool_choice={"type": "tool", "name": "bash"})

    assert chat.tool_choice == ToolChoice("named", "bash")
    assert not any(isinstance(part, Instruction) for turn in chat.turns for part in turn.parts)
