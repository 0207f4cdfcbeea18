"""Promises about attempts that got no answer: what Envoy says of the last one is told in a closed set of words."""

import pytest

from openclaw_extproc.stages.events import Continue, ResponseHead
from openclaw_extproc.stages.route import request_entry
from tests.stages.talking import BEGAN, asking, chain, gateway, routed

RESET = "upstream_reset_before_response_started"
TOLD = [
    (f"{RESET}{{remote_connection_failure|delayed_connect_error:_Connection_refused}}", "connection_refused"),
    (f"{RESET}{{remote_connection_failure|TLS_error:|268435703:SSL_routines:WRONG_VERSION_NUMBER}}", "connection_tls"),
    (f"{RESET}{{remote_connection_failure|TLS_error:|26:CERTIFICATE_VERIFY_FAILED:SAN}}", "connection_certificate"),
    (f"{RESET}{{connection_timeout}}", "connection_timeout"),
    (f"{RESET}{{connection_termination}}", "connection"),
    ("no_healthy_upstream", "unresolved"),
    ("cluster_not_found", "unresolved"),
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

    assert request_entry.no_answer_reason(details) == word
    assert isinstance(talk.last, Continue)
    expected = f"p0-openai_chat:connection,p1-gemini:{word}" if word else None
    assert talk.last.set_headers.get("x-openclaw-fallbacks") == expected
    assert talk.entry.reasons == (tuple(expected.split(",")) if expected else ())


@pytest.mark.parametrize("attempts", ["0", "3", "x", ""])
def test_an_attempt_that_the_plan_does_not_have_is_nobodys(attempts: str) -> None:
    talk = routed(asking("openai_chat", stream=False), gateway(chain("openai_chat", "gemini"), max_retries=0))

    talk.tell(ResponseHead({":status": "503", "x-envoy-attempt-count": attempts}, BEGAN + 3, details=TOLD[0][0]))

    assert talk.entry.reasons == ()


def test_a_cluster_that_envoy_has_not_got_is_the_first_one_s() -> None:
    """Envoy counts no attempt then."""
    talk = routed(asking("openai_chat", stream=False), gateway(chain("openai_chat", "gemini"), max_retries=0))

    talk.tell(ResponseHead({":status": "503", "x-envoy-attempt-count": "0"}, BEGAN + 3, details="cluster_not_found"))

    assert talk.entry.reasons == ("p0-openai_chat:unresolved",)


@pytest.mark.parametrize(
    ("details", "formats", "told"),
    [
        ("no_healthy_upstream", ("openai_chat", "gemini"), ("true", "1")),
        ("cluster_not_found", ("openai_chat", "gemini"), ("true", "1")),
        ("no_healthy_upstream", ("openai_chat",), (None, None)),
        ("upstream_response_timeout", ("openai_chat", "gemini"), (None, None)),
    ],
)
def test_who_was_not_asked_for_want_of_an_address_may_come_again(
    details: str, formats: tuple[str, ...], told: tuple[str | None, str | None]
) -> None:
    """The next call goes to somebody else, where there is one."""
    talk = routed(asking("openai_chat", stream=False), gateway(chain(*formats), max_retries=0))

    talk.tell(ResponseHead({":status": "503", "x-envoy-attempt-count": "1"}, BEGAN + 3, details=details))

    assert isinstance(talk.last, Continue)
    headers = talk.last.set_headers
    assert (headers.get("x-should-retry"), headers.get("retry-after")) == told
