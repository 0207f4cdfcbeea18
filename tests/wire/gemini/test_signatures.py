"""Promises of the Gemini format: the state of providers in `thoughtSignature`."""

import base64
from dataclasses import replace

import pytest
from google.genai import types
from hypothesis import assume, given
from hypothesis import strategies as st

from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import (
    BlockEnded,
    Delta,
    Fact,
    Finished,
    Started,
    StateAttached,
    Stop,
    TextStarted,
    ThoughtStarted,
    ToolStarted,
)
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Chat, Part, SealedState, Text, Thinking, ToolResult, ToolUse, Turn
from openclaw_extproc.wire.base import ClientRequest, UpstreamEdit
from openclaw_extproc.wire.gemini import thinking
from openclaw_extproc.wire.gemini.thinking import UNSIGNED_CALL
from openclaw_extproc.wire.translation import provider_state
from openclaw_extproc.wire.translation.provider_state import State
from tests.wire.gemini.saying import CLIENT, HELLO, WHOLE, contents, facts

ANTHROPICS = Thinking("Hmm.", SealedState("anthropic", "sig+/="))
REDACTED = Thinking("", SealedState("anthropic", "redacted"))
OWN = SealedState("gemini", "CpcB/+A=")


def told(*blocks: Fact, seal: SealedState | None = None) -> list[Fact]:
    """An answer that thinks, speaks and calls."""
    signed = [] if seal is None else [StateAttached(seal)]
    call: list[Fact] = [ToolStarted("c-1", "f"), *signed, Delta('{"a":1}'), BlockEnded()]
    return [Started("r", "m"), *blocks, *call, Finished(Stop.TOOL_USE)]


THOUGHT: list[Fact] = [ThoughtStarted(), Delta("Hmm."), StateAttached(SealedState("anthropic", "sig+/=")), BlockEnded()]
HIDDEN: list[Fact] = [ThoughtStarted(), StateAttached(SealedState("anthropic", "redacted")), BlockEnded()]
TEXT: list[Fact] = [TextStarted(), Delta("Well."), BlockEnded()]


def write(answered: list[Fact], asking: Chat = HELLO) -> bytes:
    encoder = CLIENT.encoder(asking, 0)
    return b"".join([encoder.feed(fact) for fact in answered])


def sent_back(body: bytes) -> tuple[Part, ...]:
    """The model's turn as the SDK keeps it and sends it back: bytes in the other alphabet of base64."""
    kept = types.GenerateContentResponse.model_validate_json(body).candidates
    assert kept is not None
    assert kept[0].content is not None
    turn = kept[0].content.model_dump(mode="json", exclude_none=True, by_alias=True)
    return turns(turn)[0].parts


def turns(*given: Json) -> tuple[Turn, ...]:
    body: dict[str, Json] = {"contents": [*given]}
    return CLIENT.decode_request(ClientRequest(WHOLE, "", j.dump(body), body)).turns


def model(*parts: Json) -> Json:
    return {"role": "model", "parts": [*parts]}


SEALS = st.builds(SealedState, st.sampled_from(["anthropic", "openai", "gemini"]), st.text())


@given(st.lists(st.builds(Thinking, st.text(), SEALS), max_size=3), st.none() | SEALS)
def test_a_signature_brings_back_what_it_carries(thoughts: list[Thinking], seal: SealedState | None) -> None:
    assume(seal is None or seal.by != "gemini")

    carried = thinking.carrying(thoughts, seal)

    assert thinking.read_signature(carried) == State("", tuple(thoughts), seal)
    assert thinking.read_signature(base64.urlsafe_b64encode(base64.b64decode(carried)).decode().rstrip("=")) == State(
        "", tuple(thoughts), seal
    )


# -- to clients and back ---------------------------------------------------------


def test_thoughts_of_another_provider_come_back_with_the_call_they_led_to() -> None:
    body = write(told(*THOUGHT, *HIDDEN, *TEXT))

    assert b"Hmm." not in body
    assert sent_back(body) == (ANTHROPICS, REDACTED, Text("Well."), ToolUse("c-1", "f", '{"a":1}'))


def test_thoughts_that_a_client_saw_come_back_once_and_sealed() -> None:
    asking = CLIENT.decode_request(
        ClientRequest(
            WHOLE,
            "",
            b"",
            {
                "contents": [{"parts": [{"text": "Hi"}]}],
                "generationConfig": {"thinkingConfig": {"includeThoughts": True}},
            },
        )
    )

    body = write(told(*THOUGHT, *TEXT), asking)

    assert b'{"text":"Hmm.","thought":true}' in body
    assert sent_back(body) == (ANTHROPICS, Text("Well."), ToolUse("c-1", "f", '{"a":1}'))


def test_geminis_own_signature_goes_to_the_client_as_it_is() -> None:
    body = write(told(*TEXT, seal=OWN))

    assert b'"thoughtSignature":"CpcB/+A="' in body
    assert sent_back(body)[-1] == ToolUse("c-1", "f", '{"a":1}', OWN)


def test_the_seal_of_a_call_that_another_made_comes_back_with_it() -> None:
    seal = SealedState("openai", "encrypted")

    assert sent_back(write(told(seal=seal))) == (ToolUse("c-1", "f", '{"a":1}', seal),)


def test_thoughts_that_nobody_sealed_are_not_carried() -> None:
    body = write(told(ThoughtStarted(), Delta("Hm."), BlockEnded()))

    assert sent_back(body) == (ToolUse("c-1", "f", '{"a":1}'),)


def test_a_strangers_first_call_is_marked_so_that_gemini_can_go_on() -> None:
    body = write(told(ToolStarted("c-0", "e"), BlockEnded()))

    assert body.count(b"thoughtSignature") == 1
    assert thinking.read_signature(thinking.STRANGERS) == State()
    assert thinking.without_signature(body).count(f'"thoughtSignature":"{thinking.UNSIGNED_CALL}"'.encode()) == 1


def test_each_call_carries_only_the_thoughts_before_it() -> None:
    second: list[Fact] = [*HIDDEN, ToolStarted("c-2", "g"), BlockEnded()]
    third: list[Fact] = [ToolStarted("c-3", "h"), BlockEnded()]

    answered = told(*THOUGHT)
    body = write([*answered[:-1], *second, *third, answered[-1]])

    assert sent_back(body) == (
        *(ANTHROPICS, ToolUse("c-1", "f", '{"a":1}')),
        *(REDACTED, ToolUse("c-2", "g", "{}"), ToolUse("c-3", "h", "{}")),
    )


def test_a_history_kept_chunk_by_chunk_has_its_thoughts_before_its_texts() -> None:
    token = thinking.carrying([ANTHROPICS], None)

    (turn,) = turns(
        model({"text": "Hm", "thought": True}),
        model({"text": "m.", "thought": True}),
        model({"text": "We"}),
        model({"text": "ll."}),
        model({"functionCall": {"name": "f", "id": "1"}, "thoughtSignature": token}),
    )

    assert turn.parts == (ANTHROPICS, Text("Well."), ToolUse("1", "f", "{}"))


def test_a_signed_text_says_so_to_the_client_when_gemini_signed_it() -> None:
    signed: list[Fact] = [
        Started("r", "m"),
        TextStarted(),
        Delta("a"),
        StateAttached(OWN),
        BlockEnded(),
        Finished(Stop.END),
    ]

    assert b'{"text":"a","thoughtSignature":"CpcB/+A="}' in write(signed)
    stream = write(signed, replace(HELLO, stream=True))
    assert b'{"text":"","thoughtSignature":"CpcB/+A="}' in stream
    assert facts(False, stream)[1:] == signed[1:]


@pytest.mark.parametrize("signature", ["b2MxX3h4", "b2MxX!", "b2MxXw==", "b2MxX8O8", UNSIGNED_CALL, ""])
def test_what_is_no_state_is_left_out(signature: str) -> None:
    (turn,) = turns(model({"functionCall": {"name": "f", "id": "1"}, "thoughtSignature": signature}))

    assert turn.parts == (ToolUse("1", "f", "{}"),)


def test_a_dummy_that_the_sdk_sends_as_bytes_is_a_dummy() -> None:
    part = types.Part(function_call=types.FunctionCall(id="1", name="f"), thought_signature=UNSIGNED_CALL.encode())

    (turn,) = turns(model(part.model_dump(mode="json", exclude_none=True, by_alias=True)))

    assert turn.parts == (ToolUse("1", "f", "{}"),)


def test_state_in_the_id_of_a_call_is_read_too() -> None:
    id = provider_state.token(State("c-1", (ANTHROPICS,), OWN))

    said, answered = turns(
        model({"functionCall": {"name": "f", "id": id}}),
        {"role": "user", "parts": [{"functionResponse": {"name": "f", "id": id, "response": {"result": "x"}}}]},
    )

    assert said.parts == (ANTHROPICS, ToolUse("c-1", "f", "{}", OWN))
    assert answered.parts == (ToolResult("c-1", (Text("x"),)),)


# -- to providers ------------------------------------------------------------------


def test_own_state_goes_back_where_it_came_from_and_that_of_others_nowhere() -> None:
    said = Turn(
        "assistant",
        (
            ANTHROPICS,
            Thinking("seen"),
            Thinking("mine", OWN),
            ToolUse("1", "f", "{}", OWN),
            ToolUse("2", "f", "{}", SealedState("openai", "x")),
        ),
    )

    assert contents(said) == [
        model(
            {"text": "mine", "thought": True, "thoughtSignature": OWN.text},
            {"functionCall": {"name": "f", "args": {}}, "thoughtSignature": OWN.text},
            {"functionCall": {"name": "f", "args": {}}},
        )
    ]


def test_only_the_first_call_of_a_step_gets_a_word_for_a_signature_that_is_not_there() -> None:
    calls = Turn("assistant", (ToolUse("1", "f", "{}"), ToolUse("2", "f", "{}", OWN)))
    results = Turn("user", (ToolResult("1", ()), ToolResult("2", ())))

    written = contents(HELLO.turns[0], calls, results, Turn("assistant", (ToolUse("3", "f", "{}"),)))

    assert isinstance(written, list)
    parts = [part for turn in written if isinstance(turn, dict) for part in j.an_array(turn["parts"], at="parts")]
    assert [part.get("thoughtSignature") for part in parts if isinstance(part, dict) and "functionCall" in part] == [
        UNSIGNED_CALL,
        OWN.text,
        UNSIGNED_CALL,
    ]


# -- the same format -----------------------------------------------------------------


def test_the_state_of_others_is_taken_out_of_a_request_that_stays_gemini() -> None:
    token = thinking.carrying([ANTHROPICS], None)
    urls = base64.urlsafe_b64encode(base64.b64decode(token)).decode().replace("=", "\\u003d")
    raw = (
        '{ "contents" : [{"role":"model", "parts": [{"functionCall":{"name":"f","args":{"n":1.0}},'
        f'"thoughtSignature" : "{token}"}},{{"functionCall":{{"name":"f"}},"thought_signature":"{urls}"}},'
        f'{{"text":"\\"thoughtSignature\\":\\"{token}\\""}},{{"text":"a","thoughtSignature":"CpcB"}}]}}]}}'
    ).encode()
    asked = ClientRequest(WHOLE, "", raw, j.parse(raw, where="request"))

    body = CLIENT.edit(asked, UpstreamEdit("gemini")).body

    assert body == raw.replace(f' : "{token}"'.encode(), f' : "{UNSIGNED_CALL}"'.encode()).replace(
        f':"{urls}"'.encode(), f':"{UNSIGNED_CALL}"'.encode()
    )
    assert j.parse(body, where="edited")


def test_without_the_state_of_others_not_one_byte_changes() -> None:
    raw = b'{"contents":[{"role":"model","parts":[{"functionCall":{"name":"f"},"thoughtSignature":"CpcB"}]}]}'

    assert CLIENT.edit(ClientRequest(WHOLE, "", raw, j.parse(raw, where="request")), UpstreamEdit("gemini")).body is raw
