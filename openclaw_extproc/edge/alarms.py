"""Wakes a session when nothing came for too long: one timer a stream, set again only when it has rung."""

import asyncio
import time
from collections.abc import Callable

from openclaw_extproc.edge.transport import Session

LEAST_SECONDS = 0.01
GAP_SECONDS = 0.05
"""Between the last words and the break. Without it Envoy throws words away that it has not written yet: seen with
HTTP/2, one time in four."""


class Alarm:
    """Of one stream. The clock's reading is compared only when the timer rings, so a chunk costs nothing."""

    __slots__ = ("_is_busy", "_ring", "_session", "_timer")

    def __init__(self, session: Session, ring: Callable[[], None], is_busy: Callable[[], bool]) -> None:
        """`is_busy`: what waits for the peer to read it, or for somebody else's answer, is no silence."""
        self._session = session
        self._ring = ring
        self._is_busy = is_busy
        self._timer: asyncio.TimerHandle | None = None

    def set(self) -> None:
        """After each message. Sooner than before it never needs to ring: limits do not change under way."""
        if self._timer is None and (wakes_at := self._session.wakes_at) is not None:
            self._after(wakes_at - time.time())

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _after(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(max(seconds, LEAST_SECONDS), self._look)

    def _look(self) -> None:
        self._timer = None
        wakes_at = self._session.wakes_at
        if wakes_at is None:
            return
        left = wakes_at - time.time()
        if left > 0 or self._is_busy():
            self._after(left)
        else:
            self._ring()
