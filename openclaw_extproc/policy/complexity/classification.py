"""The result of a classification (tier, task and reasons), and the steady tier of a session.

Switching models loses the provider's cache and makes responses inconsistent.
"""

from dataclasses import replace
from typing import Literal

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.policy.complexity.weights import USUAL, Weights
from openclaw_extproc.strategy import TIERS, Task, Tier


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


def with_session_tier(
    judgement: Classification,
    remembered: Tier | None,
    in_tool_loop: bool,
    margin: float | None = None,
    *,
    weights: Weights = USUAL,
) -> Classification:
    """`judgement` in the light of the session's last tier.

    In a tool loop that tier stays. Otherwise a session goes up at once, and down only as far as its score, with
    `margin` added (`None`: that of the weights), would still go. What a client declared is left alone.
    """
    if remembered is None or remembered == judgement.tier or judgement.source == "declared":
        return judgement
    if in_tool_loop:
        return _stays(judgement, remembered, "its tool loop is not over")
    reached: Tier = weights.tier(judgement.score + (weights.margin if margin is None else margin))
    lowest = TIERS[max(TIERS.index(judgement.tier), min(TIERS.index(remembered), TIERS.index(reached)))]
    if lowest == judgement.tier:
        return judgement
    return _stays(judgement, lowest, "the score is not clearly lower")


def _stays(judgement: Classification, tier: Tier, why: str) -> Classification:
    reasons = led_by(f"the session stays with tier {tier}: {why}", judgement.reasons)
    return replace(judgement, tier=tier, source="session", reasons=reasons)
