"""A budget for frames that are cheap to send and costly to receive: a peer that exceeds it is cut off.

Each of these frames is lawful, and a flood of them is an attack: PING and SETTINGS want an answer (CVE-2019-9512 and
-9515), empty DATA is work without end (CVE-2019-9518), a stream that is reset before it was answered was opened for
nothing (CVE-2023-44487), and so was one that its peer makes us reset (CVE-2025-8671).
"""

from collections.abc import Callable

from openclaw_extproc.edge.ext_proc.h2.frames import Code, PeerError

MOST = 20_000
"""The number of such frames that a peer may send at once. When all clients of an Envoy leave in the same moment it
resets as many streams as it has open, and that must not end the connection of those that stay: five times
`MAX_STREAMS`."""
PER_SECOND = 2_000.0
"""A tenth of what this process could read."""


class Budget:
    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock`: seconds, from any beginning."""
        self._clock = clock
        self._left = float(MOST)
        self._looked = clock()

    def spend(self) -> None:
        """Raises `PeerError`: it was too much."""
        self._left -= 1
        if self._left < 0:
            self._refill()

    def _refill(self) -> None:
        """Adds what has accrued since the last refill. It is called only when the budget is used up, so that the clock
        is read rarely."""
        now = self._clock()
        self._left = min(float(MOST), self._left + (now - self._looked) * PER_SECOND)
        self._looked = now
        if self._left < 0:
            raise PeerError(Code.ENHANCE_YOUR_CALM, "too many frames that do nothing")
