"""The intermediate results of a decision: the selection, then the ranking."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.frozen import dataclass
from openclaw_extproc.policy import candidates as cands
from openclaw_extproc.policy.candidates import Candidate
from openclaw_extproc.policy.eligible import eligibility
from openclaw_extproc.policy.eligible.compliance import Bounds
from openclaw_extproc.policy.eligible.eligibility import Eligibility, EligibilityTerms
from openclaw_extproc.policy.rank.budgets import BudgetLimit
from openclaw_extproc.policy.routing_context import RoutingContext
from openclaw_extproc.policy.select.choose import ModelChoice
from openclaw_extproc.policy.select.experiments import Arms
from openclaw_extproc.policy.select.overrides import Overrides
from openclaw_extproc.policy.select.rules import RuleOutcome


@dataclass(frozen=True, slots=True)
class Selection:
    """Everything that is settled before targets are compared."""

    case: RoutingContext
    over: Overrides
    ruled: RuleOutcome
    bounds: Bounds
    arms: Arms
    terms: EligibilityTerms

    @property
    def choice(self) -> ModelChoice:
        return self.arms.choice


@dataclass(frozen=True, slots=True)
class Ranking:
    """The targets in order, and the removed candidates with their reasons."""

    members: tuple[Candidate, ...]
    objections: tuple[tuple[Candidate, Fault], ...]
    because: tuple[str, ...] = ()
    broken: BudgetLimit | None = None
    """The limit that somebody before the first member would have broken."""
    notice: str = ""


def others(chosen: Selection, known: Iterable[Candidate]) -> Eligibility:
    """All models besides those that can, and may, serve the request. The healthy and good enough first, then the
    cheapest, an unknown price last.
    """
    case, least = chosen.case, chosen.case.strategy.optimization.quality_threshold or 0.0

    def rank(one: Candidate) -> tuple[bool, bool, bool, float]:
        is_poor = (one.facts.quality or 0.0) < least
        return not case.is_healthy(one.target), is_poor, one.cost is None, one.cost or 0.0

    found = eligibility.filter_candidates(
        cands.fallback_candidates(case.snapshot.chats, known, case), chosen.terms, case, others=True
    )
    return Eligibility(tuple(sorted(found.usable, key=rank)), found.objections)


def is_in_the_way(found: Eligibility) -> bool:
    """Whether it is the request that does not fit. Missing credentials are for an operator to see and to mend."""
    return any(fault.kind is FaultKind.FORBIDDEN or fault.code == eligibility.TOO_LONG for _, fault in found.objections)


def rank_anybody(before: Eligibility, chosen: Selection) -> tuple[Eligibility, tuple[str, ...]]:
    """The client left the choice to us, and none of those can serve it that we thought of: whoever else can."""
    found = others(chosen, (one for one, _ in before.objections))
    why = (
        ("none of the chosen models is able or allowed to answer: using the cheapest that is",) if found.usable else ()
    )
    return Eligibility(found.usable, (*before.objections, *found.objections)), why


def nobody_fault(found: Eligibility) -> Fault:
    worst = eligibility.most_telling_fault(found.objections)
    return replace(worst, public="; ".join(skipped_reasons(found))) if worst.kind is FaultKind.EXHAUSTED else worst


def skipped_reasons(found: Eligibility) -> tuple[str, ...]:
    """By the provider's name where it says who is meant."""
    count = Counter(one.target.provider.name for one, _ in found.objections)
    return tuple(
        f"{one.target.provider.name if count[one.target.provider.name] == 1 else one.name} skipped: {fault.public}"
        for one, fault in found.objections
    )
