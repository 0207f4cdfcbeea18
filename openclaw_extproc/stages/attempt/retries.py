"""Retries: how a failure is classified, whether there is a next attempt, and the limits of a response.

The table of failures: every way in which an attempt can fail, and which target may succeed instead.

    what the provider said (status, its own code, where it said it) --> `NoticeKind` and code, by its wire format
    `Fault`, and whose credential it was                            --> `Failure`, here
    `Failure`, the plan, the provider's retry-after                 --> who is tried next, `retries.next_attempt`

A failure's reason is the label of `openclaw_model_fallback_total`. Two more reasons have no fault that could be judged,
because nobody answered at all: `connection` and `timeout`, see `history`.

Source: the error pages of OpenAI, Azure, Anthropic, Google and Bedrock, as the `errors` of each wire format name them.

Whether there is a next attempt, and how Envoy is told.

The limits on what an attempt takes of a provider's response, and the faults of a response that breaks one.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from enum import Enum

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.frozen import dataclass
from openclaw_extproc.gateway import Target
from openclaw_extproc.plan import Plan
from openclaw_extproc.wire.translation.error_words import NO_ACCESS, NO_MODEL, NO_QUOTA, NO_REGION, TOO_LONG

# -- failure table ---------------------------------------------------------------------


class Remedy(Enum):
    """The targets that may succeed after a failure."""

    ANYBODY = "anybody"
    """Somebody else, at once; where nobody else is left the same one, after a wait."""
    OTHER_MODEL = "other_model"
    """Another model, or the same one at another provider: this target fails however often it is tried."""
    OTHER_PROVIDER = "other_provider"
    LARGER = "larger"
    """A model with a larger context window."""
    NOBODY = "nobody"
    """The request itself is to blame: it would fail everywhere, or must not be tried elsewhere."""


@dataclass(frozen=True, slots=True)
class Failure:
    reason: str
    """The reason in the words of metrics and logs, from a closed set."""
    remedy: Remedy
    alerts: bool = False
    """An operator has to mend it: no passing of time does."""


CREDENTIAL_REFUSED = "credential_refused"
MODEL_NOT_FOUND = "model_not_found"
QUOTA_EXHAUSTED = "quota_exhausted"
CONTEXT_TOO_LONG = "context_too_long"
CONTENT_FILTERED = "content_filtered"
TOO_LARGE = "request_too_large"

_FILTERED_FAILURE = Failure(CONTENT_FILTERED, Remedy.NOBODY)
_REFUSED_FAILURE = Failure(CREDENTIAL_REFUSED, Remedy.OTHER_PROVIDER, alerts=True)
_NO_QUOTA = Failure(QUOTA_EXHAUSTED, Remedy.OTHER_PROVIDER, alerts=True)
_NO_MODEL = Failure(MODEL_NOT_FOUND, Remedy.OTHER_MODEL, alerts=True)

_CODES: Mapping[str, Failure] = {
    TOO_LONG: Failure(CONTEXT_TOO_LONG, Remedy.LARGER),
    "content_filter": _FILTERED_FAILURE,
    "content_policy_violation": _FILTERED_FAILURE,
    "ResponsibleAIPolicyViolation": _FILTERED_FAILURE,
    "moderation_blocked": _FILTERED_FAILURE,
    "invalid_prompt": _FILTERED_FAILURE,
    NO_QUOTA: _NO_QUOTA,
    "billing_error": _NO_QUOTA,
    "billing_hard_limit_reached": _NO_QUOTA,
    "exceeded_current_quota_error": _NO_QUOTA,  # Moonshot
    "Arrearage": _NO_QUOTA,  # Alibaba's DashScope
    "ServiceQuotaExceededException": _NO_QUOTA,
    NO_MODEL: _NO_MODEL,
    "DeploymentNotFound": _NO_MODEL,
    NO_ACCESS: _REFUSED_FAILURE,
    NO_REGION: _REFUSED_FAILURE,
}
"""A provider's own word says more than the status it comes with: OpenAI gives 403 for a model it does not show to this
account, and 429 to who has not paid."""

_KINDS: Mapping[FaultKind, Failure] = {
    FaultKind.RATE_LIMITED: Failure(FaultKind.RATE_LIMITED.value, Remedy.ANYBODY),
    FaultKind.OVERLOADED: Failure(FaultKind.OVERLOADED.value, Remedy.ANYBODY),
    FaultKind.UPSTREAM_ERROR: Failure(FaultKind.UPSTREAM_ERROR.value, Remedy.ANYBODY),
    FaultKind.UPSTREAM_GARBLED: Failure(FaultKind.UPSTREAM_GARBLED.value, Remedy.ANYBODY),
    FaultKind.UPSTREAM_SILENT: Failure(FaultKind.UPSTREAM_SILENT.value, Remedy.ANYBODY),
    FaultKind.TOO_LARGE: Failure(
        TOO_LARGE, Remedy.OTHER_PROVIDER
    ),  # of bytes, or of tokens a minute: each has its own limit
    FaultKind.REFUSED: Failure(FaultKind.REFUSED.value, Remedy.OTHER_PROVIDER),
    FaultKind.UNAUTHENTICATED: _REFUSED_FAILURE,
    FaultKind.FORBIDDEN: _REFUSED_FAILURE,
    FaultKind.NOT_FOUND: _NO_MODEL,
}

_OURS = frozenset({CREDENTIAL_REFUSED, QUOTA_EXHAUSTED})
"""What is the caller's own business where the credential is the caller's own."""


def classify_failure(fault: Fault, *, forwards: bool = False) -> Failure:
    """What this failure is. `forwards`: the credential was the caller's own, which no other provider may see."""
    found = _CODES.get(fault.code) or _KINDS.get(fault.kind) or Failure(fault.kind.value, Remedy.NOBODY)
    if forwards and found.reason in _OURS:
        return Failure(found.reason, Remedy.NOBODY)
    return found


# -- retries ---------------------------------------------------------------------------


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


# -- limits ----------------------------------------------------------------------------


MAX_HELD_BYTES = 32 * 1024 * 1024
"""The bytes of a response that are held back here at most: Envoy keeps none of them."""
MAX_ERROR_BYTES = 1024 * 1024
"""The bytes of an error body that are read at most, for its message."""
MAX_WORDS_BYTES = 64 * 1024
WORDS_SECONDS = 0.1
"""What an error's body may take that is waited for only to tell it, should all others fail as well: the next attempt
waits for it."""
MAX_ANSWER_BYTES = 40 * 1024 * 1024
"""The size of one response at most, as the provider sends it and as the client gets it. Envoy's buffers are larger
(decision 21)."""

SILENT = Fault(FaultKind.UPSTREAM_SILENT, "the provider began no answer in time")
STALLED_RESPONSE = Fault(FaultKind.UPSTREAM_SILENT, "the provider fell silent in the middle of its answer")
OUT_OF_TIME = Fault(FaultKind.UPSTREAM_SILENT, "the call has reached its time limit in the middle of its answer")
RESPONSE_TOO_LARGE = Fault(
    FaultKind.UPSTREAM_GARBLED, f"the answer is larger than {MAX_ANSWER_BYTES} bytes, or too fast"
)
