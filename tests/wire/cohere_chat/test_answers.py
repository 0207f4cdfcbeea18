"""Promises about answers and errors of Cohere's chat."""

import json
from typing import Any

import pytest

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.model.facts import (
    BlockEnded,
    Delta,
    Failed,
    Finished,
    Started,
    Stop,
    TextStarted,
    ThinkingProgress,
    ThoughtStarted,
    ToolStarted,
    Usage,
    UsageReported,
)
from openclaw_extproc.model.json import UnreadableError
from tests import samples
from tests.samples import Case, decode, heard, provider_side

COHERE = provider_side("cohere_chat")
BEGUN = {"type": "message-start", "id": "a"}


def case(name: str) -> Case:
    return Case(samples.ROOT / "cohere_chat" / name)


def stream(*events: dict[str, Any]) -> bytes:
    return b"".join(f"event: {e.get('type')}\ndata: {json.dumps(e)}\n\n".encode() for e in events)


def end(reason: str = "COMPLETE", **more: Any) -> dict[str, Any]:
    return {"type": "message-end", "delta": {"finish_reason": reason, **more}}


def content(**said: str) -> dict[str, Any]:
    return {"type": "content-delta", "index": 0, "delta": {"message": {"content": said}}}


def test_a_plan_is_a_text_before_the_calls() -> None:
    facts = case("tool_use").facts(streamed=False)

    assert facts == [
        Started("fba98ad3-0000-413c-a8de-84fbf9baabf7", ""),
        TextStarted(),
        Delta("I will look up both."),
        BlockEnded(),
        ToolStarted("get_weather_p1t92w7gfgq7", "get_weather"),
        Delta('{\n    "city": "Köln"\n}'),
        BlockEnded(),
        ToolStarted("get_weather_ay6nmvjgp9vn", "get_weather"),
        Delta('{"city": "Oslo"}'),
        BlockEnded(),
        UsageReported(Usage(37, output_tokens=28)),
        Finished(Stop.TOOL_USE),
    ]


def test_thoughts_come_before_texts_and_citations_are_signs_of_work() -> None:
    facts = case("thinking").facts(streamed=True)

    assert [type(fact) for fact in facts if not isinstance(fact, Delta)] == [
        Started,
        ThoughtStarted,
        BlockEnded,
        TextStarted,
        ThinkingProgress,
        ThinkingProgress,
        BlockEnded,
        UsageReported,
        Finished,
    ]
    assert facts[-2:] == [UsageReported(Usage(620, 512, output_tokens=11)), Finished(Stop.LENGTH)]


def test_billed_tokens_are_what_counts_and_cached_ones_are_of_the_others() -> None:
    (usage,) = [fact.usage for fact in case("text").facts(streamed=False) if isinstance(fact, UsageReported)]

    assert usage == Usage(9, output_tokens=5)


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("COMPLETE", Stop.END),
        ("STOP_SEQUENCE", Stop.END),
        ("MAX_TOKENS", Stop.LENGTH),
        ("TOOL_CALL", Stop.TOOL_USE),
        ("ERROR_TOXIC", Stop.REFUSAL),
        ("SOMETHING_NEW", Stop.END),
    ],
)
def test_every_reason_to_stop_has_its_meaning(reason: str, stop: Stop) -> None:
    assert decode(COHERE, stream(BEGUN, content(text="hi"), end(reason)), streamed=True)[-1] == Finished(stop)


@pytest.mark.parametrize(("reason", "kind"), [("ERROR", "upstream_error"), ("TIMEOUT", "upstream_silent")])
def test_an_answer_that_ends_in_an_error_is_none(reason: str, kind: str) -> None:
    streamed = decode(COHERE, stream(BEGUN, content(text="hi"), end(reason, error="it broke")), streamed=True)
    whole = json.dumps({"id": "a", "message": {"content": []}, "finish_reason": reason, "error": "it broke"}).encode()

    for facts in (streamed, decode(COHERE, whole, streamed=False)):
        assert facts[-1] == Failed(Fault(FaultKind(kind), "it broke", code=reason))


@pytest.mark.parametrize("streamed", [True, False])
def test_an_error_with_status_200_is_an_error(streamed: bool) -> None:
    said = b'{"id":"x","message":"too many tokens: 9"}'
    facts = decode(COHERE, b"data: " + said + b"\n\n" if streamed else said, streamed=streamed)

    assert facts == [Failed(Fault(FaultKind.UPSTREAM_ERROR, "too many tokens: 9", code="context_length_exceeded"))]


@pytest.mark.parametrize(
    "events",
    [
        [content(text="hi")],
        [BEGUN, {"type": "tool-call-delta", "index": 0, "delta": {"message": {"tool_calls": {}}}}],
        [BEGUN, BEGUN],
        [BEGUN, content(text=7)],  # type: ignore[arg-type]  # what a provider may send
        [BEGUN, {"type": "message-end", "delta": {}}],
        [BEGUN, {"type": "tool-call-start", "index": 0, "delta": {"message": {"tool_calls": {"id": "x"}}}}],
    ],
)
def test_events_that_make_no_answer_are_unreadable(events: list[dict[str, Any]]) -> None:
    with pytest.raises(UnreadableError):
        decode(COHERE, stream(*events), streamed=True)


def test_another_kind_of_content_ends_the_open_block() -> None:
    """Whether a block's end comes or not."""
    facts = heard(COHERE, stream(BEGUN, content(thinking="hm"), content(text="so"), end()), streamed=True)

    assert [type(fact) for fact in facts[1:-1]] == [ThoughtStarted, Delta, BlockEnded, TextStarted, Delta, BlockEnded]


@pytest.mark.parametrize(
    ("status", "message", "kind", "code"),
    [
        (
            400,
            "too many tokens: they cannot exceed 1",
            FaultKind.MALFORMED,
            "context_length_exceeded",
        ),
        (400, "invalid request: x", FaultKind.MALFORMED, ""),
        (401, "invalid api token", FaultKind.UNAUTHENTICATED, ""),
        (402, "Please add or update your payment method at https://x", FaultKind.FORBIDDEN, "insufficient_quota"),
        (404, "model 'x' not found, make sure the correct model ID was used", FaultKind.NOT_FOUND, "model_not_found"),
        (422, "unknown field", FaultKind.MALFORMED, ""),
        (429, "trial token rate limit exceeded", FaultKind.RATE_LIMITED, ""),
        (498, "blocked", FaultKind.REFUSED, "content_filter"),
        (499, "request cancelled", FaultKind.UPSTREAM_ERROR, ""),
        (503, "", FaultKind.OVERLOADED, ""),
    ],
)
def test_errors_are_told_by_status_and_message(status: int, message: str, kind: FaultKind, code: str) -> None:
    fault = COHERE.decode_error(status, json.dumps({"id": "x", "message": message}).encode())

    assert fault == Fault(kind, message or f"the provider answered {status}", status, code)
