"""A line within its limits in dollars."""

from dataclasses import replace

from openclaw_extproc.policy.budgets import Budget, Limit, budget, notice, too_dear
from openclaw_extproc.policy.candidates import Candidate
from openclaw_extproc.policy.line import Chosen, Line, others
from openclaw_extproc.policy.order import not_dearer_first
from openclaw_extproc.policy.telling import refused


def affordable(line: Line, chosen: Chosen, *, held: bool) -> Line:
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
    if not cheaper:
        raise refused(too_dear(rejects or limit, first), chosen, replace(line, members=()))
    return _downgraded(line, limit, cheaper)


def _within_a_task(line: Line, purse: Budget, chosen: Chosen) -> Line:
    """The next cheaper one, if there is any; a request is not refused for what a task may cost."""
    if purse.per_task is None or not purse.is_too_much(line.members[0]):
        return line
    cheaper = tuple(one for one in line.members if one.cost is not None and not purse.is_too_much(one))
    if not cheaper and chosen.choice.routing and chosen.case.is_chat:
        found = others(chosen, (*line.members, *(one for one, _ in line.objections)))
        fitting = [one for one in found.usable if not purse.is_too_much(one) and not purse.broken_by(one)]
        cheaper = _dearest_first(fitting, chosen)
    if not cheaper:
        return line
    names = {one.name for one in cheaper}
    behind = tuple(one for one in line.members if one.name not in names)
    return _downgraded(line, purse.per_task, (*cheaper, *behind))


def _dearest_first(fitting: list[Candidate], chosen: Chosen) -> tuple[Candidate, ...]:
    """The next cheaper one, and not the cheapest of all: what a task may cost is no budget that is spent."""
    known = [(one, one.cost) for one in fitting if one.cost is not None]
    known.sort(key=lambda entry: (not chosen.case.is_healthy(entry[0].target), -entry[1]))
    return tuple(not_dearer_first([one for one, _ in known], chosen.choice, chosen.case))


def _downgraded(line: Line, limit: Limit, members: tuple[Candidate, ...]) -> Line:
    words = notice(limit, line.members[0], members[0])
    return replace(line, members=members, because=(*line.because, words), broken=limit, notice=words)
