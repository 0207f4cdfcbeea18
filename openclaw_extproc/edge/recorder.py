"""Where every entry goes: metrics, health, memory and log are fed from the same record, so they cannot disagree."""

import time
from collections.abc import Callable

from openclaw_extproc.edge import logs
from openclaw_extproc.edge.memory import Memory
from openclaw_extproc.edge.metrics import Metrics
from openclaw_extproc.gateway import Gateway
from openclaw_extproc.policy.health import Health
from openclaw_extproc.stages.entries import AttemptEntry, Outcome, RequestEntry
from openclaw_extproc.stages.retries import retriable


class Recorder:
    def __init__(self, metrics: Metrics, health: Health, memory: Memory, gateway: Callable[[], Gateway]) -> None:
        self._metrics = metrics
        self._health = health
        self._memory = memory
        self._gateway = gateway

    def attempt(self, entry: AttemptEntry) -> None:
        self._metrics.attempt(entry)
        at = time.time()
        self._memory.attempt(entry, self._gateway(), at)
        if entry.previous is not None and entry.previous_reason in ("connection", "timeout"):
            self._health.note(entry.previous.provider.name, at, ok=False)
        match entry.outcome:
            case Outcome.OK | Outcome.BROKEN:
                self._health.note(entry.target.provider.name, at, ok=entry.outcome is Outcome.OK)
            case Outcome.FAILED if entry.fault is not None:
                self._health.note(entry.target.provider.name, at, ok=not retriable(entry.fault))
            case Outcome.FAILED | Outcome.NO_ANSWER | Outcome.GONE:
                pass  # the client may have left: the next attempt, or the request's own end, tells

    def request(self, entry: RequestEntry) -> None:
        self._metrics.request(entry)
        logs.request(entry)
        if entry.plan is not None and entry.status is not None and entry.status >= 500 and not entry.provider:
            # Envoy's own reply: the last attempt got no answer.
            last = entry.plan.group(max(entry.attempts, 1))[0]
            self._health.note(last.provider.name, time.time(), ok=False)
