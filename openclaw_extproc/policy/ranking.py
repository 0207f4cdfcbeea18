"""The intermediate results of a decision: the selection, then the ranking.

The record of a decision for headers, log and metrics, and its trace for `explain`.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.frozen import dataclass
from openclaw_extproc.gateway import Target
from openclaw_extproc.policy import candidates as cands
from openclaw_extproc.policy import eligibility, trace
from openclaw_extproc.policy.candidates import Candidate
from openclaw_extproc.policy.eligibility import Bounds, Eligibility, EligibilityTerms
from openclaw_extproc.policy.rank.budgets import BudgetLimit
from openclaw_extproc.policy.routing_context import RoutingContext
from openclaw_extproc.policy.select.choose import ModelChoice, Overrides
from openclaw_extproc.policy.select.experiments import Arms
from openclaw_extproc.policy.select.rules import RuleOutcome
from openclaw_extproc.policy.trace import RefusedError, Trace
from openclaw_extproc.record import DecisionRecord

# -- ranking ---------------------------------------------------------------------------


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


# -- decision record -------------------------------------------------------------------


def record_of(chosen: Selection, line: Ranking, first: Target | None, experiment: str = "") -> DecisionRecord:
    case, choice = chosen.case, chosen.choice
    decided = DecisionRecord(
        because=(*choice.because, *line.because),
        rule=choice.rule,
        level=choice.level,
        chosen_by=choice.by,
        experiment=experiment,
        data_classes=chosen.bounds.classes,
        notice=line.notice,
        downgrade=line.broken.scope if line.broken else "",
    )
    return with_request(decided, case, first)


def record_headers_of(case: RoutingContext, first: Target | None) -> DecisionRecord:
    """What is known of a request whatever is decided, and what it will cost at its first target."""
    return with_request(DecisionRecord(), case, first)


def with_request(decided: DecisionRecord, case: RoutingContext, first: Target | None) -> DecisionRecord:
    """The record of this request, with what `decided` says of the choice and its reasons."""
    judged, declared = case.judgement if case.is_classified else None, case.features.declared
    identity = case.features.identity
    return DecisionRecord(
        mode=case.strategy.mode,
        tier=judged.tier if judged else "",
        score=judged.score if judged else 0.0,
        confidence=judged.confidence if judged else 0.0,
        task=judged.task if judged else "",
        because=decided.because,
        rule=decided.rule,
        level=decided.level,
        experiment=decided.experiment,
        input_tokens=case.tokens(case.gateway.facts(first)) if first else case.features.tokens,
        cost_usd=case.cost(first) if first else None,
        billing="subscription" if first is not None and case.pays_itself(first.name) else "",
        data_classes=decided.data_classes,
        notice=decided.notice,
        session=declared.session,
        owner=identity.owner if declared.session else "",
        cost_centre=declared.cost_centre,
        identity=identity.name,
        tenant=identity.tenant,
        team=identity.team,
        chosen_by=decided.chosen_by,
        downgrade=decided.downgrade,
    )


def trace_of(chosen: Selection, line: Ranking) -> Trace:
    asked = tuple(trace.Candidate(one.target, "", one.cost) for one in line.members)
    others = tuple(trace.Candidate(one.target, fault.public, one.cost) for one, fault in line.objections)
    return Trace(chosen.case.judgement, chosen.ruled.seen, (*asked, *others))


def with_refusal(fault: Fault, chosen: Selection, line: Ranking) -> RefusedError:
    because = (*line.because, fault.public)
    record = record_of(chosen, replace(line, because=because), None)
    return RefusedError(fault, record, lambda: trace_of(chosen, line))
