"""How a decision came about, for `explain`: every rule that was looked at, every model that was considered."""

from dataclasses import dataclass

from openclaw_extproc.faults import Fault, FaultError
from openclaw_extproc.gateway import Target
from openclaw_extproc.policy.complexity import Classification
from openclaw_extproc.record import Record


@dataclass(frozen=True, slots=True)
class RuleSeen:
    name: str
    source: str
    """The condition as it was written; empty: always."""
    matched: bool | None
    """`None`: it could not be evaluated."""
    does: str
    """In words: `model openclaw_light`."""


@dataclass(frozen=True, slots=True)
class Candidate:
    target: Target
    objection: str = ""
    """Why it is not in the plan; empty: it is."""
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    judgement: Classification | None = None
    rules: tuple[RuleSeen, ...] = ()
    """Up to the one that chose, and all behind it."""
    candidates: tuple[Candidate, ...] = ()


class RefusedError(FaultError):
    """Nobody can, or nobody may, be asked; with all that was found out before that was clear."""

    def __init__(self, fault: Fault, record: Record, trace: Trace) -> None:
        super().__init__(fault.kind, fault.public, about=fault.about)
        self.fault = fault
        self.record = record
        self.trace = trace
