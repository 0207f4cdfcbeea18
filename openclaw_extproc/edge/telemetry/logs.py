"""The log: one event a line, as JSON or as text. It never holds a prompt, a secret or an upstream's body.

The log in a file: survives logrotate, and a disk that is full.

A line that the file does not take goes to standard output instead, whole, and so does a word that this is so, once. As
soon as the file takes lines again they go there. A line of which the disk took only a part is left in the file as it
is, and the next one begins on a line of its own.
"""

import contextlib
import logging
import os
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Literal

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json

# -- log file --------------------------------------------------------------------------


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


# -- logs ------------------------------------------------------------------------------


log = logging.getLogger("openclaw")


class JsonLines(logging.Formatter):
    """Formats a record as one JSON object: `logging.format: json`."""

    def format(self, record: logging.LogRecord) -> str:
        return j.text(_fields(record))


class TextLines(logging.Formatter):
    """The text format for people: time, level, component, event, then `key=value` of all that JSON has in `data`, inner
    keys with dots.

    A value with a space, a quote or a control character in it is in JSON's quotes, so one event is one line always.
    """

    def format(self, record: logging.LogRecord) -> str:
        fields = _fields(record)
        head = f"{fields['timestamp']} {record.levelname:<7} {fields['component']} {_word(fields['event'])}"
        shown = _data(fields) | {key: value for key, value in fields.items() if key in ("error", "trace")}
        return " ".join([head, *(f"{key}={_word(value)}" for key, value in _flat(shown))])


def _fields(record: logging.LogRecord) -> dict[str, Json]:
    seen = datetime.fromtimestamp(record.created, UTC)
    line: dict[str, Json] = {
        "timestamp": seen.strftime("%Y-%m-%dT%H:%M:%S.") + f"{seen.microsecond // 1000:03d}Z",
        "level": record.levelname.lower(),
        "service": "openclaw",
        "component": getattr(record, "component", record.name.rpartition(".")[2]),
        "event": getattr(record, "event", record.getMessage()),
        "data": getattr(record, "data", {}),
    }
    if record.exc_info:
        # The trace without the message: an exception's text may quote what somebody sent.
        line["error"] = record.exc_info[0].__name__ if record.exc_info[0] else ""
        line["trace"] = _places(record)
    return line


def _data(fields: Mapping[str, Json]) -> dict[str, Json]:
    found = fields["data"]
    return found if isinstance(found, dict) else {}


def _flat(data: Mapping[str, Json], above: str = "") -> Iterator[tuple[str, Json]]:
    """The values with their keys; what is `None` or empty says nothing and is left out."""
    for key, value in data.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{key}.")
        elif value not in (None, "", []):
            yield f"{above}{key}", value


_PLAIN = re.compile(r"[!#-<>-~]+")
"""Printable ASCII without a space, a double quote and an equals sign."""


def _word(value: Json) -> str:
    return value if isinstance(value, str) and _PLAIN.fullmatch(value) else j.text(value)


def _places(record: logging.LogRecord) -> list[Json]:
    places: list[Json] = []
    trace = record.exc_info[2] if record.exc_info else None
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return places


def configure(level: str, output: str | None, format: Literal["json", "text"] = "json") -> None:  # the setting's name
    """Log from this level on. A file that cannot be opened is replaced by standard output, and the first line says so:
    calls are worth more than the place of their log.
    """
    handler, problem = _handler(output)
    handler.setFormatter(TextLines() if format == "text" else JsonLines())
    # Of each record only what a line shows is looked up.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger("httpx").setLevel(logging.WARNING)  # a line for each of our own probes helps nobody
    logging.getLogger("hpack").setLevel(logging.WARNING)  # nor does one for each header of each stream
    for library in ("botocore", "google", "requests", "urllib3"):
        # They write what they sign and ask, session tokens included; what fails in them we log ourselves.
        logging.getLogger(library).setLevel(logging.CRITICAL)

    if problem:
        said: dict[str, Json] = {"output": output, "why": problem, "instead": "standard output"}
        event("logging", "output_not_opened", said, level=logging.ERROR)


def _handler(output: str | None) -> tuple[logging.Handler, str]:
    """Returns the log's handler, and why it is not the file that was wanted; empty: it is."""
    try:
        if output is not None:
            return LogFile(output), ""
    except OSError as problem:
        return logging.StreamHandler(sys.stdout), problem.strerror or "cannot be opened"
    return logging.StreamHandler(sys.stdout), ""


def event(component: str, name: str, data: dict[str, Json], *, level: int = logging.INFO) -> None:
    """Logs an event with its data, from a component."""
    if log.isEnabledFor(level):
        log.log(level, name, extra={"component": component, "event": name, "data": data})
