"""Promises of the Gemini format: errors, read and written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import Failed
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.gemini.errors import retry_after
from tests.wire.gemini.saying import CLIENT, JSONS, PROVIDER, facts


@pytest.mark.parametrize("kind", FaultKind)
def test_every_fault_can_be_told_and_understood_again(kind: FaultKind) -> None:
    fault = Fault(kind, "Because.")

    heard = PROVIDER.decode_error(fault.status, CLIENT.encode_error(fault))

    assert (heard.public, heard.upstream_status) == ("Because.", kind.status)


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        (
            429,
            b'[{"error":{"code":429,"message":"Quota.","status":"RESOURCE_EXHAUSTED"}}\n]',
            Fault(FaultKind.RATE_LIMITED, "Quota.", 429, "RESOURCE_EXHAUSTED"),
        ),
        (
            400,
            b'{"error":{"message":"No.","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}',
            Fault(FaultKind.UNAUTHENTICATED, "No.", 400, "INVALID_ARGUMENT"),
        ),
        (
            400,
            b'{"error":{"message":"User location is not supported","status":"FAILED_PRECONDITION"}}',
            Fault(FaultKind.FORBIDDEN, "User location is not supported", 400, "unsupported_country_region_territory"),
        ),
        (
            403,
            b'{"error":{"message":"Consumer \'api_key:AIzaMadeUp-1_2\' has been suspended."}}',
            Fault(FaultKind.FORBIDDEN, "Consumer 'api_key:***' has been suspended.", 403, "account_deactivated"),
        ),
        (503, b"<html>", Fault(FaultKind.OVERLOADED, "the provider answered 503", 503)),
        (500, b'{"error":"odd"}', Fault(FaultKind.UPSTREAM_ERROR, "odd", 500)),
        (500, b"\xff", Fault(FaultKind.UPSTREAM_ERROR, "the provider answered 500", 500)),
        (500, b"", Fault(FaultKind.UPSTREAM_ERROR, "the provider answered 500", 500)),
        (404, b"[]", Fault(FaultKind.NOT_FOUND, "the provider answered 404", 404)),
        (404, b'{"error":{"details":[1,{}],"code":[]}}', Fault(FaultKind.NOT_FOUND, "the provider answered 404", 404)),
    ],
)
def test_an_error_answer_is_understood_whatever_it_is(status: int, body: bytes, fault: Fault) -> None:
    assert PROVIDER.decode_error(status, body) == fault


@given(st.binary(max_size=60) | JSONS.map(lambda value: j.dump({"error": value})))
def test_no_error_answer_is_too_odd(body: bytes) -> None:
    assert PROVIDER.decode_error(500, body).upstream_status == 500


@pytest.mark.parametrize(
    "message",
    [
        "The input token count (1200293) exceeds the maximum number of tokens allowed (1048576).",
        "Unable to submit request because the input token count is 1200293 but model only supports up to 1048576.",
    ],
)
def test_a_prompt_that_is_too_long_has_the_word_that_every_client_knows(message: str) -> None:
    said: Json = {"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}}

    fault = PROVIDER.decode_error(400, j.dump(said))

    assert (fault.kind, fault.public, fault.code) == (FaultKind.MALFORMED, message, "context_length_exceeded")
    (failed,) = facts(False, j.dump(said))
    assert failed == Failed(Fault(FaultKind.MALFORMED, message, code="context_length_exceeded"))


@pytest.mark.parametrize(
    ("delay", "seconds"),
    [
        ("58s", 58.0),
        ("45.837906927s", 45.837906927),
        ("0s", 0.0),
        ("soon", None),
        ("-1s", None),
        (7, None),
        (None, None),
    ],
)
def test_how_long_to_wait_stands_in_the_body(delay: Json, seconds: float | None) -> None:
    details: Json = [
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure"},
        "odd",
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay},
    ]
    body = j.dump({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": details}})

    assert retry_after(body) == seconds
    assert retry_after(b"[%s]" % body) == seconds


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"error":{"details":{}}}', b'{"error":"busy"}'])
def test_a_body_that_does_not_say_how_long_to_wait_says_nothing(body: bytes) -> None:
    assert retry_after(body) is None
