"""The transport: connections of Envoy's on asyncio, each a `Connection` of ours.

Speaks HTTP/2 without TLS and without upgrade, to one peer on this machine: it serves unix sockets only.

The listening sockets of the stages: each is a unix socket whose path no other process uses.
"""

import asyncio
import errno
import os
import socket
import stat
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final, cast

from openclaw_extproc.config.settings import UNIX
from openclaw_extproc.edge.ext_proc.h2.calls import GrpcRouter
from openclaw_extproc.edge.ext_proc.h2.connection import Connection
from openclaw_extproc.edge.ext_proc.transport import Answerer, ListenError, Open, nobody

# -- addresses -------------------------------------------------------------------------


BACKLOG: Final = 1024
MAX_PATH_BYTES: Final = 107 if sys.platform == "linux" else 103
"""The longest path of a unix socket in bytes: the size of `sun_path` in `sockaddr_un`, without the final zero."""


class ListenSocket:
    """An address that is ours. Whoever connects waits until somebody accepts."""

    def __init__(self, address: str) -> None:
        """`address`: `unix:/path`.

        Raises:
            ListenError: nobody can listen there, or somebody else does.
        """
        self._path = Path(address.removeprefix(UNIX))
        _check(self._path)
        try:
            self.socket = _listen(self._path)
            self._file = self._path.stat().st_ino
        except OSError as problem:
            raise _refusal(self._path, problem) from problem

    def leave(self) -> None:
        """Take the socket's file away, unless it was renamed or is somebody else's by now."""
        with suppress(OSError):
            if self._path.stat().st_ino == self._file:
                self._path.unlink()

    def close(self) -> None:
        """Closes the socket of an address at which no server was started."""
        self.socket.close()
        self.leave()


def _check(path: Path) -> None:
    """Raises `ListenError` for what the system refuses in words that help nobody."""
    if (size := len(os.fsencode(path))) > MAX_PATH_BYTES:
        raise ListenError(
            f"cannot create the socket {path}: its path has {size} bytes and a socket's may have {MAX_PATH_BYTES}: "
            "use a folder with a shorter name"
        )
    if not path.parent.is_dir():
        raise ListenError(
            f"cannot create the socket {path}: there is no folder {path.parent}: create it, owned by the user this "
            "runs as, or name another address with gateway.stages or --route and --attempt"
        )


def _refusal(path: Path, problem: OSError) -> ListenError:
    match problem.errno:
        case errno.EADDRINUSE:
            why = "another process listens there: stop it, or use another path"
        case errno.EEXIST:
            why = "there is a file of that name that is no socket: remove it, or use another path"
        case errno.EACCES | errno.EPERM:
            why = f"permission denied on {path.parent}: let the user this runs as write to that folder"
        case errno.EROFS:
            why = f"{path.parent} is on a read-only file system: use a folder that can be written to"
        case _:
            why = problem.strerror or str(problem)
    return ListenError(f"cannot create the socket {path}: {why}")


def _listen(path: Path) -> socket.socket:
    _remove_stale(path)
    made = socket.socket(socket.AF_UNIX)
    try:
        made.bind(str(path))
        path.chmod(0o600)  # the file's mode is the access control; until it listens nobody can connect
        made.listen(BACKLOG)
    except OSError:
        made.close()
        raise
    made.setblocking(False)
    return made


def _remove_stale(path: Path) -> None:
    """Remove what a process left that ended without doing so. Raises `OSError`: it is in use, or no socket."""
    try:
        is_socket = stat.S_ISSOCK(path.lstat().st_mode)
    except FileNotFoundError:
        return
    if not is_socket:
        raise FileExistsError(errno.EEXIST, "File exists")
    if _is_taken(path):
        raise OSError(errno.EADDRINUSE, "Address already in use")
    path.unlink(missing_ok=True)


def _is_taken(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        # Full of those that wait is taken too (EAGAIN); only who does not listen refuses.
        return probe.connect_ex(str(path)) not in (errno.ECONNREFUSED, errno.ENOENT)


# -- server ----------------------------------------------------------------------------


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
