"""When a worker has more than it can carry: it says so at once, before its memory grows.

Three signs: requests under way, bytes of bodies that are held for them, and how late the event loop is.
"""

import asyncio
import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge

from openclaw_extproc.config.settings import Overload

TICK_SECONDS = 0.1
_FADES = 0.97
"""By how much of itself the lag that is shown falls with each tick: a scrape every 15 s still sees a peak."""
REASONS = ("requests", "body_bytes", "lag")


class Gate:
    def __init__(self, limits: Callable[[], Overload], registry: CollectorRegistry) -> None:
        self._limits = limits
        self._requests = 0
        self._bytes = 0
        self._lag = 0.0
        self._shown = 0.0
        self._shed = Counter(
            "openclaw_shed", "Requests refused because of overload, by what there was too much of", ["reason"],
            registry=registry,
        )  # fmt: skip
        for reason in REASONS:
            self._shed.labels(reason)
        for name, says, value in (
            ("openclaw_event_loop_lag_seconds", "How late the event loop was of late", lambda: self._shown),
            ("openclaw_requests_under_way", "Requests with an open route stage", lambda: self._requests),
            ("openclaw_body_bytes_under_way", "Bodies of requests that are held", lambda: self._bytes),
        ):
            Gauge(name, says, registry=registry).set_function(value)

    def refusal(self, size: int, *, is_here: bool) -> str:
        """Why a request of that many bytes is not taken; empty: it is. It has begun, and `is_here` says whether its
        body has come: who was let in is sent away for the size of it alone.
        """
        limits = self._limits()
        if self._requests > limits.max_requests and not is_here:
            reason = "requests"
        elif self._bytes + size > limits.max_body_bytes:
            reason = "body_bytes"
        elif self._lag > limits.max_lag_seconds and not is_here:
            reason = "lag"
        else:
            return ""
        self._shed.labels(reason).inc()
        return reason

    def begin(self) -> None:
        self._requests += 1

    def end(self) -> None:
        self._requests -= 1

    def hold(self, size: int) -> None:
        """May be less than nothing: what is not held any more."""
        self._bytes += size

    async def watch(self) -> None:
        """See how late the loop is, for ever."""
        while True:
            asleep = time.monotonic()
            await asyncio.sleep(TICK_SECONDS)
            self._lag = max(0.0, time.monotonic() - asleep - TICK_SECONDS)
            self._shown = max(self._lag, self._shown * _FADES)
