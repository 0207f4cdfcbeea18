"""When a worker lets nobody in."""

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from openclaw_extproc.config.settings import Overload
from openclaw_extproc.edge.runtime.overload import (
    LEAST_CALLS,
    TICK_SECONDS,
    Clock,
    OverloadGate,
    Pressure,
    PressureFile,
    Work,
    pressure_file,
)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def gate(registry: CollectorRegistry) -> OverloadGate:
    return OverloadGate(lambda: Overload(max_requests=2, max_body_bytes=100), registry)


def test_as_many_requests_as_are_allowed_get_in(gate: OverloadGate, registry: CollectorRegistry) -> None:
    said = list[str]()
    for _ in range(3):
        gate.begin()
        said.append(gate.refusal(0, is_here=False))

    assert said == ["", "", "requests"]
    assert 'openclaw_shed_total{reason="requests"} 1.0' in generate_latest(registry).decode()


def test_who_was_let_in_stays_in_when_it_gets_full(gate: OverloadGate) -> None:
    for _ in range(3):
        gate.begin()

    assert gate.refusal(10, is_here=True) == ""


def test_bodies_count_until_they_are_let_go(gate: OverloadGate) -> None:
    gate.begin()
    gate.hold(60)

    full = gate.refusal(50, is_here=True)
    gate.hold(-60)

    assert full == "body_bytes"
    assert gate.refusal(50, is_here=True) == ""


def test_while_the_loop_is_late_nobody_new_gets_in(registry: CollectorRegistry) -> None:
    gate = OverloadGate(lambda: Overload(max_lag_seconds=2 * TICK_SECONDS), registry)

    async def busy() -> tuple[str, str, str]:
        watching = asyncio.create_task(gate.watch())
        await asyncio.sleep(TICK_SECONDS / 2)
        time.sleep(5 * TICK_SECONDS)  # noqa: ASYNC251  # what keeps a loop from turning
        await asyncio.sleep(TICK_SECONDS / 2)
        late, inside = gate.refusal(0, is_here=False), gate.refusal(0, is_here=True)
        await asyncio.sleep(2 * TICK_SECONDS)
        watching.cancel()
        return late, inside, gate.refusal(0, is_here=False)

    assert asyncio.run(busy()) == ("lag", "", "")
    text = generate_latest(registry).decode()
    assert 'openclaw_shed_total{reason="lag"} 1.0' in text
    shown = next(line for line in text.splitlines() if line.startswith("openclaw_event_loop_lag_seconds "))
    assert float(shown.split()[1]) > 3 * TICK_SECONDS, "a scrape later still sees it"


# -- how much is refused ------------------------------------------------------------------


@dataclass
class Loop:
    """A worker as it would be: calls under way share its time, and each has some work left."""

    cost: float
    """Seconds of a processor for each call."""
    share: float
    """Of a processor."""
    pressure: Pressure = field(default_factory=Pressure)
    calls: list[list[float]] = field(default_factory=list[list[float]])
    """Work left, and when it came."""
    seconds: list[float] = field(default_factory=list[float])
    """That answered calls took."""

    def run(self, each_second: float, seconds: float) -> float:
        """Whole answers a second, as part of what fits."""
        step, owed, at = 0.01, 0.0, 0.0
        running = busy = 0.0
        while at < seconds:
            at += step
            owed += each_second * (1.0 - self.pressure.refused_share) * step  # Envoy refuses the others
            while owed >= 1:
                owed -= 1
                self._come(at)
            if self.calls:
                running, busy = running + self.share * step, busy + step
            self._work(self.share * step, at)
            if round(at / step) % round(TICK_SECONDS / step) == 0:
                self.pressure.saw(Work(TICK_SECONDS, running, busy / TICK_SECONDS, self.share), len(self.calls), 1.0)
                running = busy = 0.0
        return len(self.seconds) / seconds / (self.share / self.cost)

    def _come(self, at: float) -> None:
        self.pressure.note_begin()
        if not self.pressure.is_too_much(len(self.calls) + 1):
            self.calls.append([self.cost, at])

    def _work(self, seconds: float, at: float) -> None:
        for call in self.calls:
            call[0] -= seconds / len(self.calls)
        for call in [call for call in self.calls if call[0] <= 0]:
            self.calls.remove(call)
            self.seconds.append(at - call[1])
            self.pressure.note_end()


@pytest.mark.parametrize("share", [1.0, 0.2], ids=["a-processor", "a-fifth-of-one"])
@pytest.mark.parametrize("cost", [0.002, 0.02])
@pytest.mark.parametrize("times", [2, 10, 50])
def test_of_much_too_much_as_much_as_fits_is_answered_and_soon(times: int, cost: float, share: float) -> None:
    loop = Loop(cost, share)

    kept = loop.run(times * share / cost, 40.0)

    assert kept > 0.8
    # As many are let in as can be done in a second, but at least as many as a burst of streams has.
    assert sorted(loop.seconds)[len(loop.seconds) // 2] < max(4.0, LEAST_CALLS * cost / share)


def test_of_a_thousand_at_once_no_more_get_in_than_can_be_done_in_time() -> None:
    """Before the next tick nobody knows what they cost: all of them were let in, and each waited for all others."""
    loop = Loop(0.02, 1.0)
    loop.run(25, 10.0)
    loop.calls.clear()
    assert loop.pressure.limit is None, "there was time for more"

    said = list[bool]()
    for n in range(1_000):
        loop.pressure.note_begin()
        said.append(loop.pressure.is_too_much(n + 1))

    assert LEAST_CALLS <= said.count(False) <= 2 * LEAST_CALLS


def test_an_idle_hour_says_nothing_of_what_calls_cost() -> None:
    pressure = Pressure()

    for _ in range(36_000):
        pressure.saw(Work(TICK_SECONDS, running=0.001, busy=0.01, share=1.0), 0, 1.0)
    for _ in range(150):
        pressure.note_begin()

    assert not pressure.is_too_much(150)


def test_of_what_fits_nothing_is_refused() -> None:
    loop = Loop(0.01, 1.0)

    kept = loop.run(50, 10.0)

    assert kept == pytest.approx(0.5, abs=0.02)
    assert loop.pressure.refused_share == 0


def test_who_waits_for_a_processor_and_has_time_refuses_nobody() -> None:
    pressure = Pressure()

    for _ in range(50):
        pressure.note_begin()
        pressure.saw(Work(TICK_SECONDS, running=0.02, busy=0.5, share=0.4), 2_000, 0.001)

    assert (pressure.limit, pressure.refused_share) == (None, 0.0)


def test_after_an_overload_everybody_is_let_in_again() -> None:
    loop = Loop(0.02, 1.0)
    loop.run(1_000, 5.0)
    assert loop.pressure.refused_share > 0.5

    loop.run(10, 15.0)

    assert loop.pressure.refused_share == 0


def test_envoy_is_told_in_a_file_that_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "route-0.pressure"

    told = PressureFile(file)
    first, node = file.read_text(), file.stat().st_ino
    told.say(0.421)

    assert (first, file.read_text()) == ("0.00", "0.42")
    assert file.stat().st_ino != node
    assert [one.name for one in tmp_path.iterdir()] == [file.name]


@pytest.mark.parametrize(
    ("route", "file"),
    [("unix:/run/route-3.sock", "/run/route-3.pressure"), ("127.0.0.1:3101", ""), ("[::1]:3101", "")],
)
def test_the_file_is_beside_the_socket(route: str, file: str) -> None:
    assert pressure_file(route) == file


def test_a_thread_that_computes_is_busy() -> None:
    clock = Clock()
    until = time.thread_time() + 0.05
    while time.thread_time() < until:
        pass

    work = clock.tick()

    assert work.running > 0.03
    assert work.busy > 0.5
    assert 0 < work.share <= 1
