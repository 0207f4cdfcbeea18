"""Promises of the OpenAI Responses format: errors. Those with a status of their own are `openai_chat`'s."""

import json

import openai
import pytest
from openai.types.responses import ResponseErrorEvent, ResponseFailedEvent

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.model.facts import Delta, Fact, Failed, Started, TextStarted, ToolStarted
from openclaw_extproc.model.json import Json
from tests.wire.openai_responses.saying import BEGUN, CLIENT, chat, events_in, facts_of, sdk_answering, stream_of, write

BUSY = Fault(FaultKind.OVERLOADED, "busy", upstream_status=529, code="overloaded_error")
LIMITED = Fault(FaultKind.RATE_LIMITED, "slow down", upstream_status=429)
TOO_LONG = Fault(FaultKind.MALFORMED, "too long", upstream_status=400, code="context_length_exceeded")
STARTED: list[Fact] = [BEGUN, TextStarted(), Delta("a")]


def test_an_error_event_says_it_in_both_places() -> None:
    event, failed = events_in(CLIENT.encode_stream_error(BUSY))

    assert event == {
        "type": "error",
        "code": "overloaded_error",
        "message": "busy",
        "param": None,
        "error": {"message": "busy", "type": "server_error", "param": None, "code": "overloaded_error"},
        "sequence_number": 0,
    }
    ResponseErrorEvent.model_validate(event, strict=True)
    response = failed["response"]
    assert isinstance(response, dict)
    assert (failed["type"], failed["sequence_number"]) == ("response.failed", 1)
    assert response["error"] == {"code": "server_error", "message": "busy"}  # Codex reads nothing else


@pytest.mark.parametrize(
    ("fault", "code"), [(BUSY, "server_error"), (LIMITED, "rate_limit_exceeded"), (TOO_LONG, "context_length_exceeded")]
)
def test_a_stream_that_fails_ends_with_an_error_and_then_a_failed_response(fault: Fault, code: str) -> None:
    *_, error, failed = events_in(write(chat(), [*STARTED, Failed(fault)]))

    assert failed["type"] == "response.failed"
    response = failed["response"]
    assert isinstance(response, dict)
    assert (response["id"], response["status"], response["output"]) == ("resp_1", "failed", [])
    assert response["error"] == {"code": code, "message": fault.public}
    assert (error["type"], error["message"]) == ("error", fault.public)
    if fault is not TOO_LONG:  # Codex knows this code and makes its history shorter; the SDK's list does not have it
        ResponseFailedEvent.model_validate(failed)


def test_a_call_that_broke_off_is_in_no_answer() -> None:
    stream = write(chat(), [BEGUN, ToolStarted("c", "f"), Delta('{"a"'), Failed(BUSY)])

    assert b"response.output_item.done" not in stream
    assert b"response.function_call_arguments.done" not in stream


def test_the_sdk_hears_of_a_failure_inside_a_stream() -> None:
    with (
        sdk_answering(write(chat(), [*STARTED, Failed(BUSY)])) as client,
        client.responses.create(model="m", input="x", stream=True) as answer,
        pytest.raises(openai.APIError, match="busy"),
    ):
        for _ in answer:
            pass


def test_the_sdk_hears_of_a_failure_before_anything_was_said() -> None:
    with (
        sdk_answering(write(chat(), [Failed(BUSY)])) as client,
        client.responses.create(model="m", input="x", stream=True) as answer,
        pytest.raises(openai.APIError, match="busy"),
    ):
        next(iter(answer))


def test_a_whole_answer_that_fails_is_an_error() -> None:
    assert write(chat(stream=False), [*STARTED, Failed(BUSY)]) == CLIENT.encode_error(BUSY)


NESTED: dict[str, Json] = {
    "type": "error",
    "error": {"type": "too_many_requests", "code": "too_many_requests", "message": "Too Many Requests", "param": None},
}
FLAT: dict[str, Json] = {"type": "error", "code": "server_is_overloaded", "message": "later", "param": None}
FAILED: dict[str, Json] = {
    "type": "response.failed",
    "response": {"id": "r", "model": "m", "error": {"code": "rate_limit_exceeded", "message": "later"}},
}


@pytest.mark.parametrize(
    ("event", "kind", "code"),
    [
        (NESTED, FaultKind.RATE_LIMITED, "too_many_requests"),
        (FLAT, FaultKind.OVERLOADED, "server_is_overloaded"),
        (FAILED, FaultKind.RATE_LIMITED, "rate_limit_exceeded"),
        ({"error": {"message": "no"}}, FaultKind.UPSTREAM_ERROR, ""),
        ({"type": "response.failed", "response": {"id": "r"}}, FaultKind.UPSTREAM_ERROR, ""),
    ],
)
def test_every_shape_of_a_failure_is_read(event: dict[str, Json], kind: FaultKind, code: str) -> None:
    *before, last = facts_of(stream_of(event, NESTED))

    assert isinstance(last, Failed)
    assert (last.fault.kind, last.fault.code) == (kind, code)
    assert all(isinstance(fact, Started) for fact in before)


@pytest.mark.parametrize("status", ["failed", "cancelled", None])
def test_a_whole_answer_may_be_a_failure(status: str | None) -> None:
    body = {"id": "r", "model": "m", "status": status, "error": {"code": "invalid_prompt", "message": "no"}}

    last = facts_of(json.dumps(body).encode(), streamed=False)[-1]

    assert isinstance(last, Failed)
    assert (last.fault.kind, last.fault.public) == (FaultKind.MALFORMED, "no")
