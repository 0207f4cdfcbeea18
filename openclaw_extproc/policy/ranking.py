"""What is handed from step to step of a decision: what was settled first, then the line of those that can be asked."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from openclaw_extproc.faults import Fault, Kind
from openclaw_extproc.policy import candidates as cands
from openclaw_extproc.policy.candidates import Candidate
from openclaw_extproc.policy.eligible import eligibility
from openclaw_extproc.policy.eligible.compliance import Bounds
from openclaw_extproc.policy.eligible.eligibility import Sorted, Terms
from openclaw_extproc.policy.rank.budgets import Limit
from openclaw_extproc.policy.routing_context import Case
from openclaw_extproc.policy.select.choose import Choice
from openclaw_extproc.policy.select.experiments import Arms
from openclaw_extproc.policy.select.overrides import Overrides
from openclaw_extproc.policy.select.rules import Ruled


@dataclass(frozen=True, slots=True)
class Chosen:
    """All that was settled before anybody was compared."""

    case: Case
    over: Overrides
    ruled: Ruled
    bounds: Bounds
    arms: Arms
    terms: Terms

    @property
    def choice(self) -> Choice:
        return self.arms.choice


@dataclass(frozen=True, slots=True)
class Line:
    """Who is asked, in order, and what was said of the others."""

    members: tuple[Candidate, ...]
    objections: tuple[tuple[Candidate, Fault], ...]
    because: tuple[str, ...] = ()
    broken: Limit | None = None
    """The limit that somebody before the first member would have broken."""
    notice: str = ""


def others(chosen: Chosen, known: Iterable[Candidate]) -> Sorted:
    """All models besides those that can, and may, serve the request. The healthy and good enough first, then the
    cheapest, an unknown price last.
    """
    case, least = chosen.case, chosen.case.strategy.optimization.quality_threshold or 0.0

    def rank(one: Candidate) -> tuple[bool, bool, bool, float]:
        is_poor = (one.facts.quality or 0.0) < least
        return not case.is_healthy(one.target), is_poor, one.cost is None, one.cost or 0.0

    found = eligibility.sort_out(cands.also(case.snapshot.chats, known, case), chosen.terms, case)
    return Sorted(tuple(sorted(found.usable, key=rank)), found.objections)


def is_in_the_way(found: Sorted) -> bool:
    """Whether it is the request that does not fit. Missing credentials are for an operator to see and to mend."""
    return any(fault.kind is Kind.FORBIDDEN or fault.code == eligibility.TOO_LONG for _, fault in found.objections)


def anybody(before: Sorted, chosen: Chosen) -> tuple[Sorted, tuple[str, ...]]:
    """The client left the choice to us, and none of those can serve it that we thought of: whoever else can."""
    found = others(chosen, (one for one, _ in before.objections))
    why = ("nobody who was chosen can serve it: the cheapest who can",) if found.usable else ()
    return Sorted(found.usable, (*before.objections, *found.objections)), why


def nobody(found: Sorted) -> Fault:
    worst = eligibility.worst(found.objections)
    return replace(worst, public="; ".join(skipped(found))) if worst.kind is Kind.EXHAUSTED else worst


def skipped(found: Sorted) -> tuple[str, ...]:
    """By the provider's name where it says who is meant."""
    count = Counter(one.target.provider.name for one, _ in found.objections)
    return tuple(
        f"{one.target.provider.name if count[one.target.provider.name] == 1 else one.name} skipped: {fault.public}"
        for one, fault in found.objections
    )
