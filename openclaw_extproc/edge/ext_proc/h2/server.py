"""The transport: connections of Envoy's on asyncio, each a `Connection` of ours.

Speaks HTTP/2 without TLS and without upgrade, to one peer on this machine: it serves unix sockets only.
"""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Final, cast

from openclaw_extproc.edge.ext_proc.h2.addresses import BACKLOG, ListenSocket
from openclaw_extproc.edge.ext_proc.h2.calls import GrpcRouter
from openclaw_extproc.edge.ext_proc.h2.connection import Connection
from openclaw_extproc.edge.ext_proc.transport import Answerer, Open, nobody

GREETING_SECONDS: Final = 10.0
"""The time within which a new connection has to send something."""
SETTLE_SECONDS: Final = 1.0
"""The time that a peer has to acknowledge that it opens no more streams."""
GOODBYE_SECONDS: Final = 1.0
"""The time that a peer has to read what was written last, before the socket is closed."""
SWEEP_SECONDS: Final = 2.5


class H2Protocol(asyncio.Protocol):
    """The asyncio protocol that carries bytes between a socket and its `Connection`."""

    def __init__(self, calls: GrpcRouter, wires: set["H2Protocol"]) -> None:
        self._calls = calls
        self._wires = wires
        self._timer: asyncio.TimerHandle | None = None
        self.lost = asyncio.get_running_loop().create_future()
        """Done when there is no connection any more."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.connection = Connection(self._calls, self._transport.write, self._close, time.monotonic)
        self._wires.add(self)
        self._later(GREETING_SECONDS, self._must_have_begun)
        self.connection.begin()

    def data_received(self, data: bytes) -> None:
        self._calls.queue.begin()
        self.connection.receive(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio tells it
        self._later(0.0, None)
        self._wires.discard(self)
        self.connection.on_connection_lost()
        if not self.lost.done():
            self.lost.set_result(None)

    def pause_writing(self) -> None:
        """The peer does not read: we do not read either, so that nothing of its piles up with us."""
        self.connection.sender.is_paused = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        self.connection.sender.is_paused = False
        self._transport.resume_reading()
        self.connection.flush()

    def drain(self) -> None:
        if not self._transport.is_closing():
            self.connection.drain()
            self._later(SETTLE_SECONDS, self.connection.settle)

    def abort(self) -> None:
        self._transport.abort()

    def _close(self) -> None:
        self._transport.close()
        self._later(GOODBYE_SECONDS, self._transport.abort)

    def _must_have_begun(self) -> None:
        if not self.connection.has_begun:
            self._transport.abort()

    def _later(self, seconds: float, act: Callable[[], None] | None) -> None:
        """Calls `act` after so many seconds. Only one timer runs at a time: a new one replaces the last."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if act is None else asyncio.get_running_loop().call_later(seconds, act)


class Server:
    """Serves what was added to it, from `start` to `stop`."""

    def __init__(self) -> None:
        self._places: list[tuple[ListenSocket, GrpcRouter]] = []
        self._listeners: list[asyncio.Server] = []
        self.wires: set[H2Protocol] = set()
        """Connections."""
        self._sweeping: asyncio.Task[None] | None = None

    def add(self, place: ListenSocket, calls: GrpcRouter) -> None:
        self._places.append((place, calls))

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        for place, calls in self._places:
            wired = partial(H2Protocol, calls, self.wires)
            self._listeners.append(await loop.create_unix_server(wired, sock=place.socket, backlog=BACKLOG))
        self._sweeping = asyncio.create_task(self._sweep())

    async def stop(self, seconds: float | None) -> None:
        """Take no more connections and no more streams; those under way get so long to end."""
        for listener in self._listeners:
            listener.close()
        for place, _ in self._places:
            place.close()
        if seconds:
            for wire in [*self.wires]:
                wire.drain()
            await self._all_lost(seconds)
        for wire in [*self.wires]:
            wire.abort()
        await self._all_lost(GOODBYE_SECONDS)
        if self._sweeping is not None:
            self._sweeping.cancel()

    async def _all_lost(self, seconds: float) -> None:
        if waits := [wire.lost for wire in self.wires]:
            await asyncio.wait(waits, timeout=seconds)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            for wire in [*self.wires]:
                wire.connection.sweep()


def server() -> Server:
    return Server()


def add(
    server: Server,
    address: str,
    opens: Open,
    answerer: Answerer = nobody,
    is_serving: Callable[[], bool] = lambda: True,
) -> None:
    """Serve a stage at `unix:/path`. One server serves one stage: the socket says which.

    Envoy asks each address whether it is well; `is_serving` is what it gets told.

    Raises:
        ListenError: nobody can listen there, or somebody else does.
    """
    server.add(ListenSocket(address), GrpcRouter(opens, answerer, is_serving))
