"""Health at work: it learns from what is recorded, says who goes behind, and logs each change of a state once.

Requests, probes and the admin address come from several threads, so each of these takes a lock; none holds it long.
"""

import logging
import random
import time
from dataclasses import dataclass
from threading import Lock

from openclaw_extproc.edge.telemetry import logs
from openclaw_extproc.edge.telemetry.alerts import Tell, nobody
from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.gateway import Gateway, Target
from openclaw_extproc.notices.kinds import Notice
from openclaw_extproc.notices.kinds import NoticeKind as Notable
from openclaw_extproc.plan import Plan
from openclaw_extproc.policy.health.circuit import State
from openclaw_extproc.policy.health.provider_health import HealthChange, HealthTable, HealthView
from openclaw_extproc.stages.attempt.history import STALE
from openclaw_extproc.stages.entries import AttemptEntry, Outcome, RequestEntry
from openclaw_extproc.stages.route.request_entry import without_address

ABSENT_SECONDS = 30.0
"""The time for which a provider without an address goes behind all others. Envoy resolves the name every five seconds
or so; where its clusters are looked at, a look tells. Otherwise a call finds out, whose client is told to retry."""
_NO_ANSWER_REASONS = ("connection", "timeout")
"""What an attempt leaves behind that got no answer; see `stages/history`."""
MOST_STALE = 5
"""The number of attempts in a row that may meet a kept connection that is closed; beyond it the provider counts as
failing."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of probes of a provider that changes its health."""

    provider: str
    ok: bool
    why: str = ""
    model: str = ""
    """The model that was called; empty: none."""


class HealthWatch:
    """The sink that learns the health of providers and models, logs its changes and sends notices about them."""

    def __init__(self, gateway: Gateway, tell: Tell = nobody) -> None:
        """`tell` sends a notice to the operator when a provider is out or back."""
        self._health = HealthTable(gateway)
        self._tell = tell
        self._lock = Lock()
        self._stale: dict[str, int] = {}
        """The number of closed connections since a provider's last response, by provider."""
        self._critical: frozenset[str] = frozenset()

    def update(self, gateway: Gateway) -> None:
        with self._lock:
            self._health.update(gateway)
            self._stale = {name: count for name, count in self._stale.items() if name in gateway.providers}

    # -- what is learned -----------------------------------------------------------

    def attempt(self, entry: AttemptEntry, at: float) -> None:
        with self._lock:
            if entry.previous is not None and self._is_failure(entry.previous, entry.previous_reason):
                self._health.record_failure(entry.previous, FaultKind.UPSTREAM_SILENT, at, why=entry.previous_reason)
            self._learn(entry, at)
            if entry.headroom is not None:
                self._health.has_left(entry.target, entry.headroom, at)
        self.tell(at)

    def _is_failure(self, target: Target, reason: str) -> bool:
        """Returns whether an attempt without a response counts as a failure of its provider."""
        if reason != STALE:
            return reason in _NO_ANSWER_REASONS
        name = target.provider.name
        self._stale[name] = self._stale.get(name, 0) + 1
        return self._stale[name] > MOST_STALE

    def _learn(self, entry: AttemptEntry, at: float) -> None:
        target, fault = entry.target, entry.fault
        match entry.outcome:
            case Outcome.OK:
                self._stale.pop(target.provider.name, None)
                self._health.record_success(target, at, began=at - entry.seconds, seconds=entry.first_content_seconds)
            case Outcome.FAILED | Outcome.BROKEN if fault is not None and not _is_the_callers(fault, target):
                status, wait = fault.upstream_status, entry.retry_after
                self._health.record_failure(target, fault.kind, at, status=status, retry_after=wait)
            case Outcome.FAILED | Outcome.BROKEN | Outcome.NO_ANSWER | Outcome.GONE:
                # The client may have left: if not, the next attempt tells, or the request's own end.
                self._health.record_inconclusive(target)

    def request(self, entry: RequestEntry, at: float) -> None:
        if entry.plan is None or entry.status is None or entry.status < 500 or entry.provider:
            return
        if entry.fault is not None and entry.fault.kind is FaultKind.BUG:
            return  # it was us
        # Envoy's own reply: the last attempt got no answer.
        last = entry.plan.group(max(entry.attempts, 1))[0]
        reason = entry.reasons[-1].rpartition(":")[2] if entry.reasons else _NO_ANSWER_REASONS[0]
        absent = without_address(entry.reasons)
        with self._lock:
            if absent:
                self._health.absent(absent, at, ABSENT_SECONDS)
            elif reason != STALE or self._is_failure(last, reason):
                self._health.record_failure(
                    last, FaultKind.UPSTREAM_SILENT, at, why=f"no answer, Envoy said {entry.status}"
                )
        self.tell(at)

    def note_probe(self, said: Verdict, at: float) -> None:
        with self._lock:
            self._health.record_probe(said.provider, at, ok=said.ok, why=said.why, model=said.model)
        self.tell(at)

    def eject(self, provider: str, at: float, seconds: float, *, absent: bool = False) -> None:
        """Takes a provider that Envoy has ejected for so many seconds, or that has no address (`absent`)."""
        with self._lock:
            (self._health.absent if absent else self._health.record_ejection)(provider, at, seconds)
        self.tell(at)

    # -- what is asked ---------------------------------------------------------------

    def avoid(self, at: float) -> frozenset[str]:
        """The targets that a request avoids: `RuntimeState.unhealthy`."""
        with self._lock:
            return self._health.avoid(at, random.random())  # noqa: S311  # spreads load, keeps no secret

    def not_first(self, at: float) -> frozenset[str]:
        """The providers and targets that some requests avoid at least."""
        with self._lock:
            return self._health.not_first(at)

    def without_address(self, at: float) -> frozenset[str]:
        """The providers without an address: `RuntimeState.without_address`."""
        with self._lock:
            return self._health.without_address(at)

    def note_plan(self, plan: Plan) -> None:
        """Takes note that a request may be the trial of a target. To be called in the same step of the loop as
        `avoid`."""
        with self._lock:
            self._health.record_planned(plan.groups[0], time.time())

    def answered_within(self, provider: str, at: float, seconds: float) -> bool:
        with self._lock:
            return self._health.answered_within(provider, at, seconds)

    def status(self, provider: str, at: float) -> bool:
        with self._lock:
            return self._health.status(provider, at)

    def view(self, at: float) -> tuple[HealthView, ...]:
        with self._lock:
            return self._health.view(at)

    # -- what is told ------------------------------------------------------------------

    def tell(self, at: float) -> None:
        """Logs the changes since the last call, and sends notices about them."""
        with self._lock:
            changes = self._health.changes(at)
        for change in changes:
            bad = change.after in (State.OPEN, State.DEGRADED)
            data = {"name": change.name, "from": change.before.value, "to": change.after.value, "why": change.why}
            logs.event("health", "health_changed", {**data}, level=logging.WARNING if bad else logging.INFO)
            if (notice := _notice(change, at)) is not None:
                self._tell(notice)

    def look(self, at: float) -> None:
        """Logs changes that come with time alone. To be called every second or so."""
        self.tell(at)
        with self._lock:
            critical = self._health.critical(at)
        for name in critical.keys() - self._critical:
            data = {"provider": name, "failure_rate": f"{critical[name]:.0%}"}
            logs.event("health", "health_critical", {**data}, level=logging.ERROR)
            text = f"{critical[name]:.0%} of the calls to {name} fail, more than critical_threshold allows"
            self._tell(Notice(Notable.FAILURE_RATE, f"failures of {name}", text, at))
        self._critical = frozenset(critical)


def _notice(change: HealthChange, at: float) -> Notice | None:
    """Returns the notice of a change. A provider that is tried now and then and fails is out all the while."""
    name, was_out = change.name, change.before in (State.OPEN, State.HALF_OPEN)
    if change.after is State.OPEN and change.before is not State.HALF_OPEN:
        text = f"{name} is out ({change.why}): it moves to the end of every chain until it answers again"
        return Notice(Notable.PROVIDER_OUT, name, text, at)
    if was_out and change.after in (State.HEALTHY, State.DEGRADED):
        return Notice(Notable.PROVIDER_BACK, name, f"{name} answers again", at)
    return None


def _is_the_callers(fault: Fault, target: Target) -> bool:
    """Whether it is the caller's own credential that was refused."""
    return target.provider.auth == "forward" and fault.kind in (FaultKind.UNAUTHENTICATED, FaultKind.FORBIDDEN)
