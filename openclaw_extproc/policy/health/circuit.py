"""The circuit breaker: one circuit for each model of each provider, and one for each provider.

    healthy <-> degraded --too many failures--> open --its wait is over--> half-open --good answers--> healthy
                                                 ^                            |
                                                 +--------a bad answer--------+

A sliding window counts; times come as arguments, in seconds since the epoch. Whoever is open is not forbidden: it goes
behind all others, because an answer from the last resort is better than none.

The scope of a failed call: what it says, and of whom.

    of the provider and the model   no connection, silence, 401 of our key, unreadable answers, 500, 502 and the like
    of the model alone              429, 503, 529, 403, 408, 504, 424
    of nobody                       the client's own mistakes, refusals and content filters, limits and bugs of ours

A provider that is overloaded as a whole shows in all of its models; that its other models answer shows in its own
circuit, as each good answer is a success of the provider too. 403 is a model that our account may not use.
"""

from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from typing import assert_never

from openclaw_extproc.faults import FaultKind
from openclaw_extproc.health_rules import Thresholds

# -- circuit ---------------------------------------------------------------------------


MAX_SAMPLES = 500
"""Of one window: at more calls a minute than this the oldest tell nothing that the others do not."""


class State(Enum):
    """The state of a circuit."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    """It fails now and then, less often than the threshold."""
    OPEN = "open"
    HALF_OPEN = "half_open"
    """Its wait is over: single calls try whether it is back."""


@dataclass(slots=True)
class Circuit:
    """The circuit of one provider or of one model of a provider."""

    rules: Thresholds
    _samples: deque[tuple[float, bool]] = field(default_factory=lambda: deque[tuple[float, bool]](maxlen=MAX_SAMPLES))
    _failures: int = 0
    """Among the samples."""
    _row: int = 0
    """Failures since the last success."""
    _open_until: float | None = None
    """`None`: closed. Past: half-open."""
    _failed_trials: int = 0
    _good_trials: int = 0
    _trial_began: float | None = None
    _closed_at: float | None = None
    """When it closed the last time; `None`: it never was open."""
    _suspect_until: float = 0.0
    """Somebody else has a doubt: Envoy ejected its host, or its limits are nearly reached."""

    def state(self, at: float) -> State:
        if self._open_until is not None:
            return State.OPEN if at < self._open_until else State.HALF_OPEN
        rate = self.failure_rate(at)
        doubtful = self.is_suspect(at) or (rate is not None and rate > self.rules.failure_rate / 2)
        return State.DEGRADED if doubtful else State.HEALTHY

    def failure_rate(self, at: float) -> float | None:
        """Share of failures in the window, 0 to 1; `None` when there are too few samples to tell."""
        self._forget(at)
        return self._failures / len(self._samples) if len(self._samples) >= self.rules.min_samples else None

    def share(self, at: float) -> float:
        """Of the calls it would get if all were well: 0 while open, then slowly back to 1."""
        if self._open_until is not None:
            return 0.0
        if self._closed_at is None or self.rules.recovery.slow_start_seconds <= 0:
            return 1.0
        # Not from nothing: a share nobody notices would tell nothing about it.
        return min(1.0, max(0.1, (at - self._closed_at) / self.rules.recovery.slow_start_seconds))

    def may_try(self, at: float) -> bool:
        """Whether a call that began now could try it out; one at a time."""
        if self.state(at) is not State.HALF_OPEN:
            return False
        return self._trial_began is None or at - self._trial_began >= self.rules.trial_seconds

    def admits_trial(self, at: float) -> bool:
        """As `may_try`; a `True` counts as begun."""
        if not self.may_try(at):
            return False
        self._trial_began = at
        return True

    def record_inconclusive(self) -> None:
        """A trial ended and says nothing: the client left, or asked for something impossible. The next call is one."""
        self._trial_began = None

    def record_success(self, at: float) -> None:
        self._note(at, failed=False)
        self._row = 0
        match self.state(at):
            case State.HALF_OPEN:
                self._trial_began = None
                self._good_trials += 1
                if self._good_trials >= self.rules.good_trials:
                    self._close(at)
            case State.OPEN | State.HEALTHY | State.DEGRADED:
                pass  # of an open one it was begun before, or it was the last resort: the wait goes on

    def record_failure(self, at: float, *, retry_after: float | None = None) -> None:
        """`retry_after`: seconds for which it asked to be left alone."""
        self._note(at, failed=True)
        self._row += 1
        match self.state(at):
            case State.HALF_OPEN:
                self._failed_trials += 1
                self._open(at, retry_after)
            case State.OPEN:
                self._stay(at, retry_after)
            case State.HEALTHY | State.DEGRADED:
                rate = self.failure_rate(at)
                too_often = rate is not None and rate > self.rules.failure_rate
                if too_often or self._row >= self.rules.in_a_row or retry_after is not None:
                    self._open(at, retry_after)

    def suspect(self, at: float, seconds: float, *, is_sure: bool = False) -> None:
        """A doubt from elsewhere, which passes by itself. Where no share of failures is too much, there is none that
        is only a doubt."""
        if self.rules.failure_rate >= 1 and not is_sure:
            return
        self._suspect_until = max(self._suspect_until, at + seconds)

    def trust(self) -> None:
        """Whoever had the doubt has it no more."""
        self._suspect_until = 0.0

    def is_suspect(self, at: float) -> bool:
        return at < self._suspect_until

    def trip(self, at: float) -> None:
        """Open it for a reason that is not in its own window; while it is open, nothing changes."""
        match self.state(at):
            case State.HEALTHY | State.DEGRADED:
                self._open(at, None)
            case State.HALF_OPEN:
                self._failed_trials += 1
                self._open(at, None)
            case State.OPEN:
                pass

    @property
    def samples(self) -> int:
        return len(self._samples)

    @property
    def failures(self) -> int:
        """Among the samples."""
        return self._failures

    @property
    def tries_again_at(self) -> float | None:
        """When an open circuit is tried again; `None` when it is closed."""
        return self._open_until

    def _open(self, at: float, retry_after: float | None) -> None:
        recovery = self.rules.recovery
        wait = recovery.wait(self._failed_trials) if recovery.auto else float("inf")
        self._open_until = at + max(wait, retry_after or 0.0)
        if retry_after is not None and self._row < self.rules.in_a_row:
            self._open_until = at + retry_after  # it said itself when it will be back
        self._trial_began, self._good_trials = None, 0

    def _stay(self, at: float, retry_after: float | None) -> None:
        if retry_after is not None and self._open_until is not None:
            self._open_until = max(self._open_until, at + retry_after)

    def _close(self, at: float) -> None:
        """What was counted before belongs to the outage."""
        self._samples.clear()
        self._failures = self._failed_trials = self._good_trials = 0
        self._open_until = self._trial_began = None
        self._closed_at = at

    def _note(self, at: float, *, failed: bool) -> None:
        self._forget(at)
        if len(self._samples) == MAX_SAMPLES:
            self._failures -= self._samples.popleft()[1]
        self._samples.append((at, failed))
        self._failures += failed

    def is_called(self, at: float) -> bool:
        """Whether anything is known of it: calls in the window, or that it failed until it was left alone."""
        self._forget(at)
        return bool(self._samples) or self._open_until is not None

    def _forget(self, at: float) -> None:
        while self._samples and at - self._samples[0][0] > self.rules.window_seconds:
            self._failures -= self._samples.popleft()[1]


# -- reach -----------------------------------------------------------------------------


_FAILED_MODEL = 424
"""Bedrock's status for a model that failed."""


class Reach(Enum):
    """The scope of a failure: the provider, the model, or neither."""

    NOBODY = "nobody"
    MODEL = "model"
    PROVIDER = "provider"
    """Of the model too."""


def reach(kind: FaultKind, status: int | None = None) -> Reach:
    """`status`: the provider's own, where it gave one."""
    match kind:
        case FaultKind.UPSTREAM_GARBLED | FaultKind.UNAUTHENTICATED:
            return Reach.PROVIDER
        case FaultKind.UPSTREAM_SILENT:
            return Reach.PROVIDER if status is None else Reach.MODEL  # 408 and 504: it is there, the model was too slow
        case FaultKind.UPSTREAM_ERROR:
            return Reach.MODEL if status == _FAILED_MODEL else Reach.PROVIDER
        case FaultKind.RATE_LIMITED | FaultKind.OVERLOADED | FaultKind.FORBIDDEN:
            return Reach.MODEL
        case (
            FaultKind.MALFORMED | FaultKind.UNSUPPORTED | FaultKind.TOO_LARGE | FaultKind.NOT_FOUND | FaultKind.REFUSED
        ):
            return Reach.NOBODY
        case (
            FaultKind.OVER_BUDGET
            | FaultKind.EXHAUSTED
            | FaultKind.ABANDONED
            | FaultKind.BUG
            | FaultKind.METHOD_NOT_ALLOWED
        ):
            return Reach.NOBODY
        case _ as never:
            assert_never(never)
