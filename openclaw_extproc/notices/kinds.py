"""The closed set of what is told, and the words by which rules of the configuration choose from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal["critical", "warning", "info"]


class NoticeKind(Enum):
    """What happened. The values are also words for `routing_rules[].type`."""

    PROVIDER_OUT = "provider_out"
    """It, or a model at it, goes behind all others."""
    PROVIDER_BACK = "provider_back"
    CREDENTIAL_REFUSED = "credential_refused"
    """The provider does not accept our key."""
    QUOTA_EXHAUSTED = "quota_exhausted"
    """Our account there has nothing left."""
    MODEL_NOT_FOUND = "model_not_found"
    FAILURE_RATE = "failure_rate"
    """More failures than `router.health_check.critical_threshold`."""
    CREDENTIAL_NOT_RENEWED = "credential_not_renewed"
    """An AWS key or a Google token."""
    BUDGET_WARNING = "budget_warning"
    """Most of it is spent or reserved."""
    BUDGET_REACHED = "budget_reached"
    DRILL_FAILED = "drill_failed"
    DRILL_PASSED = "drill_passed"
    CONFIG_REJECTED = "config_rejected"
    WORKER_REPLACED = "worker_replaced"
    ENVOY_DOWN = "envoy_down"
    """It ended: nobody takes calls until the next one does."""
    ENVOY_UP = "envoy_up"
    DAILY_REPORT = "daily_report"


SEVERITIES: Mapping[NoticeKind, Severity] = {
    NoticeKind.PROVIDER_OUT: "critical",
    NoticeKind.PROVIDER_BACK: "info",
    NoticeKind.CREDENTIAL_REFUSED: "critical",
    NoticeKind.QUOTA_EXHAUSTED: "critical",
    NoticeKind.MODEL_NOT_FOUND: "warning",
    NoticeKind.FAILURE_RATE: "critical",
    NoticeKind.CREDENTIAL_NOT_RENEWED: "critical",
    NoticeKind.BUDGET_WARNING: "warning",
    NoticeKind.BUDGET_REACHED: "critical",
    NoticeKind.DRILL_FAILED: "critical",
    NoticeKind.DRILL_PASSED: "info",
    NoticeKind.CONFIG_REJECTED: "warning",
    NoticeKind.WORKER_REPLACED: "warning",
    NoticeKind.ENVOY_DOWN: "critical",
    NoticeKind.ENVOY_UP: "info",
    NoticeKind.DAILY_REPORT: "info",
}

_ALL_CLEAR = (NoticeKind.PROVIDER_BACK, NoticeKind.ENVOY_UP)
ALERTS = frozenset({*(kind for kind, severity in SEVERITIES.items() if severity == "critical"), *_ALL_CLEAR})
"""Whoever was woken because something is out is also told that it is back."""
GENERAL = frozenset(NoticeKind) - {NoticeKind.DAILY_REPORT}
COMMUNITY = frozenset({NoticeKind.PROVIDER_OUT, NoticeKind.PROVIDER_BACK})
"""What those notice who only use the models."""

TYPES: Mapping[str, frozenset[NoticeKind]] = {
    "critical_alert": ALERTS,
    "general_notification": GENERAL,
    "daily_report": frozenset({NoticeKind.DAILY_REPORT}),
    "community_update": COMMUNITY,
    **{kind.value: frozenset({kind}) for kind in NoticeKind},
}
"""Words of `routing_rules[].type`."""

PRIORITIES: Mapping[str, frozenset[NoticeKind]] = {
    "critical_notifications": ALERTS,
    "general_notifications": GENERAL,
    "daily_digest": frozenset({NoticeKind.DAILY_REPORT}),
    "community_posts": COMMUNITY,
}
"""Words of `channels.<name>.priority`."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell. No secret, no prompt and nothing of what an upstream sent is in it."""

    kind: NoticeKind
    subject: str
    """What it is about: a provider, `provider/model`, the name of a budget."""
    text: str
    """Said in full, without a time. The daily report has several lines."""
    at: float
    """Seconds since the epoch."""
    times: int = 1
    """How often it happened, this time included."""

    @property
    def severity(self) -> Severity:
        return SEVERITIES[self.kind]
