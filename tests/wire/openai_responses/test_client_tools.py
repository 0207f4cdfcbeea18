"""Promises about tools that are no functions: carried as functions, given back as what they were.

Source: `tool_param` and `response_input_item_param` of openai-python (main of 2026-08), and what Codex 0.171.0 sends.
"""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses import ResponseOutputItem, ResponseStreamEvent
from pydantic import TypeAdapter

from openclaw_extproc.faults import FaultError
from openclaw_extproc.model.facts import BlockEnded, Delta, Fact, Finished, StateAttached, Stop, ToolStarted
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import InlineImage, Text, ToolChoice, ToolResult, ToolUse, Turn
from openclaw_extproc.wire.base import UpstreamEdit
from openclaw_extproc.wire.openai.free_text import FreeText
from openclaw_extproc.wire.openai_responses.client.items import VENDOR_ITEMS
from openclaw_extproc.wire.openai_responses.client.tools.declared import MAX_NAME_CHARS, VENDOR_RUN, function_name
from openclaw_extproc.wire.openai_responses.client.tools.kinds import CLIENT_RUN
from openclaw_extproc.wire.translation import provider_state
from tests.wire.openai_responses.saying import BEGUN, FOREIGN, PNG, PROVIDER, events_in, read, write

GRAMMAR: Json = {"type": "grammar", "syntax": "lark", "definition": "start: /.+/"}
PATCH: Json = {"type": "custom", "name": "apply_patch", "description": "Edits files.", "format": GRAMMAR}
SEARCH: Json = {"type": "tool_search", "execution": "client", "parameters": {"type": "object", "properties": {}}}
INSIDE: Json = {"type": "function", "name": "lookup", "parameters": {"type": "object", "properties": {}}}
NAMESPACE: Json = {"type": "namespace", "name": "mcp__rates", "description": "Rates.", "tools": [INSIDE]}
FUNCTION: Json = {"type": "function", "name": "f", "parameters": {}}


def declared(kind: str) -> dict[str, Json]:
    preview: Json = {"type": kind, "environment": "linux", "display_width": 800, "display_height": 600}
    given = {"custom": PATCH, "tool_search": SEARCH, "computer_use_preview": preview}.get(kind, {"type": kind})
    assert isinstance(given, dict)
    return given


ARGUMENTS: dict[str, dict[str, Json]] = {
    "custom": {"input": 'a "line"\nand ü 😀'},
    "local_shell": {"command": ["ls", "-l"], "working_directory": "/tmp", "env": {}},  # noqa: S108  # nobody writes there
    "shell": {"commands": ["ls"], "timeout_ms": 5},
    "apply_patch": {"type": "update_file", "path": "a.txt", "diff": "@@\n-a\n+b"},
    "computer": {"type": "click", "x": 1, "y": 2, "button": "left"},
    "computer_use_preview": {"type": "wait"},
    "tool_search": {"query": "tax"},
}


def called(request: Any, name: str, arguments: str, *, seal: bool = False) -> list[dict[str, Json]]:
    signed: list[Fact] = [StateAttached(FOREIGN)] if seal else []
    pieces = [Delta(arguments[n : n + 3]) for n in range(0, len(arguments), 3)]
    facts: list[Fact] = [BEGUN, ToolStarted("call_1", name), *signed, *pieces, BlockEnded(), Finished(Stop.TOOL_USE)]
    return events_in(write(request, facts))


def item_of(events: list[dict[str, Json]]) -> dict[str, Json]:
    (done,) = [event["item"] for event in events if event["type"] == "response.output_item.done"]
    assert isinstance(done, dict)
    return done


@pytest.mark.parametrize("kind", CLIENT_RUN)
def test_a_call_comes_back_as_what_it_was_and_is_read_again(kind: str) -> None:
    request = read(tools=[declared(kind)], stream=True)
    (spec,) = request.tools
    given = ARGUMENTS[kind]

    events = called(request, spec.name, json.dumps(given))
    item = item_of(events)
    again = read(tools=[declared(kind)], input=[item])

    assert item["type"] == CLIENT_RUN[kind].call
    TypeAdapter[object](ResponseOutputItem).validate_python(item)
    for event in events:
        TypeAdapter[object](ResponseStreamEvent).validate_python(event)
    (turn,) = again.turns
    (use,) = turn.parts
    assert isinstance(use, ToolUse)
    assert (use.id, use.name) == ("call_1", spec.name)
    assert json.loads(use.args) == given


@pytest.mark.parametrize("kind", CLIENT_RUN)
def test_another_providers_state_travels_in_the_call(kind: str) -> None:
    request = read(tools=[declared(kind)], stream=True)

    item = item_of(called(request, request.tools[0].name, json.dumps(ARGUMENTS[kind]), seal=True))
    (turn,) = read(tools=[declared(kind)], input=[item]).turns

    state = provider_state.read(str(item["call_id"]))
    assert state is not None
    assert state.id == "call_1"
    assert isinstance(turn.parts[0], ToolUse)
    assert turn.parts[0].sealed == FOREIGN


RESULTS: dict[str, tuple[dict[str, Json], ToolResult]] = {
    "custom": (
        {"type": "custom_tool_call_output", "call_id": "c", "output": "ok"},
        ToolResult("c", (Text("ok"),)),
    ),
    "local_shell": ({"type": "local_shell_call_output", "id": "c", "output": "ok"}, ToolResult("c", (Text("ok"),))),
    "shell": (
        {"type": "shell_call_output", "call_id": "c", "output": [{"stdout": "a", "stderr": "", "outcome": {}}]},
        ToolResult("c", (Text('[{"stdout":"a","stderr":"","outcome":{}}]'),)),
    ),
    "apply_patch": (
        {"type": "apply_patch_call_output", "call_id": "c", "status": "failed", "output": "no such file"},
        ToolResult("c", (Text("no such file"),), is_error=True),
    ),
    "computer": (
        {
            "type": "computer_call_output",
            "call_id": "c",
            "output": {"type": "computer_screenshot", "image_url": f"data:image/png;base64,{PNG}"},
        },
        ToolResult("c", (InlineImage("image/png", PNG),)),
    ),
    "tool_search": (
        {"type": "tool_search_output", "call_id": "c", "execution": "client", "tools": [NAMESPACE]},
        ToolResult("c", (Text("These tools can be called now: mcp__rates"),)),
    ),
}


@pytest.mark.parametrize("kind", RESULTS)
def test_a_result_is_a_result(kind: str) -> None:
    item, expected = RESULTS[kind]

    assert read(input=[item]).turns == (Turn("user", (expected,)),)


def test_a_grammar_is_told_and_named_as_not_enforced() -> None:
    request = read(tools=[PATCH])

    assert "start: /.+/" in request.tools[0].description
    assert request.losses == ("tools[0].format: told, not enforced",)


def test_tools_of_a_namespace_are_functions_with_its_name() -> None:
    request = read(tools=[NAMESPACE], stream=True)

    item = item_of(called(request, "mcp__rates__lookup", "{}"))
    use = read(input=[item]).turns[0].parts[0]

    assert [(spec.name, spec.description) for spec in request.tools] == [("mcp__rates__lookup", "Rates.")]
    assert (item["type"], item["name"], item["namespace"]) == ("function_call", "lookup", "mcp__rates")
    assert isinstance(use, ToolUse)
    assert use.name == "mcp__rates__lookup"


def test_the_default_namespace_has_no_name() -> None:
    request = read(tools=[{"type": "namespace", "name": "functions", "tools": [PATCH, INSIDE]}], stream=True)

    assert [spec.name for spec in request.tools] == ["apply_patch", "lookup"]
    assert item_of(called(request, "lookup", "{}"))["name"] == "lookup"
    assert "namespace" not in item_of(called(request, "apply_patch", '{"input":"x"}'))


def test_tools_that_become_known_on_the_way_are_offered_behind_the_others() -> None:
    found: Json = {"type": "tool_search_output", "call_id": "c", "execution": "client", "tools": [NAMESPACE]}
    more: Json = {"type": "additional_tools", "role": "developer", "tools": [INSIDE]}

    request = read(tools=[FUNCTION], input=[{"role": "user", "content": "x"}, more, found])

    assert [spec.name for spec in request.tools] == ["f", "lookup", "mcp__rates__lookup"]


@given(st.text(min_size=1, max_size=80), st.text(min_size=1, max_size=80))
def test_a_long_name_is_short_and_always_the_same(namespace: str, name: str) -> None:
    made = function_name(namespace, name)

    assert made == function_name(namespace, name)
    assert namespace == "functions" or len(made) <= MAX_NAME_CHARS


# -- what OpenAI runs ---------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(VENDOR_RUN - {"shell"}))
def test_what_openai_runs_stays_behind_and_is_named(kind: str) -> None:
    request = read(tools=[FUNCTION, {"type": kind}], tool_choice="auto")

    assert [spec.name for spec in request.tools] == ["f"]
    assert request.losses == (f"tools[1]: {kind}",)
    PROVIDER.encode_request(request, UpstreamEdit("m"))


def test_a_shell_in_openais_container_is_openais() -> None:
    request = read(tools=[FUNCTION, {"type": "shell", "environment": {"type": "container_auto"}}])

    assert request.losses == ("tools[1]: shell",)


@pytest.mark.parametrize(
    "choice",
    [
        {"type": "web_search_preview"},
        {"type": "mcp", "server_label": "x"},
        "required",
        {"type": "allowed_tools", "mode": "required", "tools": [{"type": "web_search"}]},
    ],
)
def test_what_is_forced_is_never_left_out(choice: Json) -> None:
    request = read(tools=[{"type": "web_search"}], tool_choice=choice)

    with pytest.raises(FaultError):
        PROVIDER.encode_request(request, UpstreamEdit("m"))


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"type": "custom", "name": "apply_patch"}, ToolChoice("named", "apply_patch")),
        ({"type": "local_shell"}, ToolChoice("named", "local_shell")),
        ({"type": "function", "name": "lookup", "namespace": "mcp__rates"}, ToolChoice("named", "mcp__rates__lookup")),
        ("required", ToolChoice("required")),
    ],
)
def test_a_choice_of_the_clients_own_is_a_choice(choice: Json, expected: ToolChoice) -> None:
    request = read(tools=[PATCH, {"type": "local_shell"}, NAMESPACE, {"type": "web_search"}], tool_choice=choice)

    assert request.tool_choice == expected


@pytest.mark.parametrize("kind", VENDOR_ITEMS)
def test_what_openai_ran_has_a_reading(kind: str) -> None:
    request = read(input=[{"type": kind, "id": "x"}, {"role": "user", "content": "Go on."}])

    assert request.turns == (Turn("user", (Text("Go on."),)),)
    assert request.losses == (f"input[0]: {kind}",)
    PROVIDER.encode_request(request, UpstreamEdit("m"))


def test_what_openai_brought_is_told() -> None:
    item: Json = {"type": "mcp_call", "id": "x", "name": "f", "server_label": "s", "arguments": "{}", "output": "42"}

    request = read(input=[{"role": "user", "content": "x"}, item])

    assert request.turns[1] == Turn("assistant", (Text("[f at s: {}]\n42"),))
    assert request.losses == ()


def test_an_unknown_item_is_a_loss_amid_a_history_and_an_error_where_it_is_the_question() -> None:
    unknown: Json = {"type": "of_tomorrow"}
    question: Json = {"role": "user", "content": "x"}

    assert read(input=[unknown, question]).losses == ("input[0]: unknown type of item",)
    with pytest.raises(FaultError):
        PROVIDER.encode_request(read(input=[question, unknown]), UpstreamEdit("m"))


# -- free text ------------------------------------------------------------------------------


@given(st.text(), st.lists(st.integers(0, 200), max_size=6), st.booleans())
def test_free_text_is_the_same_wherever_it_is_cut(text: str, cuts: list[int], escapes: bool) -> None:  # Hypothesis
    written = json.dumps({"input": text.encode("utf-8", "replace").decode()}, ensure_ascii=escapes)
    edges = [0, *sorted(min(cut, len(written)) for cut in cuts), len(written)]
    reader = FreeText()

    told = "".join(reader.feed(written[a:b]) for a, b in pairwise(edges)) + reader.end()

    assert told == reader.text == text.encode("utf-8", "replace").decode()


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("*** Begin Patch", "*** Begin Patch"),
        ('{"patch": "*** Begin"}', "*** Begin"),
        ('{"why": "so", "input": "x"}', "x"),
        ('{"input": "two\nlines"}', "two\nlines"),
        ("", ""),
    ],
)
def test_what_is_not_quite_the_arguments_is_still_the_text(written: str, text: str) -> None:
    reader = FreeText()

    assert reader.feed(written) + reader.end() == text


def test_a_long_text_that_is_no_json_is_kept_in_pieces() -> None:
    reader = FreeText()
    pieces = ["no json "] * 100_000

    assert [reader.feed(piece) for piece in pieces].count("") == len(pieces)
    assert reader.end() == "".join(pieces)


def test_free_text_is_told_while_it_comes() -> None:
    request = read(tools=[PATCH], stream=True)

    events = called(request, "apply_patch", json.dumps({"input": "abcdefghi"}))
    deltas = [event["delta"] for event in events if event["type"] == "response.custom_tool_call_input.delta"]

    assert len(deltas) > 1
    assert "".join(map(str, deltas)) == "abcdefghi"
