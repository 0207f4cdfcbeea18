"""What a set of judgements is worth, against the labels and against chance.

A router by chance that picks tiers in the shares we picked them in is the honest rival: it costs the same. What it
would score is computed, not drawn.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bench.routing.prompts import Labelled
from openclaw_extproc.policy.complexity import USUAL, Classification, Weights, classify_request
from openclaw_extproc.strategy import TIERS, Tier


@dataclass(frozen=True, slots=True)
class Judged:
    prompt: Labelled
    judgement: Classification

    @property
    def off_by(self) -> int:
        """Tiers too high; negative: too low."""
        return TIERS.index(self.judgement.tier) - TIERS.index(self.prompt.tier)


@dataclass(frozen=True, slots=True)
class Score:
    """Shares, 0 to 1."""

    count: int
    tier: float
    """Judged as labelled."""
    task: float
    under: float
    over: float
    by_chance: float
    """Tiers that a random choice with the same mix of tiers would get right."""
    under_by_chance: float
    over_by_chance: float
    strong: float
    """Calls that were not judged simple."""
    hard_served: float
    """Prompts labelled standard or large that went to a model at least that strong. By chance: `chance_served`."""
    chance_served: float
    sound: float
    """Prompts that got enough of a model. A weaker one than the label asks for is counted as a bad answer."""
    sound_by_chance: float


def judged(prompts: Sequence[Labelled], weights: Weights = USUAL) -> list[Judged]:
    return [Judged(prompt, classify_request(prompt.features, weights)) for prompt in prompts]


def score(results: Sequence[Judged]) -> Score:
    count = len(results)
    hard = [r for r in results if r.prompt.tier != "simple"]
    under, right, over = _by_chance(results, results)
    under_hard, _, _ = _by_chance(results, hard)
    below = sum(r.off_by < 0 for r in results) / count
    return Score(
        count,
        tier=sum(r.off_by == 0 for r in results) / count,
        task=sum(r.judgement.task == r.prompt.task for r in results) / count,
        under=below,
        over=sum(r.off_by > 0 for r in results) / count,
        by_chance=right,
        under_by_chance=under,
        over_by_chance=over,
        strong=sum(r.judgement.tier != "simple" for r in results) / count,
        hard_served=sum(r.off_by >= 0 for r in hard) / max(1, len(hard)),
        chance_served=1 - under_hard,
        sound=1 - below,
        sound_by_chance=1 - under,
    )


def _by_chance(results: Sequence[Judged], among: Sequence[Judged]) -> tuple[float, float, float]:
    """Expected shares of `among` judged too low, right and too high, if tiers were dealt in the mix of `results`."""
    dealt = Counter(r.judgement.tier for r in results)
    total = {"under": 0.0, "right": 0.0, "over": 0.0}
    for r in among:
        for tier, times in dealt.items():
            off = TIERS.index(tier) - TIERS.index(r.prompt.tier)
            total["under" if off < 0 else "right" if off == 0 else "over"] += times / len(results) / max(1, len(among))
    return total["under"], total["right"], total["over"]


def confusion(results: Sequence[Judged]) -> dict[Tier, dict[Tier, int]]:
    """From the label to what was judged."""
    counted = Counter((r.prompt.tier, r.judgement.tier) for r in results)
    return {label: {tier: counted[label, tier] for tier in TIERS} for label in TIERS}
