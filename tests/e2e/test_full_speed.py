"""A provider that streams as fast as it can makes its worker busy, and nobody else's call is lost for it."""

import json
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx
import pytest

from openclaw_extproc.stages.attempt.retries import MAX_ANSWER_BYTES
from tests.e2e import world
from tests.e2e.callers import body
from tests.e2e.harness import Providers, Sidecar, sidecar, until
from tests.e2e.raw import STREAM, Play, Send, chunk, raw_provider
from tests.e2e.test_workers import load, replaced, shown, workers

MIB = 1024 * 1024
CALLS_MEANWHILE = 20


def event(delta: dict[str, str], stop: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": stop}
    said = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "fast", "choices": [choice]}
    return b"data: " + json.dumps(said).encode() + b"\n\n"


WORDS = event({"role": "assistant", "content": "twenty characters or"})
PIECE = WORDS * (64 * 1024 // len(WORDS))
END = event({}, "stop") + b"data: [DONE]\n\n"


def at_full_speed(mib: int) -> Play:
    def play(send: Send) -> None:
        send(STREAM)
        for _ in range(mib * MIB // len(PIECE)):
            send(chunk(PIECE))
        send(chunk(END))
        send(chunk(b""))

    return play


@dataclass(frozen=True, slots=True)
class Got:
    status: int
    size: int
    end: bytes
    """The last bytes of it."""
    is_broken: bool


def read(up: Sidecar) -> Got:
    size, end, is_broken = 0, b"", False
    with httpx.stream(
        "POST", f"{up.url}/v1/chat/completions", content=body("openai", "fast", streamed=True), timeout=300
    ) as answer:
        try:
            for piece in answer.iter_raw():
                size, end = size + len(piece), (end + piece)[-1_000:]
        except httpx.RemoteProtocolError:
            is_broken = True
    return Got(answer.status_code, size, end, is_broken)


@pytest.fixture(params=[28, 100])
def mib(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def fast(providers: Providers, mib: int) -> Generator[Sidecar]:
    with raw_provider() as raw:
        raw.play = at_full_speed(mib)
        entry = f'{{name: fast, format: openai_chat, endpoint: "{raw.url}", api_key: "${{KEY_BEE}}", models: [fast]}}'
        config = world.config(providers).replace("  providers:\n", f"  providers:\n    - {entry}\n", 1)
        # What is asked here is whether calls are lost; a machine with other work refuses some for its own lag.
        with sidecar(config, world.KEYS, gateway="workers: 2, overload: {max_lag_ms: 60000}") as up:
            yield up


def test_a_stream_at_full_speed_costs_no_worker_and_no_other_call(fast: Sidecar, mib: int) -> None:
    before = workers(fast)

    with load(fast) as seen, ThreadPoolExecutor(1) as threads:
        until(lambda: len(seen) > CALLS_MEANWHILE, 30.0)
        count = len(seen)
        got = threads.submit(read, fast).result(300)
        meanwhile = len(seen) - count

    assert got.status == 200
    if mib * MIB < MAX_ANSWER_BYTES:
        assert not got.is_broken
        assert got.end.endswith(END)
        assert got.size == (mib * MIB // len(PIECE)) * len(PIECE) + len(END)
    else:
        assert got.is_broken
        assert b"the answer is larger than" in got.end
    assert {one.status for one in seen} == {200}, shown(seen)
    assert meanwhile > CALLS_MEANWHILE
    assert workers(fast) == before
    assert replaced(fast, "hung") == 0
