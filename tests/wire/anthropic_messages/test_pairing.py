"""Promises of the Anthropic Messages format: every call has its result, right behind it."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Part, Text, ToolResult, ToolUse, Turn
from tests.wire.anthropic_messages.saying import HELLO, encoded


def told(*turns: Turn) -> tuple[list[Json], tuple[str, ...]]:
    request = encoded(replace(HELLO, turns=turns))
    return j.an_array(j.parse(request.body, where="x")["messages"], at="messages"), request.losses


def user(*parts: Part) -> Turn:
    return Turn("user", parts)


def calls(*ids: str) -> Turn:
    return Turn("assistant", tuple(ToolUse(id, "f", "{}") for id in ids))


def result(id: str) -> ToolResult:
    return ToolResult(id, (Text(f"of {id}"),))


def blocks(message: Json) -> list[tuple[str, str]]:
    """Type of each block, and its id or text."""
    content = j.an_array(j.an_object(message, at="m")["content"], at="content")
    parts = [j.an_object(block, at="block") for block in content]
    return [(str(part["type"]), str(part.get("id") or part.get("tool_use_id") or part.get("text"))) for part in parts]


def test_results_stand_behind_their_calls_in_the_order_of_the_calls() -> None:
    messages, losses = told(user(Text("Go")), calls("a", "b"), user(Text("And"), result("b")), user(result("a")))

    assert blocks(messages[2]) == [("tool_result", "a"), ("tool_result", "b"), ("text", "And")]
    assert losses == ()


def test_a_result_that_comes_late_moves_behind_its_call() -> None:
    messages, losses = told(
        user(Text("Go")), calls("a"), user(Text("Wait")), Turn("assistant", (Text("Yes"),)), user(result("a"))
    )

    assert [blocks(message) for message in messages] == [
        [("text", "Go")],
        [("tool_use", "a")],
        [("tool_result", "a"), ("text", "Wait")],
        [("text", "Yes")],
    ]
    assert losses == ()


def test_a_call_without_a_result_gets_one_that_says_so_and_it_is_named() -> None:
    messages, losses = told(user(Text("Go")), calls("a", "b"), user(Text("Never mind"), result("b")))

    first = j.an_array(j.an_object(messages[2], at="m")["content"], at="content")[0]
    assert first == {"type": "tool_result", "tool_use_id": "a", "content": "no result", "is_error": True}
    assert blocks(messages[2])[1:] == [("tool_result", "b"), ("text", "Never mind")]
    assert losses == ("tool result: none came for a call",)


def test_calls_at_the_end_get_results_too() -> None:
    messages, losses = told(user(Text("Go")), calls("a"))

    assert blocks(messages[2]) == [("tool_result", "a")]
    assert losses == ("tool result: none came for a call",)


def test_a_result_of_no_call_becomes_text_and_is_named() -> None:
    messages, losses = told(user(Text("Go"), result("z")))

    assert blocks(messages[0])[2] == ("text", "of z")
    assert "tool_result" not in j.text(messages)
    assert losses == ("tool result: without a call, as text",)


def test_a_name_in_the_history_that_anthropic_does_not_take_is_changed_and_named() -> None:
    call = Turn("assistant", (ToolUse("a", "mcp.tool/é", "{}"),))

    messages, losses = told(user(Text("Go")), call, user(result("a")))

    assert '"name":"mcp_tool__"' in j.text(messages)
    assert losses == ("tool name in an earlier call: letters that Anthropic does not take",)


parts = st.sampled_from([Text("x"), Text(" "), *(result(id) for id in "abc")])
turns = st.lists(
    st.builds(user, parts, parts)
    | st.lists(st.sampled_from("abc"), max_size=2, unique=True).map(lambda ids: calls(*ids)),
    max_size=8,
)


@given(turns)
def test_whatever_the_history_every_call_is_answered_in_the_next_message_and_nothing_else_is(
    said: Sequence[Turn],
) -> None:
    messages, _ = told(*HELLO.turns, *said)

    roles = [j.an_object(message, at="m")["role"] for message in messages]
    assert all(one != other for one, other in pairwise(roles))
    for n, message in enumerate(messages):
        used = [id for kind, id in blocks(message) if kind == "tool_use"]
        answered = (
            [id for kind, id in blocks(messages[n + 1]) if kind == "tool_result"] if n + 1 < len(messages) else []
        )
        assert used == answered
        kinds = [kind for kind, _ in blocks(message)]
        assert kinds == sorted(kinds, key=lambda kind: kind != "tool_result")
        assert kinds
