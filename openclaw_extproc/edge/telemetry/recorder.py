"""Where every entry goes: metrics, health, memory and log are fed from the same record, so they cannot disagree."""

import time
from collections.abc import Callable

from openclaw_extproc.edge.runtime.health_watch import HealthWatch
from openclaw_extproc.edge.runtime.memory import Memory
from openclaw_extproc.edge.telemetry import logs
from openclaw_extproc.edge.telemetry.alerts import Alerts, Tell, nobody
from openclaw_extproc.edge.telemetry.metrics import Metrics
from openclaw_extproc.gateway import Gateway
from openclaw_extproc.stages.entries import AttemptEntry, RequestEntry


class Recorder:
    def __init__(
        self,
        metrics: Metrics,
        health: HealthWatch,
        memory: Memory,
        gateway: Callable[[], Gateway],
        tell: Tell = nobody,
    ) -> None:
        self._metrics = metrics
        self._health = health
        self._memory = memory
        self._gateway = gateway
        self._alerts = Alerts(tell)

    def attempt(self, entry: AttemptEntry) -> None:
        self._metrics.attempt(entry)
        at = time.time()
        self._alerts.attempt(entry, at)
        self._memory.attempt(entry, self._gateway(), at)
        self._health.attempt(entry, at)

    def request(self, entry: RequestEntry) -> None:
        if entry.passed is not None:
            self.attempt(entry.passed)
        self._metrics.request(entry)
        logs.request(entry)
        at = time.time()
        self._alerts.request(entry, at)
        self._health.request(entry, at)
