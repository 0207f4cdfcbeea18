"""Promises about attempts that got no answer: what Envoy says of the last one is told in a closed set of words."""

import pytest

from openclaw_extproc.stages import ended
from openclaw_extproc.stages.events import Continue, ResponseHead
from tests.stages.talking import BEGAN, asking, chain, gateway, routed

RESET = "upstream_reset_before_response_started"
TOLD = [
    (f"{RESET}{{remote_connection_failure|delayed_connect_error:_Connection_refused}}", "connection_refused"),
    (f"{RESET}{{remote_connection_failure|TLS_error:|268435703:SSL_routines:WRONG_VERSION_NUMBER}}", "connection_tls"),
    (f"{RESET}{{remote_connection_failure|TLS_error:|26:CERTIFICATE_VERIFY_FAILED:SAN}}", "connection_certificate"),
    (f"{RESET}{{connection_timeout}}", "connection_timeout"),
    (f"{RESET}{{connection_termination}}", "connection"),
    ("no_healthy_upstream", "unresolved"),
    ("upstream_per_try_timeout", "timeout"),
    ("upstream_response_timeout", "timeout"),
    ("via_upstream", ""),
    ("openclaw", ""),
    ("ext_proc_error_gRPC_error_14", ""),
    ("", ""),
]
"""As Envoy 1.40 was seen to say it."""


@pytest.mark.parametrize(("details", "word"), TOLD)
def test_the_caller_and_the_log_are_told_what_envoy_says(details: str, word: str) -> None:
    talk = routed(asking("openai_chat", stream=False), gateway(chain("openai_chat", "gemini"), max_retries=0))
    head = {":status": "503", "x-envoy-attempt-count": "2"}

    talk.tell(ResponseHead(head, BEGAN + 3, details=details))

    assert ended.unanswered(details) == word
    assert isinstance(talk.last, Continue)
    expected = f"p0-openai_chat:connection,p1-gemini:{word}" if word else None
    assert talk.last.set_headers.get("x-openclaw-fallbacks") == expected
    assert talk.entry.reasons == (tuple(expected.split(",")) if expected else ())


@pytest.mark.parametrize("attempts", ["0", "3", "x", ""])
def test_an_attempt_that_the_plan_does_not_have_is_nobodys(attempts: str) -> None:
    talk = routed(asking("openai_chat", stream=False), gateway(chain("openai_chat", "gemini"), max_retries=0))

    talk.tell(ResponseHead({":status": "503", "x-envoy-attempt-count": attempts}, BEGAN + 3, details=TOLD[0][0]))

    assert talk.entry.reasons == ()
