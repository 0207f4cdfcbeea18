"""Promises of the Anthropic Messages format: errors, read and written."""

from typing import get_args

import anthropic
import pytest
from anthropic.types.shared import ErrorResponse
from anthropic.types.shared.error_type import ErrorType
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import Failed
from openclaw_extproc.model.json import Json
from tests.wire.anthropic_messages.saying import AWKWARD, CLIENT, PROVIDER, sdk


@pytest.mark.parametrize("kind", list(FaultKind))
def test_every_fault_is_an_error_the_official_sdk_knows(kind: FaultKind) -> None:
    body = CLIENT.encode_error(Fault(kind, "It is so"))

    if kind is not FaultKind.TOO_LARGE:  # documented as `request_too_large`, and missing in the SDK's types
        ErrorResponse.model_validate_json(body)
    with sdk(kind.status, "application/json", body) as client, pytest.raises(anthropic.APIStatusError) as error:
        client.messages.create(model="claude", max_tokens=9, messages=[{"role": "user", "content": "x"}])
    assert "It is so" in str(error.value)
    assert error.value.status_code == kind.status


def test_a_thread_that_nobody_can_keep_is_refused_so_that_the_sdk_sends_everything() -> None:
    body = CLIENT.encode_error(Fault(FaultKind.UNSUPPORTED, "thread cannot be carried to bee", about="thread"))

    with sdk(400, "application/json", body) as client, pytest.raises(anthropic.BadRequestError) as error:
        client.messages.create(model="claude", max_tokens=9, messages=[{"role": "user", "content": "x"}])
    assert error.value.body == j.parse(body, where="here")
    assert j.parse(body, where="here")["error"] == {
        "type": "invalid_request_error",
        "message": "thread cannot be carried to bee",
        "details": {"error_code": "thread_unsupported_request", "unsupported": []},
    }


def test_an_error_answer_is_told_with_the_providers_words() -> None:
    body = b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}'

    assert PROVIDER.decode_error(500, body) == Fault(FaultKind.OVERLOADED, "Overloaded", 500, "overloaded_error")


def test_a_foreign_error_word_does_not_outweigh_the_status() -> None:
    body = b'{"error":{"type":"invalid_request_error","message":"Wrong key"}}'

    assert PROVIDER.decode_error(401, body) == Fault(
        FaultKind.UNAUTHENTICATED, "Wrong key", 401, "invalid_request_error"
    )


def test_a_long_error_is_cut() -> None:
    body = j.dump({"type": "error", "error": {"type": "x" * 500, "message": "m" * 5_000}})

    fault = PROVIDER.decode_error(400, body)

    assert (len(fault.public), len(fault.code)) == (2_000, 64)


def error_body(error: Json) -> bytes:
    return j.dump({"type": "error", "error": error})


@given(
    st.integers(400, 599),
    st.binary() | AWKWARD.map(error_body) | st.just(b"<html>502 Bad Gateway</html>"),
)
def test_any_error_body_gives_a_fault(status: int, body: bytes) -> None:
    fault = PROVIDER.decode_error(status, body)

    assert fault.upstream_status == status
    assert fault.public


@pytest.mark.parametrize(
    "message",
    [
        "prompt is too long: 215692 tokens > 200000 maximum",
        "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, decrease input length",
        "Input is too long for requested model.",
    ],
)
def test_a_prompt_that_does_not_fit_has_everybodys_word_for_it(message: str) -> None:
    body = j.dump({"type": "error", "error": {"type": "invalid_request_error", "message": message}})

    fault = PROVIDER.decode_error(400, body)

    assert fault == Fault(FaultKind.MALFORMED, message, 400, "context_length_exceeded")
    assert message in CLIENT.encode_error(fault).decode()


def test_a_prompt_that_did_not_fit_elsewhere_is_told_in_the_words_claude_code_looks_for() -> None:
    for said in ("maximum context length is 8192 tokens", "Your input exceeds the context window of this model."):
        fault = Fault(FaultKind.MALFORMED, said, 400, "context_length_exceeded")

        assert f'"prompt is too long: {said}"'.encode() in CLIENT.encode_error(fault)


@pytest.mark.parametrize("body", [b"", b'{"type":"error","error":{"type":"billing_error","message":"Pay"}}'])
def test_an_unpaid_bill_is_told_as_one(body: bytes) -> None:
    fault = PROVIDER.decode_error(402, body)

    assert (fault.kind, fault.status) == (FaultKind.FORBIDDEN, 402)
    assert b'"billing_error"' in CLIENT.encode_error(fault)


def test_every_error_word_of_the_official_sdk_is_known() -> None:
    for word in get_args(ErrorType):
        if word.startswith("memory_"):  # of Anthropic's memory stores, which are no model calls
            continue
        body = j.dump({"type": "error", "error": {"type": word, "message": "So sorry"}})

        event = next(iter(PROVIDER.decoder(True).feed(b"event: error\ndata: " + body + b"\n\n")))

        assert isinstance(event, Failed)
        assert event.fault.code == word
        assert event.fault.kind is not FaultKind.UPSTREAM_ERROR or word == "api_error"
        assert CLIENT.encode_error(event.fault) == body or word == "conflict_error"
