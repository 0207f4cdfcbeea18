"""Promises about a pause that a provider asks for in the body of its error, as Google does."""

import json

import pytest

from openclaw_extproc.gateway import Gateway, Provider, Target
from openclaw_extproc.policy.health.headroom import Headroom
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.snapshots import Snapshots
from openclaw_extproc.stages.attempt.retries import BACKOFF, RETRY
from openclaw_extproc.stages.attempt.stage import AttemptStage
from openclaw_extproc.stages.entries import AttemptEntry, RequestEntry
from openclaw_extproc.stages.events import Continue, RequestBody, RequestHead, ResponseBody, ResponseHead
from openclaw_extproc.stages.route.stage import RouteStage
from tests.stages.talking import BEGAN, Talk

GOOGLE = Provider("g", "c", "gemini", "/v1beta", models=("m",))
RAW = RequestBody(json.dumps({"model": "m", "messages": [{"role": "user", "content": "Hi"}]}).encode(), BEGAN)
HEADERS = {":method": "POST", ":path": "/v1/chat/completions"}


def refused(delay: str, attempt: int = 1, **headers: str) -> Continue:
    """The head that the client, or Envoy's router, gets for a 429 with this delay in its body."""
    return told(delay, attempt, **headers)[0]


def told(delay: str, attempt: int = 1, **headers: str) -> tuple[Continue, AttemptEntry]:
    """The same, and what is left of the attempt."""
    gateway = Gateway(providers={"g": GOOGLE}, chains={"m": (Target(GOOGLE, "m"),)})
    planned = Talk[RequestEntry](RouteStage(gateway, RuntimeState())).tell(RequestHead(HEADERS, BEGAN), RAW).last
    assert isinstance(planned, Continue)
    head = {**HEADERS, "x-envoy-attempt-count": str(attempt)}
    talk = Talk[AttemptEntry](AttemptStage(Snapshots(gateway)))
    talk.tell(RequestHead(head, BEGAN, cluster="c", metadata=planned.metadata), RAW)
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}
    error = {"error": {"code": 429, "message": "slow down", "status": "RESOURCE_EXHAUSTED", "details": [info]}}
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    talk.tell(ResponseHead({":status": "429", "content-type": "application/json", **said}, BEGAN + 1))
    talk.tell(ResponseBody(json.dumps(error).encode(), True, BEGAN + 1))
    first = next(answer for answer in talk.answers if isinstance(answer, Continue) and ":status" in answer.set_headers)
    (entry,) = talk.entries
    return first, entry


@pytest.mark.parametrize(("delay", "wait"), [("7s", "7"), ("2.2s", "3"), ("0.1s", "1"), ("nonsense", "1")])
def test_the_next_attempt_waits_as_long_as_the_body_says(delay: str, wait: str) -> None:
    head = refused(delay)

    assert head.set_headers[RETRY] == "1"
    assert head.set_headers[BACKOFF] == wait


def test_a_header_counts_more_than_the_body() -> None:
    assert refused("7s", retry_after="3").set_headers[BACKOFF] == "3"


def test_nobody_waits_for_a_long_pause_and_the_caller_learns_how_long() -> None:
    head = refused("90s")

    assert RETRY not in head.set_headers
    assert head.set_headers["retry-after"] == "90"


def test_the_last_failure_says_how_long() -> None:
    assert refused("12s", attempt=3).set_headers["retry-after"] == "12"


def test_whoever_keeps_health_learns_how_long() -> None:
    _, by_body = told("12s")
    _, by_header = told("12s", retry_after="3")

    assert (by_body.retry_after, by_header.retry_after) == (12, 3)


def test_what_is_left_of_a_limit_goes_into_the_record() -> None:
    limits = {"x-ratelimit-limit-requests": "60", "x-ratelimit-remaining-requests": "0"}

    _, left = told("12s", 1, **{**limits, "x-ratelimit-reset-requests": "20s"})

    assert left.headroom == Headroom("requests", 0.0, 20.0)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        *(({"retry_after": nonsense}, "60") for nonsense in ("nan", "inf", "-5", "1_000", "soon", "")),
        ({"retry_after": "2.2"}, "3"),
        ({"retry_after": "99999999999"}, "604800"),
        ({"retry_after": "40", "retry_after_ms": "1500"}, "2"),
    ],
)
def test_the_caller_is_told_whole_seconds_whatever_the_provider_says(said: dict[str, str], seconds: str) -> None:
    head = refused("nonsense", attempt=3, **said)

    assert head.set_headers["retry-after"] == seconds
    assert head.set_headers["x-should-retry"] == "false"
