"""Passes what the stages record to every outlet: metrics, log, notices, memory and health.

The log line of each request: which model was selected, which provider responded, and why not the first choice.
"""

import logging
import time
from typing import Protocol

from openclaw_extproc.edge.telemetry import logs
from openclaw_extproc.model.json import Json
from openclaw_extproc.plan import Plan
from openclaw_extproc.stages import decision_output
from openclaw_extproc.stages.entries import AttemptEntry, RequestEntry

# -- recorder --------------------------------------------------------------------------


class Sink(Protocol):
    """An outlet for what the stages record. It runs in the event loop between two messages, so it must not block."""

    def attempt(self, entry: AttemptEntry, at: float) -> None:
        """Takes an attempt that has ended. `at` is the time in seconds since the epoch."""
        ...

    def request(self, entry: RequestEntry, at: float) -> None:
        """Takes a request that has ended. `at` is the time in seconds since the epoch."""
        ...


class Recorder:
    """Gives each entry to all sinks in their order. All get the same entry and time, so they cannot differ."""

    def __init__(self, sinks: tuple[Sink, ...]) -> None:
        self._sinks = sinks

    def attempt(self, entry: AttemptEntry) -> None:
        at = time.time()
        for sink in self._sinks:
            sink.attempt(entry, at)

    def request(self, entry: RequestEntry) -> None:
        """Takes a request; the only attempt of a request that passed through unread comes with it and goes first."""
        if entry.passed is not None:
            self.attempt(entry.passed)
        at = time.time()
        for sink in self._sinks:
            sink.request(entry, at)


# -- request log -----------------------------------------------------------------------


class RequestLog:
    """The sink that writes one log line for each request. An attempt has no line: its request names it."""

    def attempt(self, entry: AttemptEntry, at: float) -> None:  # noqa: ARG002  # the methods of a `Sink`
        return

    def request(self, entry: RequestEntry, at: float) -> None:  # noqa: ARG002  # the log has its own clock
        _log_request(entry)


def _log_request(entry: RequestEntry) -> None:
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
        logs.event("model_router", "request_refused", data)
        return
    if entry.plan.passes:
        to = entry.plan.groups[0][0]
        logs.event("model_router", "passed_through", {**data, "provider": to.provider.name, "model": to.model or None})
        return
    if entry.fault is not None:
        data["fault"] = entry.fault.kind.value
    data["model_selection"] = _selection(entry, entry.plan)
    failed = entry.status is None or entry.status >= 500
    logs.event("model_router", "model_selection", data, level=logging.WARNING if failed else logging.INFO)


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
        "cost_usd": entry.cost_usd,
        "selection_time_ms": round(entry.decision_seconds * 1000, 2),
        "decision": decision_output.decision_log_fields(plan.record),
    }


def _reason(entry: RequestEntry, plan: Plan) -> str:
    """Returns why this target responded: `primary_rate_limited`, or what the decision rested on."""
    if not entry.reasons:
        return "; ".join(plan.record.because)
    provider, _, why = entry.reasons[-1].partition(":")
    return f"primary_{why}" if provider == plan.groups[0][0].provider.name else f"{provider}_{why}"
