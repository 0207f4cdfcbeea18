"""What a request gets where nothing is decided: modes `observe` and `shadow`."""

from dataclasses import replace

from openclaw_extproc.policy import candidates as cands
from openclaw_extproc.policy import objections, trace
from openclaw_extproc.policy.case import Case
from openclaw_extproc.policy.choose import as_asked
from openclaw_extproc.policy.compliance import Bounds
from openclaw_extproc.policy.line import nobody
from openclaw_extproc.policy.objections import Sorted
from openclaw_extproc.policy.telling import told
from openclaw_extproc.policy.trace import RefusedError, Trace
from openclaw_extproc.record import Record


def untouched(case: Case) -> tuple[cands.Candidate, Record, Trace]:
    """The first target of what the client asked for that can be asked at all: no rule, no fallback, no restriction.

    Raises `FaultError`, as a decision does.
    """
    choice = as_asked(case)
    asked = case.meaning(choice.names[0])
    assert asked is not None, "the choice is of names that mean something"
    terms = objections.terms(asked.chain[0], "", Bounds(), case)
    line = cands.also(asked.chain, (), case)
    found = [(one, objections.objection(one, terms, case)) for one in line]
    first = next((one for one, fault in found if fault is None), None)
    record = replace(told(case, first.target if first else None), because=choice.because, chosen_by=choice.by)
    if first is None:
        fault = nobody(Sorted((), tuple((one, fault) for one, fault in found if fault)))
        raise RefusedError(fault, record, Trace(case.judgement))
    seen = Trace(case.judgement, (), (trace.Candidate(first.target, "", first.cost),))
    return first, record, seen
