"""One JSON object a line. Never a prompt, never a secret, never an upstream's body."""

import logging
import sys
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.plan import Plan
from openclaw_extproc.stages import telling
from openclaw_extproc.stages.entries import RequestEntry

log = logging.getLogger("openclaw")


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
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
        return j.text(line)


def _places(record: logging.LogRecord) -> list[Json]:
    places: list[Json] = []
    trace = record.exc_info[2] if record.exc_info else None
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return places


def configure(level: str, output: str | None) -> None:
    """Raises `OSError` when the log file cannot be opened."""
    handler: logging.Handler = logging.StreamHandler(sys.stdout)
    if output is not None:
        handler = WatchedFileHandler(output, encoding="utf-8")  # survives logrotate
    handler.setFormatter(JsonLines())
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
            data["decision"] = telling.decision(entry.record)
        event("model_router", "request_refused", data)
        return
    if entry.plan.passes:
        event("model_router", "passed_through", {**data, "provider": entry.plan.groups[0][0].provider.name})
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
        "decision": telling.decision(plan.record),
    }


def _reason(entry: RequestEntry, plan: Plan) -> str:
    """Why the answer came from where it came: `primary_rate_limited`, or what the decision rested on."""
    if not entry.reasons:
        return "; ".join(plan.record.because)
    provider, _, why = entry.reasons[-1].partition(":")
    return f"primary_{why}" if provider == plan.groups[0][0].provider.name else f"{provider}_{why}"
