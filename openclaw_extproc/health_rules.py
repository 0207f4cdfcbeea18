"""The rules of health: when a failing target is avoided, when it is tried again, and how providers are probed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Recovery:
    """How long a circuit stays open before a trial request."""

    backoff: Literal["linear", "exponential"] = "exponential"
    interval_seconds: float = 5.0
    max_retries: int = 12
    """Trials after which the wait grows no more."""
    longest_seconds: float = 300.0
    auto: bool = True
    """Otherwise it stays open until the configuration is read anew."""
    slow_start_seconds: float = 30.0
    """How long a circuit that has closed takes to get all of its share again."""

    def wait(self, failed_trials: int) -> float:
        """Before trial 1, 2, … counted from 0 failed ones."""
        tries = min(failed_trials, self.max_retries)
        factor = 1 + tries if self.backoff == "linear" else 2**tries
        return min(self.interval_seconds * factor, max(self.longest_seconds, self.interval_seconds))


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The failure rates and counts at which a circuit opens."""

    failure_rate: float = 0.2
    """Share of failures in the window above which a circuit opens."""
    window_seconds: float = 60.0
    min_samples: int = 5
    """Below this a share says nothing: one failure of one call is not an outage."""
    in_a_row: int = 3
    """Failures without any success between them that open a circuit whatever the share is. With little traffic the
    share would take minutes to tell."""
    good_trials: int = 2
    """Good answers that close a half-open circuit: one may be luck."""
    trial_seconds: float = 30.0
    """A trial that has not ended by then is forgotten, and the next call is one."""
    recovery: Recovery = field(default_factory=Recovery)


@dataclass(frozen=True, slots=True)
class Probing:
    """The active health check of one provider."""

    interval_seconds: float = 30.0
    """Between two probes, at least."""
    timeout_seconds: float = 5.0
    unhealthy_threshold: int = 3
    """Failed probes in a row before they count."""
    call: bool = False
    """A real call of one token, which costs money; else what is free: its list of models, or a connection."""


@dataclass(frozen=True, slots=True)
class HealthRules:
    """All rules of health of one configuration."""

    thresholds: Thresholds = field(default_factory=Thresholds)
    probes: Mapping[str, Probing] = field(default_factory=dict[str, Probing])
    """By provider; who is not in it is not probed."""
    critical_rate: float | None = None
    """Share of failures of a provider above which operators are told; `None`: never."""
