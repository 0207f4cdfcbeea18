"""Session affinity: the target that a session stays with. (`complexity/session.py` keeps its tier.)

Inside a tool loop the model that began it ends it: another one would have to go on with calls it never made, and
cannot read the thoughts behind them. Outside, affinity keeps a session with who answered it, for the provider's cache
of its prompt, but only among those who were chosen: it is no reason to stay with a stand-in, or against a rule.
"""

from collections.abc import Sequence
from dataclasses import replace

from openclaw_extproc.gateway import Target
from openclaw_extproc.policy.candidates import Candidate, CandidateRole
from openclaw_extproc.policy.routing_context import RoutingContext
from openclaw_extproc.policy.select.choose import ModelChoice


def tool_loop_target(choice: ModelChoice, case: RoutingContext) -> Target | None:
    """Who has to answer, if nothing speaks against them: the one that made the calls which this request answers."""
    remembered = case.situation.remembered
    if not remembered.target or choice.by == "request" or not choice.routing or not case.is_chat:
        return None
    if not remembered.is_about(case.features.model) or not case.features.in_tool_loop:
        return None
    return case.snapshot.by_name.get(remembered.target)


def keep_session_target(
    line: Sequence[Candidate], usable: Sequence[Candidate], choice: ModelChoice, case: RoutingContext
) -> tuple[Candidate | None, str]:
    """Who goes first for the session's sake, alone, and why. `usable`: those as well that the line leaves out for their
    price, which is no reason to break a tool loop.
    """
    if held := tool_loop_target(choice, case):
        found = next((replace(one, weight=0) for one in usable if one.name == held.name), None)
        return found, f"{held.name} continues, because the request is inside a tool loop"
    remembered = case.situation.remembered
    if case.strategy.affinity is None or not choice.routing or not remembered.is_about(case.features.model):
        return None, ""
    found = next((one for one in line if one.name == remembered.target and _may_stay(one, line[0], case)), None)
    return replace(found, weight=0) if found else None, f"the session stays with {remembered.target}"


def _may_stay(one: Candidate, first: Candidate, case: RoutingContext) -> bool:
    """Not with a stand-in that costs more, not with who is ill, not with a member of a pool that is busy."""
    if one.standing > CandidateRole.OWN or not case.is_healthy(one.target):
        return False
    if one.standing is CandidateRole.OWN:
        return one.cost is not None and first.cost is not None and one.cost <= first.cost
    return one.weight > 0 or first.weight == 0
