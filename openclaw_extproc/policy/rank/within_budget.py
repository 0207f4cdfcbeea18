"""Applies the cost limits of a request to its ordered targets.

The target of last resort: the model of `router.emergency`. The check fails closed.

It is no candidate: nothing is compared with it and no rule can choose it, and it is asked by chats only. But what holds
for candidates holds for it: compliance, budgets, what it can do, and its credential.
"""

from collections.abc import Sequence
from dataclasses import replace

from openclaw_extproc.gateway import Target
from openclaw_extproc.policy import candidates as cands
from openclaw_extproc.policy import eligibility
from openclaw_extproc.policy.candidates import Candidate
from openclaw_extproc.policy.rank.budgets import Budget, BudgetLimit, budget, notice, too_dear
from openclaw_extproc.policy.rank.load_balancing import Group
from openclaw_extproc.policy.rank.order import no_dearer_than_asked_first
from openclaw_extproc.policy.ranking import Ranking, Selection, others, with_refusal

# -- within budget ---------------------------------------------------------------------


def within_budget(line: Ranking, chosen: Selection, *, held: bool) -> Ranking:
    """Raises `RefusedError`: a limit is reached, and nothing that it allows can answer."""
    purse = budget(chosen.case, chosen.over)
    if not purse.limits and purse.per_task is None:
        return line
    first, broken = line.members[0], [purse.broken_by(one) for one in line.members]
    within = tuple(one for one, limit in zip(line.members, broken, strict=True) if limit is None)
    dear = tuple((one, too_dear(limit, one)) for one, limit in zip(line.members, broken, strict=True) if limit)
    line = replace(line, objections=(*line.objections, *dear)) if dear else line
    if (limit := broken[0]) is None:
        line = replace(line, members=within) if dear else line
        return line if held else _within_a_task(line, purse, chosen)
    rejects = purse.rejecting(first)
    cheaper = () if rejects else within
    if not cheaper and not rejects and chosen.choice.routing and chosen.case.is_chat:
        found = others(chosen, (*line.members, *(one for one, _ in line.objections)))
        cheaper = tuple(one for one in found.usable if not purse.broken_by(one))
        cheaper = _dearest_first(cheaper, chosen) if limit.is_of_one else cheaper
    if not cheaper:
        reached = rejects or limit
        raise with_refusal(too_dear(reached, first), chosen, replace(line, members=(), broken=reached))
    return _downgrade(line, limit, cheaper)


def _within_a_task(line: Ranking, purse: Budget, chosen: Selection) -> Ranking:
    """The next cheaper one, if there is any; a request is not refused for what a task may cost."""
    if purse.per_task is None or not purse.is_too_much(line.members[0]):
        return line
    cheaper = tuple(one for one in line.members if one.cost is not None and not purse.is_too_much(one))
    if not cheaper and chosen.choice.routing and chosen.case.is_chat:
        found = others(chosen, (*line.members, *(one for one, _ in line.objections)))
        fitting = [one for one in found.usable if one.cost is not None and not purse.is_too_much(one)]
        fitting = [one for one in fitting if not (purse.broken_by(one) or _has_no_address(one, chosen))]
        cheaper = _dearest_first(fitting, chosen)
    if not cheaper:
        return line
    names = {one.name for one in cheaper}
    behind = tuple(one for one in line.members if one.name not in names)
    if not _has_no_address(cheaper[0], chosen):
        behind = tuple(one for one in behind if not _has_no_address(one, chosen))
    return _downgrade(line, purse.per_task, (*cheaper, *behind))


def _has_no_address(one: Candidate, chosen: Selection) -> bool:
    """Whether a call that comes to it would end there, and not go on to those behind."""
    return one.target.provider.name in chosen.case.situation.without_address


def _dearest_first(fitting: Sequence[Candidate], chosen: Selection) -> tuple[Candidate, ...]:
    """The next cheaper one, and not the cheapest of all; the healthy and good enough before it, unknown prices last."""
    least = chosen.case.strategy.optimization.quality_threshold or 0.0

    def rank(one: Candidate) -> tuple[bool, bool, bool, float]:
        is_poor = (one.facts.quality or 0.0) < least
        return not chosen.case.is_healthy(one.target), is_poor, one.cost is None, -(one.cost or 0.0)

    return tuple(no_dearer_than_asked_first(sorted(fitting, key=rank), chosen.choice, chosen.case))


def _downgrade(line: Ranking, limit: BudgetLimit, members: tuple[Candidate, ...]) -> Ranking:
    words = notice(limit, line.members[0], members[0])
    return replace(line, members=members, because=(*line.because, words), broken=limit, notice=words)


# -- emergency -------------------------------------------------------------------------


def last_resort(groups: Sequence[Group], chosen: Selection) -> Target | None:
    """`None`: nobody is configured, it may not have this request, or it is asked anyway."""
    case = chosen.case
    name = case.gateway.emergency.model
    chain = case.gateway.chain_of(name) if name and case.is_chat else None
    if not chain or any(target.name == chain[0].name for group in groups for target in group):
        return None
    (found,) = cands.fallback_candidates(chain[:1], (), case)
    if eligibility.is_ineligible(found, chosen.terms, case) or budget(case, chosen.over).broken_by(found):
        return None
    return found.target
