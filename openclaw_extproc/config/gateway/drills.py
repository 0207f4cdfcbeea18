"""Linking of `failover.scheduled_failover`, the schedule of drills."""

from openclaw_extproc.config.schema.load_balancing import Failover, milliseconds
from openclaw_extproc.config.settings import Drills

USUAL_SECONDS = 24 * 3_600.0


def link_drills(written: Failover | None) -> Drills | None:
    schedule = written.scheduled_failover if written else None
    if schedule is None:
        return None
    every = schedule.test_interval
    # A drill takes seconds: one that follows at once on the one before would be one without an end.
    return Drills(USUAL_SECONDS if every is None else max(1.0, milliseconds(every) / 1_000), schedule.notify)
