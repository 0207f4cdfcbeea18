"""Error rate and latency of a model over some minutes, for `cost_aware.dynamic_switching`.

The circuit of a model looks at the last minute and opens on what is plainly broken; these rules are the operator's own,
with a longer window and often a lower threshold.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil

from openclaw_extproc.strategy import Switching

MAX_SAMPLES = 1_000
MIN_SAMPLES = 20
"""One failure of twenty calls is a twentieth: below this a single one would be above the usual threshold."""
MIN_SLOW = 2
"""A single slow answer of less than a hundred is the slowest hundredth by itself."""
STILL_MEASURED = 0.05
"""Of the requests, so many still go to a model that is slow: else nobody would learn that it is fast again."""


@dataclass(slots=True)
class Rates:
    """The recent results of one model, limited in number and in age."""

    _calls: deque[tuple[float, bool]] = field(default_factory=lambda: deque[tuple[float, bool]](maxlen=MAX_SAMPLES))
    _waits: deque[tuple[float, float]] = field(default_factory=lambda: deque[tuple[float, float]](maxlen=MAX_SAMPLES))
    _looked: dict[Switching, float] = field(default_factory=dict[Switching, float])
    slow: bool = False
    """A `latency_p99` rule found it too slow when it was last looked at."""

    def note(self, at: float, *, failed: bool, seconds: float | None = None) -> None:
        """`seconds`: to the first content of the answer."""
        self._calls.append((at, failed))
        if seconds is not None:
            self._waits.append((at, seconds))

    def look(self, rules: Sequence[Switching], at: float) -> str:
        """Why it should be left alone, if its failures say so; empty: they do not. Sets `slow`. Each rule is looked at
        once in its interval.
        """
        slow = [self._is_slow(rule, at) for rule in rules if rule.metric == "latency_p99" and self._is_due(rule, at)]
        self.slow = any(slow) if slow else self.slow
        for rule in rules:
            if rule.metric != "error_rate" or not self._is_due(rule, at):
                continue
            rate = self._error_rate(rule, at)
            if rate is not None and rate > rule.threshold:
                self._calls.clear()  # what was counted before belongs to the outage
                return f"error_rate {rate:.0%} of {rule.window_seconds:g} s is above {rule.threshold:.0%}"
        return ""

    def _is_due(self, rule: Switching, at: float) -> bool:
        if 0 <= at - self._looked.get(rule, -1e9) < rule.interval_seconds:
            return False
        self._looked[rule] = at
        return True

    def _error_rate(self, rule: Switching, at: float) -> float | None:
        recent = [failed for seen, failed in self._calls if at - seen <= rule.window_seconds]
        return sum(recent) / len(recent) if len(recent) >= MIN_SAMPLES else None

    def _is_slow(self, rule: Switching, at: float) -> bool:
        recent = [seconds for seen, seconds in self._waits if at - seen <= rule.window_seconds]
        above = sum(seconds * 1000 > rule.threshold for seconds in recent)
        return len(recent) >= MIN_SAMPLES and above >= max(MIN_SLOW, ceil(len(recent) / 100))
