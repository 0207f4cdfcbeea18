"""The trace of a decision for `explain`: every evaluated rule and every candidate."""

from collections.abc import Callable

from openclaw_extproc.faults import Fault, FaultError
from openclaw_extproc.frozen import dataclass
from openclaw_extproc.gateway import Target
from openclaw_extproc.policy.complexity import Classification
from openclaw_extproc.record import DecisionRecord


@dataclass(frozen=True, slots=True)
class RuleSeen:
    """One rule and the result of its condition."""

    name: str
    source: str
    """The condition as it was written; empty: always."""
    matched: bool | None
    """`None`: it could not be evaluated."""
    does: str
    """In words: `model openclaw_light`."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One candidate and the reason why it was removed, if it was."""

    target: Target
    objection: str = ""
    """Why it is not in the plan; empty: it is."""
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """The classification, the rules and the candidates of one decision."""

    judgement: Classification | None = None
    rules: tuple[RuleSeen, ...] = ()
    """Up to the one that chose, and all behind it."""
    candidates: tuple[Candidate, ...] = ()


class RefusedError(FaultError):
    """The refusal of a request for which no target remains, with the record and trace of the decision."""

    def __init__(self, fault: Fault, record: DecisionRecord, make_trace: Callable[[], Trace] = Trace) -> None:
        """`make_trace`: called by whoever wants to read the trace."""
        super().__init__(fault.kind, fault.public, about=fault.about)
        self.fault = fault
        self.record = record
        self.make_trace = make_trace

    @property
    def trace(self) -> Trace:
        return self.make_trace()
