"""What is known when a request is over: who answered, and the one entry that log, metrics and health get of it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from openclaw_extproc.faults import Fault
from openclaw_extproc.gateway import Target
from openclaw_extproc.plan import Plan
from openclaw_extproc.record import DecisionRecord
from openclaw_extproc.stages import decision_output
from openclaw_extproc.stages import headers as h
from openclaw_extproc.stages.attempt.history import STALE, history, was_stale
from openclaw_extproc.stages.entries import RequestEntry
from openclaw_extproc.stages.events import ResponseHead

LOST_DETAILS = "^ext_proc|[{]overflow[}]"
"""A regular expression (RE2 and Python), for what Envoy says of a call that failed by us: a stage that ended or did not
answer, or a limit of Envoy's own. No provider is to blame."""


def is_ours(details: str) -> bool:
    """Whether a call failed by us, by Envoy's "response code details"."""
    return re.search(LOST_DETAILS, details) is not None


UNRESOLVED_REASON = "unresolved"
"""The reason where no target was tried and Envoy does not go on: there is no address, or no such cluster yet."""

_CONNECTION = (
    (re.compile("no_healthy_upstream|cluster_not_found"), UNRESOLVED_REASON),
    (re.compile("TLS_error.*CERTIFICATE"), "connection_certificate"),
    (re.compile("TLS_error"), "connection_tls"),
    (re.compile("[Cc]onnection_refused"), "connection_refused"),
    (re.compile("connection_timeout"), "connection_timeout"),
    (re.compile("(?:remote|local)_connection_failure|connection_termination|remote_reset"), "connection"),
    (re.compile("upstream_(?:per_try_|response_)?(?:idle_)?timeout|response_timeout"), "timeout"),
)
"""What Envoy says of an attempt that got no answer, and our word for it: a closed set, fit for metrics. The first row
that is found counts. Of a provider whose name does not resolve it says only that there is no address."""


def no_answer_reason(details: str) -> str:
    """Returns why the last attempt got no response, by Envoy's "response code details"; empty: it got one, or the
    reason is not known."""
    return next((word for pattern, word in _CONNECTION if pattern.search(details)), "")


def status(headers: Mapping[str, str]) -> int:
    return int(headers.get(":status", "0"))


def named_by(request_id: str) -> dict[str, str]:
    """What a caller quotes when they ask about a call; the log has it too. The provider's own id stays beside it."""
    return {h.REQUEST_ID: h.safe(request_id)} if request_id else {}


def entry(
    plan: Plan,
    user: str,
    took: float,
    at: float,
    *,
    status: int | None,
    headers: Mapping[str, str] | None = None,
    fault: Fault | None = None,
    failed: str = "",
) -> RequestEntry:
    """`failed`: as the function says."""
    seen = headers or {}
    attempts = seen.get("x-envoy-attempt-count", "0")
    answered = answering_target(plan, seen)
    return RequestEntry(
        request_id=plan.request_id,
        client_format=plan.client_format,
        plan=plan,
        status=status,
        fault=fault,
        attempts=int(attempts) if attempts.isdecimal() else 0,
        provider=answered.provider.name if answered else "",
        model=answered.model if answered else "",
        reasons=tuple(r for r in seen.get("x-openclaw-fallbacks", failed).split(",") if r),
        user=user,
        decision_seconds=took,
        seconds=at - plan.began,
        record=plan.record,
        cost_usd=None if answered is None or plan.passes else decision_output.final_cost(seen),
    )


def failed_attempts(plan: Plan, head: ResponseHead) -> str:
    """Returns the attempts that failed and why, in the words of `x-openclaw-fallbacks`, where the response is Envoy's
    own."""
    word, counted = no_answer_reason(head.details), head.headers.get("x-envoy-attempt-count", "0")
    if not word or not counted.isdecimal():
        return ""
    last = int(counted)
    if last == 0 and word == UNRESOLVED_REASON:  # of a cluster that it has not got, Envoy counts none
        last = 1
    if not 1 <= last <= len(plan.groups):
        return ""
    before = history(plan, last, head.notes, head.at).fallbacks()
    word = STALE if word == "connection" and was_stale(last, head.notes, head.at) else word
    target = plan.target(last, head.cluster or head.notes.get(f"try-{last}", "").partition(" ")[0])
    names = {one.provider.name for one in ((target,) if target else plan.group(last))}
    return ",".join((*before, f"{names.pop()}:{word}") if len(names) == 1 else before)


def without_address(reasons: Sequence[str]) -> str:
    """The provider that nobody could be asked at, by the last of an entry's reasons; "": it was something else."""
    name, _, word = reasons[-1].rpartition(":") if reasons else ("", "", "")
    return name if word == UNRESOLVED_REASON else ""


def has_others(plan: Plan, name: str) -> bool:
    """Whether somebody else than this provider is planned."""
    return any(target.provider.name != name for group in plan.groups for target in group)


def record(plan: Plan, answered: Target | None) -> DecisionRecord:
    """Returns the record with what is known only at the end: that all attempts but the very last failed."""
    if answered is None or answered.name != plan.degraded:
        return plan.record
    notice = f"degraded: {answered.name} answers because all others failed"
    return replace(plan.record, notice="; ".join(filter(None, (plan.record.notice, notice))))


def decided(plan: Plan, answered: Target | None, headers: Mapping[str, str]) -> dict[str, str]:
    """What the caller is told of the decision. The estimated cost gives way to what the answer says that it cost."""
    is_told = not plan.passes and decision_output.PREFIX + decision_output.COST_HEADER in headers
    return decision_output.decision_headers(record(plan, answered), answered, plan.groups[0][0], is_cost_told=is_told)


def answering_target(plan: Plan, headers: Mapping[str, str]) -> Target | None:
    """The plan's target that an answer names. A provider could send such a header too; only names of ours count.

    Of a passed request Envoy tells the provider, on what that itself said and on nothing else, and nobody the model.
    """
    provider, model = headers.get(h.PROVIDER, ""), headers.get("x-openclaw-model", "")
    if plan.passes:
        target = plan.groups[0][0]
        return target if provider == h.safe(target.provider.name) else None
    targets = (target for group in plan.groups for target in group)
    return next((t for t in targets if t.provider.name == provider and t.model == model), None)
