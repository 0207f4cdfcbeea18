"""Reading files that somebody else writes: never more than a limit, and never one that could keep us waiting.

A path may lead to a device without end, to a FIFO that nobody writes into, or to a directory. Only regular files are
read; links to them are followed, as Kubernetes mounts secrets so.
"""

import os
import stat
from pathlib import Path

from openclaw_extproc.config.providers.cloud_credentials import (
    TOO_SHORT,
    TOO_SHORT_REMEDY,
    Objection,
    is_too_short,
    unsendable_part,
)

MAX_CONFIG_BYTES = 16 * 1024 * 1024
"""The size of a configuration or clusters file. That of a thousand providers has 7 MB."""
MAX_SECRET_BYTES = 64 * 1024
_EVERYBODY = stat.S_IROTH


class FileRefusedError(Exception):
    """A file that is not read. The message says why, and never what is in the file."""

    def __init__(self, why: str, remedy: str) -> None:
        super().__init__(why)
        self.remedy = remedy


def read_text(path: Path, most: int) -> tuple[str, int]:
    """The text of a file of at most so many bytes, and its mode.

    Raises:
        FileRefusedError: it is not there, no regular file, longer, not UTF-8, or may not be read.
    """
    try:
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError as problem:
        raise _refusal(problem) from None
    try:
        mode = os.fstat(number).st_mode
        if not stat.S_ISREG(mode):
            raise FileRefusedError(f"it is {_kind(mode)}, not a regular file", "name a regular file")
        with os.fdopen(number, "rb", closefd=False) as file:
            raw = file.read(most + 1)
    except OSError as problem:
        raise _refusal(problem) from None
    finally:
        os.close(number)
    if len(raw) > most:
        raise FileRefusedError(f"it has more than {most:,} bytes", "split it, or check the path")
    try:
        return raw.decode(), mode
    except UnicodeDecodeError:
        raise FileRefusedError("not UTF-8", "save it as UTF-8 text") from None


def _refusal(problem: OSError) -> FileRefusedError:
    remedy = "check the path" if isinstance(problem, FileNotFoundError) else "check its permissions"
    return FileRefusedError(problem.strerror or type(problem).__name__, remedy)


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a directory"
    if stat.S_ISFIFO(mode):
        return "a FIFO"
    return "a device" if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) else "a socket"


def key_file_objection(path: str, is_header: bool) -> Objection | None:  # as `Surroundings.key_file` has it
    """What is wrong with a key file; `None`: nothing. `is_header` says whether all of it goes into a header."""
    try:
        text, mode = read_text(Path(path), MAX_SECRET_BYTES)
    except FileRefusedError as problem:
        return Objection(f"cannot be read ({problem})")
    if not text.strip():
        return Objection("is empty")
    if is_header and (found := unsendable_part(text.strip())):
        return Objection(f"holds {found} within the key, which is not sent")
    if mode & _EVERYBODY:
        return Objection("can be read by everybody on this machine", is_usable=True)
    if is_header and is_too_short(text.strip()):
        return Objection(f"holds a key that {TOO_SHORT}", is_usable=True, remedy=TOO_SHORT_REMEDY)
    return None
