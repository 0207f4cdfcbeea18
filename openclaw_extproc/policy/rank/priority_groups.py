"""The groups of the plan, made from the ordered targets: attempt n is sent to a target of group n."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from openclaw_extproc.gateway import Target
from openclaw_extproc.plan import MAX_ATTEMPTS
from openclaw_extproc.policy.candidates import Candidate, CandidateRole
from openclaw_extproc.policy.routing_context import RoutingContext
from openclaw_extproc.policy.select.sampling import share_of, steady

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
