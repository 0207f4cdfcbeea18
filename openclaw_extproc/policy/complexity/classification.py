"""The result of a classification: tier, task and reasons."""

from typing import Literal

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.strategy import Task, Tier


@dataclass(frozen=True, slots=True)
class Classification:
    """The tier and task of one request, with score, confidence and reasons."""

    tier: Tier
    task: Task
    score: float
    """0 (trivial) to 1."""
    confidence: float
    """0 to 1: how far the score is from the border of another tier."""
    reasons: tuple[str, ...] = ()
    """The weightiest first, at most three."""
    source: str = "rules"
    """Of the tier: `rules`, `declared` (a client's header), `session` (kept by hysteresis), `second_opinion`."""
    task_source: Literal["rules", "declared"] = "rules"


MAX_REASONS = 3


def led_by(reason: str, reasons: tuple[str, ...]) -> tuple[str, ...]:
    """`reason` before the others, of which the last gives way."""
    return (reason, *reasons)[:MAX_REASONS]
