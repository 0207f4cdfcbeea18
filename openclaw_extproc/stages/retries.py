"""What earlier attempts noted, and whether there is a next one.

Attempts share no memory: each notes its start and its failure in Envoy's dynamic metadata, the next one reads them.
An attempt that left no failure behind got no answer at all; how long it took says whether nobody was there or nobody
spoke.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from openclaw_extproc.faults import Fault, Kind
from openclaw_extproc.gateway import Target
from openclaw_extproc.plan import Plan

RETRY = "x-openclaw-retry"
"""On a response: Envoy's router is to try the next group. Named in the route's `retriable_headers`."""
BACKOFF = "x-openclaw-backoff"
"""On such a response: whole seconds to wait first. Named in the route's `rate_limited_retry_back_off`."""

MAX_WAIT_SECONDS = 30
"""A provider that asks for a longer pause than this is not waited for: the caller is told instead."""

_RETRIABLE = frozenset(
    {Kind.RATE_LIMITED, Kind.OVERLOADED, Kind.UPSTREAM_ERROR, Kind.UPSTREAM_GARBLED, Kind.UPSTREAM_SILENT}
)


@dataclass(frozen=True, slots=True)
class History:
    """The attempts before this one."""

    failed: tuple[tuple[Target, str], ...] = ()
    """Who was tried and why it failed: a `Kind` in words, or `connection`, or `timeout`."""

    def told(self) -> tuple[str, ...]:
        return tuple(f"{target.provider.name}:{reason}" for target, reason in self.failed)


def noted_start(attempt: int, cluster: str, at: float) -> dict[str, str]:
    return {f"try-{attempt}": f"{cluster} {at:.3f}"}


def noted_failure(attempt: int, fault: Fault) -> dict[str, str]:
    return {f"why-{attempt}": fault.kind.value}


def history(plan: Plan, attempt: int, notes: Mapping[str, str], at: float) -> History:
    """What the notes say of attempts 1 to `attempt` - 1."""
    failed: list[tuple[Target, str]] = []
    for earlier in range(1, attempt):
        cluster, _, began = notes.get(f"try-{earlier}", "").partition(" ")
        target = plan.target(earlier, cluster) or plan.group(earlier)[0]
        ended = notes.get(f"try-{earlier + 1}", "").partition(" ")[2] or str(at)
        failed.append((target, notes.get(f"why-{earlier}") or _unanswered(plan, began, ended)))
    return History(tuple(failed))


def _unanswered(plan: Plan, began: str, ended: str) -> str:
    waited = float(ended) - float(began) if began else 0.0
    return "timeout" if waited >= 0.9 * plan.patience_ms / 1000 else "connection"


def retriable(fault: Fault) -> bool:
    """Whether another attempt could go better: not when the request itself is to blame."""
    return fault.kind in _RETRIABLE


def again(plan: Plan, attempt: int, retry_after: str) -> dict[str, str] | None:
    """The headers that make Envoy go on to the next attempt; `None` when this was the last.

    `retry_after`: the failed answer's own, "" where it has none; dates are taken for none.
    """
    if plan.is_last(attempt):
        return None
    if not plan.stays(attempt):
        return {RETRY: "1"}
    delay = plan.limits.retry_delay_ms / 1000 * plan.limits.backoff_multiplier ** (attempt - 1)
    wait = float(retry_after) if retry_after.isdecimal() else min(delay, MAX_WAIT_SECONDS)
    return None if wait > MAX_WAIT_SECONDS else {RETRY: "1", BACKOFF: str(max(1, math.ceil(wait)))}
