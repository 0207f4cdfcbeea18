"""From features to a chain of targets, or to a fault that says why there is none.

The order of deciding, and what may never happen, is in `docs/decisions/0012-how-a-model-is-chosen.md`. Each step has a
file of its own; this one only calls them one after the other and writes down what they said.
"""

from dataclasses import dataclass, field, replace

from openclaw_extproc.faults import Fault, FaultError, Kind
from openclaw_extproc.features import Features
from openclaw_extproc.gateway import Gateway, Target
from openclaw_extproc.policy import candidates as cands
from openclaw_extproc.policy.candidates import candidate, candidates, first_of
from openclaw_extproc.policy.complexity import Judgement, judge, kept
from openclaw_extproc.policy.decision_record import record_of, refused, trace_of
from openclaw_extproc.policy.eligible import eligibility
from openclaw_extproc.policy.eligible.compliance import bounds
from openclaw_extproc.policy.rank import session_affinity
from openclaw_extproc.policy.rank.busy import roomy_first
from openclaw_extproc.policy.rank.emergency import last_resort
from openclaw_extproc.policy.rank.order import of_preferred_kinds, ordered
from openclaw_extproc.policy.rank.priority_groups import Group, grouped
from openclaw_extproc.policy.rank.within_budget import affordable
from openclaw_extproc.policy.ranking import Chosen, Line, anybody, is_in_the_way, nobody, skipped
from openclaw_extproc.policy.routing_context import Case, case_of
from openclaw_extproc.policy.runtime_state import Situation
from openclaw_extproc.policy.select import experiments
from openclaw_extproc.policy.select.choose import MAX_NAMES_TOLD, choose
from openclaw_extproc.policy.select.observe_mode import chosen_as_asked, lined_up
from openclaw_extproc.policy.select.overrides import overrides
from openclaw_extproc.policy.select.rules import Ruled, ruled
from openclaw_extproc.policy.trace import RefusedError, RuleSeen, Trace
from openclaw_extproc.record import Record

__all__ = ["MAX_NAMES_TOLD", "Decision", "decide"]


@dataclass(frozen=True, slots=True)
class Decision:
    groups: tuple[Group, ...]
    """Attempt n goes to one of group n."""
    record: Record = field(default_factory=Record)
    trace: Trace = field(default_factory=Trace)
    timeout_ms: int | None = None
    """What the levels want of the time limit; `None`: nothing."""
    last_resort: Target | None = None
    """Who is asked behind the last group, when all of them failed."""

    @property
    def chain(self) -> tuple[Target, ...]:
        """All targets in the order in which they may be reached."""
        return tuple({target.name: target for group in self.groups for target in group}.values())

    @property
    def because(self) -> tuple[str, ...]:
        return self.record.because


def decide(
    features: Features, situation: Situation, gateway: Gateway, *, judgement: Judgement | None = None
) -> Decision:
    """`judgement`: somebody else's; our own scorer is not asked then.

    Raises `FaultError`: an unknown model is the client's fault, as is what compliance or a budget forbids; a chain
    without a single credential is ours. Once a model is chosen, it is a `RefusedError`, with record and trace.
    """
    judgement = judgement or judge(features)
    if session_affinity.is_of(situation.remembered, features):
        judgement = kept(judgement, situation.remembered.tier, features.in_tool_loop)
    case = case_of(features, situation, gateway, judgement)
    match case.strategy.mode:
        case "enforce":
            return _enforced(case)
        case "shadow" | "observe":
            return _watched(case)


# -- enforce -------------------------------------------------------------------------


def _enforced(case: Case) -> Decision:
    chosen = _chosen(case)
    if chosen.bounds.fault:
        raise refused(chosen.bounds.fault, chosen, Line((), ()))
    line = _lined_up(chosen)
    groups = grouped(line.members, case)
    groups = groups if chosen.choice.routing else groups[:1]
    experiment = experiments.told(chosen.arms.taken, groups[0], case)
    record = record_of(chosen, line, groups[0][0], experiment)
    last = last_resort(groups, chosen)
    return Decision(groups, record, trace_of(chosen, line), chosen.over.timeout_ms, last)


def _chosen(case: Case) -> Chosen:
    over, by_rules = overrides(case), Ruled()
    if over.routing:
        by_rules = ruled(case)
    limits = bounds(case, over.data_classes)
    choice = choose(case, over, by_rules)
    header = over.model if over.by == "request" else ""
    terms = eligibility.terms(first_of(choice, case), header, limits, case)

    def can(target: Target) -> bool:
        return not eligibility.speaks_against(candidate(target, case), terms, case)

    return Chosen(case, over, by_rules, limits, experiments.arms(choice, case, can), terms)


def _lined_up(chosen: Chosen) -> Line:
    """Raises `RefusedError`."""
    case, choice = chosen.case, chosen.choice
    everybody = candidates(choice, case)
    held = session_affinity.in_loop_with(choice, case)
    known = (*everybody, *of_preferred_kinds(everybody, choice, case))
    known = (*known, *cands.also([held], known, case)) if held else known
    because: tuple[str, ...] = ()
    found = eligibility.sort_out(known, chosen.terms, case)
    if not found.usable and case.leaves_choice and choice.routing and case.is_chat and is_in_the_way(found):
        found, because = anybody(found, chosen)
    if not found.usable:
        raise refused(nobody(found), chosen, Line((), found.objections))
    line, why = ordered(found.usable, everybody[0], choice, case)
    stays, reason = session_affinity.staying(line, found.usable, choice, case)
    if stays:
        line, why = (stays, *(one for one in line if one.name != stays.name)), (reason,)
    line, busy = roomy_first(line, case) if choice.routing else (line, ())
    names = {one.name for one in line}
    left_out = tuple((one, _DEARER) for one in found.usable if one.name not in names)
    done = Line(line, (*found.objections, *left_out), (*because, *skipped(found), *why, *busy))
    return affordable(done, chosen, held=stays is not None and line[0] is stays)


_DEARER = Fault(Kind.OVER_BUDGET, "it costs more than what was chosen, and the priority is low")


# -- observe and shadow --------------------------------------------------------------


def _watched(case: Case) -> Decision:
    """Nobody but the client chooses a model, and all that protects holds. `shadow` tells besides what would have been
    decided: rule and level are those of that decision, and each of its reasons begins with `would:`. A request is in
    no experiment, as it goes to no arm.
    """
    chosen = chosen_as_asked(case)
    imagined = _imagined(case)
    if chosen.bounds.fault:
        raise _refused(refused(chosen.bounds.fault, chosen, Line((), ())), imagined, case)
    try:
        line = lined_up(chosen, imagined.targets)
    except RefusedError as error:
        raise _refused(error, imagined, case) from error
    groups = grouped(line.members, case)
    groups = groups if chosen.choice.routing else groups[:1]
    record = _with_would(record_of(chosen, line, groups[0][0]), imagined, case)
    seen = replace(trace_of(chosen, line), rules=imagined.rules if case.strategy.mode == "shadow" else ())
    return Decision(groups, record, seen, chosen.over.timeout_ms, last_resort(groups, chosen))


@dataclass(frozen=True, slots=True)
class _Imagined:
    """What `enforce` would have decided."""

    record: Record
    would: str
    """Who would have been asked first, or why nobody."""
    targets: tuple[Target, ...] = ()
    rules: tuple[RuleSeen, ...] = ()


def _imagined(case: Case) -> _Imagined:
    try:
        decision = _enforced(case)
    except RefusedError as error:
        return _Imagined(error.record, f"refused: {error.fault.kind.value}", rules=error.trace.rules)
    except FaultError as error:
        return _Imagined(Record(because=(error.fault.public,)), f"refused: {error.fault.kind.value}")
    return _Imagined(decision.record, decision.groups[0][0].name, decision.chain, decision.trace.rules)


def _with_would(record: Record, imagined: _Imagined, case: Case) -> Record:
    if case.strategy.mode != "shadow":
        return record
    other = imagined.record
    because = (*record.because, *(f"would: {reason}" for reason in other.because))
    return replace(record, because=because, rule=other.rule, level=other.level, would=imagined.would)


def _refused(error: RefusedError, imagined: _Imagined, case: Case) -> RefusedError:
    return RefusedError(error.fault, _with_would(error.record, imagined, case), error.trace)
