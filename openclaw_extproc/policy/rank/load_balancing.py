"""Load balancing: the groups of a plan, session affinity, and targets at their concurrency limit.

The groups of the plan, made from the ordered targets: attempt n is sent to a target of group n.

Session affinity: the target that a session stays with. (`complexity/session.py` keeps its tier.)

Inside a tool loop the model that began it ends it: another one would have to go on with calls it never made, and
cannot read the thoughts behind them. Outside, affinity keeps a session with who answered it, for the provider's cache
of its prompt, but only among those who were chosen: it is no reason to stay with a stand-in, or against a rule.

Moves targets that have reached their concurrency limit to the end of the chain; see `concurrency.py`.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from openclaw_extproc.gateway import Target
from openclaw_extproc.plan import MAX_ATTEMPTS
from openclaw_extproc.policy.candidates import Candidate, CandidateRole
from openclaw_extproc.policy.routing_context import RoutingContext
from openclaw_extproc.policy.select.choose import ModelChoice
from openclaw_extproc.policy.select.experiments import share_of, steady
from openclaw_extproc.policy.snapshot import is_full

# -- priority groups -------------------------------------------------------------------


Group = tuple[Target, ...]


def priority_groups(line: Sequence[Candidate], case: RoutingContext) -> tuple[Group, ...]:
    """Each candidate alone, in order; members of a pool, and stand-ins with shares, that stand together are one group,
    from which Envoy chooses by weight, and behind it each of them alone, the lightest first: it is the least likely to
    have been tried already. Who fails is in no group with who does not. Who is only not known to be able stays in it.
    """
    groups: list[Group] = []

    def kind(one: Candidate) -> tuple[bool, bool, bool]:
        return one.weight > 0, one.standing is CandidateRole.CHOSEN, case.is_healthy(one.target)

    for (weighted, *_), run in groupby(line, key=kind):
        members = list(run)
        groups += _spread(members, case) if weighted and len(members) > 1 else [_alone(one) for one in members]
    return tuple(groups[:MAX_ATTEMPTS])


def _alone(one: Candidate) -> Group:
    return (one.target if one.target.weight == 1 else replace(one.target, weight=1),)


def _spread(members: list[Candidate], case: RoutingContext) -> list[Group]:
    first = _weighted_group(members, case)
    singles = sorted(members, key=lambda one: one.weight)
    if len(first) == 1:  # it is known who has the first attempt
        singles = [one for one in singles if one.name != first[0].name]
        return [_alone(next(one for one in members if one.name == first[0].name)), *map(_alone, singles)]
    return [first, *map(_alone, singles)]


def _weighted_group(members: list[Candidate], case: RoutingContext) -> Group:
    """Envoy chooses among clusters, and the attempt knows its model by the cluster: of several models of one cluster
    one is drawn here, and has the weight of all.

    A request with tools is the first of several that must not change the model. Where nobody remembers who answered
    the one before, all of them draw the same lot.
    """
    if key := steady(case.features) if case.features.tools or case.features.in_tool_loop else "":
        return (_draw(members, share_of("pool", key)).target,)
    by_cluster: dict[str, list[Candidate]] = {}
    for one in members:
        by_cluster.setdefault(one.target.provider.cluster, []).append(one)
    return tuple(
        replace(_draw(there, case.situation.draw).target, weight=sum(one.weight for one in there))
        for there in by_cluster.values()
    )


def _draw(members: Sequence[Candidate], share: float) -> Candidate:
    """By weight, for a number from 0 up to 1."""
    left = share * sum(one.weight for one in members)
    for one in members:
        left -= one.weight
        if left < 0:
            return one
    return members[-1]


# -- session affinity ------------------------------------------------------------------


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


# -- busy ------------------------------------------------------------------------------


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
