"""Whether there is a next attempt, and how Envoy is told."""

import math
from collections.abc import Mapping
from dataclasses import replace

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.gateway import Target
from openclaw_extproc.plan import Plan
from openclaw_extproc.stages.attempt.failure_table import Failure, Remedy

RETRY = "x-openclaw-retry"
"""The response header that makes Envoy's router try the next group. It is named in the route's `retriable_headers`."""
BACKOFF = "x-openclaw-backoff"
"""The response header with the whole seconds that Envoy waits before the retry. It is named in the route's
`rate_limited_retry_back_off`."""

MAX_WAIT_SECONDS = 30
"""The longest wait before a retry. What a provider may ask for is limited by `RetryPolicy.max_retry_after_ms`."""


@dataclass(frozen=True, slots=True)
class NextAttempt:
    """What is needed to go on to the next attempt."""

    headers: Mapping[str, str]
    """What makes Envoy go on to it."""
    plan: Plan | None = None
    """The plan without the targets that cannot help; `None`: the plan is unchanged."""


def next_attempt(
    plan: Plan, attempt: int, target: Target, failure: Failure, retry_after: str, at: float = 0.0
) -> NextAttempt | None:
    """Returns how to go on after this target failed; `None`: no remaining target can help.

    `retry_after`: the failed answer's own, "" where it has none; dates are taken for none.
    """
    ahead = plan.groups[attempt:]
    if failure.remedy is Remedy.ANYBODY:
        headers = retry_headers(plan, attempt, retry_after, at)
        if headers is not None:
            return NextAttempt(headers)
        # It wants to be left alone for longer than anybody waits: whoever comes after it.
        others = tuple(group for group in ahead if group != plan.group(attempt))
        return NextAttempt({RETRY: "1"}, replace(plan, groups=(*plan.groups[:attempt], *others))) if others else None
    useful = tuple(kept for group in ahead if (kept := tuple(t for t in group if _helps(t, target, failure, plan))))
    if not useful:
        return None
    # Envoy counts attempts, so the groups behind us keep their places.
    left = None if useful == ahead else replace(plan, groups=(*plan.groups[:attempt], *useful))
    return NextAttempt({RETRY: "1"}, left)


def _helps(other: Target, failed: Target, failure: Failure, plan: Plan) -> bool:
    match failure.remedy:
        case Remedy.ANYBODY:
            return True
        case Remedy.OTHER_MODEL:
            return other.name != failed.name
        case Remedy.OTHER_PROVIDER:
            return other.provider.name != failed.provider.name
        case Remedy.LARGER:
            room = plan.windows.get(other.name, 0)
            return room > plan.windows.get(failed.name, max(plan.estimated_tokens, 1))
        case Remedy.NOBODY:
            return False


def is_alone(plan: Plan, attempt: int, target: Target) -> bool:
    """Whether all that is still planned is this target once more, or nothing."""
    return all(other.name == target.name for group in plan.groups[attempt:] for other in group)


def retry_headers(plan: Plan, attempt: int, retry_after: str, at: float = 0.0) -> dict[str, str] | None:
    """The headers that make Envoy go on to whoever is planned next; `None` when this was the last attempt.

    `at`: a time that has passed already, by which it is known whether a pause goes beyond the limit of the whole call.
    """
    if plan.is_last(attempt):
        return None
    if not plan.stays(attempt):
        return {RETRY: "1"}
    policy, total_ms = plan.retry_policy, plan.timeouts.total_ms
    delay = min(policy.retry_delay_ms / 1000 * policy.backoff_multiplier ** (attempt - 1), MAX_WAIT_SECONDS)
    if retry_after.isdecimal():
        delay = float(retry_after)
        if delay > min(policy.max_retry_after_ms / 1000, MAX_WAIT_SECONDS):
            return None
    seconds = max(1, math.ceil(delay))
    if total_ms is not None and max(at, plan.began) + seconds >= plan.began + total_ms / 1000:
        return None
    return {RETRY: "1", BACKOFF: str(seconds)}
