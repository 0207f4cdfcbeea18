"""Wakes a session when nothing came for too long: one timer a stream, set again when it has rung or is too late."""

import asyncio
import time
from collections.abc import Callable

from openclaw_extproc.edge.ext_proc.transport import Session

LEAST_SECONDS = 0.01
GAP_SECONDS = 0.05
"""The pause between the last words of a stream and its break. Without it Envoy throws words away that it has not
written yet: seen with HTTP/2, one time in four."""


class IdleTimer:
    """The idle timer of a stream. Each chunk puts the end off and leaves the timer as it is until it rings: it costs
    little."""

    __slots__ = ("_due", "_is_busy", "_ring", "_session", "_timer")

    def __init__(self, session: Session, ring: Callable[[], None], is_busy: Callable[[], bool]) -> None:
        """`is_busy`: what waits for the peer to read it, or for somebody else's answer, is no silence."""
        self._session = session
        self._ring = ring
        self._is_busy = is_busy
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        """The time when the timer rings, if there is one, in seconds since the epoch."""

    def set(self) -> None:
        """Sets the timer after each message. Behind the first content another limit holds, which may be much
        shorter."""
        wake_at = self._session.wake_at
        if wake_at is not None and (self._timer is None or wake_at < self._due):
            self.stop()
            self._at(wake_at)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _at(self, due: float) -> None:
        self._due = due
        seconds = max(due - time.time(), LEAST_SECONDS)
        self._timer = asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        self._timer = None
        wake_at = self._session.wake_at
        if wake_at is None:
            return
        if self._is_busy() or time.time() < wake_at:
            self._at(wake_at)
        else:
            self._ring()
