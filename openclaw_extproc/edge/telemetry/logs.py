"""One event a line, as JSON or as text. Never a prompt, never a secret, never an upstream's body."""

import logging
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Literal

from openclaw_extproc.edge.telemetry.log_file import LogFile
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.plan import Plan
from openclaw_extproc.stages import decision_output
from openclaw_extproc.stages.entries import RequestEntry

log = logging.getLogger("openclaw")


class JsonLines(logging.Formatter):
    """One JSON object a line: `logging.format: json`."""

    def format(self, record: logging.LogRecord) -> str:
        return j.text(_fields(record))


class TextLines(logging.Formatter):
    """For people: time, level, component, event, then `key=value` of all that JSON has in `data`, inner keys with dots.

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
    """And why it is not the file that was wanted; empty: it is."""
    try:
        if output is not None:
            return LogFile(output), ""
    except OSError as problem:
        return logging.StreamHandler(sys.stdout), problem.strerror or "cannot be opened"
    return logging.StreamHandler(sys.stdout), ""


def event(component: str, name: str, data: dict[str, Json], *, level: int = logging.INFO) -> None:
    if log.isEnabledFor(level):
        log.log(level, name, extra={"component": component, "event": name, "data": data})


def request(entry: RequestEntry) -> None:
    """A line for each request: which model was selected, who answered, why not the first choice."""
    data: dict[str, Json] = {
        "request_id": entry.request_id,
        "user_id": entry.user,
        "identity": entry.identity.name or None,
        "identity_source": entry.identity.source or None,
        "client_format": entry.client_format,
        "status": entry.status,
        "attempts": entry.attempts,
        "milliseconds": round(entry.seconds * 1000),
    }
    if entry.plan is None:
        # The words of a fault may quote names out of the request; its kind never does.
        data["fault"] = entry.fault.kind.value if entry.fault else "abandoned" if entry.status is None else "by_envoy"
        if entry.record is not None:
            data["decision"] = decision_output.decision_log_fields(entry.record)
        event("model_router", "request_refused", data)
        return
    if entry.plan.passes:
        to = entry.plan.groups[0][0]
        event("model_router", "passed_through", {**data, "provider": to.provider.name, "model": to.model or None})
        return
    if entry.fault is not None:
        data["fault"] = entry.fault.kind.value
    data["model_selection"] = _selection(entry, entry.plan)
    failed = entry.status is None or entry.status >= 500
    event("model_router", "model_selection", data, level=logging.WARNING if failed else logging.INFO)


def _selection(entry: RequestEntry, plan: Plan) -> dict[str, Json]:
    primary = plan.groups[0][0]
    others = [target for group in plan.groups[1:] for target in group if target != primary]
    fallback = next((t for t in others if (t.provider.name, t.model) == (entry.provider, entry.model)), None)
    fallback = fallback or (others[0] if others else None)
    return {
        "primary_provider": primary.provider.name,
        "primary_model": primary.model,
        "fallback_provider": fallback.provider.name if fallback else None,
        "fallback_model": fallback.model if fallback else None,
        "provider": entry.provider or None,
        "model": entry.model or None,
        "reason": _reason(entry, plan),
        "selection_time_ms": round(entry.decision_seconds * 1000, 2),
        "decision": decision_output.decision_log_fields(plan.record),
    }


def _reason(entry: RequestEntry, plan: Plan) -> str:
    """Why the answer came from where it came: `primary_rate_limited`, or what the decision rested on."""
    if not entry.reasons:
        return "; ".join(plan.record.because)
    provider, _, why = entry.reasons[-1].partition(":")
    return f"primary_{why}" if provider == plan.groups[0][0].provider.name else f"{provider}_{why}"
