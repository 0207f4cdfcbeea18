"""The protection of a worker from overload: it rejects requests before its memory or its delay grows.

Three signs: requests under way, bytes of bodies that are held for them, and how late the event loop is.

To refuse a request costs a tenth of serving it, so a worker with ten times too much to do would do nothing else. Where
Envoy is on the same machine it refuses on our behalf, before any filter: we tell it which part of the requests.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import get_native_id

from prometheus_client import CollectorRegistry, Counter, Gauge

from openclaw_extproc.config.settings import Overload
from openclaw_extproc.edge.telemetry import logs

TICK_SECONDS = 0.1
_FADES = 0.97
"""The factor by which the lag that is shown falls with each tick: a scrape every 15 s still sees a peak."""
REASONS = ("requests", "body_bytes", "lag", "pressure")

RESTLESS = 0.9
"""The fraction of its time in which a loop without a rest had something to do."""
LEAST_CALLS = 64
"""Are let in however much each of them costs: an application that opens so many streams at once is none that floods."""
_FIRST_GUESS = (0.05, 10.0)
"""Seconds of work, and the calls that took it, before anybody has called."""
_FORGETS = 0.8
"""The factor by which older seconds count less: what calls cost is known from the last five or so."""
_MORE, _LEAST = 2.0, 0.01
"""Of what is let in: at most so many times as much each second. Something always is, or it would never be known that
there is time again."""


class Pressure:
    """The number of calls that may be under way, and the part of new ones that is too many (0 to 1).

    A call costs its work after it was let in, so to wait until the loop is late is to wait too long. What the last
    calls cost says how many are enough to keep the loop busy for as long as others may wait.
    """

    def __init__(self) -> None:
        self._seconds, self._calls = _FIRST_GUESS
        self._begun = self._ended = 0
        self._accepted = 1.0
        self.limit: float | None = None
        """Calls under way; `None`: there is time for more."""
        self._at_once = float(LEAST_CALLS)
        """Calls that may begin in one tick, however few were under way: nobody sees before the next what they cost."""

    def note_begin(self) -> None:
        """Counts a call that has reached a stage."""
        self._begun += 1

    def note_end(self) -> None:
        """Counts a call that has ended."""
        self._ended += 1

    def saw(self, work: "Work", under_way: int, allowed: float) -> None:
        """Takes the work of the last tick. `allowed`: seconds that work may wait for its turn."""
        if self._ended or work.busy >= RESTLESS:  # else it had other things to do, which say nothing of calls
            kept = _FORGETS**work.passed
            self._seconds, self._calls = self._seconds * kept + work.running, self._calls * kept + self._ended
        each_second = work.share * self._calls / max(self._seconds, 1e-6)
        self._at_once = max(LEAST_CALLS, each_second * allowed)
        asked = self._begun / self._accepted / work.passed
        self._begun = self._ended = 0
        most = min(1.0, self._accepted * _MORE**work.passed)
        if work.busy < RESTLESS:
            self.limit, self._accepted = None, most
            return
        self.limit = limit = self._at_once
        if under_way < LEAST_CALLS:  # so few are a burst, however much each of them costs
            self._accepted = most
            return
        wanted = each_second * max(0.0, 2.0 - under_way / limit)
        self._accepted = max(_LEAST, min(most, wanted / asked if asked else most))

    def is_too_much(self, under_way: int) -> bool:
        """Whether the call that began last is one too many. `under_way`: the number of calls with it."""
        return self._begun > self._at_once or (self.limit is not None and under_way > self.limit)

    @property
    def refused_share(self) -> float:
        return 1.0 - self._accepted


@dataclass(frozen=True, slots=True)
class Work:
    """The work of this thread in the last tick."""

    passed: float
    """Seconds."""
    running: float
    """Seconds on a processor."""
    busy: float
    """The part of the time in which it ran or waited for a processor."""
    share: float
    """The fraction of that time in which the process ran."""


class Clock:
    """A clock of the time that this thread works and waits, from Linux (Documentation/scheduler/sched-stats.rst)."""

    def __init__(self) -> None:
        self._file = Path(f"/proc/self/task/{get_native_id()}/schedstat")
        self._seen = self._look()

    def tick(self) -> Work:
        before, self._seen = self._seen, self._look()
        running, waiting, passed = (now - then for now, then in zip(self._seen, before, strict=True))
        wanted = running + waiting
        passed = max(passed, 1e-3)
        return Work(passed, running, min(1.0, wanted / passed), running / wanted if wanted > 0 else 1.0)

    def _look(self) -> tuple[float, float, float]:
        """Seconds of running, of waiting for a processor, and of time."""
        try:
            running, waiting, *_ = map(int, self._file.read_text().split())
        except (OSError, ValueError):  # not Linux: waiting is not counted
            return time.thread_time(), 0.0, time.monotonic()
        return running / 1e9, waiting / 1e9, time.monotonic()


class PressureFile:
    """A file that tells Envoy a pressure; Envoy reads it when it is replaced (`injected_resource`)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._said = ""
        self.say(0.0)

    def say(self, refused: float) -> None:
        """Replaces the file. `refused`: the share of new requests to reject, from 0 to 1."""
        text = f"{refused:.2f}"
        if text == self._said:
            return
        fresh = self.path.with_suffix(".new")
        fresh.write_text(text)
        fresh.replace(self.path)
        self._said = text


def pressure_file(route: str) -> str:
    """The path of the pressure file of a worker, from the address of its route stage; empty: Envoy runs elsewhere."""
    return f"{route.removeprefix('unix:').removesuffix('.sock')}.pressure" if route.startswith(("unix:", "/")) else ""


class OverloadGate:
    """Decides whether a worker accepts one more request."""

    def __init__(self, limits: Callable[[], Overload], registry: CollectorRegistry) -> None:
        self._limits = limits
        self._requests = 0
        self._attempts = 0
        self._bytes = 0
        self._lag = 0.0
        self._shown = 0.0
        self._pressure = Pressure()
        self._file: PressureFile | None = None
        self._is_untold = False
        self._shed = Counter(
            "openclaw_shed", "Requests refused because of overload, by what there was too much of", ["reason"],
            registry=registry,
        )  # fmt: skip
        for reason in REASONS:
            self._shed.labels(reason)
        for name, says, value in (
            ("openclaw_event_loop_lag_seconds", "How late the event loop was of late", lambda: self._shown),
            ("openclaw_pressure", "Part of the new requests that is refused, here or by Envoy", self._refused_share),
            ("openclaw_in_flight_requests", "Requests with an open route stage", lambda: self._requests),
            ("openclaw_in_flight_body_bytes", "Bodies of requests that are held", lambda: self._bytes),
        ):
            Gauge(name, says, registry=registry).set_function(value)

    def refusal(self, size: int, *, is_here: bool) -> str:
        """Returns why a request of that many bytes is rejected; empty: it is accepted. `is_here` says whether its body
        has come: a request that was accepted is later rejected for its size alone."""
        limits = self._limits()
        if self._requests > limits.max_requests and not is_here:
            reason = "requests"
        elif self._bytes + size > limits.max_body_bytes:
            reason = "body_bytes"
        elif self._lag > limits.max_lag_seconds and not is_here:
            reason = "lag"
        elif not is_here and self._pressure.is_too_much(self._under_way):
            reason = "pressure"
        else:
            return ""
        self._shed.labels(reason).inc()
        return reason

    def begin(self) -> None:
        self._requests += 1
        self._pressure.note_begin()

    def end(self) -> None:
        self._requests -= 1

    def begin_attempt(self) -> None:
        self._attempts += 1

    def end_attempt(self) -> None:
        self._attempts -= 1
        self._pressure.note_end()

    @property
    def _under_way(self) -> int:
        """A call has a route stage until its answer begins, and an attempt until it ends."""
        return max(self._requests, self._attempts)

    def hold(self, size: int) -> None:
        """Adds bytes of bodies that are held; a negative number for those that are not held any more."""
        self._bytes += size

    def _refused_share(self) -> float:
        return self._pressure.refused_share

    def _tell_envoy(self, file: PressureFile) -> None:
        """A disk that is full is tried again with the next change, and told once."""
        try:
            file.say(self._pressure.refused_share)
            self._is_untold = False
        except OSError as problem:
            if not self._is_untold:
                said = {"file": str(file.path), "why": str(problem)}
                logs.event("overload", "envoy_not_told", {**said}, level=logging.WARNING)
            self._is_untold = True

    async def watch(self, file: str = "") -> None:
        """Watches for ever how late the event loop is. `file`: the pressure file for Envoy; empty: requests are
        rejected here."""
        if file:
            try:
                self._file = PressureFile(Path(file))
            except OSError as problem:
                logs.event("overload", "envoy_not_told", {"file": file, "why": str(problem)}, level=logging.WARNING)
        clock = Clock()
        while True:
            asleep = time.monotonic()
            await asyncio.sleep(TICK_SECONDS)
            self._lag = max(0.0, time.monotonic() - asleep - TICK_SECONDS)
            self._shown = max(self._lag, self._shown * _FADES)
            self._pressure.saw(clock.tick(), self._under_way, self._limits().max_lag_seconds)
            if self._file is not None:
                self._tell_envoy(self._file)
