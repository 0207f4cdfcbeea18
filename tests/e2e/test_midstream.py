"""What a client gets of a stream whose provider fails in the middle of it, through real Envoy."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.e2e.callers import body
from tests.e2e.harness import Providers, Sidecar, http, sidecar, until

KEYS = {"KEY": "sk-ours"}
PATHS = {
    "openai": "/openai/v1/chat/completions",
    "anthropic": "/anthropic/v1/messages",
    "gemini": "/gemini/v1beta/models/first:streamGenerateContent?alt=sse",
}
WRITES = {"openai": "openai_chat", "anthropic": "anthropic_messages", "gemini": "gemini"}
FIRSTS = {"openai": "ace", "anthropic": "cat", "gemini": "elk"}
IDLE_MS = 700
BREAKS = ("cut", "stall", "reset-mid", "garbage", "mid-error")


def config(providers: Providers, shape: str, router: str) -> str:
    def at(name: str) -> str:
        return f"http://127.0.0.1:{providers[name].port}"

    # A threshold that nobody exceeds: the first provider stays first, however often it fails here.
    return f"""model:
  router: {{failure_threshold: 1}}
  providers:
    - {{name: a, format: {WRITES[shape]}, endpoint: "{at(FIRSTS[shape])}", api_key: "${{KEY}}", models: [first]}}
    - {{name: b, format: openai_chat, endpoint: "{at("bee")}", api_key: "${{KEY}}", models: [second]}}
fallback_map: {{first: [second]}}
router:
  timeouts: {{idle_ms: {IDLE_MS}}}
{router}
"""


@dataclass(frozen=True, slots=True)
class Streamed:
    status: int
    headers: httpx.Headers
    body: bytes
    broke: bool
    """The connection ended before the body did."""
    seconds: float


def ask(up: Sidecar, client: str) -> Streamed:
    said = body(client, "first", streamed=True)
    if client == "gemini":
        said = b'{"contents": [{"role": "user", "parts": [{"text": "hello you"}]}]}'
    got, broke, began = b"", False, time.monotonic()
    with http.stream("POST", up.url + PATHS[client], content=said) as answer:
        try:
            for chunk in answer.iter_raw():
                got += chunk
        except httpx.TransportError:
            broke = True
    return Streamed(answer.status_code, answer.headers, got, broke, time.monotonic() - began)


@pytest.fixture(scope="module", params=FIRSTS)
def shape(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def plain(providers: Providers, shape: str) -> Iterator[Sidecar]:
    with sidecar(config(providers, shape, ""), KEYS) as started:
        yield started


@pytest.fixture(scope="module")
def buffering(providers: Providers, shape: str) -> Iterator[Sidecar]:
    with sidecar(config(providers, shape, "  on_midstream_fault: buffer"), KEYS) as started:
        yield started


@pytest.fixture(scope="module")
def holding(providers: Providers, shape: str) -> Iterator[Sidecar]:
    with sidecar(config(providers, shape, "  on_midstream_fault: {hold_ms: 60000}"), KEYS) as started:
        yield started


@pytest.mark.parametrize("client", PATHS)
def test_a_stream_that_stalls_breaks_off_in_time(plain: Sidecar, providers: Providers, shape: str, client: str) -> None:
    providers[FIRSTS[shape]].set_fault("stall")

    got = ask(plain, client)

    assert got.status == 200
    assert got.broke
    assert b"Simulated" in got.body
    assert IDLE_MS / 1000 <= got.seconds < IDLE_MS / 1000 + 2
    left = providers[FIRSTS[shape]].requests[0]
    assert until(lambda: left.disconnected, 2), "the provider's connection is given up"
    assert until(lambda: plain.metric("openclaw_attempts_total", provider="a", outcome="broken"), 2) >= 1


@pytest.mark.parametrize("client", PATHS)
@pytest.mark.parametrize("fault", BREAKS)
def test_a_buffered_stream_is_answered_elsewhere_whatever_breaks(
    buffering: Sidecar, providers: Providers, shape: str, client: str, fault: str
) -> None:
    providers[FIRSTS[shape]].set_fault(fault)

    got = ask(buffering, client)

    _is_the_seconds(got)


@pytest.mark.parametrize("client", PATHS)
@pytest.mark.parametrize("fault", ["cut", "stall"])
def test_what_breaks_while_it_is_held_is_answered_elsewhere(
    holding: Sidecar, providers: Providers, shape: str, client: str, fault: str
) -> None:
    providers[FIRSTS[shape]].set_fault(fault)

    got = ask(holding, client)

    _is_the_seconds(got)


def _is_the_seconds(got: Streamed) -> None:
    assert (got.status, got.broke) == (200, False), got
    assert got.headers["content-type"].startswith("text/event-stream")
    assert got.headers["x-openclaw-model"] == "second"
    assert got.headers["x-openclaw-attempts"] == "2"
    assert b"ace" not in got.body.replace(b"trace", b"")
    assert got.seconds < IDLE_MS / 1000 + 2


@pytest.mark.parametrize("client", PATHS)
def test_a_client_that_leaves_ends_the_call_upstream(
    plain: Sidecar, providers: Providers, shape: str, client: str
) -> None:
    providers[FIRSTS[shape]].set_fault("slow-400")
    before = plain.metric("openclaw_attempts_total", provider="a", outcome="gone")
    said = body(client, "first", streamed=True)
    if client == "gemini":
        said = b'{"contents": [{"role": "user", "parts": [{"text": "hello you"}]}]}'

    with http.stream("POST", plain.url + PATHS[client], content=said) as answer:
        next(answer.iter_raw())

    left = providers[FIRSTS[shape]].requests[0]
    assert until(lambda: left.disconnected, 1)
    assert until(lambda: plain.metric("openclaw_attempts_total", provider="a", outcome="gone") > before, 1)
