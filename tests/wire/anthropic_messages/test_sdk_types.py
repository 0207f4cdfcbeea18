"""Promises of the Anthropic Messages format: what we write is what the official SDK's types say."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import pytest
from anthropic.types import Message, RawMessageStreamEvent
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming, MessageCreateParamsStreaming
from hypothesis import given
from pydantic import TypeAdapter, ValidationError

from openclaw_extproc.faults import Fault, FaultError, FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import BlockEnded, Delta, Fact, Failed, Started, StateAttached, ThoughtStarted
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Chat, SealedState
from openclaw_extproc.wire.base import UpstreamEdit
from openclaw_extproc.wire.streams import sse
from tests import samples
from tests.samples import ANSWERS, REQUESTS, Case
from tests.wire.anthropic_messages.saying import CLIENT, encoded
from tests.wire.test_requests import chats
from tests.wire.test_streams import answers

WHOLE: TypeAdapter[Mapping[str, object]] = TypeAdapter(MessageCreateParamsNonStreaming)
STREAMED: TypeAdapter[Mapping[str, object]] = TypeAdapter(MessageCreateParamsStreaming)
EVENT: TypeAdapter[object] = TypeAdapter(RawMessageStreamEvent)
MODELS = ["claude-3-haiku-20240307", "claude-sonnet-4-5", "claude-opus-4-6", "claude-opus-5", "another"]


def check_request(chat: Chat, model: str) -> None:
    body = encoded(chat, UpstreamEdit(model)).body
    (STREAMED if chat.stream else WHOLE).validate_json(body)


@pytest.mark.parametrize("case", REQUESTS, ids=str)
@pytest.mark.parametrize("model", MODELS)
def test_every_request_is_one_of_the_sdks(case: Case, model: str) -> None:
    try:
        check_request(replace(case.chat(), losses=()), model)
    except FaultError:
        pytest.skip("cannot be carried")


@given(chats())
def test_any_request_is_one_of_the_sdks(chat: Chat) -> None:
    for model in MODELS:
        check_request(chat, model)


@pytest.mark.parametrize(("case", "streamed"), ANSWERS, ids=samples.answer_name)
def test_every_answer_is_one_of_the_sdks(case: Case, *, streamed: bool) -> None:
    facts = case.facts(streamed=streamed)

    Message.model_validate_json(samples.write(CLIENT, facts, stream=False), strict=True)
    check_stream(samples.write(CLIENT, facts, stream=True))


@given(answers())
def test_any_answer_is_one_of_the_sdks(facts: list[Fact]) -> None:
    seal = StateAttached(SealedState("gemini", "x"))
    thought: list[Fact] = [ThoughtStarted(), Delta("Hm."), seal, BlockEnded()]
    facts = [facts[0], *thought, *facts[1:]]

    Message.model_validate_json(samples.write(CLIENT, facts, stream=False), strict=True)
    check_stream(samples.write(CLIENT, facts, stream=True))


def test_an_answer_that_fails_leaves_its_stream_unfinished() -> None:
    facts: list[Fact] = [Started("m", "c"), ThoughtStarted(), Delta("a")]
    failed = Failed(Fault(FaultKind.UPSTREAM_GARBLED, "it broke off"))

    body = samples.write(CLIENT, [*facts, failed], stream=True)

    assert b"content_block_stop" not in body
    with pytest.raises((AssertionError, ValidationError)):
        check_stream(body)


# -- the order of events ------------------------------------------------------------

DELTAS = {
    "text": {"text_delta"},
    "tool_use": {"input_json_delta"},
    "thinking": {"thinking_delta", "signature_delta"},
    "redacted_thinking": set[str](),
}


def check_stream(body: bytes) -> None:
    """One start; blocks numbered in order, each closed before the next, with deltas of its kind and one signature at
    the end of a thought; one `message_delta` with all counts; one stop, which is last.
    """
    events = [(event.name, j.parse(event.data, where="event")) for event in sse.Reader().feed(body)]
    for name, event in events:
        assert event["type"] == name
        EVENT.validate_json(j.dump(event), strict=True)
    names = [name for name, _ in events]
    assert names[0] == "message_start"
    assert names[-2:] == ["message_delta", "message_stop"]
    assert {name: names.count(name) for name in (names[0], *names[-2:])} == dict.fromkeys((names[0], *names[-2:]), 1)
    assert j.an_object(events[-2][1]["usage"], at="usage").keys() >= {
        "input_tokens",
        "output_tokens",
        "cache_read_input_tokens",
        "cache_creation_input_tokens",
    }
    _check_blocks([event for _, event in events[1:-2]])


def _check_blocks(events: Iterable[dict[str, Json]]) -> None:
    index, kind, signed = 0, "", False
    for event in events:
        assert event["index"] == index
        match event["type"]:
            case "content_block_start":
                assert not kind
                kind, signed = str(j.an_object(event["content_block"], at="block")["type"]), False
            case "content_block_delta":
                delta = j.an_object(event["delta"], at="delta")
                assert delta["type"] in DELTAS[kind]
                assert not signed
                signed = delta["type"] == "signature_delta"
                assert not signed or delta["signature"]
            case _:
                assert event["type"] == "content_block_stop"
                assert signed == (kind == "thinking")
                index, kind = index + 1, ""
    assert not kind
