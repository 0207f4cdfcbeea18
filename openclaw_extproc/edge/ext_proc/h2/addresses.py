"""The listening sockets of the stages: each is a unix socket whose path no other process uses."""

import errno
import os
import socket
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from openclaw_extproc.config.settings import UNIX
from openclaw_extproc.edge.ext_proc.transport import ListenError

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
