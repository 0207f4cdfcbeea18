"""Short calls beside long ones: `python -m bench.beside` prints how much later short calls are answered while prompts
of 100,000 tokens and answers of a MiB are worked off beside them.

Quiet and busy parts alternate, so that a noisy neighbour disturbs both. Long calls of each kind begin at a fixed rate:
as fast as they can they would take a whole processor, which no order of work gives back.
"""
# ruff: noqa: TID251  # a program of its own, not part of the core

import argparse
import asyncio
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench import canned, setup

ROUNDS, SECONDS = 5, 4.0
LONG_EACH_SECOND = 4
"""Calls with a long prompt, and as many with a long answer."""
SHORT_EACH_SECOND = 40
_PROMPT_BYTES = 400_000
"""100,000 tokens of English."""
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_QUIET, _BUSY = "quiet", "beside long calls"


@dataclass(frozen=True, slots=True)
class Latencies:
    p50_ms: float
    p99_ms: float


def _http(path: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _long_prompt() -> bytes:
    """A chat whose last message has all the words."""
    asked = json.loads(canned.request(canned.OPENAI_MODEL, stream=False))
    said = asked["messages"][-1]["content"]
    asked["messages"][-1]["content"] = said * (_PROMPT_BYTES // len(said))
    return json.dumps(asked, separators=(",", ":")).encode()


SHORT = _http(canned.OPENAI_PATH, canned.request(canned.OPENAI_MODEL, stream=False))
LONG_PROMPT = _http(canned.OPENAI_PATH, _long_prompt())
LONG_ANSWER = _http(canned.OPENAI_PATH, canned.request("long-answers", stream=False))


async def call(port: int, request: bytes) -> float:
    """Seconds until the answer is whole. Raises `OSError`, `EOFError`, `ValueError`: there was no good one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        began = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not head.startswith(b"HTTP/1.1 200") or length is None:
            raise ValueError(head.partition(b"\r\n")[0].decode())
        await reader.readexactly(int(length[1]))
        return time.perf_counter() - began
    finally:
        writer.close()


async def paced(port: int, request: bytes, each_second: float, seconds: float) -> list[float]:
    """Calls that begin at this rate, whether those before are answered or not; the seconds that each took."""
    tasks: list[asyncio.Task[float]] = []
    began = time.perf_counter()
    while (passed := time.perf_counter() - began) < seconds:
        while len(tasks) < passed * each_second:
            tasks.append(asyncio.create_task(call(port, request)))
        await asyncio.sleep(0.2 / each_second)
    return list(await asyncio.gather(*tasks))


@asynccontextmanager
async def long_calls(port: int, seconds: float) -> AsyncGenerator[None]:
    running = [
        asyncio.create_task(paced(port, request, LONG_EACH_SECOND, seconds)) for request in (LONG_PROMPT, LONG_ANSWER)
    ]
    try:
        yield
    finally:
        await asyncio.gather(*running)


async def measure(port: int, rounds: int, seconds: float) -> dict[str, Latencies]:
    await paced(port, SHORT, SHORT_EACH_SECOND, 1.0)  # to warm up
    times: dict[str, list[float]] = {_QUIET: [], _BUSY: []}
    for _ in range(rounds):
        times[_QUIET] += await paced(port, SHORT, SHORT_EACH_SECOND, seconds)
        async with long_calls(port, seconds):
            times[_BUSY] += await paced(port, SHORT, SHORT_EACH_SECOND, seconds)
    return {name: Latencies(median(one) * 1000, _p99(one) * 1000) for name, one in times.items()}


def _p99(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.99)]


def markdown(found: dict[str, Latencies]) -> str:
    lines = ["| short calls | p50, ms | p99, ms |", "|---|---:|---:|"]
    lines += [f"| {name} | {one.p50_ms:.1f} | {one.p99_ms:.1f} |" for name, one in found.items()]
    lines += ["", f"p99 beside long calls: {found[_BUSY].p99_ms / found[_QUIET].p99_ms:.1f} times the quiet one."]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser("bench.beside", description="Short calls beside long ones.")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    options = parser.parse_args()
    os.environ.setdefault("BENCH_KEY", "sk-ours")
    with tempfile.TemporaryDirectory(prefix="openclaw-bench-") as folder, setup.only_ours(Path(folder)) as ours:
        found = asyncio.run(measure(ours.port, options.rounds, options.seconds))
    sys.stdout.write(markdown(found) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
