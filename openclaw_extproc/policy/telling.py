"""What a decision leaves behind: the record that headers, log and metrics are made of, and the trace for `explain`."""

from dataclasses import replace

from openclaw_extproc.faults import Fault
from openclaw_extproc.gateway import Target
from openclaw_extproc.policy import trace
from openclaw_extproc.policy.case import Case
from openclaw_extproc.policy.line import Chosen, Line
from openclaw_extproc.policy.trace import RefusedError, Trace
from openclaw_extproc.record import Record


def record_of(chosen: Chosen, line: Line, first: Target | None) -> Record:
    case, choice = chosen.case, chosen.choice
    record = replace(
        judged(case),
        because=(*choice.because, *line.because),
        rule=choice.rule,
        level=choice.level,
        chosen_by=choice.by,
        data_classes=chosen.bounds.classes,
        notice=line.notice,
        downgrade=line.broken.scope if line.broken else "",
    )
    return estimated(record, first, case)


def estimated(record: Record, first: Target | None, case: Case) -> Record:
    if first is None:
        return replace(record, input_tokens=case.features.tokens)
    tokens = case.tokens(case.gateway.facts(first))
    return replace(record, input_tokens=tokens, cost_usd=case.cost(first))


def judged(case: Case) -> Record:
    """What is known of a request before anything is decided."""
    judged, declared = case.judgement, case.features.declared
    record = Record(mode=case.strategy.mode, session=declared.session, cost_centre=declared.cost_centre)
    if not case.is_chat:
        return record
    return replace(record, tier=judged.tier, score=judged.score, confidence=judged.confidence, task=judged.task)


def trace_of(chosen: Chosen, line: Line) -> Trace:
    asked = tuple(trace.Candidate(one.target, "", one.cost) for one in line.members)
    others = tuple(trace.Candidate(one.target, fault.public, one.cost) for one, fault in line.objections)
    return Trace(chosen.case.judgement, chosen.ruled.seen, (*asked, *others))


def refused(fault: Fault, chosen: Chosen, line: Line) -> RefusedError:
    because = (*line.because, fault.public)
    return RefusedError(fault, record_of(chosen, replace(line, because=because), None), trace_of(chosen, line))
