"""Passes what the stages record to every outlet: metrics, log, notices, memory and health."""

import time
from typing import Protocol

from openclaw_extproc.stages.entries import AttemptEntry, RequestEntry


class Sink(Protocol):
    """An outlet for what the stages record. It runs in the event loop between two messages, so it must not block."""

    def attempt(self, entry: AttemptEntry, at: float) -> None:
        """Takes an attempt that has ended. `at` is the time in seconds since the epoch."""
        ...

    def request(self, entry: RequestEntry, at: float) -> None:
        """Takes a request that has ended. `at` is the time in seconds since the epoch."""
        ...


class Recorder:
    """Gives each entry to all sinks in their order. All get the same entry and time, so they cannot differ."""

    def __init__(self, sinks: tuple[Sink, ...]) -> None:
        self._sinks = sinks

    def attempt(self, entry: AttemptEntry) -> None:
        at = time.time()
        for sink in self._sinks:
            sink.attempt(entry, at)

    def request(self, entry: RequestEntry) -> None:
        """Takes a request; the only attempt of a request that passed through unread comes with it and goes first."""
        if entry.passed is not None:
            self.attempt(entry.passed)
        at = time.time()
        for sink in self._sinks:
            sink.request(entry, at)
