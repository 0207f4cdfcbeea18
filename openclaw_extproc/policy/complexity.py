"""How much of a model a request needs, and what kind of task it is. Pure; the weights are data."""

from dataclasses import dataclass

from openclaw_extproc.features import Features
from openclaw_extproc.strategy import Task, Tier


@dataclass(frozen=True, slots=True)
class Judgement:
    tier: Tier
    task: Task
    score: float
    """0 (trivial) to 1."""
    confidence: float
    """0 to 1: how far the score is from the border of another tier."""
    reasons: tuple[str, ...] = ()
    """The weightiest first, at most three."""
    source: str = "rules"
    """`rules`, `declared` (a client's header), `session` (kept by hysteresis), `second_opinion`."""


def judge(features: Features) -> Judgement:
    tier: Tier = "simple" if features.query_tokens < SIMPLE_TOKENS else "standard"
    return Judgement(tier, "conversation", 0.5, 0.0)


SIMPLE_TOKENS = 50
