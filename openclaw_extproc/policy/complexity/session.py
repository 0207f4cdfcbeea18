"""The steady tier of a session: switching models loses the provider's cache and makes responses inconsistent."""

from dataclasses import replace

from openclaw_extproc.policy.complexity.classification import Classification, led_by
from openclaw_extproc.policy.complexity.weights import USUAL, Weights
from openclaw_extproc.strategy import TIERS, Tier


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
