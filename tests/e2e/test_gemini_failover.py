"""Gemini in a chain with the other formats, on either side; and its callers without an SDK."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import anthropic
import httpx
import openai
import pytest
from google.genai import errors

from tests.e2e.callers import CALLERS, OURS, Answer, Caller, GeminiCaller, answer_of, said
from tests.e2e.harness import Providers, Sidecar, http, until
from tests.e2e.test_failover import REASONS
from tests.e2e.world import EMERGENCY, PLACES, RETRY_AFTER_SECONDS, Place

CHAINS = {
    "ace-then-elk": CALLERS["openai"],
    "cat-then-elk": CALLERS["anthropic"],
    "elk-then-bee": CALLERS["openai"],
}
"""Each with a caller who is not Google's."""
FAULTS: Mapping[str, set[str]] = {
    **{name: REASONS[name] for name in ("503", "429", "reset", "first-event-error", "empty-200")},
    "silent": {"timeout"},
}
KEY_HEADERS: Mapping[str, str] = {"openai": "authorization", "anthropic": "x-api-key", "gemini": "x-goog-api-key"}
THEIRS = "theirs-0123456789"

each_chain = pytest.mark.parametrize("name", CHAINS)
each_fault = pytest.mark.parametrize("fault", FAULTS)
each_quick_fault = pytest.mark.parametrize("fault", [name for name in FAULTS if name != "silent"])


@pytest.fixture(scope="module")
def google(hasty: Sidecar) -> Iterator[GeminiCaller]:
    """At the hasty sidecar, where silence is short."""
    with GeminiCaller(hasty.url) as made:
        yield made


@pytest.fixture(scope="module")
def others(hasty: Sidecar) -> Iterator[dict[type[Caller], Caller]]:
    with CALLERS["openai"](hasty.url) as chatgpt, CALLERS["anthropic"](hasty.url) as claude:
        yield {type(chatgpt): chatgpt, type(claude): claude}


def second_of(first: Place) -> Place:
    return PLACES[first.fallback]


@each_fault
@each_chain
def test_googles_sdk_is_answered_by_the_next_provider(
    google: GeminiCaller, providers: Providers, name: str, fault: str, streamed: bool
) -> None:
    first = PLACES[name]
    providers[first.simulator].set_fault(fault)

    answer = google.ask(first.model, streamed=streamed)

    _is_the_seconds(answer, first, FAULTS[fault])
    _each_got_its_own_key(providers, first)


@each_quick_fault
@each_chain
def test_other_sdks_are_answered_by_the_next_provider(
    others: dict[type[Caller], Caller], providers: Providers, name: str, fault: str, streamed: bool
) -> None:
    first = PLACES[name]
    providers[first.simulator].set_fault(fault)

    answer = others[CHAINS[name]].ask(first.model, streamed=streamed)

    _is_the_seconds(answer, first, FAULTS[fault])
    _each_got_its_own_key(providers, first)


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


def _each_got_its_own_key(providers: Providers, first: Place) -> None:
    for place in (first, second_of(first)):
        records = providers[place.simulator].requests
        assert len(records) == 1
        sent = {name: records[0].headers[name] for name in KEY_HEADERS.values() if name in records[0].headers}
        bearer = "Bearer " if place.shape == "openai" else ""
        assert sent == {KEY_HEADERS[place.shape]: bearer + place.key}
        assert OURS not in f"{records[0].headers} {records[0].query} {records[0].body}"


# --- all fail ---


@each_quick_fault
@each_chain
def test_when_all_fail_googles_sdk_is_told_so_in_its_own_words(
    google: GeminiCaller, providers: Providers, name: str, fault: str, streamed: bool
) -> None:
    first = PLACES[name]
    for simulator in providers.by_name.values():
        simulator.set_fault(fault)
    kind, code, status = (
        (errors.ClientError, 429, "RESOURCE_EXHAUSTED") if fault == "429" else (errors.ServerError, 503, "UNAVAILABLE")
    )

    with pytest.raises(kind) as caught:
        google.ask(first.model, streamed=streamed)

    assert (caught.value.code, caught.value.status) == (code, status)
    assert (caught.value.message or "").startswith(EMERGENCY)
    answer = answer_of(caught.value)
    assert answer.json() == {"error": {"code": code, "message": caught.value.message, "status": status}}
    headers = answer.headers
    assert headers["retry-after"] == str(RETRY_AFTER_SECONDS)
    assert headers["content-type"] == "application/json"
    assert headers["x-openclaw-attempts"] == "2"
    assert [len(providers[p.simulator].requests) for p in (first, second_of(first))] == [1, 1]


def test_when_all_are_silent_googles_sdk_is_told_so(google: GeminiCaller, providers: Providers) -> None:
    for simulator in providers.by_name.values():
        simulator.set_fault("silent")

    with pytest.raises(errors.ServerError) as caught:
        google.ask("ace-then-elk-model", streamed=True)

    assert (caught.value.code, caught.value.status) == (503, "UNAVAILABLE")
    assert (caught.value.message or "").startswith(EMERGENCY)


@pytest.mark.parametrize("name", ["ace-then-elk", "cat-then-elk"])
def test_when_gemini_fails_last_other_sdks_are_told_so(
    others: dict[type[Caller], Caller], providers: Providers, name: str, streamed: bool
) -> None:
    for simulator in providers.by_name.values():
        simulator.set_fault("503")
    caller = others[CHAINS[name]]

    with pytest.raises(caller.named("InternalServerError"), match=EMERGENCY) as caught:
        caller.ask(PLACES[name].model, streamed=streamed)

    assert isinstance(caught.value, openai.APIStatusError | anthropic.APIStatusError)
    assert caught.value.status_code == 503


# --- after the first word ---


@pytest.mark.parametrize("fault", ["cut", "mid-error", "reset-mid", "garbage"])
@each_chain
def test_a_stream_that_breaks_off_is_never_taken_for_a_whole_one(
    google: GeminiCaller, providers: Providers, name: str, fault: str
) -> None:
    first = PLACES[name]
    providers[first.simulator].set_fault(fault)

    try:
        answer = google.ask(first.model, streamed=True)
    except (errors.APIError, ValueError):
        pass  # the SDK's own word for it, or its JSON reader's
    except Exception as problem:  # of the HTTP client below the SDK, whichever it uses
        if type(problem).__name__ not in ("RemoteProtocolError", "ReadError"):
            raise
    else:
        assert answer.stop is None
        assert answer.text != said(first.simulator, first.model)
    assert [len(providers[p.simulator].requests) for p in (first, second_of(first))] == [1, 0]


# --- without an SDK ---


def _body() -> bytes:
    return json.dumps({"contents": [{"role": "user", "parts": [{"text": "hello you"}]}]}).encode()


def _target(model: str, method: str, query: str = "") -> str:
    return f"/gemini/v1beta/models/{model}:{method}{query}"


@pytest.mark.parametrize("name", ["bee", "dog", "gemini-3-elk", *CHAINS])
@pytest.mark.parametrize(("method", "alt"), [("generateContent", ""), ("streamGenerateContent", "alt=sse&")])
def test_a_callers_key_reaches_no_provider(
    main: Sidecar, providers: Providers, name: str, method: str, alt: str
) -> None:
    """Google's own two ways to carry a key, both at once, on the way of both attempts."""
    providers["ace"].set_fault("503")
    providers["cat"].set_fault("503")
    if name.startswith("elk"):
        providers["elk"].set_fault("503")

    answer = http.post(
        main.url + _target(PLACES[name].model, method, f"?{alt}key={THEIRS}&k%65y={THEIRS}"),
        content=_body(),
        headers={"x-goog-api-key": THEIRS, "authorization": f"Bearer {THEIRS}"},
    )

    assert answer.status_code == 200
    records = [record for simulator in providers.by_name.values() for record in simulator.requests]
    assert len(records) == (2 if name in CHAINS else 1)
    for record in records:
        assert THEIRS not in f"{record.headers} {record.query} {record.path} {record.body}"
        assert "key" not in record.query
    assert THEIRS not in main.logged()


@pytest.mark.parametrize("name", ["bee", "dog", "gemini-3-elk", *CHAINS])
def test_a_stream_without_alt_sse_is_one_json_array(main: Sidecar, providers: Providers, name: str) -> None:
    if name in CHAINS:
        providers[PLACES[name].simulator].set_fault("503")
    answering = second_of(PLACES[name]) if name in CHAINS else PLACES[name]

    answer = http.post(main.url + _target(PLACES[name].model, "streamGenerateContent"), content=_body())

    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == "application/json"
    assert answer.text.startswith("[")
    chunks: list[dict[str, Any]] = answer.json()
    assert len(chunks) > 2
    parts = [part for chunk in chunks for part in chunk["candidates"][0]["content"]["parts"]]
    assert "".join(part["text"] for part in parts) == said(answering.simulator, answering.model)
    ends = [chunk["candidates"][0].get("finishReason") for chunk in chunks]
    assert ends == [*[None] * (len(chunks) - 1), "STOP"]
    assert chunks[-1]["usageMetadata"]["totalTokenCount"] == 11


@pytest.mark.parametrize("name", ["bee", "dog", "gemini-3-elk"])
def test_an_array_comes_as_it_is_told(main: Sidecar, providers: Providers, name: str) -> None:
    """Element by element, not all at the end."""
    providers[PLACES[name].simulator].set_fault("slow-60")

    with http.stream(
        "POST", main.url + _target(PLACES[name].model, "streamGenerateContent"), content=_body()
    ) as answer:
        pieces = list(answer.iter_raw())

    assert len(pieces) > 3
    assert json.loads(b"".join(pieces))


@pytest.mark.parametrize("fault", ["cut", "mid-error", "reset-mid", "garbage"])
@pytest.mark.parametrize("name", ["bee", "dog"])
def test_an_array_that_breaks_off_ends_in_an_error_and_stays_json(
    main: Sidecar, providers: Providers, name: str, fault: str
) -> None:
    providers[PLACES[name].simulator].set_fault(fault)

    answer = b""
    try:
        with http.stream(
            "POST", main.url + _target(PLACES[name].model, "streamGenerateContent"), content=_body()
        ) as response:
            for piece in response.iter_raw():
                answer += piece
    except httpx.TransportError:
        assert fault == "reset-mid"
        return

    chunks = json.loads(answer)
    assert all("finishReason" not in chunk["candidates"][0] for chunk in chunks[:-1])
    assert chunks[-1]["error"]["status"]


@pytest.mark.parametrize(("asked", "fault", "kind"), [("streamG", "wrong-kind", list), ("g", "array", dict)])
def test_what_has_the_other_shape_gets_the_one_that_was_asked_for(
    main: Sidecar, providers: Providers, asked: str, fault: str, kind: type
) -> None:
    """One object and an array of them are of the same media type."""
    providers["elk"].set_fault(fault)

    answer = http.post(main.url + _target(PLACES["gemini-3-elk"].model, f"{asked}enerateContent"), content=_body())

    assert answer.status_code == 200
    assert isinstance(answer.json(), kind)
    assert answer.headers["x-openclaw-warnings"].startswith("answer: came as")


def test_errors_of_an_array_are_googles(main: Sidecar, providers: Providers) -> None:
    for simulator in providers.by_name.values():
        simulator.set_fault("503")

    answer = http.post(main.url + _target("ace-then-elk-model", "streamGenerateContent"), content=_body())

    assert answer.status_code == 503
    error = answer.json()["error"]
    assert (error["code"], error["status"], error["message"][: len(EMERGENCY)]) == (503, "UNAVAILABLE", EMERGENCY)


def test_a_silent_provider_is_left(google: GeminiCaller, providers: Providers) -> None:
    providers["elk"].set_fault("silent")

    google.ask("elk-then-bee-model")

    left = providers["elk"].requests[0]
    assert until(lambda: left.disconnected, 5), "the silent provider's connection is given up"
