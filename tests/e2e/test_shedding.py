"""What is too much is refused at once, and who is refused reads why, in the words of the API it called."""

import json
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.e2e import world
from tests.e2e.callers import body
from tests.e2e.harness import Providers, Sidecar, http, sidecar, until
from tests.e2e.test_workers import clean, load, shown

TOO_MUCH = "the gateway has too much to do; try again"
PATHS = {
    "openai": "/v1/chat/completions",
    "anthropic": "/v1/messages",
    "gemini": "/gemini/v1beta/models/bee-model:generateContent",
}
WORDS = {
    "openai": {"error": {"message": TOO_MUCH, "type": "server_error", "param": None, "code": "overloaded"}},
    "anthropic": {"type": "error", "error": {"type": "overloaded_error", "message": TOO_MUCH}},
    "gemini": {"error": {"code": 503, "message": TOO_MUCH, "status": "UNAVAILABLE"}},
}


@pytest.fixture
def full(providers: Providers) -> Iterator[Sidecar]:
    """One call may be in, and one is."""
    with (
        sidecar(world.config(providers), world.KEYS, gateway="overload: {max_requests: 1}") as up,
        ThreadPoolExecutor(1) as threads,
    ):
        providers["bee"].set_fault("silent-2", times=1)
        call = threads.submit(ask, up, "openai")
        until(lambda: up.metric("openclaw_in_flight_requests") == 1, 10)
        yield up
        call.result(30)


def ask(up: Sidecar, client: str) -> httpx.Response:
    gemini = json.dumps({"contents": [{"role": "user", "parts": [{"text": "hello you"}]}]}).encode()
    return http.post(up.url + PATHS[client], content=gemini if client == "gemini" else body(client, "bee-model"))


def test_who_is_refused_reads_why_in_the_words_of_its_api(full: Sidecar) -> None:
    answers = {client: ask(full, client) for client in PATHS}

    assert {client: one.json() for client, one in answers.items()} == WORDS
    assert {one.status_code for one in answers.values()} == {503}
    assert {one.headers["retry-after"] for one in answers.values()} == {"1"}
    assert {one.headers["x-should-retry"] for one in answers.values()} == {"true"}
    assert {one.headers["content-type"] for one in answers.values()} == {"application/json"}
    assert full.metric("openclaw_shed_total", reason="requests") == len(PATHS)


def test_what_is_too_much_is_refused_at_once(providers: Providers) -> None:
    """Six callers, two of whom may be in at a time; the others are told when to come back."""
    gateway = "overload: {max_requests: 2}"
    with sidecar(world.config(providers), world.KEYS, gateway=gateway) as up:
        providers["bee"].set_fault("slow-60")
        with load(up) as seen:
            time.sleep(3)

        refused = [one for one in seen if one.status != 200]
        assert Counter(one.status for one in seen)[200] > 0, shown(seen)
        assert refused
        assert all(clean(one) and TOO_MUCH in one.text for one in refused), shown(seen)
        assert statistics.median(one.seconds for one in refused) < 0.5
        assert up.metric("openclaw_shed_total", reason="requests") == len(refused)
        assert up.metric("openclaw_in_flight_requests") == 0
        assert up.metric("openclaw_in_flight_body_bytes") == 0


def test_a_loop_that_is_late_lets_nobody_in_until_it_is_not(providers: Providers) -> None:
    """With a millisecond allowed, calls alone make it late; between them it is in time."""
    with sidecar(world.config(providers), world.KEYS, gateway="overload: {max_lag_ms: 1}") as up:
        with load(up, pause=0) as seen:
            time.sleep(4)
        until(lambda: ask(up, "openai").status_code == 200, 10)

        refused = [one for one in seen if one.status != 200]
        assert Counter(one.status for one in seen)[200] > 0, shown(seen)
        assert refused
        assert all(clean(one) and TOO_MUCH in one.text for one in refused), shown(seen)
        assert up.metric("openclaw_shed_total", reason="lag") > 0  # Envoy refuses some of them before they are here
        assert up.metric("openclaw_shed_total", reason="requests") == 0
