"""Much more than fits: what is let in comes whole, the rest is refused at once, and no provider is blamed."""

import asyncio
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.overload import Seen, capacity, flood
from bench.setup import only_ours

BURST = 500


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setenv("BENCH_KEY", "sk-ours")
    with tempfile.TemporaryDirectory() as folder, only_ours(Path(folder)) as started:
        yield started


def flooded(port: int, rate: float, seconds: float) -> Seen:
    return asyncio.run(flood(port, rate, seconds))[0]


def test_many_streams_at_once_are_whole_or_refused(port: int) -> None:
    """With Envoy's usual limit of frames that wait for a stage, more than half of them broke off."""
    seen = flooded(port, BURST, 1.0)

    assert len(seen.broken) == 0
    assert seen.whole


def test_under_a_steady_overload_calls_are_answered_and_refusals_are_quick(port: int) -> None:
    """An order of magnitude: before, refusals took longer than answers."""
    fits = max(asyncio.run(capacity(port, 3.0)), 5.0)

    seen = flooded(port, 8 * fits, 6.0)

    assert len(seen.broken) == 0
    assert len(seen.whole) > fits  # a sixth of what fits in that time, whatever else runs here
    assert statistics.median(seen.refused) < 1.0
