"""What is known when a request is over: who answered, and the one entry that log, metrics and health get of it."""

import re
from collections.abc import Mapping
from dataclasses import replace

from openclaw_extproc.faults import Fault
from openclaw_extproc.gateway import Target
from openclaw_extproc.plan import Plan
from openclaw_extproc.record import Record
from openclaw_extproc.stages import headers as h
from openclaw_extproc.stages.entries import RequestEntry

LOST = "^ext_proc|[{]overflow[}]"
"""A regular expression (RE2 and Python), for what Envoy says of a call that failed by us: a stage that ended or did not
answer, or a limit of Envoy's own. No provider is to blame."""


def is_ours(details: str) -> bool:
    """Whether a call failed by us, by Envoy's "response code details"."""
    return re.search(LOST, details) is not None


def status(headers: Mapping[str, str]) -> int:
    return int(headers.get(":status", "0"))


def named_by(request_id: str) -> dict[str, str]:
    """What a caller quotes when they ask about a call; the log has it too. The provider's own id stays beside it."""
    return {"x-openclaw-request-id": h.safe(request_id)} if request_id else {}


def entry(
    plan: Plan,
    user: str,
    took: float,
    at: float,
    *,
    status: int | None,
    headers: Mapping[str, str] | None = None,
    fault: Fault | None = None,
) -> RequestEntry:
    seen = headers or {}
    attempts = seen.get("x-envoy-attempt-count", "0")
    answered = answering(plan, seen)
    return RequestEntry(
        request_id=plan.request_id,
        client_format=plan.client_format,
        plan=plan,
        status=status,
        fault=fault,
        attempts=int(attempts) if attempts.isdecimal() else 0,
        provider=answered.provider.name if answered else "",
        model=answered.model if answered else "",
        reasons=tuple(r for r in seen.get("x-openclaw-fallbacks", "").split(",") if r),
        user=user,
        decision_seconds=took,
        seconds=at - plan.began,
        record=plan.record,
    )


def record(plan: Plan, answered: Target | None) -> Record:
    """With what is known only now: that everybody failed but the very last."""
    if answered is None or answered.name != plan.degraded:
        return plan.record
    notice = f"degraded: {answered.name} answers because all others failed"
    return replace(plan.record, notice="; ".join(filter(None, (plan.record.notice, notice))))


def answering(plan: Plan, headers: Mapping[str, str]) -> Target | None:
    """The plan's target that an answer names. A provider could send such a header too; only names of ours count."""
    provider, model = headers.get("x-openclaw-provider", ""), headers.get("x-openclaw-model", "")
    targets = (target for group in plan.groups for target in group)
    return next((t for t in targets if t.provider.name == provider and t.model == model), None)
