"""What is left of an overload: `python -m bench.overload` asks for several times what fits, and counts what comes back.

Capacity first: callers that each wait for their answer. Then calls at a multiple of that rate, whether those before
are answered or not. This program shares the machine with everything it asks, and ten times as many calls cost it ten
times as much. So the service has a processor of its own, where there are two or more; Envoy, the provider and this
program share the others. The processor time of each is printed for both parts.
"""
# ruff: noqa: TID251  # a program of its own, not part of the core

import argparse
import asyncio
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path

from bench import canned, proc
from bench.setup import Ours, Side, only_ours

CALLERS = 16
HANG_SECONDS = 30.0
NEVER = "{max_lag_ms: 86400000}"
"""`gateway.overload` of who refuses nobody."""
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_BODY = canned.request(canned.OPENAI_MODEL, stream=True)
_REQUEST = (
    f"POST {canned.OPENAI_PATH} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n"
    f"content-length: {len(_BODY)}\r\n\r\n"
).encode() + _BODY


@dataclass(slots=True)
class Seen:
    """How calls ended: seconds of each."""

    whole: list[float] = field(default_factory=list[float])
    refused: list[float] = field(default_factory=list[float])
    """503 with `retry-after`, in the caller's format."""
    broken: list[float] = field(default_factory=list[float])
    """Anything else: cut off, without an answer, or without a right one."""

    @property
    def total(self) -> int:
        return len(self.whole) + len(self.refused) + len(self.broken)


@dataclass(frozen=True, slots=True)
class Result:
    capacity: float
    """Whole answers a second, when nobody asks for more than fits."""
    asked: float
    """Calls a second, under overload."""
    goodput: float
    """Whole answers a second, under overload."""
    seen: Seen
    usual: "Spent"
    flooded: "Spent"

    @property
    def kept(self) -> float:
        return self.goodput / self.capacity

    @property
    def kept_by_service(self) -> float:
        """As far as its own processor time says: what an answer costs it usually, by what it costs under overload."""
        return self.usual.service / self.flooded.service


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of a processor for each whole answer."""

    service: float
    envoy: float
    bench: float
    busy: float
    """The part of the time in which the service was on a processor."""


class Spending:
    """From where it is made on."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._began, self._at = self._now(), time.monotonic()

    def for_each(self, answers: int) -> Spent:
        service, envoy, bench = (now - then for now, then in zip(self._now(), self._began, strict=True))
        each, passed = max(answers, 1), time.monotonic() - self._at
        return Spent(service / each, envoy / each, bench / each, service / passed)

    def _now(self) -> tuple[float, float, float]:
        envoy, service = self._side.cpu_seconds()
        return service, envoy, time.process_time()


class Caller:
    """Calls one after the other, over connections that are kept."""

    def __init__(self, port: int, seen: Seen) -> None:
        self._port = port
        self._seen = seen
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def call(self) -> None:
        began = time.monotonic()
        ended = self._seen.broken
        try:
            async with asyncio.timeout(HANG_SECONDS):
                ended = await self._answer()
        except (OSError, EOFError, TimeoutError, ValueError, asyncio.LimitOverrunError):
            pass
        ended.append(time.monotonic() - began)

    async def _answer(self) -> list[float]:
        if self._idle:
            reader, writer = self._idle.pop()
        else:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            writer.write(_REQUEST)
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            body = await (reader.readexactly(int(length[1])) if length else reader.readuntil(b"\r\n0\r\n\r\n"))
        except BaseException:
            writer.close()
            raise
        if b"connection: close" in head.lower():
            writer.close()
        else:
            self._idle.append((reader, writer))
        return self._kind(head, body)

    def _kind(self, head: bytes, body: bytes) -> list[float]:
        status = head.split(b" ", 2)[1]
        if status == b"200" and b"data: [DONE]" in body[-40:]:
            return self._seen.whole
        refused = status == b"503" and b"\r\nretry-after:" in head.lower() and b'"error"' in body
        return self._seen.refused if refused else self._seen.broken

    def close(self) -> None:
        for _, writer in self._idle:
            writer.close()


async def capacity(port: int, seconds: float) -> float:
    seen = Seen()
    over = time.monotonic() + seconds
    caller = Caller(port, seen)

    async def calls() -> None:
        while time.monotonic() < over:
            await caller.call()

    await asyncio.gather(*(calls() for _ in range(CALLERS)))
    caller.close()
    return len(seen.whole) / seconds


async def flood(port: int, rate: float, seconds: float) -> tuple[Seen, float]:
    """Calls that begin at this rate; what came of them, and the rate that came about."""
    seen, caller = Seen(), Caller(port, Seen())
    caller = Caller(port, seen)
    running: set[asyncio.Task[None]] = set()

    def begin(call: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(call)
        running.add(task)
        task.add_done_callback(running.discard)

    began, number = time.monotonic(), 0
    while (now := time.monotonic() - began) < seconds:
        while number < now * rate:
            number += 1
            begin(caller.call())
        await asyncio.sleep(0.005)
    if running:
        await asyncio.wait(running, timeout=HANG_SECONDS)
    caller.close()
    return seen, number / seconds


def measure(times: float, seconds: float, workers: int = 1) -> Result:
    """Raises `LoadError`, `StartError`."""
    own, *others = sorted(os.sched_getaffinity(0))
    if others:
        os.sched_setaffinity(0, others)  # inherited by all that is started

    def alone(ours: Ours) -> Ours:
        if others and ours.side.service is not None:
            proc.run_on(ours.side.service, {own})
        return ours

    with tempfile.TemporaryDirectory() as folder, only_ours(Path(folder), workers, NEVER) as ours:
        asyncio.run(capacity(alone(ours).port, 1.0))  # to begin with, everything is cold
        spending = Spending(ours.side)
        fits = asyncio.run(capacity(ours.port, seconds))
        usual = spending.for_each(round(fits * seconds))
    with tempfile.TemporaryDirectory() as folder, only_ours(Path(folder), workers) as ours:
        asyncio.run(capacity(alone(ours).port, 1.0))
        spending, began = Spending(ours.side), time.monotonic()
        seen, asked = asyncio.run(flood(ours.port, fits * times, seconds))
        whole, passed = len(seen.whole), time.monotonic() - began
        return Result(fits, asked, whole / passed, seen, usual, spending.for_each(whole))


def _told(result: Result) -> str:
    seen = result.seen
    lines = [
        f"capacity          {result.capacity:8.0f} whole answers a second",
        f"asked             {result.asked:8.0f} calls a second ({result.asked / result.capacity:.1f} times as many)",
        f"goodput           {result.goodput:8.0f} whole answers a second ({result.kept:.0%} of capacity)",
    ]
    for name, times in (("whole", seen.whole), ("refused", seen.refused), ("broken", seen.broken)):
        middle, late = (statistics.median(times), sorted(times)[int(len(times) * 0.99)]) if times else (0.0, 0.0)
        lines.append(f"{name:17} {len(times):8} calls, median {middle * 1000:.0f} ms, 99 % {late * 1000:.0f} ms")
    lines += [
        f"processor time for each whole answer, {when}: service {spent.service * 1000:.1f} ms, "
        f"Envoy {spent.envoy * 1000:.1f} ms, this program {spent.bench * 1000:.1f} ms "
        f"(service on a processor: {spent.busy:.0%})"
        for when, spent in (("usually", result.usual), ("under overload", result.flooded))
    ]
    return "\n".join([*lines, f"kept by the service, as its processor time says: {result.kept_by_service:.0%}"])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.overload", description=__doc__)
    parser.add_argument("--times", type=float, default=10.0, help="how much more is asked for than fits")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each of the two parts")
    parser.add_argument("--workers", type=int, default=1)
    asked = parser.parse_args()
    os.environ.setdefault("BENCH_KEY", "sk-ours")
    print(_told(measure(asked.times, asked.seconds, asked.workers)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
