"""What is kept of decisions that are the same for many requests; `fixed_chain` says when one is."""

from dataclasses import field
from typing import TypeAlias

from openclaw_extproc.catalog import ModelFacts
from openclaw_extproc.frozen import dataclass
from openclaw_extproc.gateway import Target
from openclaw_extproc.record import DecisionRecord

MAX_KEPT = 64
"""Decisions of one chain: a provider that recovers, and each kind of request, makes some of them."""


@dataclass(frozen=True, slots=True)
class KeptDecision:
    """The parts of a decision that are the same for every request of its kind, while the state stays as it is."""

    groups: tuple[tuple[Target, ...], ...]
    record: DecisionRecord
    """With the reasons; what a request says of itself, and what it costs, is not in it."""
    timeout_ms: int | None
    last_resort: Target | None


DecisionKey: TypeAlias = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class FixedChain:
    """A model whose targets, and all that is asked of them, are the same for every ordinary request."""

    targets: tuple[tuple[str, ModelFacts], ...]
    """Every target that can become part of the plan: its name and its facts, the one that is asked first at first."""
    windows: tuple[ModelFacts, ...]
    """Of those whose context window is known, each that differs from the others once."""
    translates: bool
    """Whether any of them has another wire format than the client."""
    limited: tuple[str, ...]
    """Those with a limit of concurrent calls."""
    minds_cost: bool
    """Whether the order depends on what they cost, compared with the first one."""
    decisions: dict[DecisionKey, KeptDecision] = field(default_factory=dict[DecisionKey, KeptDecision])
    """By what they depend on. Grows while requests are decided, up to `MAX_KEPT`."""

    def keep(self, key: DecisionKey, decision: KeptDecision) -> None:
        if len(self.decisions) >= MAX_KEPT:
            self.decisions.clear()
        self.decisions[key] = decision
