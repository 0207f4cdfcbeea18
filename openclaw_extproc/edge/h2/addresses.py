"""Where a server listens: a socket's path or a port, which nobody else has."""

import errno
import socket
import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from openclaw_extproc.edge.transport import ListenError

UNIX: Final = "unix:"
BACKLOG: Final = 1024


class Place:
    """An address that is ours. Whoever connects waits until somebody accepts."""

    def __init__(self, address: str) -> None:
        """`address`: `unix:/path` or `host:port`.

        Raises:
            ListenError: somebody else has the address, or the folder is not there.
        """
        self._path: Path | None = None
        try:
            if address.startswith(UNIX):
                self._path = Path(address.removeprefix(UNIX))
                self.sockets = [_unix(self._path)]
                self._file = self._path.stat().st_ino
            else:
                self.sockets = _tcp(address)
        except (OSError, ValueError) as problem:
            why = getattr(problem, "strerror", None) or problem
            raise ListenError(f"cannot listen on {address} ({why}): {self._remedy(problem)}") from problem

    def _remedy(self, problem: Exception) -> str:
        match getattr(problem, "errno", None):
            case errno.EADDRINUSE:
                return "another process listens there: stop it, or name another address"
            case errno.EACCES if self._path is not None:
                return f"let this user write to {self._path.parent}, or name another folder"
            case errno.EACCES:
                return "this user may not open a port below 1024: name a higher one"
            case errno.ENOENT if self._path is not None:
                return f"create {self._path.parent}, or name another folder"
            case _:
                return "write unix:/path, or host:port with an address of this machine"

    def leave(self) -> None:
        """Take the socket's file away, unless it was renamed or is somebody else's by now."""
        if self._path is None:
            return
        with suppress(OSError):
            if self._path.stat().st_ino == self._file:
                self._path.unlink()

    def close(self) -> None:
        """Where nobody ever accepted."""
        for one in self.sockets:
            one.close()
        self.leave()


def _unix(path: Path) -> socket.socket:
    _remove_stale(path)
    with _listening(socket.socket(socket.AF_UNIX)) as made:
        made.bind(str(path))
        path.chmod(0o600)  # the file's mode is the access control; until it listens nobody can connect
        return made


@contextmanager
def _listening(made: socket.socket) -> Generator[socket.socket]:
    """It listens when it is bound in the block, and is closed when it cannot be."""
    try:
        yield made
        made.listen(BACKLOG)
    except OSError:
        made.close()
        raise
    made.setblocking(False)


def _remove_stale(path: Path) -> None:
    """Raises `OSError`: somebody listens there, or it is no socket."""
    try:
        is_socket = stat.S_ISSOCK(path.lstat().st_mode)
    except FileNotFoundError:
        return
    if not is_socket or _is_taken(path):
        raise OSError(errno.EADDRINUSE, "Address already in use")
    path.unlink(missing_ok=True)


def _is_taken(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        # Full of those that wait is taken too (EAGAIN); only who does not listen refuses.
        return probe.connect_ex(str(path)) not in (errno.ECONNREFUSED, errno.ENOENT)


def _tcp(address: str) -> list[socket.socket]:
    """One socket for each address that the name has."""
    host, _, port = address.rpartition(":")
    if not 0 < int(port) < 65_536:
        raise ValueError("not a port")
    found = socket.getaddrinfo(host.strip("[]") or None, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    made: list[socket.socket] = []
    try:
        for family, place in {(family, place) for family, _, _, _, place in found}:
            made.append(_port(family, place))
    except OSError:
        for one in made:
            one.close()
        raise
    return made


def _port(family: socket.AddressFamily, place: tuple[str | int, ...] | tuple[int, bytes]) -> socket.socket:
    with _listening(socket.socket(family, socket.SOCK_STREAM)) as made:
        # Who was here before has left connections behind. Without SO_REUSEPORT: a second service on the same port is
        # an error, not a silent half of the load.
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if place[0] == "::" else 1)
        made.bind(place)
        return made
