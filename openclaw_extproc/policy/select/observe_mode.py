"""The plan of modes `observe` and `shadow`: the model that the client asked for is asked first, and all that protects
holds as in `enforce`.

What the mode keeps from counting is the choice of a model: rules, tiers, tasks, users, levels, experiments, affinity,
and the order by price, speed or quality. Compliance, limits in dollars, context windows, credentials, health and limits
of concurrency hold, and so do fallbacks: those of what was asked for, and behind them whom `enforce` would ask.
"""

from collections.abc import Iterable
from dataclasses import replace

from openclaw_extproc.gateway import Target
from openclaw_extproc.policy import candidates as cands
from openclaw_extproc.policy.candidates import Candidate, candidates, first_of
from openclaw_extproc.policy.decision_record import refused
from openclaw_extproc.policy.eligible import eligibility
from openclaw_extproc.policy.eligible.compliance import bounds
from openclaw_extproc.policy.rank.busy import roomy_first
from openclaw_extproc.policy.rank.order import healthy_first
from openclaw_extproc.policy.rank.within_budget import affordable
from openclaw_extproc.policy.ranking import Chosen, Line, anybody, is_in_the_way, nobody, skipped
from openclaw_extproc.policy.routing_context import Case
from openclaw_extproc.policy.select.choose import as_asked
from openclaw_extproc.policy.select.experiments import Arms
from openclaw_extproc.policy.select.overrides import overrides
from openclaw_extproc.policy.select.rules import Ruled


def chosen_as_asked(case: Case) -> Chosen:
    """What a request would get if nobody but its client chose a model. Raises `FaultError`: nobody lists that model."""
    over = overrides(case)
    choice = replace(as_asked(case), routing=over.routing)
    limits = bounds(case, over.data_classes)
    terms = eligibility.terms(first_of(choice, case), "", limits, case)
    return Chosen(case, over, Ruled(), limits, Arms(choice), terms)


def lined_up(chosen: Chosen, others: Iterable[Target]) -> Line:
    """The line of what was asked for. `others`: whom `enforce` would ask; they stand at its end.

    Raises `RefusedError`: nobody is left who can, or who may.
    """
    case, choice = chosen.case, chosen.choice
    everybody = tuple(replace(one, weight=0) for one in candidates(choice, case))
    if choice.routing:
        everybody += cands.also(dict.fromkeys(others), everybody, case)
    because: tuple[str, ...] = ()
    found = eligibility.sort_out(everybody, chosen.terms, case)
    if not found.usable and case.leaves_choice and choice.routing and case.is_chat and is_in_the_way(found):
        found, because = anybody(found, chosen)
    if not found.usable:
        raise refused(nobody(found), chosen, Line((), found.objections))
    line, why = _healthy_first(found.usable, case)
    line, busy = roomy_first(line, case) if choice.routing else (line, ())
    done = Line(line, found.objections, (*because, *skipped(found), *why, *busy))
    return affordable(done, chosen, held=False)


def _healthy_first(usable: tuple[Candidate, ...], case: Case) -> tuple[tuple[Candidate, ...], tuple[str, ...]]:
    line = tuple(healthy_first(usable, case))
    moved = line[0] is not usable[0]
    return line, (f"{line[0].name} before {usable[0].name}: the other one is failing",) if moved else ()
