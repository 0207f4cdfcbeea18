"""One record of a decision, in the words of each place that tells it: response headers, the log, Envoy's metadata.

The attempt stage says who answered (`headers.answered`), because only it knows; the rest is said here, once.
"""

from collections.abc import Mapping

from openclaw_extproc.gateway import ResponseHeaders, Target
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.plan import Plan
from openclaw_extproc.record import DecisionRecord
from openclaw_extproc.stages.headers import safe

PREFIX = "x-openclaw-"
MAX_NOTED_CHARS = 1_024
"""Of a text in Envoy's metadata: access logs are read by people, and by programs that cut long lines."""

_MINIMAL = frozenset({"provider", "model", "warnings", "notice", "cache", "request-id"})
"""Who answered and what was changed: what an application has to know of its answer."""


def decision_headers(record: DecisionRecord, answered: Target | None, first: Target | None) -> dict[str, str]:
    """What the caller is told of the decision.

    Args:
        record: What was decided.
        answered: Who answered; `None`: nobody.
        first: Whom the estimated cost is about; `None`: nobody was asked.
    """
    told = {
        "mode": "" if record.mode == "enforce" else record.mode,
        "would": record.would,
        "tier": record.tier,
        "confidence": f"{record.confidence:.2f}" if record.tier else "",
        "rule": record.rule,
        "experiment": record.experiment,
        "cost-usd": _estimate(record) if answered is not None and answered == first else "",
        "notice": record.notice,
        "reason": "; ".join(record.because),
    }
    return {PREFIX + name: safe(value) for name, value in told.items() if value}


def _estimate(record: DecisionRecord) -> str:
    """Of the prompt as it came and an answer of the usual length: not what the bill will say."""
    return "" if record.cost_usd is None else f"{dollars(record.cost_usd)};estimated"


def allowed_headers(told: Mapping[str, str], how: ResponseHeaders) -> dict[str, str]:
    return {name: value for name, value in told.items() if not withheld_headers(name, how)}


def withheld_headers(name: str, how: ResponseHeaders) -> bool:
    """Whether the operator wants this header kept from callers. Never of headers that are not ours."""
    if how == "all" or not name.startswith(PREFIX):
        return False
    return how == "off" or name.removeprefix(PREFIX) not in _MINIMAL


def dollars(cost: float | None) -> str:
    """Without an exponent, to a hundredth of a millionth; empty when it is not known."""
    return "" if cost is None else f"{cost:.8f}".rstrip("0").rstrip(".")


def decision_log_fields(record: DecisionRecord) -> dict[str, Json]:
    """For machines: the same keys always, `None` and empty where there is nothing to tell."""
    return {
        "tier": record.tier or None,
        "score": round(record.score, 3),
        "confidence": round(record.confidence, 3),
        "task": record.task or None,
        "chosen_by": record.chosen_by or None,
        "rule": record.rule or None,
        "level": record.level or None,
        "experiment": record.experiment or None,
        "tokens": record.input_tokens,
        "cost_usd": None if record.cost_usd is None else round(record.cost_usd, 8),
        "notice": record.notice or None,
        "downgrade": record.downgrade or None,
        "mode": record.mode,
        "would": record.would or None,
        "cost_centre": record.cost_centre or None,
        "identity": record.identity or None,
        "tenant": record.tenant or None,
        "team": record.team or None,
        "data_classes": list(record.data_classes),
    }


def decision_metadata(plan: Plan, user: str) -> dict[str, str]:
    """For Envoy's dynamic metadata: a key each, for access logs and other filters, and all of it as JSON.

    Absent where there is nothing to tell, so that an access log shows `-`.
    """
    record, first = plan.record, plan.groups[0][0]
    flat = {
        "provider": first.provider.name,
        "model": first.model,
        "requested_model": plan.asked_model,
        "mode": record.mode,
        "would": record.would,
        "tier": record.tier,
        "confidence": f"{record.confidence:.2f}" if record.tier else "",
        "task": record.task,
        "chosen_by": record.chosen_by,
        "rule": record.rule,
        "level": record.level,
        "experiment": record.experiment,
        "tokens": str(record.input_tokens) if record.input_tokens else "",
        "cost_usd": dollars(record.cost_usd),
        "notice": record.notice,
        "downgrade": record.downgrade,
        "session": record.session,
        "user": user,
        "cost_centre": record.cost_centre,
        "identity": record.identity,
        "tenant": record.tenant,
        "team": record.team,
        "data_classes": ",".join(record.data_classes),
        "reason": "; ".join(record.because),
    }
    cut = {key: value[:MAX_NOTED_CHARS] for key, value in flat.items() if value}
    return {**cut, "decision": j.text(decision_log_fields(record))}
