"""Promises of the Anthropic Messages format: errors, read and written."""

import anthropic
import pytest
from anthropic.types.shared import ErrorResponse
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.faults import Fault, Kind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from tests.wire.anthropic_messages.saying import AWKWARD, CLIENT, PROVIDER, sdk


@pytest.mark.parametrize("kind", list(Kind))
def test_every_fault_is_an_error_the_official_sdk_knows(kind: Kind) -> None:
    body = CLIENT.encode_error(Fault(kind, "It is so"))

    if kind is not Kind.TOO_LARGE:  # documented as `request_too_large`, and missing in the SDK's types
        ErrorResponse.model_validate_json(body)
    with sdk(kind.status, "application/json", body) as client, pytest.raises(anthropic.APIStatusError) as error:
        client.messages.create(model="claude", max_tokens=9, messages=[{"role": "user", "content": "x"}])
    assert "It is so" in str(error.value)
    assert error.value.status_code == kind.status


def test_an_error_answer_is_told_with_the_providers_words() -> None:
    body = b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}'

    assert PROVIDER.decode_error(500, body) == Fault(Kind.OVERLOADED, "Overloaded", 500, "overloaded_error")


def test_a_foreign_error_word_does_not_outweigh_the_status() -> None:
    body = b'{"error":{"type":"invalid_request_error","message":"Wrong key"}}'

    assert PROVIDER.decode_error(401, body) == Fault(Kind.UNAUTHENTICATED, "Wrong key", 401, "invalid_request_error")


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
