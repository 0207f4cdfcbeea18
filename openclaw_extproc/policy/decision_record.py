"""The record of a decision for headers, log and metrics, and its trace for `explain`."""

from dataclasses import replace

from openclaw_extproc.faults import Fault
from openclaw_extproc.gateway import Target
from openclaw_extproc.policy import trace
from openclaw_extproc.policy.ranking import Ranking, Selection
from openclaw_extproc.policy.routing_context import RoutingContext
from openclaw_extproc.policy.trace import RefusedError, Trace
from openclaw_extproc.record import DecisionRecord


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
