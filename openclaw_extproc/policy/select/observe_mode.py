"""The plan of the modes `observe` and `shadow`: the requested model is tried first, and all protections of `enforce`
apply.

What the mode keeps from counting is the choice of a model: rules, tiers, tasks, users, levels, experiments, affinity,
and the order by price, speed or quality. Compliance, limits in dollars, context windows, credentials, health and limits
of concurrency hold, and so do fallbacks: those of what was asked for, and behind them whom `enforce` would ask.
"""

from collections.abc import Iterable
from dataclasses import replace

from openclaw_extproc.gateway import Target
from openclaw_extproc.policy import candidates as cands
from openclaw_extproc.policy import eligibility
from openclaw_extproc.policy.candidates import Candidate, candidates, first_of
from openclaw_extproc.policy.eligibility import bounds
from openclaw_extproc.policy.rank.load_balancing import free_first
from openclaw_extproc.policy.rank.order import healthy_first
from openclaw_extproc.policy.rank.within_budget import within_budget
from openclaw_extproc.policy.ranking import (
    Ranking,
    Selection,
    is_in_the_way,
    nobody_fault,
    rank_anybody,
    skipped_reasons,
    with_refusal,
)
from openclaw_extproc.policy.routing_context import RoutingContext
from openclaw_extproc.policy.select.choose import client_choice, merge_overrides
from openclaw_extproc.policy.select.experiments import Arms
from openclaw_extproc.policy.select.rules import RuleOutcome


def select_as_asked(case: RoutingContext) -> Selection:
    """What a request would get if nobody but its client chose a model. Raises `FaultError`: nobody lists that model."""
    over = merge_overrides(case)
    choice = replace(client_choice(case), routing=over.routing)
    limits = bounds(case, over.data_classes)
    terms = eligibility.eligibility_terms(first_of(choice, case), "", limits, case)
    return Selection(case, over, RuleOutcome(), limits, Arms(choice), terms)


def rank_as_asked(chosen: Selection, others: Iterable[Target]) -> Ranking:
    """The line of what was asked for. `others`: whom `enforce` would ask; they stand at its end.

    Raises `RefusedError`: nobody is left who can, or who may.
    """
    case, choice = chosen.case, chosen.choice
    everybody = tuple(replace(one, weight=0) for one in candidates(choice, case))
    if choice.routing:
        everybody += cands.fallback_candidates(dict.fromkeys(others), everybody, case)
    because: tuple[str, ...] = ()
    found = eligibility.filter_candidates(everybody, chosen.terms, case)
    if not found.usable and case.leaves_choice and choice.routing and case.is_chat and is_in_the_way(found):
        found, because = rank_anybody(found, chosen)
    if not found.usable:
        raise with_refusal(nobody_fault(found), chosen, Ranking((), found.objections))
    line, why = _healthy_first(found.usable, case)
    line, busy = free_first(line, case) if choice.routing else (line, ())
    done = Ranking(line, found.objections, (*because, *skipped_reasons(found), *why, *busy))
    return within_budget(done, chosen, held=False)


def _healthy_first(
    usable: tuple[Candidate, ...], case: RoutingContext
) -> tuple[tuple[Candidate, ...], tuple[str, ...]]:
    line = tuple(healthy_first(usable, case))
    moved = line[0] is not usable[0]
    return line, (f"{line[0].name} before {usable[0].name}: {usable[0].name} is failing",) if moved else ()
