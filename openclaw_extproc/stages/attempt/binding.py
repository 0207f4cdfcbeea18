"""From the head of an attempt to where it goes: its plan, read and confirmed, and what earlier attempts noted."""

import msgspec

from openclaw_extproc import plan as plans
from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.plan import UnconfirmedError
from openclaw_extproc.snapshots import Snapshots
from openclaw_extproc.stages.attempt.history import history as read_history
from openclaw_extproc.stages.attempt.upstream_request import BoundAttempt
from openclaw_extproc.stages.events import RequestHead

MOST_ATTEMPTS = 2 * plans.MAX_ATTEMPTS
"""The highest number of an attempt that is believed: Envoy counts no further than the plan is long."""

NO_PLAN = Fault(FaultKind.BUG, "the attempt stage was given no plan for this request")
UNCONFIRMED = Fault(FaultKind.OVERLOADED, "the gateway's configuration has changed; try again", 503)
"""The plan was made with a configuration that is not known here. The status is ours: 529 is what Anthropic says, and
not all clients know it."""


def bind(head: RequestHead, snapshots: Snapshots) -> BoundAttempt | Fault:
    """The attempt that this head begins, or why there is none."""
    try:
        plan = plans.read(head.metadata.get("plan", ""), snapshots)
        attempt = int(head.headers.get("x-envoy-attempt-count", "1"))
        target = plan.target(attempt, head.cluster) if 1 <= attempt <= MOST_ATTEMPTS else None
        if target is None:
            return NO_PLAN
        history = read_history(plan, attempt, head.metadata, head.at)
    except (msgspec.MsgspecError, ValueError):
        return NO_PLAN
    except UnconfirmedError:
        return UNCONFIRMED
    return BoundAttempt(plan, attempt, target, head.headers, history, head.at, head.is_reused)
