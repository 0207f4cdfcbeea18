"""Promises of the Anthropic Messages format: thoughts and the state of providers, there and back."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import (
    BlockEnded,
    Delta,
    Fact,
    Finished,
    Started,
    StateAttached,
    Stop,
    ThoughtStarted,
    ToolStarted,
)
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Reasoning, SealedState, Text, Thinking, ToolResult, ToolUse, Turn
from openclaw_extproc.wire.base import ClientRequest, UpstreamEdit
from openclaw_extproc.wire.translation import provider_state
from openclaw_extproc.wire.translation.provider_state import State
from tests.wire.anthropic_messages.saying import CLIENT, HELLO, ask, blocks, encoded, facts, messages

OWN = SealedState("anthropic", "EqQB")
GEMINIS = SealedState("gemini", "c2lnbmVk")
REDACTED = SealedState("anthropic", "redacted_thinking:Emw")


def content(told: Iterable[Fact], *, stream: bool) -> list[dict[str, Json]]:
    """The blocks that the official SDK would put together."""
    encoder = CLIENT.encoder(replace(HELLO, stream=stream), 0)
    body = b"".join(encoder.feed(fact) for fact in told)
    if not stream:
        return [j.an_object(one, at="block") for one in j.an_array(j.parse(body, where="x")["content"], at="content")]
    return [*_assembled(body)]


def _assembled(body: bytes) -> Iterable[dict[str, Json]]:
    made: dict[int, dict[str, Json]] = {}
    for frame in body.split(b"\n\n"):
        if not frame:
            continue
        event = j.parse(frame.split(b"data: ", 1)[1], where="event")
        if event["type"] == "content_block_start":
            made[j.an_int(event["index"], at="index")] = dict(j.an_object(event["content_block"], at="block"))
        elif event["type"] == "content_block_delta":
            delta = j.an_object(event["delta"], at="delta")
            for key in delta.keys() - {"type", "partial_json"}:
                block = made[j.an_int(event["index"], at="index")]
                block[key] = f"{block.get(key, '')}{delta[key]}"
    assert [*made] == [*range(len(made))]
    return made.values()


def thought(text: str, seal: SealedState | None) -> list[Fact]:
    pieces: list[Fact] = [Delta(text)] if text else []
    return [ThoughtStarted(), *pieces, *([StateAttached(seal)] if seal else []), BlockEnded()]


both_ways = pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])


@both_ways
def test_a_thought_of_claudes_keeps_its_signature(*, stream: bool) -> None:
    told = [Started("m", "c"), *thought("Hm.", OWN), Finished(Stop.END)]

    assert content(told, stream=stream) == [{"type": "thinking", "thinking": "Hm.", "signature": "EqQB"}]


@both_ways
def test_a_thought_that_is_hidden_keeps_its_signature(*, stream: bool) -> None:
    told = [Started("m", "c"), *thought("", OWN), Finished(Stop.END)]

    assert content(told, stream=stream) == [{"type": "thinking", "thinking": "", "signature": "EqQB"}]


@both_ways
def test_a_redacted_thought_stays_one(*, stream: bool) -> None:
    told = [Started("m", "c"), *thought("", REDACTED), Finished(Stop.END)]

    assert content(told, stream=stream) == [{"type": "redacted_thinking", "data": "Emw"}]


@both_ways
def test_a_thought_of_anothers_comes_back_as_anothers(*, stream: bool) -> None:
    (block,) = content([Started("m", "c"), *thought("Hm.", GEMINIS), Finished(Stop.END)], stream=stream)

    assert provider_state.read(str(block["signature"])) == State(sealed=GEMINIS)
    chat = CLIENT.decode_request(ask({"model": "c", "messages": [{"role": "assistant", "content": [block]}]}))
    assert chat.turns[0].parts == (Thinking("Hm.", GEMINIS),)


@both_ways
def test_a_thought_that_nobody_sealed_has_a_signature_and_comes_back_as_nobodys(*, stream: bool) -> None:
    (block,) = content([Started("m", "c"), *thought("Hm.", None), Finished(Stop.END)], stream=stream)

    assert block["signature"]
    chat = CLIENT.decode_request(ask({"model": "c", "messages": [{"role": "assistant", "content": [block]}]}))
    assert chat.turns[0].parts == (Thinking("Hm."),)


@both_ways
def test_a_seal_too_long_for_a_token_is_dropped_and_the_signature_is_not_empty(*, stream: bool) -> None:
    noise = SealedState("openai", "".join(chr(33 + n * n % 90) + str(n) for n in range(60_000)))

    (block,) = content([Started("m", "c"), *thought("Hm.", noise), Finished(Stop.END)], stream=stream)

    assert 0 < len(str(block["signature"])) < provider_state.MAX_TOKEN_CHARS


@both_ways
def test_a_thought_in_which_nothing_is_is_not_written(*, stream: bool) -> None:
    told = [Started("m", "c"), *thought("", None), *thought("Hm.", OWN), Finished(Stop.END)]

    assert [block["thinking"] for block in content(told, stream=stream)] == ["Hm."]


@both_ways
@pytest.mark.parametrize("early", [True, False])
def test_the_seal_of_a_call_travels_in_its_id(*, stream: bool, early: bool) -> None:
    signed, args = StateAttached(GEMINIS), Delta("{}")
    told: list[Fact] = [
        Started("m", "c"),
        ToolStarted("call_1", "f"),
        *([signed, args] if early else [signed]),
        BlockEnded(),
        Finished(Stop.TOOL_USE),
    ]

    (block,) = content(told, stream=stream)

    assert provider_state.read(str(block["id"])) == State("call_1", sealed=GEMINIS)


def test_the_state_of_a_call_is_read_from_its_id() -> None:
    token = provider_state.token(State("call_1", (Thinking("Hm.", OWN),), GEMINIS))
    use: Json = {"type": "tool_use", "id": token, "name": "f", "input": {}}
    result: Json = {"type": "tool_result", "tool_use_id": token}

    chat = CLIENT.decode_request(
        ask(
            {"model": "c", "messages": [{"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]}
        )
    )

    assert chat.turns[0].parts == (Thinking("Hm.", OWN), ToolUse("call_1", "f", "{}", GEMINIS))
    assert chat.turns[1].parts == (ToolResult("call_1", ()),)


def test_claudes_own_thoughts_go_back_and_those_of_others_do_not() -> None:
    said = Turn(
        "assistant", (Thinking("A", OWN), Thinking("", REDACTED), Thinking("B", GEMINIS), Thinking("C"), Text("D"))
    )
    chat = replace(HELLO, reasoning=Reasoning("low"), turns=(*HELLO.turns, said, *HELLO.turns))

    request = encoded(chat)

    assert blocks(j.an_array(j.parse(request.body, where="x")["messages"], at="m")[1]) == [
        {"type": "thinking", "thinking": "A", "signature": "EqQB"},
        {"type": "redacted_thinking", "data": "Emw"},
        {"type": "text", "text": "D"},
    ]
    assert "thinking: not Claude's own" in request.losses


def test_a_signature_that_comes_in_pieces_is_one_seal_at_the_end() -> None:
    def event(body: dict[str, Json]) -> bytes:
        return b"data: " + j.dump(body) + b"\n\n"

    def delta(body: Json) -> bytes:
        return event({"type": "content_block_delta", "index": 0, "delta": body})

    told = facts(
        True,
        event({"type": "message_start", "message": {}}),
        event({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}}),
        delta({"type": "signature_delta", "signature": "Eq"}),
        delta({"type": "thinking_delta", "thinking": "Hm."}),
        delta({"type": "signature_delta", "signature": "QB"}),
        event({"type": "content_block_stop", "index": 0}),
        event({"type": "message_stop"}),
    )

    assert told[1:-1] == [ThoughtStarted(), Delta("Hm."), StateAttached(OWN), BlockEnded()]


# -- edits -------------------------------------------------------------------------


def edited(raw: bytes, *, model: str = "claude") -> tuple[bytes, tuple[str, ...]]:
    asked = ClientRequest("/v1/messages", "", raw, j.parse(raw, where="request"))
    request = CLIENT.edit(asked, UpstreamEdit(model))
    return request.body, request.losses


FOREIGN: Json = {"type": "thinking", "thinking": "Hm.", "signature": provider_state.token(State(sealed=GEMINIS))}
OURS: Json = {"type": "thinking", "thinking": "Hm.", "signature": "EqQB"}
USE: Json = {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1.50}}
RESULT: Json = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t"}]}


def raw(*content: Json, **fields: Json) -> bytes:
    said: Json = {"role": "assistant", "content": [*content]}
    return j.dump({"model": "claude", "max_tokens": 9_000, "messages": [said, RESULT], **fields}) + b" \n"


def test_thoughts_of_others_go_from_a_request_that_stays_with_anthropic() -> None:
    assert edited(raw(FOREIGN, OURS, USE)) == (raw(OURS, USE), ())


def test_a_message_of_nothing_but_thoughts_of_others_goes_with_them() -> None:
    body, _ = edited(raw(FOREIGN))

    assert j.parse(body, where="x")["messages"] == [RESULT]


@pytest.mark.parametrize("block", [OURS, {"type": "text", "text": provider_state.token(State("x", sealed=GEMINIS))}])
def test_a_request_without_thoughts_of_others_keeps_every_byte(block: Json) -> None:
    spaced = raw(block, USE).replace(b'"role":', b'"role" :  ')

    assert edited(spaced) == (spaced, ())


def test_thinking_by_budget_goes_where_the_thought_before_the_calls_went() -> None:
    enabled: Json = {"type": "enabled", "budget_tokens": 2_000}

    body, losses = edited(raw(FOREIGN, USE, thinking=enabled))

    assert body == raw(USE, thinking={"type": "disabled"})
    assert losses == ("reasoning: off, no thought of Claude's stands before the tool calls",)
    assert edited(raw(FOREIGN, USE, thinking={"type": "adaptive"}))[0] == raw(USE, thinking={"type": "adaptive"})
    assert edited(raw(OURS, FOREIGN, USE, thinking=enabled))[0] == raw(OURS, USE, thinking=enabled)


def test_thinking_by_budget_goes_from_a_tool_loop_that_a_model_without_visible_thoughts_began() -> None:
    body, losses = edited(raw(USE, thinking={"type": "enabled", "budget_tokens": 2_000}))

    assert body == raw(USE, thinking={"type": "disabled"})
    assert losses == ("reasoning: off, no thought of Claude's stands before the tool calls",)


def test_messages_in_odd_shapes_are_left_to_anthropic() -> None:
    odd: Json = {"role": "assistant", "content": "x"}

    body, _ = edited(j.dump({"model": "claude", "messages": [odd, {"role": "assistant", "content": [FOREIGN, 7]}]}))

    assert j.parse(body, where="x")["messages"] == [odd, {"role": "assistant", "content": [7]}]


@pytest.mark.parametrize(
    ("cap", "thinking"),
    [
        (2_000, {"type": "enabled", "budget_tokens": 1_999}),
        (1_024, {"type": "disabled"}),
        (5_000, {"type": "enabled", "budget_tokens": 4_000}),
    ],
)
def test_a_cap_leaves_room_for_no_more_thought_than_it_allows(cap: int, thinking: Json) -> None:
    body: dict[str, Json] = {
        "model": "claude",
        "max_tokens": 9_000,
        "messages": [],
        "thinking": {"type": "enabled", "budget_tokens": 4_000},
    }

    edited = j.parse(CLIENT.edit(ask(body), UpstreamEdit("claude", cap)).body, where="edited")

    assert (edited["max_tokens"], edited["thinking"]) == (cap, thinking)


def test_thoughts_at_the_end_are_not_written_when_claude_does_not_think() -> None:
    told = messages(*HELLO.turns, Turn("assistant", (Thinking("A", OWN), Text("B"))))

    assert "thinking" not in j.text(told)
