"""The log in a file: survives logrotate, and a disk that is full.

A line that the file does not take goes to standard output instead, whole, and so does a word that this is so, once. As
soon as the file takes lines again they go there. A line of which the disk took only a part is left in the file as it
is, and the next one begins on a line of its own.
"""

import contextlib
import logging
import os
import sys

FULL, AGAIN = "output_not_written", "output_written_again"


class LogFile(logging.Handler):
    """A log handler for a file: it reopens a moved file, and writes to standard output while the disk is full."""

    def __init__(self, path: str) -> None:
        """Opens the file. Raises `OSError`."""
        super().__init__()
        self._path = path
        self._file = _open(path)
        self._is_cut = False
        """The last line in it has no end."""
        self._why = ""
        """The reason why the file takes no lines; empty: it does."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record) + "\n"
            why = self._write(line.encode("utf-8", "backslashreplace"))
            if why:
                sys.stdout.write(line)
                sys.stdout.flush()
        except Exception:  # noqa: BLE001  # as in every handler: no call fails because of the log
            self.handleError(record)
            return
        before, self._why = self._why, why
        if bool(before) != bool(why) and record.msg not in (FULL, AGAIN):
            self._tell(FULL if why else AGAIN, why or before)

    def _tell(self, event: str, why: str) -> None:
        level = logging.ERROR if event == FULL else logging.WARNING
        data = {"output": self._path, "why": why, "instead": "standard output"}
        told = logging.LogRecord("openclaw", level, __file__, 0, event, None, None)
        vars(told).update(component="logging", event=event, data=data)
        self.handle(told)

    def _write(self, line: bytes) -> str:
        """Writes a line; returns why the file does not have it; empty: it does."""
        try:
            self._follow()
            rest = b"\n" + line if self._is_cut else line
            while rest:
                rest = rest[os.write(self._file, rest) :]
                self._is_cut = bool(rest)
        except OSError as problem:
            return problem.strerror or "cannot be written"
        return ""

    def _follow(self) -> None:
        """Open the file of that name anew where another one has it now, or none."""
        known = os.fstat(self._file)
        with contextlib.suppress(FileNotFoundError):
            there = os.stat(self._path)  # noqa: PTH116  # a thousand times a second
            if (there.st_dev, there.st_ino) == (known.st_dev, known.st_ino):
                return
        fresh = _open(self._path)
        os.close(self._file)
        self._file, self._is_cut = fresh, False

    def close(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self._file)
        super().close()


def _open(path: str) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
