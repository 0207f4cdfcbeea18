"""Much more than fits: what is let in comes whole, the rest is refused at once, and no provider is blamed."""

import asyncio
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.overload import Caller, Seen, capacity, flood
from bench.setup import Ours, only_ours
from openclaw_extproc.edge.runtime.overload import LEAST_CALLS
from tests.e2e.harness import http

BURST = 1_000


@pytest.fixture
def ours(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ours]:
    monkeypatch.setenv("BENCH_KEY", "sk-ours")
    with tempfile.TemporaryDirectory() as folder, only_ours(Path(folder)) as started:
        yield started


def flooded(port: int, rate: float, seconds: float) -> Seen:
    return asyncio.run(flood(port, rate, seconds))[0]


def test_a_thousand_streams_at_once_are_whole_or_refused(ours: Ours) -> None:
    """With Envoy's usual limit of frames that wait for a stage, 927 broke off, and the provider was blamed."""
    seen = asyncio.run(at_once(ours.port, BURST))

    assert len(seen.broken) == 0
    assert len(seen.whole) >= LEAST_CALLS / 2
    assert len(seen.whole) + len(seen.refused) == BURST
    states = [line for line in metrics(ours) if line.startswith("openclaw_target_state{") and not line.endswith(" 0.0")]
    assert states
    assert all('state="healthy"' in line for line in states)


async def at_once(port: int, count: int) -> Seen:
    seen = Seen()
    caller = Caller(port, seen)
    await asyncio.gather(*(caller.call() for _ in range(count)))
    caller.close()
    return seen


def metrics(ours: Ours) -> list[str]:
    return http.get(f"http://127.0.0.1:{ours.admin_port}/metrics").text.splitlines()


def test_under_a_steady_overload_calls_are_answered_and_refusals_are_quick(ours: Ours) -> None:
    """An order of magnitude: before, refusals took longer than answers."""
    fits = max(asyncio.run(capacity(ours.port, 3.0)), 5.0)

    seen = flooded(ours.port, 8 * fits, 6.0)

    assert len(seen.broken) == 0
    assert len(seen.whole) > fits  # a sixth of what fits in that time, whatever else runs here
    assert statistics.median(seen.refused) < 1.0
