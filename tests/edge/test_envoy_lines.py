"""Promises about attempts that got no answer: our log says which fault of the connection it was, in a closed set."""

import pytest

from openclaw_extproc.edge.envoy.process import log_envoy_line, unanswered_attempt
from openclaw_extproc.model.json import Json

TLS = "TLS_error:|268435703:SSL_routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end"
CERTIFICATE = "TLS_error:|268435581:SSL_routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:TLS_error_end"
SAID = [
    ("a 0 UF delayed_connect_error:_Connection_refused r-1", "connection_refused"),
    (f"a 2 UF {TLS} -", "connection_tls"),
    (f"a 2 UF {CERTIFICATE} -", "connection_certificate"),
    ("a 502 UF - -", "connection"),
    ("a 17 UC - -", "connection"),
    ("a 1501 UT - -", "timeout"),
    ("a 1501 UC,UT - -", "connection"),
    ("a - NEW - -", "connection"),
]
"""As Envoy 1.40 was seen to say it, and two that it was not."""


@pytest.mark.parametrize(("line", "why"), SAID)
def test_each_attempt_has_its_fault(line: str, why: str) -> None:
    found = unanswered_attempt(f"unanswered: {line}")

    assert found
    assert (found["cluster"], found["why"]) == ("a", why)


def test_what_is_not_known_is_null() -> None:
    known: dict[str, Json] = {
        "request_id": "r 1 of a client", "cluster": "a", "why": "connection_refused", "milliseconds": 0,
        "envoy_says": "delayed_connect_error:_Connection_refused",
    }  # fmt: skip

    assert unanswered_attempt("unanswered: a 0 UF delayed_connect_error:_Connection_refused r 1 of a client") == known
    assert unanswered_attempt("unanswered: a - UC - -") == {
        "request_id": None, "cluster": "a", "why": "connection", "envoy_says": None, "milliseconds": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    "line", ["", "unanswered: ", "unanswered: a b c", "warning main there was unanswered: a 0 UF - -"]
)
def test_any_other_line_is_envoys_own(line: str) -> None:
    assert not log_envoy_line(line)
