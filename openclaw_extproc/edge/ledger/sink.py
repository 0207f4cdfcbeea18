"""The outlet of the recorder that makes the ledger's entries, and what carries them from a worker to the supervisor."""

import asyncio
from collections.abc import Callable
from typing import Final

from openclaw_extproc.edge.ledger.bookkeeper import CostOutlet
from openclaw_extproc.gateway import Gateway
from openclaw_extproc.ledger.entry import Baselines, LedgerEntry, entry_of
from openclaw_extproc.stages.entries import AttemptEntry, RequestEntry

SEND_SECONDS: Final = 0.25
"""How long a worker gathers entries before it sends them: as much a killed one takes with it."""
MAX_GATHERED: Final = 500
"""Sent at once when there are so many."""


class LedgerSink:
    """The sink that makes an entry of each attempt that has ended."""

    def __init__(self, gateway: Callable[[], Gateway], outlet: CostOutlet) -> None:
        """`gateway` returns the configuration in force, whose prices hold; `outlet` takes each entry."""
        self._gateway = gateway
        self._outlet = outlet
        self._compared: tuple[Gateway, Baselines] | None = None

    def attempt(self, entry: AttemptEntry, at: float) -> None:
        gateway = self._gateway()
        if not self._outlet.is_wanted(gateway):
            return
        if self._compared is None or self._compared[0] is not gateway:
            self._compared = gateway, Baselines.of(gateway)
        made = entry_of(entry, at, gateway, self._compared[1])
        if made is not None:
            self._outlet.enter(made)

    def request(self, entry: RequestEntry, at: float) -> None:  # noqa: ARG002  # the books have their own clock
        """Releases what was reserved for a request that nobody answered: what it costs, its attempts cost."""
        if not entry.provider and entry.plan is not None:
            self._outlet.release(entry.request_id)


class Outbox:
    """Gathers a worker's entries, and sends them in batches. It belongs to the thread of the event loop."""

    def __init__(self, send: Callable[[tuple[LedgerEntry, ...]], None]) -> None:
        self._send = send
        self._gathered: list[LedgerEntry] = []
        self._timer: asyncio.TimerHandle | None = None

    def put(self, entry: LedgerEntry) -> None:
        """Takes an entry."""
        self._gathered.append(entry)
        if len(self._gathered) >= MAX_GATHERED:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(SEND_SECONDS, self.flush)

    def flush(self) -> None:
        """Sends what was gathered."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        gathered, self._gathered = tuple(self._gathered), []
        if gathered:
            self._send(gathered)
