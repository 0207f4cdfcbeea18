"""Converse's answers: what Bedrock leaves out, mixes up, or breaks off."""

from typing import Any

import pytest

from openclaw_extproc.faults import FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import (
    BlockEnded,
    Delta,
    Fact,
    Failed,
    Finished,
    Started,
    StateAttached,
    Stop,
    TextStarted,
    ThinkingProgress,
    ThoughtStarted,
    ToolStarted,
    Usage,
    UsageReported,
)
from openclaw_extproc.model.json import UnreadableError
from openclaw_extproc.model.requests import SealedState
from tests.frames import event, exception, frame
from tests.samples import decode, heard, provider_side

BEDROCK = provider_side("bedrock_converse")
BEGUN = event("messageStart", {"role": "assistant"})
USAGE = event("metadata", {"usage": {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3}, "metrics": {}})


def delta(index: int, **said: Any) -> bytes:
    return event("contentBlockDelta", {"contentBlockIndex": index, "delta": said})


def tool(index: int, id: str) -> bytes:
    start = {"toolUse": {"toolUseId": id, "name": f"name_{id}"}}
    return event("contentBlockStart", {"contentBlockIndex": index, "start": start})


def stop(index: int) -> bytes:
    return event("contentBlockStop", {"contentBlockIndex": index})


def ended(reason: str = "end_turn") -> bytes:
    return event("messageStop", {"stopReason": reason}) + USAGE


def told(*frames: bytes) -> list[Fact]:
    """What lies between the beginning and the usage."""
    facts = decode(BEDROCK, BEGUN, *frames, ended(), streamed=True)
    assert facts[0] == Started("", "")
    assert facts[-2] == UsageReported(Usage(1, None, None, 2))
    return facts[1:-2]


def whole(**message: Any) -> list[Fact]:
    body: dict[str, Any] = {"output": {"message": {"role": "assistant", "content": []}}, "stopReason": "end_turn"}
    return decode(BEDROCK, j.dump({**body, **message}), streamed=False)


def test_a_text_begins_with_its_first_piece() -> None:
    assert told(delta(0, text=""), delta(0, text="a"), stop(0)) == [TextStarted(), Delta("a"), BlockEnded()]


def test_an_empty_text_is_nothing() -> None:
    assert told(delta(0, text=""), stop(0), delta(1, text="a"), stop(1)) == [TextStarted(), Delta("a"), BlockEnded()]


def test_blocks_that_come_mixed_are_told_one_after_the_other() -> None:
    mixed = told(
        tool(0, "a"), tool(1, "b"), delta(1, toolUse={"input": "{"}), delta(0, toolUse={"input": "["}),
        delta(2, text="t"), delta(1, toolUse={"input": "}"}), stop(1), delta(0, toolUse={"input": "]"}), stop(2),
        stop(0),
    )  # fmt: skip

    assert mixed == [
        ToolStarted("a", "name_a"), Delta("["), Delta("]"), BlockEnded(),
        ToolStarted("b", "name_b"), Delta("{"), Delta("}"), BlockEnded(),
        TextStarted(), Delta("t"), BlockEnded(),
    ]  # fmt: skip


def test_a_block_that_waited_is_told_as_it_comes_once_it_is_its_turn() -> None:
    decoder = BEDROCK.decoder(True)
    waiting = list(decoder.feed(BEGUN + delta(0, text="a") + delta(1, text="b")))

    freed = list(decoder.feed(stop(0)))
    later = list(decoder.feed(delta(1, text="c")))

    assert waiting[-1] == Delta("a")
    assert freed == [BlockEnded(), TextStarted(), Delta("b")]
    assert later == [Delta("c")]


def test_a_block_without_an_end_ends_with_the_message() -> None:
    assert told(delta(0, text="a"), delta(1, text="b")) == [
        TextStarted(), Delta("a"), BlockEnded(), TextStarted(), Delta("b"), BlockEnded(),
    ]  # fmt: skip


def test_a_thought_is_signed_at_its_end_and_once() -> None:
    thought = [delta(0, reasoningContent=said) for said in ({"text": "hm"}, {"signature": "ab"}, {"signature": "cd"})]

    assert told(*thought, stop(0)) == [
        ThoughtStarted(), Delta("hm"), StateAttached(SealedState("anthropic", "abcd")), BlockEnded(),
    ]  # fmt: skip


def test_a_redacted_thought_is_a_seal_without_text() -> None:
    redacted = told(delta(0, reasoningContent={"redactedContent": "QUJD"}), stop(0))

    assert redacted == [
        ThoughtStarted(),
        StateAttached(SealedState("anthropic", "redacted_thinking:QUJD")),
        BlockEnded(),
    ]


def test_what_is_not_known_is_a_sign_of_life() -> None:
    image = event("contentBlockStart", {"contentBlockIndex": 0, "start": {"image": {"format": "png"}}})

    assert told(image, delta(0, citation={"title": "x"}), stop(0), event("somethingNew", {})) == [
        ThinkingProgress(),
        ThinkingProgress(),
    ]


@pytest.mark.parametrize(
    ("reason", "meant"),
    [
        ("end_turn", Stop.END),
        ("stop_sequence", Stop.END),
        ("tool_use", Stop.TOOL_USE),
        ("max_tokens", Stop.LENGTH),
        ("model_context_window_exceeded", Stop.LENGTH),
        ("guardrail_intervened", Stop.REFUSAL),
        ("content_filtered", Stop.REFUSAL),
        ("one_of_tomorrow", Stop.END),
    ],
)
def test_every_reason_to_stop_has_its_meaning(reason: str, meant: Stop) -> None:
    assert decode(BEDROCK, BEGUN, ended(reason), streamed=True)[-1] == Finished(meant)
    assert whole(stopReason=reason)[-1] == Finished(meant)


@pytest.mark.parametrize("reason", ["malformed_model_output", "malformed_tool_use"])
def test_what_the_model_wrote_badly_is_no_answer(reason: str) -> None:
    for facts in (decode(BEDROCK, BEGUN, ended(reason), streamed=True), whole(stopReason=reason)):
        assert isinstance(facts[-1], Failed)
        assert facts[-1].fault.kind is FaultKind.UPSTREAM_GARBLED


def test_calls_are_the_reason_even_where_the_model_says_end() -> None:
    assert decode(BEDROCK, BEGUN, tool(0, "a"), stop(0), ended(), streamed=True)[-1] == Finished(Stop.TOOL_USE)


def test_usage_counts_what_the_cache_had() -> None:
    usage = {"inputTokens": 1, "cacheReadInputTokens": 10, "cacheWriteInputTokens": 100, "outputTokens": 7}

    assert UsageReported(Usage(111, 10, 100, 7)) in whole(usage=usage)


def test_metrics_alone_leave_the_usage_unknown() -> None:
    facts = decode(
        BEDROCK, BEGUN, event("messageStop", {"stopReason": "end_turn"}), event("metadata", {}), streamed=True
    )

    assert facts == [Started("", ""), Finished(Stop.END)]


def test_an_answer_without_its_usage_is_complete_all_the_same() -> None:
    facts = decode(BEDROCK, BEGUN, event("messageStop", {"stopReason": "max_tokens"}), streamed=True)

    assert facts == [Started("", ""), Finished(Stop.LENGTH)]


@pytest.mark.parametrize(
    ("name", "kind", "status"),
    [
        ("throttlingException", FaultKind.RATE_LIMITED, 429),
        ("modelStreamErrorException", FaultKind.UPSTREAM_ERROR, 424),
        ("modelTimeoutException", FaultKind.UPSTREAM_SILENT, 408),
        ("internalServerException", FaultKind.UPSTREAM_ERROR, 500),
        ("serviceUnavailableException", FaultKind.OVERLOADED, 503),
        ("validationException", FaultKind.MALFORMED, 400),
        ("oneOfTomorrowException", FaultKind.UPSTREAM_ERROR, 500),
    ],
)
def test_an_exception_in_the_stream_is_its_end(name: str, kind: FaultKind, status: int) -> None:
    facts = decode(BEDROCK, BEGUN, exception(name, "so it is"), b"nonsense", streamed=True)

    assert isinstance(facts[-1], Failed)
    fault = facts[-1].fault
    assert (fault.kind, fault.public, fault.upstream_status) == (kind, "so it is", status)
    assert fault.code == name[0].upper() + name[1:]


def test_an_error_outside_the_service_model_is_told() -> None:
    headers = {":message-type": "error", ":error-code": "InternalError", ":error-message": "oh no"}

    [_, failed] = decode(BEDROCK, BEGUN, frame(headers, b""), streamed=True)

    assert isinstance(failed, Failed)
    assert failed.fault.public == "oh no"


@pytest.mark.parametrize(
    "frames",
    [
        (delta(0, text="a"),),
        (BEGUN, delta(0, toolUse={"input": "{"})),
        (BEGUN, delta(0, text=7)),
        (BEGUN, event("contentBlockStop", {})),
        (BEGUN, frame({":message-type": "event", ":event-type": "messageStop"}, b"{")),
    ],
)
def test_what_makes_no_answer_is_unreadable(frames: tuple[bytes, ...]) -> None:
    with pytest.raises(UnreadableError):
        decode(BEDROCK, *frames, streamed=True)


@pytest.mark.parametrize(
    "body", [b'{"message": "x"}', b'{"Output":{"__type":"UnknownOperationException"}}', b"[]", b""]
)
def test_a_whole_body_that_is_no_answer_is_unreadable(body: bytes) -> None:
    assert isinstance(heard(BEDROCK, body, streamed=False)[-1], Failed)


def test_citations_of_a_whole_answer_are_its_text() -> None:
    content = [{"citationsContent": {"content": [{"text": "a"}, {"text": "b"}], "citations": []}}]

    facts = whole(output={"message": {"role": "assistant", "content": content}})

    assert facts[1:-1] == [TextStarted(), Delta("a"), Delta("b"), BlockEnded()]


# -- errors -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "kind", "public"),
    [
        (400, b'{"message":"Input is too long."}', FaultKind.MALFORMED, "Input is too long."),
        (429, b'{"message":"Too many requests"}', FaultKind.RATE_LIMITED, "Too many requests"),
        (424, b'{"message":"m","originalStatusCode":500}', FaultKind.UPSTREAM_ERROR, "m"),
        (408, b'{"message":"m"}', FaultKind.UPSTREAM_SILENT, "m"),
        (400, b'{"__type":"com.amazon.coral.service#ThrottlingException","Message":"m"}', FaultKind.RATE_LIMITED, "m"),
        (400, b'{"__type":"ServiceQuotaExceededException:http://x/","message":"m"}', FaultKind.RATE_LIMITED, "m"),
        (404, b'<UnknownOperationException/>', FaultKind.NOT_FOUND, "the provider answered 404"),
    ],
)  # fmt: skip
def test_errors_are_read_as_far_as_they_can_be(status: int, body: bytes, kind: FaultKind, public: str) -> None:
    fault = BEDROCK.decode_error(status, body)

    assert (fault.kind, fault.public, fault.upstream_status) == (kind, public, status)


@pytest.mark.parametrize(
    "message",
    [
        "The security token included in the request is invalid.",
        "User: arn:aws:iam::123456789012:user/ours is not authorized to perform: bedrock:InvokeModel",
        "The request signature we calculated does not match the signature you provided. The Canonical String …",
        "Authentication failed: Please make sure your API Key is valid.",
    ],
)
def test_what_is_about_our_credential_is_not_told(message: str) -> None:
    fault = BEDROCK.decode_error(403, j.dump({"message": message}))

    assert fault.public == "the provider refuses the gateway's credential"


def test_a_model_that_may_not_be_used_is_told() -> None:
    message = "You don't have access to the model with the specified model ID."

    assert BEDROCK.decode_error(403, j.dump({"message": message})).public == message
