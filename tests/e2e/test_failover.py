"""Whatever a provider does before its first word: the caller gets the next one's answer, and nothing of the failure."""

import json
from collections.abc import Mapping

import anthropic
import httpx
import openai
import pytest

from openclaw_simulator import Record, Simulator
from tests.e2e.callers import CALLERS, OURS, Answer, Caller, body, said
from tests.e2e.harness import Providers, Sidecar, http, until
from tests.e2e.world import EMERGENCY, PLACES, RETRY_AFTER_SECONDS, Place

REASONS: Mapping[str, set[str]] = {
    "reset": {"connection", "stale_connection"},
    "500": {"upstream_error"},
    "503": {"overloaded"},
    "429": {"rate_limited"},
    "529": {"overloaded"},
    "first-event-error": {"overloaded", "upstream_error"},
    "lifecycle-then-error": {"overloaded", "upstream_error"},
    "error-200": {"overloaded", "upstream_error"},
    "empty-200": {"upstream_garbled"},
    "html-200": {"upstream_garbled"},
    "html-502": {"upstream_error"},
}
"""Faults that show at once. In a stream OpenAI names an overload with no more than `server_error`."""
SILENCES = ("silent", "headers-then-silent")
DEAD = [name for name in PLACES if name.startswith("dead-")]
PAIRS = ["ace-then-bee", "ace-then-dog", "cat-then-bee", "cat-then-dog"]
CROSSED = ["ace-then-dog", "cat-then-bee"]
BROKEN = ("cut", "mid-error", "reset-mid", "garbage")

ANTHROPICS_OWN = ("anthropic-version", "2023-06-01")
"""What we say ourselves to a provider of this format."""

SEEN_BY_CALLERS = {
    "cache-control", "content-length", "content-type", "date", "request-id", "server", "transfer-encoding",
    "x-openclaw-attempts", "x-openclaw-fallbacks", "x-openclaw-model", "x-openclaw-provider", "x-openclaw-reason",
    "x-openclaw-request-id", "x-openclaw-requested-model", "x-openclaw-warnings", "x-request-id", "x-simulator",
    "x-openclaw-confidence", "x-openclaw-tier",
    "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests",
    "anthropic-ratelimit-requests-limit", "anthropic-ratelimit-requests-remaining",
}  # fmt: skip


def second_of(first: Place) -> Place:
    return PLACES[first.fallback]


@pytest.mark.parametrize("fault", REASONS)
@pytest.mark.parametrize("name", PAIRS)
def test_a_failure_is_answered_by_the_next_provider(
    caller: Caller, providers: Providers, name: str, fault: str, streamed: bool
) -> None:
    first = PLACES[name]
    providers[first.simulator].set_fault(fault)

    answer = caller.ask(first.model, streamed=streamed)

    _is_the_seconds(answer, first, REASONS[fault])
    _attempts_were_apart(providers, first, caller)


@pytest.mark.parametrize("name", DEAD)
def test_nobody_at_the_first_address_is_answered_by_the_next_provider(
    caller: Caller, providers: Providers, name: str, streamed: bool
) -> None:
    first = PLACES[name]

    answer = caller.ask(first.model, streamed=streamed)

    _is_the_seconds(answer, first, {"connection"})
    _came_as_it_should(providers[second_of(first).simulator].requests, second_of(first), caller)


@pytest.mark.parametrize("fault", SILENCES)
@pytest.mark.parametrize("name", CROSSED)
def test_silence_beyond_the_limit_is_answered_by_the_next_provider(
    hurried: Caller, providers: Providers, name: str, fault: str, streamed: bool
) -> None:
    first = PLACES[name]
    providers[first.simulator].set_fault(fault)

    answer = hurried.ask(first.model, streamed=streamed)

    _is_the_seconds(answer, first, {"timeout"})
    _attempts_were_apart(providers, first, hurried)
    left = providers[first.simulator].requests[0]
    assert until(lambda: left.disconnected, 5), "the silent provider's connection is given up"


def _is_the_seconds(answer: Answer, first: Place, reasons: set[str]) -> None:
    second = second_of(first)
    assert (answer.text, answer.stop) == (said(second.simulator, second.model), "end")
    assert answer.model == second.model
    assert (answer.input_tokens, answer.output_tokens) == (2, 9)
    told = {name.lower(): value for name, value in answer.headers.items()}
    assert told["x-openclaw-attempts"] == "2"
    assert told["x-openclaw-fallbacks"].partition(":")[0] == first.name
    assert told["x-openclaw-fallbacks"].partition(":")[2] in reasons
    assert (told["x-openclaw-provider"], told["x-openclaw-model"]) == (second.name, second.model)
    assert told["x-openclaw-requested-model"] == first.model
    assert told["x-simulator"] == second.simulator
    assert set(told) <= SEEN_BY_CALLERS


def _attempts_were_apart(providers: Providers, first: Place, caller: Caller) -> None:
    """Each provider was asked once, in its own words and with its own credential."""
    for place in (first, second_of(first)):
        _came_as_it_should(providers[place.simulator].requests, place, caller)


def _came_as_it_should(records: tuple[Record, ...], place: Place, caller: Caller) -> None:
    assert len(records) == 1
    record = records[0]
    own, foreign = ("authorization", "x-api-key") if place.shape == "openai" else ("x-api-key", "authorization")
    assert record.path == ("/v1/chat/completions" if place.shape == "openai" else "/v1/messages")
    assert record.headers[own].removeprefix("Bearer ") == place.key
    assert foreign not in record.headers
    assert OURS not in str(record.headers)
    assert ("anthropic-version" in record.headers) == (place.shape == "anthropic")
    sent = json.loads(record.body or "")
    assert sent["model"] == place.model
    [message] = sent["messages"]
    assert message["role"] == "user"
    assert "hello you" in str(message["content"])
    if place.shape == "anthropic":
        assert sent["max_tokens"] == 100
    elif caller.format == "anthropic_messages":
        assert sent["max_completion_tokens"] == 100


@pytest.mark.parametrize(
    "fault", ["503", "first-event-error", "lifecycle-then-error", "html-200", "headers-then-silent"]
)
@pytest.mark.parametrize("sdk", CALLERS)
def test_no_byte_of_the_failed_attempt_is_seen(
    hasty: Sidecar, providers: Providers, sdk: str, fault: str, streamed: bool
) -> None:
    """Raw, because an SDK might skip over what it does not know."""
    first = PLACES["ace-then-dog" if sdk == "openai" else "cat-then-bee"]
    second = second_of(first)
    providers[first.simulator].set_fault(fault)
    failed = http.post(hasty.url + CALLERS[sdk].path, content=body(sdk, first.model, streamed=streamed))
    providers.reset()

    direct = http.post(hasty.url + CALLERS[sdk].path, content=body(sdk, second.model, streamed=streamed))

    assert failed.status_code == direct.status_code == 200
    assert _names(failed) - {"x-openclaw-fallbacks"} == _names(direct)
    assert _without_numbers(failed) == _without_numbers(direct)


def _names(answer: httpx.Response) -> set[str]:
    return {name.lower() for name in answer.headers}


def _without_numbers(answer: httpx.Response) -> list[str]:
    """The body without the ids and times that count up."""
    text = answer.text
    for volatile in ("simulated", '"created":'):
        head, *rest = text.split(volatile)
        text = head + "".join(volatile + part.lstrip("0123456789") for part in rest)
    return text.splitlines()


@pytest.mark.parametrize("fault", ["503", "reset", "empty-200"])
def test_a_chain_of_four_ends_at_the_one_that_works(
    caller: Caller, providers: Providers, fault: str, streamed: bool
) -> None:
    first, last = PLACES["four-first"], PLACES["four-fourth"]
    providers["ace"].set_fault(fault)

    answer = caller.ask(first.model, streamed=streamed)

    assert (answer.text, answer.stop) == (said(last.simulator, last.model), "end")
    assert answer.headers["x-openclaw-attempts"] == "4"
    told = [failed.split(":") for failed in answer.headers["x-openclaw-fallbacks"].split(",")]
    assert [name for name, _ in told] == ["four-first", "four-second", "four-third"]
    assert [reason for _, reason in told][::2] == ["connection", "connection"]
    assert [len(providers[name].requests) for name in ("ace", "dog")] == [1, 1]
    assert providers["ace"].requests[0].headers["authorization"] == f"Bearer {PLACES['four-second'].key}"
    assert providers["dog"].requests[0].headers["x-api-key"] == last.key


def test_a_callers_own_headers_survive_a_detour_to_another_format(main: Sidecar, providers: Providers) -> None:
    """Envoy hands one and the same header map to attempt after attempt: what one took away the next one lacks."""
    providers["cat"].set_fault("503")
    providers["ace"].set_fault("503")
    about_openai = {"openai-organization": "org-1", "openai-project": "proj-1"}
    about_anthropic = {"anthropic-version": "2024-01-01", "anthropic-beta": "some-beta-2025-01-01"}

    asked_openai = http.post(
        main.url + CALLERS["openai"].path, content=body("openai", "cat-then-bee-model"), headers=about_openai
    )
    asked_anthropic = http.post(
        main.url + CALLERS["anthropic"].path, content=body("anthropic", "ace-then-dog-model"), headers=about_anthropic
    )

    assert asked_openai.status_code == asked_anthropic.status_code == 200
    assert _among(about_openai, providers["cat"]) == _among(about_anthropic, providers["ace"]) == {}
    assert _among(about_openai, providers["bee"]) == about_openai
    assert _among(about_anthropic, providers["dog"]) == about_anthropic


def _among(headers: Mapping[str, str], simulator: Simulator) -> dict[str, str]:
    sent = simulator.requests[0].headers
    return {name: sent[name] for name in headers if name in sent and (name, sent[name]) != ANTHROPICS_OWN}


def test_a_chain_of_four_stops_at_the_first_that_works(caller: Caller, providers: Providers, streamed: bool) -> None:
    answer = caller.ask("four-first-model", streamed=streamed)

    assert answer.headers["x-openclaw-provider"] == "four-second"
    assert answer.headers["x-openclaw-attempts"] == "2"
    assert not providers["dog"].requests


# --- all fail ---


@pytest.mark.parametrize(
    "fault", ["503", "429", "500", "reset", "first-event-error", "error-200", "html-200", "empty-200"]
)
@pytest.mark.parametrize("name", PAIRS)
def test_when_all_fail_the_caller_is_told_when_to_come_back(
    caller: Caller, providers: Providers, name: str, fault: str, streamed: bool
) -> None:
    first = PLACES[name]
    for simulator in providers.by_name.values():
        simulator.set_fault(fault)
    status, error = (429, "RateLimitError") if fault == "429" else (503, "InternalServerError")

    with pytest.raises(caller.named(error), match=EMERGENCY) as caught:
        caller.ask(first.model, streamed=streamed)

    assert isinstance(caught.value, caller.status_error)
    assert isinstance(caught.value, openai.APIStatusError | anthropic.APIStatusError)
    assert caught.value.status_code == status
    headers = caught.value.response.headers
    assert headers["retry-after"] == str(RETRY_AFTER_SECONDS)
    assert headers["x-should-retry"] == "false"
    assert headers["content-type"] == "application/json"
    assert headers["x-openclaw-attempts"] == "2"
    assert not {"x-openclaw-retry", "x-openclaw-backoff", "x-envoy-attempt-count"} & set(headers)
    # Of attempts without an answer Envoy tells the last one only.
    named = headers.get("x-openclaw-fallbacks", f"{first.name}:").partition(":")[0]
    assert named in (first.name, second_of(first).name)
    whole = caught.value.response.json()
    assert whole["error"]["type"]
    assert (whole.get("type") == "error") == (caller.format == "anthropic_messages"), "the client's own format"
    assert [len(providers[p.simulator].requests) for p in (first, second_of(first))] == [1, 1]


def test_when_all_are_silent_the_caller_is_told_when_to_come_back(
    hurried: Caller, providers: Providers, streamed: bool
) -> None:
    for simulator in providers.by_name.values():
        simulator.set_fault("silent")

    with pytest.raises(hurried.named("InternalServerError"), match=EMERGENCY) as caught:
        hurried.ask("ace-then-dog-model", streamed=streamed)

    assert isinstance(caught.value, openai.APIStatusError | anthropic.APIStatusError)
    assert caught.value.status_code == 503
    assert caught.value.response.headers["retry-after"] == str(RETRY_AFTER_SECONDS)
    assert caught.value.response.headers["x-should-retry"] == "false"
    assert [len(providers[name].requests) for name in ("ace", "dog")] == [1, 1]


@pytest.mark.parametrize("status", ["400", "context-length"])
@pytest.mark.parametrize("name", PAIRS)
def test_what_the_request_is_to_blame_for_is_not_tried_elsewhere(
    caller: Caller, providers: Providers, name: str, status: str
) -> None:
    first = PLACES[name]
    providers[first.simulator].set_fault(status)

    with pytest.raises(caller.status_error) as caught:
        caller.ask(first.model)

    assert isinstance(caught.value, openai.APIStatusError | anthropic.APIStatusError)
    assert caught.value.status_code == 400  # nobody is known to have more room
    assert caught.value.response.headers["x-openclaw-attempts"] == "1"
    assert not providers[second_of(first).simulator].requests


# --- one provider alone ---


@pytest.mark.parametrize(("fault", "least"), [("500-once", 2.0), ("429-retry-after-1", 1.0)])
@pytest.mark.parametrize("name", ["bee", "dog"])
def test_a_provider_alone_is_asked_again_after_a_wait(
    hasty: Sidecar, providers: Providers, name: str, fault: str, least: float
) -> None:
    """As configured (2 s), or as the provider says itself."""
    sdk = PLACES[name].shape
    providers[name].set_fault(fault, *([] if fault == "500-once" else [1]))

    with CALLERS[sdk](hasty.url) as caller:
        answer = caller.ask(PLACES[name].model)

    first, second = providers[name].requests
    assert least <= second.at - first.at < least + 1.5
    assert answer.text == said(name, PLACES[name].model)
    assert answer.headers["x-openclaw-attempts"] == "2"


def test_a_provider_alone_is_not_asked_more_often_than_configured(hasty: Sidecar, providers: Providers) -> None:
    providers["bee"].set_fault("503")

    with CALLERS["openai"](hasty.url) as caller, pytest.raises(openai.InternalServerError, match=EMERGENCY):
        caller.ask("bee-model")

    assert len(providers["bee"].requests) == 2


def test_a_provider_that_wants_a_very_long_pause_is_not_waited_for(hasty: Sidecar, providers: Providers) -> None:
    providers["bee"].set_fault("429-retry-after-3600")

    with CALLERS["openai"](hasty.url) as caller, pytest.raises(openai.RateLimitError) as caught:
        caller.ask("bee-model")

    assert caught.value.response.headers["retry-after"] == "3600"
    assert len(providers["bee"].requests) == 1


# --- after the first word ---


@pytest.mark.parametrize("fault", BROKEN)
@pytest.mark.parametrize("name", PAIRS)
def test_a_stream_that_breaks_off_is_never_taken_for_a_whole_one(
    caller: Caller, providers: Providers, name: str, fault: str
) -> None:
    first = PLACES[name]
    providers[first.simulator].set_fault(fault)

    try:
        answer = caller.ask(first.model, streamed=True)
    except (caller.errors, ValueError):
        pass  # the SDK's own word for it, or its JSON reader's
    except Exception as problem:  # of the HTTP client below the SDK, whichever it uses
        if type(problem).__name__ not in ("RemoteProtocolError", "ReadError"):
            raise
    else:
        assert answer.stop is None
        assert answer.text != said(first.simulator, first.model)
    assert [len(providers[p.simulator].requests) for p in (first, second_of(first))] == [1, 0]
