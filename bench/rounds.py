"""Rounds: alone, ours, alone, ours. A noisy neighbour then disturbs both, and a median forgets it."""
# ruff: noqa: TID251  # a program of its own, not part of the core

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench import wrk
from bench.cases import CASES, Case
from bench.setup import Side, Sides

SETTLE_SECONDS = 0.2
"""What wrk left unfinished is over by then."""


@dataclass(frozen=True, slots=True)
class Length:
    rounds: int
    seconds: int
    """Of each of a round's four runs."""


QUICK = Length(rounds=2, seconds=1)
FULL = Length(rounds=5, seconds=2)


@dataclass(frozen=True, slots=True)
class Run:
    """One side, once."""

    requests_per_second: float
    p50_ms: float
    """With few connections."""
    p99_ms: float
    envoy_cpu: float
    """Seconds for 1,000 requests, with many connections."""
    service_cpu: float

    @property
    def cpu(self) -> float:
        return self.envoy_cpu + self.service_cpu


@dataclass(frozen=True, slots=True)
class Round:
    alone: Run
    ours: Run


@dataclass(frozen=True, slots=True)
class Result:
    case: Case
    rounds: tuple[Round, ...]

    def alone(self, number: Callable[[Run], float]) -> float:
        return median(number(r.alone) for r in self.rounds)

    def ours(self, number: Callable[[Run], float]) -> float:
        return median(number(r.ours) for r in self.rounds)

    def ratio(self, number: Callable[[Run], float]) -> float:
        """Of the two runs of a round, which met the same neighbours; then the median."""
        return median(number(r.ours) / number(r.alone) for r in self.rounds)

    def added(self, number: Callable[[Run], float]) -> float:
        return median(number(r.ours) - number(r.alone) for r in self.rounds)


def measure(sides: Sides, length: Length, folder: Path) -> Iterator[Result]:
    """Raises `wrk.LoadError`."""
    for case in CASES:
        body = folder / "request.json"
        body.write_bytes(case.request)
        for side in (sides.alone, sides.ours):  # to warm up
            wrk.run(sides.url(case, side), body, connections=case.many, seconds=1)
        rounds = [_round(sides, case, body, length) for _ in range(length.rounds)]
        yield Result(case, tuple(rounds))


def _round(sides: Sides, case: Case, body: Path, length: Length) -> Round:
    alone = _run(sides, sides.alone, case, body, length.seconds)
    return Round(alone, _run(sides, sides.ours, case, body, length.seconds))


def _run(sides: Sides, side: Side, case: Case, body: Path, seconds: int) -> Run:
    url = sides.url(case, side)
    few = wrk.run(url, body, connections=case.few, seconds=seconds)
    time.sleep(SETTLE_SECONDS)
    envoy, service = side.cpu_seconds()
    many = wrk.run(url, body, connections=case.many, seconds=seconds)
    time.sleep(SETTLE_SECONDS)
    envoy_after, service_after = side.cpu_seconds()
    thousands = many.requests / 1000
    return Run(
        requests_per_second=many.requests / many.seconds,
        p50_ms=few.p50_ms,
        p99_ms=few.p99_ms,
        envoy_cpu=(envoy_after - envoy) / thousands,
        service_cpu=(service_after - service) / thousands,
    )
