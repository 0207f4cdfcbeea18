"""The log: one event a line, as JSON or as text. It never holds a prompt, a secret or an upstream's body."""

import logging
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Literal

from openclaw_extproc.edge.telemetry.log_file import LogFile
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json

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
