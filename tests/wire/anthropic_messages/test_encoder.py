"""Promises of the Anthropic Messages format: answers for clients, written."""

from collections.abc import Iterable
from dataclasses import replace
from typing import cast

import anthropic
import pytest
from anthropic.types import Message

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import (
    BlockEnded,
    Delta,
    Fact,
    Failed,
    Finished,
    Started,
    Stop,
    TextStarted,
    ToolStarted,
    Usage,
    UsageReported,
)
from openclaw_extproc.model.json import Json
from tests.wire.anthropic_messages.saying import CASES, CLIENT, HELLO, ROOT, facts, gist, sdk

CREATED = 1_763_000_000


def write(told: Iterable[Fact], *, stream: bool, model: str = "claude") -> bytes:
    encoder = CLIENT.encoder(replace(HELLO, model=model, stream=stream), CREATED)
    return b"".join(encoder.feed(fact) for fact in told)


def streamed_by_sdk(body: bytes) -> Message:
    with (
        sdk(200, "text/event-stream", body) as client,
        client.messages.stream(model="claude", max_tokens=9, messages=[{"role": "user", "content": "x"}]) as stream,
    ):
        return cast("Message", stream.get_final_message())


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_survives_being_written_and_read_again(case: str, stream: bool) -> None:
    told = facts(True, (ROOT / case / "response.sse").read_bytes())

    again = facts(stream, write(told, stream=stream))

    assert gist(again) == gist(told)


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
        UsageReported(Usage(input_tokens=30, cached_tokens=20, cache_written_tokens=4)),
        TextStarted(),
        Delta("Hi"),
        BlockEnded(),
        ToolStarted("t1", "f"),
        Delta('{"a"'),
        Delta(":1}"),
        BlockEnded(),
        UsageReported(Usage(output_tokens=8)),
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
    fault = Fault(FaultKind.OVERLOADED, "Busy", 529)

    assert write([Started("m", "c"), TextStarted(), Delta("Hi"), Failed(fault)], stream=False) == CLIENT.encode_error(
        fault
    )


def test_a_stream_that_fails_ends_with_the_error_and_leaves_its_block_open() -> None:
    fault = Fault(FaultKind.OVERLOADED, "Busy", 529)

    body = write([Started("m", "c"), TextStarted(), Delta("Hi"), Failed(fault)], stream=True)

    assert body.endswith(CLIENT.encode_stream_error(fault))
    assert b"content_block_stop" not in body
    assert facts(True, body)[-1] == Failed(Fault(FaultKind.OVERLOADED, "Busy", 529, "overloaded_error"))


def test_the_official_sdk_raises_an_error_in_a_stream() -> None:
    body = write([Started("m", "c"), TextStarted(), Failed(Fault(FaultKind.OVERLOADED, "Busy"))], stream=True)

    with pytest.raises(anthropic.APIStatusError, match="Busy"):
        streamed_by_sdk(body)
