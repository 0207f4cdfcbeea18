"""The table of failures: every way in which an attempt can fail, and which target may succeed instead.

    what the provider said (status, its own code, where it said it) --> `NoticeKind` and code, by its wire format
    `Fault`, and whose credential it was                            --> `Failure`, here
    `Failure`, the plan, the provider's retry-after                 --> who is tried next, `retries.next_attempt`

A failure's reason is the label of `openclaw_model_fallback_total`. Two more reasons have no fault that could be judged,
because nobody answered at all: `connection` and `timeout`, see `history`.

Source: the error pages of OpenAI, Azure, Anthropic, Google and Bedrock, as the `errors` of each wire format name them.
"""

from collections.abc import Mapping
from enum import Enum

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.frozen import dataclass
from openclaw_extproc.wire.translation.error_words import NO_ACCESS, NO_MODEL, NO_QUOTA, NO_REGION, TOO_LONG


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
