"""Promises about when something that fails is left alone, and when it is asked again."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from openclaw_extproc.health_rules import Recovery, Thresholds
from openclaw_extproc.policy.health.circuit import MAX_SAMPLES, Circuit, State

BEGAN = 1_754_000_000.0
QUICK = Thresholds(recovery=Recovery(interval_seconds=5.0, slow_start_seconds=10.0))


def circuit(rules: Thresholds = QUICK) -> Circuit:
    return Circuit(rules)


def opened(at: float = BEGAN, rules: Thresholds = QUICK) -> Circuit:
    made = circuit(rules)
    for _ in range(rules.in_a_row):
        made.record_failure(at)
    assert made.state(at) is State.OPEN
    return made


def test_three_failures_in_a_row_open_it() -> None:
    made = circuit()

    made.record_failure(BEGAN)
    made.record_failure(BEGAN + 1)
    assert made.state(BEGAN + 1) is not State.OPEN
    made.record_failure(BEGAN + 2)

    assert made.state(BEGAN + 2) is State.OPEN
    assert made.share(BEGAN + 2) == 0


def test_failures_with_successes_between_them_open_it_above_the_threshold() -> None:
    made = circuit()

    for n in range(10):
        made.record_success(BEGAN + n)
    for n in range(2):
        made.record_failure(BEGAN + 20 + n)
    assert made.state(BEGAN + 22) is State.DEGRADED
    made.record_success(BEGAN + 22)
    made.record_failure(BEGAN + 23)
    assert made.state(BEGAN + 23) is State.OPEN, "3 of 14 are more than a fifth"


def test_what_lies_outside_the_window_does_not_count() -> None:
    made = circuit()
    made.record_failure(BEGAN)
    made.record_failure(BEGAN)
    made.record_success(BEGAN)

    later = BEGAN + 61
    for _ in range(5):
        made.record_success(later)
    made.record_failure(later)

    assert made.failure_rate(later) == pytest.approx(1 / 6)
    assert made.state(later) is State.DEGRADED


def test_one_call_at_a_time_tries_it_again() -> None:
    made = opened()

    assert not made.admits_trial(BEGAN + 4.9)
    assert made.admits_trial(BEGAN + 5)
    assert not made.admits_trial(BEGAN + 5.1)
    made.record_success(BEGAN + 6)

    assert made.state(BEGAN + 6) is State.HALF_OPEN
    assert made.admits_trial(BEGAN + 6)


def test_a_trial_that_never_ends_is_forgotten() -> None:
    made = opened()

    assert made.admits_trial(BEGAN + 5)

    assert not made.admits_trial(BEGAN + 5 + QUICK.trial_seconds - 1)
    assert made.admits_trial(BEGAN + 5 + QUICK.trial_seconds)


def test_two_good_answers_close_it_and_its_share_grows_slowly() -> None:
    made = opened()

    made.record_success(BEGAN + 6)
    made.record_success(BEGAN + 7)

    assert made.state(BEGAN + 7) is State.HEALTHY
    assert made.share(BEGAN + 7) == pytest.approx(0.1)
    assert made.share(BEGAN + 12) == pytest.approx(0.5)
    assert made.share(BEGAN + 17) == 1


def test_each_failed_trial_makes_the_wait_longer() -> None:
    made, at, waits = opened(), BEGAN, list[float]()

    for _ in range(5):
        until = made.tries_again_at
        assert until is not None
        waits.append(until - at)
        at = until
        made.record_failure(at)

    assert waits == [5, 10, 20, 40, 80]


def test_a_linear_wait_grows_by_the_same_each_time() -> None:
    recovery = Recovery(backoff="linear", interval_seconds=300, max_retries=2, longest_seconds=3_600)

    assert [recovery.wait(n) for n in range(5)] == [300, 600, 900, 900, 900]


def test_without_auto_recover_it_stays_open() -> None:
    made = opened(rules=Thresholds(recovery=Recovery(auto=False)))

    assert made.state(BEGAN + 1e9) is State.OPEN


def test_who_says_how_long_to_wait_is_left_alone_for_so_long() -> None:
    made = circuit()

    made.record_failure(BEGAN, retry_after=90)

    assert made.state(BEGAN + 89) is State.OPEN
    assert made.state(BEGAN + 90) is State.HALF_OPEN


def test_a_success_while_open_does_not_close_it() -> None:
    made = opened()

    made.record_success(BEGAN + 1)

    assert made.state(BEGAN + 1) is State.OPEN


def test_a_doubt_from_elsewhere_passes() -> None:
    made = circuit()

    made.suspect(BEGAN, 10)

    assert made.state(BEGAN + 9) is State.DEGRADED
    assert made.state(BEGAN + 11) is State.HEALTHY
    assert made.share(BEGAN + 9) == 1


def test_it_does_not_flap() -> None:
    """A provider that fails every second call is tried ever less often."""
    made, trials = circuit(), 0

    for second in range(600):
        at = BEGAN + second
        if made.state(at) in (State.HEALTHY, State.DEGRADED) or made.admits_trial(at):
            trials += 1
            (made.record_failure if trials % 2 else made.record_success)(at)

    assert trials < 60


class CircuitMachine(RuleBasedStateMachine):
    """Whatever happens in whatever order, a circuit keeps its word."""

    def __init__(self) -> None:
        super().__init__()
        self.limits = QUICK
        self.circuit = Circuit(QUICK)
        self.at = BEGAN
        self.row = 0

    @initialize(
        rate=st.floats(0.05, 0.9), samples=st.integers(1, 20), row=st.integers(1, 10),
        backoff=st.sampled_from(["linear", "exponential"]), interval=st.floats(0.1, 100),
        slow=st.floats(0, 60), good=st.integers(1, 3),
    )  # fmt: skip
    def begin(self, rate: float, samples: int, row: int, backoff: str, interval: float, slow: float, good: int) -> None:
        recovery = Recovery("linear" if backoff == "linear" else "exponential", interval, slow_start_seconds=slow)
        self.limits = Thresholds(rate, min_samples=samples, in_a_row=row, good_trials=good, recovery=recovery)
        self.circuit = Circuit(self.limits)

    @rule(seconds=st.floats(0, 500))
    def wait(self, seconds: float) -> None:
        self.at += seconds

    @rule()
    def succeed(self) -> None:
        before = self.circuit.state(self.at)
        self.circuit.record_success(self.at)
        self.row = 0
        assert self.circuit.state(self.at) is not State.OPEN or before is State.OPEN

    @rule(retry_after=st.none() | st.floats(0, 1_000))
    def fail(self, retry_after: float | None) -> None:
        before = self.circuit.state(self.at)
        self.circuit.record_failure(self.at, retry_after=retry_after)
        self.row += 1
        until = self.circuit.tries_again_at
        if before is State.HALF_OPEN or self.row >= self.limits.in_a_row or retry_after is not None:
            assert until is not None
        if retry_after is not None:
            assert until is not None
            assert until >= self.at + retry_after - 1e-3

    @precondition(lambda self: self.circuit.state(self.at) is State.HALF_OPEN)
    @rule()
    def try_twice(self) -> None:
        self.circuit.admits_trial(self.at)
        assert not self.circuit.admits_trial(self.at), "one at a time"

    @rule()
    def recover(self) -> None:
        """From any state, time and good answers bring it back."""
        until = self.circuit.tries_again_at
        self.at = max(self.at, until or 0.0) + 1
        for _ in range(self.limits.good_trials):
            self.circuit.record_success(self.at)
        self.row = 0
        self.at += self.limits.window_seconds + self.limits.recovery.slow_start_seconds + 1
        assert self.circuit.state(self.at) in (State.HEALTHY, State.DEGRADED)
        assert self.circuit.share(self.at) == 1

    @invariant()
    def is_sound(self) -> None:
        state, share = self.circuit.state(self.at), self.circuit.share(self.at)
        rate = self.circuit.failure_rate(self.at)
        assert 0 <= share <= 1
        assert (share == 0) == (state in (State.OPEN, State.HALF_OPEN))
        assert rate is None or 0 <= rate <= 1
        assert state is State.HALF_OPEN or not self.circuit.admits_trial(self.at)


TestCircuit = CircuitMachine.TestCase


def test_its_memory_is_bounded() -> None:
    made = circuit()

    for n in range(MAX_SAMPLES * 3):
        made.record_success(BEGAN + n / 1_000)

    made.record_failure(BEGAN + 2)
    assert made.failure_rate(BEGAN + 2) == pytest.approx(1 / MAX_SAMPLES)
