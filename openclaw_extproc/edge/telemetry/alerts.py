"""What an operator has to mend, in the log and through channels: once in a while, not once for each request."""

import logging
from collections.abc import Callable, Mapping
from typing import TypeAlias

from openclaw_extproc.edge.telemetry import logs
from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.gateway import Provider
from openclaw_extproc.model.json import Json
from openclaw_extproc.notices import kinds
from openclaw_extproc.notices.kinds import Notice
from openclaw_extproc.record import Downgrade
from openclaw_extproc.stages.attempt.retries import CREDENTIAL_REFUSED, MODEL_NOT_FOUND, QUOTA_EXHAUSTED
from openclaw_extproc.stages.entries import AttemptEntry, RequestEntry

SILENCE_SECONDS = 60.0
"""The interval between two lines about the same subject: a provider, or one of its models where that is meant."""
MAX_KEPT = 1_000
"""The number of subjects that are remembered. Names are the configuration's own, so only reloads could make more."""

Tell: TypeAlias = Callable[[Notice], None]

_BUDGETS: Mapping[Downgrade, str] = {"hourly_budget": "hourly budget", "daily_budget": "daily budget"}
"""Limits of the whole: those of a session or a request are the caller's own affair."""


def nobody(notice: Notice) -> None:  # noqa: ARG001  # a `Tell` of those who tell nobody
    return


class Alerts:
    """The sink that logs and notifies what an operator has to fix, at most once a minute for each subject."""

    def __init__(self, tell: Tell = nobody) -> None:
        self._tell = tell
        self._told: dict[tuple[str, str], float] = {}
        """The time of the last line, by reason and by provider or target, in seconds since the epoch."""

    def attempt(self, entry: AttemptEntry, at: float) -> None:
        provider = entry.target.provider
        subject = entry.target.name if entry.alert == MODEL_NOT_FOUND else provider.name
        if not entry.alert or not self._is_news(entry.alert, subject, at):
            return
        status = None if entry.fault is None else entry.fault.upstream_status
        said: dict[str, Json] = {"provider": provider.name, "model": entry.target.model, "status": status}
        logs.event("providers", entry.alert, {**said, "request_id": entry.request_id}, level=logging.ERROR)
        self._tell(Notice(kinds.NoticeKind(entry.alert), subject, _words(entry.alert, provider, subject), at))

    def request(self, entry: RequestEntry, at: float) -> None:
        downgrade = entry.record.downgrade if entry.record is not None else ""
        budget = _BUDGETS.get(downgrade)
        refused = _is_refused(entry.fault)
        if budget is None or not self._is_news(downgrade, "refused" if refused else "", at):
            return
        text = "requests are refused" if refused else "requests go to cheaper models"
        logs.event("budgets", "budget_reached", {"budget": downgrade, "refused": refused}, level=logging.ERROR)
        self._tell(Notice(kinds.NoticeKind.BUDGET_REACHED, budget, f"the {budget} is reached: {text}", at))

    def _is_news(self, reason: str, name: str, at: float) -> bool:
        key = (reason, name)
        if 0 <= at - self._told.get(key, -SILENCE_SECONDS) < SILENCE_SECONDS:
            return False
        if len(self._told) >= MAX_KEPT:
            self._told.clear()
        self._told[key] = at
        return True


def _is_refused(fault: Fault | None) -> bool:
    return fault is not None and fault.kind is FaultKind.OVER_BUDGET


def _words(reason: str, provider: Provider, subject: str) -> str:
    name = f" ({provider.identity})" if provider.identity else ""
    return {
        CREDENTIAL_REFUSED: f"{subject} rejects our credential{name}: fallbacks answer instead, if there are any",
        QUOTA_EXHAUSTED: f"our account at {subject} is out of credit{name}",
        MODEL_NOT_FOUND: f"{subject} does not exist there, or is not available to our account",
    }.get(reason, f"{subject}: {reason}")
