"""Which providers have been failing lately: a sliding window each, fed by what the attempts met."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

WINDOW_SECONDS = 60.0
MIN_SAMPLES = 5
"""Below this a share says nothing: one failure of one call is not an outage."""
MAX_SAMPLES = 500


@dataclass(slots=True)
class Window:
    """The last outcomes of one provider. Bounded in time and in number."""

    samples: deque[tuple[float, bool]] = field(default_factory=lambda: deque[tuple[float, bool]](maxlen=MAX_SAMPLES))

    def note(self, at: float, *, ok: bool) -> None:
        self.samples.append((at, ok))

    def failure_rate(self, at: float) -> float | None:
        """Share of failures in the window, 0 to 1; `None` when there are too few samples to tell."""
        recent = [ok for seen, ok in self.samples if at - seen <= WINDOW_SECONDS]
        return recent.count(False) / len(recent) if len(recent) >= MIN_SAMPLES else None


@dataclass(slots=True)
class Health:
    """Of all providers. Only names of the configuration get in, so it cannot grow."""

    windows: dict[str, Window] = field(default_factory=dict[str, Window])

    def note(self, provider: str, at: float, *, ok: bool) -> None:
        self.windows.setdefault(provider, Window()).note(at, ok=ok)

    def is_healthy(self, provider: str, at: float, threshold: float) -> bool:
        """Healthy until enough samples say otherwise; `threshold` is the share of failures still allowed."""
        window = self.windows.get(provider)
        rate = None if window is None else window.failure_rate(at)
        return rate is None or rate <= threshold

    def keep(self, providers: Mapping[str, object]) -> None:
        """Forget those that are no longer configured."""
        self.windows = {name: window for name, window in self.windows.items() if name in providers}
