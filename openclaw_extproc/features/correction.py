"""What providers report corrects what we estimate: for each family, how many tokens they count for one of ours.

Pure: whoever owns it feeds it with what an answer said, and hands `ratio` on. A ratio moves slowly, and never far: a
provider that counts without its cache, or a conversation with a film in it, must not make all others wrong.
"""

from dataclasses import dataclass, field

LOWEST, HIGHEST = 0.5, 2.5
"""Our factors were never wrong by more where we could compare."""
WEIGHT = 0.05
"""Of one report, once there are some: the last twenty or so count most."""
FEWEST_TOKENS = 50
"""Of either number. Below, what stands around a message is more than the message."""
UNBELIEVABLE = 3.0
"""A report that many times more or less than the last ratio says something else than we asked: the provider left out
what it had cached, or counted a part only."""
MAX_FAMILIES = 100
"""Families are named in the operator's configuration; more are a mistake of somebody's."""


@dataclass(slots=True)
class _FamilyRatio:
    ratio: float = 1.0
    reports: int = 0


@dataclass(slots=True)
class Corrections:
    """One owner at a time: it is not locked."""

    _of: dict[str, _FamilyRatio] = field(default_factory=dict[str, _FamilyRatio])

    def note(self, family: str, estimated: int, reported: int | None) -> None:
        """`estimated`: by `tokens_for` with the ratio 1. `reported`: all input tokens, cached ones included; `None`
        when the provider did not say."""
        if reported is None or min(estimated, reported) < FEWEST_TOKENS:
            return
        learned = self._of.get(family)
        if learned is None:
            if len(self._of) >= MAX_FAMILIES:
                return
            learned = self._of[family] = _FamilyRatio()
        seen = reported / estimated
        if not learned.ratio / UNBELIEVABLE <= seen <= learned.ratio * UNBELIEVABLE:
            return
        learned.reports += 1
        weight = max(WEIGHT, 1 / (learned.reports + _DOUBT))
        step = _within(seen, learned.ratio / _STEP, learned.ratio * _STEP)
        learned.ratio = _within(learned.ratio + weight * (step - learned.ratio), LOWEST, HIGHEST)

    def ratio(self, family: str) -> float:
        """Of tokens reported to tokens estimated; 1 for a family nobody has reported of."""
        learned = self._of.get(family)
        return 1.0 if learned is None else learned.ratio

    def ratios(self) -> dict[str, float]:
        """By family, of all that are known: what `RuntimeState.token_ratio` takes."""
        return {family: learned.ratio for family, learned in self._of.items()}


_DOUBT = 4
"""Reports that our own factors weigh as much as."""
_STEP = 1.5
"""A report counts as at most that much more or less than the ratio so far."""


def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)
