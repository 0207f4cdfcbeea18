"""The decision: from the features of a request to a chain of targets, or to a fault that says why there is none.

The order of deciding, and what may never happen, is in `docs/decisions/0012-how-a-model-is-chosen.md`. Each step has a
file of its own; this one only calls them one after the other and writes down what they said.
"""

from collections.abc import Callable
from dataclasses import field, replace

from openclaw_extproc.faults import Fault, FaultError, FaultKind
from openclaw_extproc.features import Features
from openclaw_extproc.frozen import dataclass
from openclaw_extproc.gateway import Gateway, Target
from openclaw_extproc.policy import candidates as cands
from openclaw_extproc.policy import eligibility, fixed_chain
from openclaw_extproc.policy.candidates import candidate, candidates, first_of
from openclaw_extproc.policy.complexity import Classification
from openclaw_extproc.policy.eligibility import bounds
from openclaw_extproc.policy.rank import load_balancing
from openclaw_extproc.policy.rank.load_balancing import Group, free_first, priority_groups
from openclaw_extproc.policy.rank.order import of_preferred_kinds, order_candidates
from openclaw_extproc.policy.rank.within_budget import last_resort, within_budget
from openclaw_extproc.policy.ranking import (
    Ranking,
    Selection,
    is_in_the_way,
    nobody_fault,
    rank_anybody,
    record_of,
    skipped_reasons,
    trace_of,
    with_refusal,
    with_request,
)
from openclaw_extproc.policy.routing_context import RoutingContext, routing_context_of
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.policy.select import experiments
from openclaw_extproc.policy.select.choose import MAX_NAMES_TOLD, choose, merge_overrides
from openclaw_extproc.policy.select.observe_mode import rank_as_asked, select_as_asked
from openclaw_extproc.policy.select.rules import RuleOutcome, apply_rules
from openclaw_extproc.policy.snapshot import KeptDecision
from openclaw_extproc.policy.trace import RefusedError, Trace
from openclaw_extproc.record import DecisionRecord

__all__ = ["MAX_NAMES_TOLD", "Decision", "decide"]


@dataclass(frozen=True, slots=True)
class Decision:
    """The chain of targets of one request, with the record of the decision."""

    groups: tuple[Group, ...]
    """Attempt n goes to one of group n."""
    record: DecisionRecord = field(default_factory=DecisionRecord)
    make_trace: Callable[[], Trace] = field(default=Trace, repr=False, compare=False)
    """Called by whoever wants to read the trace."""
    timeout_ms: int | None = None
    """What the levels want of the time limit; `None`: nothing."""
    last_resort: Target | None = None
    """Who is asked behind the last group, when all of them failed."""

    @property
    def chain(self) -> tuple[Target, ...]:
        """All targets in the order in which they may be reached."""
        return tuple({target.name: target for group in self.groups for target in group}.values())

    @property
    def trace(self) -> Trace:
        return self.make_trace()


def decide(
    features: Features, situation: RuntimeState, gateway: Gateway, *, judgement: Classification | None = None
) -> Decision:
    """`judgement`: somebody else's; our own scorer is not asked then.

    Raises `FaultError`: an unknown model is the client's fault, as is what compliance or a budget forbids; a chain
    without a single credential is ours. Once a model is chosen, it is a `RefusedError`, with record and trace.
    """
    case = routing_context_of(features, situation, gateway, judgement)
    chain = fixed_chain.fixed_chain_of(case)
    key = None if chain is None else fixed_chain.key_of(chain, case)
    if chain is None or key is None:
        return _decide(case)
    if (found := chain.decisions.get(key)) is None:
        made = _decide(case)
        kept = KeptDecision(made.groups, made.record, made.timeout_ms, made.last_resort)
        fixed_chain.keep(chain, key, kept)
        return made
    record = with_request(found.record, case, found.groups[0][0])
    return Decision(found.groups, record, lambda: _decide(case).trace, found.timeout_ms, found.last_resort)


def decide_anew(
    features: Features, situation: RuntimeState, gateway: Gateway, *, judgement: Classification | None = None
) -> Decision:
    """As `decide`, without a look at what is kept of other decisions."""
    return _decide(routing_context_of(features, situation, gateway, judgement))


def _decide(case: RoutingContext) -> Decision:
    match case.strategy.mode:
        case "enforce":
            return _decide_enforced(case)
        case "shadow" | "observe":
            return _decide_observed(case)


# -- enforce -------------------------------------------------------------------------


def _decide_enforced(case: RoutingContext) -> Decision:
    chosen = _select(case)
    if chosen.bounds.fault:
        raise with_refusal(chosen.bounds.fault, chosen, Ranking((), ()))
    line = _lined_up(chosen)
    groups = priority_groups(line.members, case)
    groups = groups if chosen.choice.routing else groups[:1]
    experiment = experiments.experiment_notes(chosen.arms.taken, groups[0], case)
    record = record_of(chosen, line, groups[0][0], experiment)
    last = last_resort(groups, chosen)
    return Decision(groups, record, lambda: trace_of(chosen, line), chosen.over.timeout_ms, last)


def _select(case: RoutingContext) -> Selection:
    over, by_rules = merge_overrides(case), RuleOutcome()
    if over.routing:
        by_rules = apply_rules(case)
    limits = bounds(case, over.data_classes)
    choice = choose(case, over, by_rules)
    header = over.model if over.by == "request" else ""
    terms = eligibility.eligibility_terms(first_of(choice, case), header, limits, case)

    def can(target: Target) -> bool:
        return not eligibility.is_ineligible(candidate(target, case), terms, case)

    return Selection(case, over, by_rules, limits, experiments.arms(choice, case, can), terms)


def _lined_up(chosen: Selection) -> Ranking:
    """Raises `RefusedError`."""
    case, choice = chosen.case, chosen.choice
    everybody = candidates(choice, case)
    held = load_balancing.tool_loop_target(choice, case)
    known = (*everybody, *of_preferred_kinds(everybody, choice, case))
    known = (*known, *cands.fallback_candidates([held], known, case)) if held else known
    because: tuple[str, ...] = ()
    leaves_choice = case.leaves_choice and choice.routing and case.is_chat
    found = eligibility.filter_candidates(known, chosen.terms, case, others=leaves_choice)
    if not found.usable and leaves_choice and is_in_the_way(found):
        found, because = rank_anybody(found, chosen)
        found = found if found.usable else eligibility.filter_candidates(known, chosen.terms, case)
    if not found.usable:
        raise with_refusal(nobody_fault(found), chosen, Ranking((), found.objections))
    line, why = order_candidates(found.usable, everybody[0], choice, case)
    stays, reason = load_balancing.keep_session_target(line, found.usable, choice, case)
    if stays:
        line, why = (stays, *(one for one in line if one.name != stays.name)), (reason,)
    line, busy = free_first(line, case) if choice.routing else (line, ())
    names = {one.name for one in line}
    left_out = tuple((one, _DEARER) for one in found.usable if one.name not in names)
    done = Ranking(line, (*found.objections, *left_out), (*because, *skipped_reasons(found), *why, *busy))
    return within_budget(done, chosen, held=stays is not None and line[0] is stays)


_DEARER = Fault(FaultKind.OVER_BUDGET, "it costs more than the chosen model, and the priority of the request is low")


# -- observe and shadow --------------------------------------------------------------


def _decide_observed(case: RoutingContext) -> Decision:
    """Nobody but the client chooses a model, and all that protects holds. `shadow` tells besides what would have been
    decided: rule and level are those of that decision, and each of its reasons begins with `would:`. A request is in
    no experiment, as it goes to no arm.
    """
    chosen = select_as_asked(case)
    imagined = _enforced_outcome(case)
    if chosen.bounds.fault:
        raise _with_enforced_outcome(with_refusal(chosen.bounds.fault, chosen, Ranking((), ())), imagined, case)
    try:
        line = rank_as_asked(chosen, imagined.targets)
    except RefusedError as error:
        raise _with_enforced_outcome(error, imagined, case) from error
    groups = priority_groups(line.members, case)
    groups = groups if chosen.choice.routing else groups[:1]
    record = _with_would(record_of(chosen, line, groups[0][0]), imagined, case)
    last = last_resort(groups, chosen)

    def make_trace() -> Trace:
        rules = imagined.make_trace().rules if case.strategy.mode == "shadow" else ()
        return replace(trace_of(chosen, line), rules=rules)

    return Decision(groups, record, make_trace, chosen.over.timeout_ms, last)


@dataclass(frozen=True, slots=True)
class _EnforcedOutcome:
    """What `enforce` would have decided."""

    record: DecisionRecord
    would: str
    """Who would have been asked first, or why nobody."""
    targets: tuple[Target, ...] = ()
    make_trace: Callable[[], Trace] = Trace


def _enforced_outcome(case: RoutingContext) -> _EnforcedOutcome:
    try:
        decision = _decide_enforced(case)
    except RefusedError as error:
        return _EnforcedOutcome(error.record, f"refused: {error.fault.kind.value}", make_trace=error.make_trace)
    except FaultError as error:
        return _EnforcedOutcome(DecisionRecord(because=(error.fault.public,)), f"refused: {error.fault.kind.value}")
    return _EnforcedOutcome(decision.record, decision.groups[0][0].name, decision.chain, decision.make_trace)


def _with_would(record: DecisionRecord, imagined: _EnforcedOutcome, case: RoutingContext) -> DecisionRecord:
    if case.strategy.mode != "shadow":
        return record
    other = imagined.record
    because = (*record.because, *(f"would: {reason}" for reason in other.because))
    return replace(record, because=because, rule=other.rule, level=other.level, would=imagined.would)


def _with_enforced_outcome(error: RefusedError, imagined: _EnforcedOutcome, case: RoutingContext) -> RefusedError:
    return RefusedError(error.fault, _with_would(error.record, imagined, case), error.make_trace)
