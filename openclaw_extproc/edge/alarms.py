"""Wakes a session when nothing came for too long: one timer a stream, set again only when it has rung."""

import asyncio
import time
from contextlib import suppress
from typing import Any

import grpc
import grpc.aio

from openclaw_extproc.edge.transport import Session

LEAST_SECONDS = 0.01
GAP_SECONDS = 0.05
"""Between the last words and the break. Without it Envoy throws words away that it has not written yet: seen with
HTTP/2, one time in four."""


class Alarm:
    """Of one stream. The clock's reading is compared only when the timer rings, so a chunk costs nothing."""

    def __init__(self, session: Session, context: Any) -> None:  # grpc ships no types
        self._session = session
        self._context = context
        self._timer: asyncio.TimerHandle | None = None
        self._ringing: asyncio.Task[None] | None = None
        self.busy = False
        """Messages are being written: what waits for the peer to read them is no silence."""

    def set(self) -> None:
        """After each message. Sooner than before it never needs to ring: limits do not change under way."""
        if self._timer is None and (wakes_at := self._session.wakes_at) is not None:
            self._after(wakes_at - time.time())

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _after(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(max(seconds, LEAST_SECONDS), self._look)

    def _look(self) -> None:
        self._timer = None
        wakes_at = self._session.wakes_at
        if wakes_at is None:
            return
        left = wakes_at - time.time()
        if left > 0 or self.busy:
            self._after(left)
            return
        self._ringing = asyncio.get_running_loop().create_task(self._ring())

    async def _ring(self) -> None:
        for answer in self._session.wake():
            await self._context.write(answer)
        if self._session.broken:
            await asyncio.sleep(GAP_SECONDS)
            with suppress(grpc.aio.AbortError):  # how it says that it did
                # Envoy resets what it has begun to pass on, so the client sees it break off.
                await self._context.abort(grpc.StatusCode.ABORTED, "the provider fell silent")
        self.set()
