"""Clients that take nothing of large answers: Envoy 1.40 must live (decision 21), and everybody else be served.

`UNREAD=full` asks for more: 100 MiB, ten at once, for a minute.
"""

import os
import time
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from tests.chaos.world import children, kib
from tests.e2e.callers import body
from tests.e2e.harness import Sidecar, http, sidecar, until
from tests.e2e.raw import STREAM, Play, RawProvider, Send, chunk, raw_provider
from tests.e2e.test_delivered import END, HELLO, PATHS, MiB, event
from tests.e2e.unread import Client, Http1, Http2

FULL = os.environ.get("UNREAD") == "full"
SIZES = [100 * MiB] if FULL else [34 * MiB, 60 * MiB]
AT_ONCE = 10 if FULL else 3
SECONDS = 60.0 if FULL else 8.0
MAX_ENVOY_KIB = 2 * 1024 * 1024
PIECE = chunk(b"".join(event({"content": "x" * 900}) for _ in range(64)))
TOO_LARGE = b"the answer is larger than"


def stream(size: int) -> Play:
    def play(send: Send) -> None:
        send(STREAM + chunk(HELLO))
        for _ in range(size // len(PIECE)):
            send(PIECE)
        send(chunk(END) + chunk(b""))

    return play


@pytest.fixture(scope="module")
def large() -> Iterator[RawProvider]:
    with raw_provider() as started:
        yield started


@pytest.fixture(scope="module")
def up(large: RawProvider) -> Iterator[Sidecar]:
    with raw_provider() as small:
        small.play = stream(0)
        config = f"""model:
  providers:
    - {{name: a, format: openai_chat, endpoint: "{large.url}", api_key: "${{KEY}}", models: [first]}}
    - {{name: b, format: openai_chat, endpoint: "{small.url}", api_key: "${{KEY}}", models: [second]}}
router: {{retry_policy: {{max_retries: 0}}}}
"""
        with sidecar(config, {"KEY": "sk-ours"}) as started:
            yield started


def clients(up: Sidecar, kind: str) -> list[Client]:
    port, path, asked = int(up.url.rpartition(":")[2]), PATHS["openai"], body("openai", "first", streamed=True)
    match kind:
        case "http1":
            return [Http1(port, path, [asked]) for _ in range(AT_ONCE)]
        case "pipelined":
            return [Http1(port, path, [asked] * AT_ONCE)]
        case _:
            return [Http2(port, path, [asked] * AT_ONCE)]


def ask(up: Sidecar) -> httpx.Response:
    return http.post(up.url + PATHS["openai"], content=body("openai", "second", streamed=True))


def envoy(up: Sidecar) -> int:
    return children(up.process.pid, "envoy.yaml")[0]


@pytest.mark.parametrize("kind", ["http1", "pipelined", "http2"])
@pytest.mark.parametrize("size", SIZES)
def test_whoever_reads_nothing_harms_nobody(up: Sidecar, large: RawProvider, kind: str, size: int) -> None:
    large.play = stream(size)
    before, answers, most = envoy(up), list[int](), 0

    stuck = clients(up, kind)
    over = time.monotonic() + SECONDS
    while time.monotonic() < over:
        answers.append(ask(up).status_code)
        most = max(most, kib(envoy(up)))
        time.sleep(0.1)
    for client in stuck:
        client.rest(0.2)  # what was waiting goes on, which has crashed Envoy too
        client.close()

    until(lambda: ask(up).status_code == 200, 20)
    assert envoy(up) == before
    assert set(answers) <= {200, 503}
    assert 200 in answers
    assert most < MAX_ENVOY_KIB


def test_a_stream_that_is_too_large_ends_in_an_error_and_a_break(up: Sidecar, large: RawProvider) -> None:
    large.play = stream(50 * MiB)
    port, asked = int(up.url.rpartition(":")[2]), body("openai", "first", streamed=True)

    with closing(Http1(port, PATHS["openai"], [asked])) as client:
        got = client.rest(20)

    assert TOO_LARGE in got[-400:]
    assert not got.endswith(b"0\r\n\r\n")
    until(lambda: up.metric("openclaw_attempts_total", provider="a", outcome="gone") >= 1, 5)
    assert up.metric("openclaw_model_health_status", provider="a") == 1
