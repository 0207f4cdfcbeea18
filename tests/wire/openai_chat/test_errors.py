"""Promises of the OpenAI Chat Completions format: errors, read and written."""

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from tests.wire.openai_chat.saying import AWKWARD, CLIENT, PROVIDER, sdk_answering


@pytest.mark.parametrize("kind", FaultKind)
def test_every_kind_of_fault_is_an_error_the_sdk_understands(kind: FaultKind) -> None:
    fault = Fault(kind, "what happened")
    client = sdk_answering(CLIENT.encode_error(fault), status=fault.status, content_type="application/json")

    with client, pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model="m", messages=[])

    assert "what happened" in caught.value.message
    assert caught.value.type in {"invalid_request_error", "rate_limit_error", "server_error", "insufficient_quota"}
    assert caught.value.param is None


def test_the_providers_own_code_is_passed_on() -> None:
    fault = Fault(FaultKind.MALFORMED, "too long", code="context_length_exceeded")

    assert j.parse(CLIENT.encode_error(fault), where="error") == {
        "error": {
            "message": "too long",
            "type": "invalid_request_error",
            "param": None,
            "code": "context_length_exceeded",
        }
    }
    assert CLIENT.encode_stream_error(fault) == b"data: " + CLIENT.encode_error(fault) + b"\n\n"


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        (
            400,
            {"error": {"message": "too long", "type": "invalid_request_error", "code": "context_length_exceeded"}},
            Fault(FaultKind.MALFORMED, "too long", 400, "context_length_exceeded"),
        ),
        (
            429,
            {"error": {"message": "no money", "type": "insufficient_quota", "code": None}},
            Fault(FaultKind.RATE_LIMITED, "no money", 429, "insufficient_quota"),
        ),
        (
            400,
            {"message": "bad", "type": "BadRequestError", "code": 400},
            Fault(FaultKind.MALFORMED, "bad", 400, "BadRequestError"),
        ),
        (404, {"error": "no such model"}, Fault(FaultKind.NOT_FOUND, "no such model", 404, code="model_not_found")),
        (401, {"detail": "who are you"}, Fault(FaultKind.UNAUTHENTICATED, "who are you", 401)),
        (500, {"detail": [{"msg": "x"}]}, Fault(FaultKind.UPSTREAM_ERROR, "the provider answered 500", 500)),
        (503, ["x"], Fault(FaultKind.OVERLOADED, "the provider answered 503", 503)),
        (502, {"error": {"message": "x" * 5_000}}, Fault(FaultKind.UPSTREAM_ERROR, "x" * 2_000, 502)),
    ],
)
def test_an_error_answer_is_read_in_every_shape_it_was_seen_in(status: int, body: Json, fault: Fault) -> None:
    assert PROVIDER.decode_error(status, j.dump(body)) == fault


@pytest.mark.parametrize("body", [b"", b"<html>502</html>", b"\xff\xfe", b"[" * 100_000])
def test_an_error_answer_that_is_no_json_is_told_by_its_status(body: bytes) -> None:
    assert PROVIDER.decode_error(502, body) == Fault(FaultKind.UPSTREAM_ERROR, "the provider answered 502", 502)


def test_a_providers_code_is_kept_short() -> None:
    assert PROVIDER.decode_error(400, j.dump({"error": {"code": "c" * 500}})).code == "c" * 100


@given(st.integers(100, 999), AWKWARD)
def test_reading_an_error_never_raises(status: int, error: Json) -> None:
    fault = PROVIDER.decode_error(status, j.dump({"error": error}))

    assert fault.upstream_status == status
    assert fault.public
