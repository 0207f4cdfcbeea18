"""Moves targets that have reached their concurrency limit to the end of the chain; see `concurrency.py`."""

from openclaw_extproc.policy.candidates import Candidate
from openclaw_extproc.policy.rank.concurrency import is_full
from openclaw_extproc.policy.routing_context import RoutingContext


def free_first(line: tuple[Candidate, ...], case: RoutingContext) -> tuple[tuple[Candidate, ...], tuple[str, ...]]:
    """The line, and what is told about it. As it was where nobody is full, or everybody.

    Also those go behind whom a session or a tool loop stays with: with who is full it would not go on but end.
    """
    limits, inflight = case.snapshot.limits, case.situation.inflight
    full = {one.name for one in line if is_full(one.name, limits, inflight)}
    roomy = tuple(one for one in line if one.name not in full)
    if not full or not roomy:
        return line, ()
    told = tuple(
        f"{name} moved to the end of the chain: it has reached its limit of {limits[name]} concurrent calls"
        for name in sorted(full)
    )
    return (*roomy, *(one for one in line if one.name in full)), told
