"""What an operator has to mend, in the log: a line at error level, not one for each request."""

import logging

from openclaw_extproc.edge import logs
from openclaw_extproc.stages.entries import AttemptEntry

SILENCE_SECONDS = 60.0
"""Between two lines about the same at the same provider."""
MAX_KEPT = 1_000
"""Of what was told. Names are the configuration's own, so only reloads could make more."""


class Alerts:
    def __init__(self) -> None:
        self._told: dict[tuple[str, str], float] = {}
        """By reason and provider or target: when, in seconds since the epoch."""

    def attempt(self, entry: AttemptEntry, at: float) -> None:
        if not entry.alert:
            return
        key = (entry.alert, entry.target.provider.name)
        if 0 <= at - self._told.get(key, -SILENCE_SECONDS) < SILENCE_SECONDS:
            return
        if len(self._told) >= MAX_KEPT:
            self._told.clear()
        self._told[key] = at
        status = None if entry.fault is None else entry.fault.upstream_status
        said = {"provider": entry.target.provider.name, "model": entry.target.model, "status": status}
        logs.event("providers", entry.alert, {**said, "request_id": entry.request_id}, level=logging.ERROR)
