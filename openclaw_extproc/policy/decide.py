"""From features to a chain of targets, or to a fault that says why there is none.

The order of deciding, and what may never happen, is in `docs/decisions/0012-how-a-model-is-chosen.md`. Each step has a
file of its own; this one only calls them one after the other and writes down what they said.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from openclaw_extproc.faults import Fault, FaultError, Kind
from openclaw_extproc.features import Features
from openclaw_extproc.gateway import Gateway, Target
from openclaw_extproc.policy import candidates as cands
from openclaw_extproc.policy import cost, experiments, objections, sessions, trace
from openclaw_extproc.policy.budgets import Budget, Limit, budget, notice, too_dear
from openclaw_extproc.policy.candidates import Candidate, candidates
from openclaw_extproc.policy.case import Case, case_of
from openclaw_extproc.policy.choose import MAX_NAMES_TOLD, Choice, as_asked, choose
from openclaw_extproc.policy.complexity import Judgement, judge
from openclaw_extproc.policy.compliance import Bounds, bounds
from openclaw_extproc.policy.groups import Group, grouped
from openclaw_extproc.policy.levels import Overrides, overrides
from openclaw_extproc.policy.names import meaning
from openclaw_extproc.policy.objections import Sorted, Terms
from openclaw_extproc.policy.order import ordered
from openclaw_extproc.policy.rules import Ruled, ruled
from openclaw_extproc.policy.situation import Situation
from openclaw_extproc.policy.trace import RefusedError, Trace
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

    @property
    def chain(self) -> tuple[Target, ...]:
        """All targets in the order in which they may be reached."""
        return tuple({target.name: target for group in reversed(self.groups) for target in group}.values())[::-1]

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
    judged = judgement or judge(features)
    if sessions.is_of(situation.remembered, features):
        judged = sessions.kept(judged, situation.remembered.tier, in_tool_loop=features.in_tool_loop)
    case = case_of(features, situation, gateway, judged)
    match case.strategy.mode:
        case "enforce":
            return _enforced(case)
        case "shadow":
            return _shadowed(case)
        case "observe":
            return _observed(case)


# -- enforce -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Chosen:
    """All that was settled before anybody was compared."""

    case: Case
    over: Overrides
    ruled: Ruled
    bounds: Bounds
    arms: experiments.Arms
    terms: Terms

    @property
    def choice(self) -> Choice:
        return self.arms.choice


@dataclass(frozen=True, slots=True)
class _Line:
    """Who is asked, in order, and what was said of the others."""

    members: tuple[Candidate, ...]
    objections: tuple[tuple[Candidate, Fault], ...]
    because: tuple[str, ...] = ()
    broken: Limit | None = None
    """The limit that somebody before the first member would have broken."""
    notice: str = ""


def _enforced(case: Case) -> Decision:
    chosen = _chosen(case)
    if chosen.bounds.fault:
        raise _refused(chosen.bounds.fault, chosen, _Line((), ()))
    line = _lined_up(chosen)
    groups = grouped(line.members, case)
    groups = groups if chosen.choice.routing else groups[:1]
    experiment = experiments.told(chosen.arms.taken, groups[0], case)
    record = replace(_record(chosen, line, groups[0][0]), experiment=experiment)
    return Decision(groups, record, _trace(chosen, line), chosen.over.timeout_ms)


def _chosen(case: Case) -> _Chosen:
    over, by_rules = overrides(case), Ruled()
    if over.routing:
        by_rules = ruled(case)
    limits = bounds(case, over.data_classes)
    choice = choose(case, over, by_rules)
    header = over.model if over.by == "request" else ""
    terms = objections.terms(candidates(choice, case)[0].target, header, limits, case)

    def can(target: Target) -> bool:
        return objections.objection(target, terms, case) is None

    return _Chosen(case, over, by_rules, limits, experiments.arms(choice, case, can), terms)


def _lined_up(chosen: _Chosen) -> _Line:
    """Raises `RefusedError`."""
    case, choice = chosen.case, chosen.choice
    everybody = candidates(choice, case)
    held = sessions.in_loop_with(choice, case)
    known = (*everybody, *cands.also([held], everybody, case)) if held else everybody
    because: tuple[str, ...] = ()
    found = objections.sort_out(known, chosen.terms, case)
    if not found.usable and case.leaves_choice and choice.routing and case.is_chat:
        found, because = _anybody(found, chosen)
    if not found.usable:
        raise _refused(_nobody(found), chosen, _Line((), found.objections))
    line, why = ordered(found.usable, everybody[0], choice, case)
    stays, kept = sessions.staying(line, found.usable, choice, case)
    if stays:
        line, why = (stays, *(one for one in line if one.name != stays.name)), (kept,)
    done = _Line(line, found.objections, (*because, *_skipped(found), *why))
    return _affordable(done, chosen, held=stays is not None)


def _anybody(before: Sorted, chosen: _Chosen) -> tuple[Sorted, tuple[str, ...]]:
    """The client left the choice to us, and none of those can serve it that we thought of: whoever else can."""
    found = _others(chosen, (one for one, _ in before.objections))
    why = ("nobody who was chosen can serve it: the cheapest who can",) if found.usable else ()
    return Sorted(found.usable, (*before.objections, *found.objections)), why


def _others(chosen: _Chosen, known: Iterable[Candidate]) -> Sorted:
    """All models besides those that can, and may, serve the request; the cheapest first, an unknown price last."""
    case = chosen.case
    found = objections.sort_out(cands.also(case.snapshot.chats, known, case), chosen.terms, case)
    cheapest = sorted(found.usable, key=lambda one: (one.cost is None, one.cost or 0.0))
    return Sorted(tuple(cheapest), found.objections)


def _nobody(found: Sorted) -> Fault:
    worst = objections.worst(found.objections)
    return replace(worst, public="; ".join(_skipped(found))) if worst.kind is Kind.EXHAUSTED else worst


def _skipped(found: Sorted) -> tuple[str, ...]:
    """By the provider's name where it says who is meant."""
    count = Counter(one.target.provider.name for one, _ in found.objections)
    return tuple(
        f"{one.target.provider.name if count[one.target.provider.name] == 1 else one.name} skipped: {fault.public}"
        for one, fault in found.objections
    )


# -- money ---------------------------------------------------------------------------


def _affordable(line: _Line, chosen: _Chosen, *, held: bool) -> _Line:
    """Raises `RefusedError`: a limit is reached, and nothing that it allows can answer."""
    purse = budget(chosen.case, chosen.over)
    if not purse.limits and purse.per_task is None:
        return line
    first = line.members[0]
    if (limit := purse.broken_by(first)) is None:
        within = replace(line, members=tuple(one for one in line.members if not purse.broken_by(one)))
        within = replace(within, objections=(*line.objections, *_too_dear(line.members, purse)))
        return within if held else _within_a_task(within, purse, chosen)
    line = replace(line, objections=(*line.objections, *_too_dear(line.members, purse)))
    rejects = purse.rejecting(first)
    cheaper = () if rejects else tuple(one for one in line.members if not purse.broken_by(one))
    if not cheaper and not rejects and chosen.choice.routing and chosen.case.is_chat:
        found = _others(chosen, (*line.members, *(one for one, _ in line.objections)))
        cheaper = tuple(one for one in found.usable if not purse.broken_by(one))
    if not cheaper:
        raise _refused(too_dear(rejects or limit, first), chosen, replace(line, members=()))
    return _downgraded(line, limit, cheaper)


def _too_dear(members: Sequence[Candidate], purse: Budget) -> tuple[tuple[Candidate, Fault], ...]:
    return tuple((one, too_dear(limit, one)) for one in members if (limit := purse.broken_by(one)))


def _within_a_task(line: _Line, purse: Budget, chosen: _Chosen) -> _Line:
    """The next cheaper one, if there is any; a request is not refused for what a task may cost."""
    if purse.per_task is None or not purse.is_too_much(line.members[0]):
        return line
    cheaper = tuple(one for one in line.members if one.cost is not None and not purse.is_too_much(one))
    if not cheaper and chosen.choice.routing and chosen.case.is_chat:
        found = _others(chosen, (*line.members, *(one for one, _ in line.objections)))
        fitting = [one for one in found.usable if one.cost is not None and not purse.is_too_much(one)]
        cheaper = tuple(one for one in reversed(fitting) if not purse.broken_by(one))
    if not cheaper:
        return line
    names = {one.name for one in cheaper}
    behind = tuple(one for one in line.members if one.name not in names)
    return _downgraded(line, purse.per_task, (*cheaper, *behind))


def _downgraded(line: _Line, limit: Limit, members: tuple[Candidate, ...]) -> _Line:
    words = notice(limit, line.members[0], members[0])
    return replace(line, members=members, because=(*line.because, words), broken=limit, notice=words)


# -- what is told --------------------------------------------------------------------


def _record(chosen: _Chosen, line: _Line, first: Target | None) -> Record:
    case, choice = chosen.case, chosen.choice
    told = _judged(case)
    facts = case.gateway.facts(first) if first else None
    return replace(
        told,
        because=(*choice.because, *line.because),
        rule=choice.rule,
        level=choice.level,
        chosen_by=choice.by,
        input_tokens=cost.input_tokens(case.features, facts, case.situation) if facts else case.features.tokens,
        cost_usd=case.cost(first) if first else None,
        data_classes=chosen.bounds.classes,
        notice=line.notice,
        downgrade=line.broken.scope if line.broken else "",
    )


def _judged(case: Case) -> Record:
    """What is known of a request before anything is decided."""
    judged, declared = case.judgement, case.features.declared
    record = Record(mode=case.strategy.mode, session=declared.session, cost_centre=declared.cost_centre)
    if not case.is_chat:
        return record
    return replace(record, tier=judged.tier, score=judged.score, confidence=judged.confidence, task=judged.task)


def _trace(chosen: _Chosen, line: _Line) -> Trace:
    asked = tuple(trace.Candidate(one.target, "", one.cost) for one in line.members)
    others = tuple(trace.Candidate(one.target, fault.public, one.cost) for one, fault in line.objections)
    return Trace(chosen.case.judgement, chosen.ruled.seen, (*asked, *others))


def _refused(fault: Fault, chosen: _Chosen, line: _Line) -> RefusedError:
    because = (*line.because, fault.public)
    return RefusedError(fault, _record(chosen, replace(line, because=because), None), _trace(chosen, line))


# -- observe and shadow --------------------------------------------------------------


def _observed(case: Case) -> Decision:
    """Nothing is decided. What compliance would say is only told."""
    limits = bounds(case, overrides(case).data_classes)
    done = _untouched(case)
    target = done.groups[0][0]
    name = limits.fault.public if limits.fault else limits.forbids(target, case)
    would = (f"would be refused: {name}",) if name else ()
    record = replace(done.record, because=(*done.because, *would), data_classes=limits.classes)
    return replace(done, record=record)


def _shadowed(case: Case) -> Decision:
    """As observed, and told what would have been decided: rule, level and data classes are those of that decision, and
    each of its reasons begins with `would:`. It is in no experiment, as it goes to no arm.
    """
    done = _untouched(case)
    try:
        other = _enforced(case)
    except RefusedError as refused:
        record, seen, would = refused.record, refused.trace, f"refused: {refused.fault.kind.value}"
    except FaultError as error:
        record, seen, would = Record(because=(error.fault.public,)), Trace(case.judgement), "refused: not_found"
    else:
        record, seen, would = other.record, other.trace, other.groups[0][0].name
    told = replace(
        done.record,
        because=(*done.because, *(f"would: {reason}" for reason in record.because)),
        rule=record.rule,
        level=record.level,
        data_classes=record.data_classes,
        would=would,
    )
    return Decision(done.groups, told, seen)


def _untouched(case: Case) -> Decision:
    """The first target of what the client asked for that can be asked at all: no rule, no fallback, no restriction."""
    choice = as_asked(case)
    everybody = candidates(choice, case)
    found = meaning(choice.names[0], case)
    chain = found.chain if found else ()
    terms = objections.terms(chain[0], "", Bounds(), case)
    unfit = [
        (one, objections.objection(one.target, terms, case))
        for one in (*everybody, *cands.also(chain, everybody, case))
    ]
    first = next((one for one, fault in unfit if fault is None), None)
    skipped = Sorted((), tuple((one, fault) for one, fault in unfit if fault))
    judged = _judged(case)
    if first is None:
        raise RefusedError(_nobody(skipped), replace(judged, because=choice.because), Trace(case.judgement))
    facts = case.gateway.facts(first.target)
    told = replace(
        judged,
        because=choice.because,
        chosen_by=choice.by,
        input_tokens=cost.input_tokens(case.features, facts, case.situation),
        cost_usd=first.cost,
    )
    return Decision(
        ((first.target,),), told, Trace(case.judgement, (), (trace.Candidate(first.target, "", first.cost),))
    )
