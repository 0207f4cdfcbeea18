"""Promises about which calls are counted as under way."""

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from openclaw_extproc.edge.runtime.in_flight import LINGER_SECONDS, InFlight, Reservation

AT = 1_754_000_000.0
LATER = AT + 2 * LINGER_SECONDS


def call(name: str = "p/m", usd: float = 0.5) -> Reservation:
    return Reservation((name,), usd)


def test_a_call_counts_from_its_plan_to_a_moment_after_its_end() -> None:
    under_way = InFlight()

    under_way.plan("r", Reservation(("p/m", "q/n"), 0.5))
    assert under_way.inflight(AT) == {"p/m": 1, "q/n": 1}

    under_way.begin("r", call())
    assert under_way.inflight(AT) == {"p/m": 1}

    under_way.end(call(), AT)
    assert under_way.inflight(AT + LINGER_SECONDS / 2) == {"p/m": 1}
    assert under_way.inflight(LATER) == {}


def test_a_hundred_requests_decided_at_once_see_each_other() -> None:
    under_way = InFlight()

    for n in range(100):
        under_way.plan(f"r{n}", call())

    assert under_way.inflight(AT) == {"p/m": 100}
    assert under_way.held_usd(AT) == 50.0


def test_a_request_that_never_came_to_an_attempt_is_forgotten() -> None:
    under_way = InFlight()
    under_way.plan("r", call())

    under_way.forget("r")
    under_way.forget("r")

    assert under_way.inflight(AT) == {}
    assert under_way.held_usd(AT) == 0.0


def test_an_attempt_elsewhere_counts_there() -> None:
    under_way = InFlight()
    under_way.plan("r", call())
    under_way.begin("r", call())
    under_way.end(call(), AT)
    under_way.begin("r", call("q/n"))

    assert under_way.inflight(LATER) == {"q/n": 1}


def test_a_request_id_used_twice_leaves_nothing_behind() -> None:
    under_way = InFlight()

    for _ in range(2):
        under_way.plan("r", call())
    for _ in range(2):
        under_way.begin("r", call())
    for _ in range(2):
        under_way.end(call(), AT)
        under_way.forget("r")

    assert under_way.inflight(LATER) == {}


def test_a_clock_that_goes_back_holds_no_call_for_ever() -> None:
    under_way = InFlight()
    under_way.begin("r", call())
    under_way.end(call(), AT)

    assert under_way.inflight(AT - 3600) == {}


@given(st.lists(st.floats(0, 10, allow_nan=False), max_size=50))
def test_nothing_under_way_holds_nothing(costs: list[float]) -> None:
    under_way = InFlight()
    calls = [Reservation((f"p/{n % 3}",), usd) for n, usd in enumerate(costs)]
    for one in calls:
        under_way.begin("", one)

    for one in reversed(calls):
        under_way.end(one, AT)

    assert under_way.held_usd(LATER) == 0.0


class Interleaved(RuleBasedStateMachine):
    """Whatever comes after whatever: the counts are those of what is under way, and nothing more is kept."""

    def __init__(self) -> None:
        super().__init__()
        self.under_way = InFlight()
        self.open: list[Reservation] = []
        self.record_planned: dict[str, Reservation] = {}
        self.at = AT

    @rule(request=st.sampled_from("abc"), name=st.sampled_from(["p/m", "q/n"]))
    def plan(self, request: str, name: str) -> None:
        self.record_planned[request] = Reservation((name, "z/z"), 0.1)
        self.under_way.plan(request, self.record_planned[request])

    @rule(request=st.sampled_from("abc"))
    def forget(self, request: str) -> None:
        self.record_planned.pop(request, None)
        self.under_way.forget(request)

    @rule(request=st.sampled_from("abc"), name=st.sampled_from(["p/m", "q/n"]))
    def begin(self, request: str, name: str) -> None:
        self.record_planned.pop(request, None)
        self.open.append(call(name))
        self.under_way.begin(request, self.open[-1])

    @rule(which=st.integers(0, 9))
    def end(self, which: int) -> None:
        if self.open:
            self.at += 2 * LINGER_SECONDS
            self.under_way.end(self.open.pop(which % len(self.open)), self.at)

    @invariant()
    def counts_what_is_there(self) -> None:
        found = self.under_way.inflight(self.at + 2 * LINGER_SECONDS)
        names = [name for one in (*self.open, *self.record_planned.values()) for name in one.names]
        assert found == {name: names.count(name) for name in set(names)}
        assert self.under_way.held_usd(self.at + 2 * LINGER_SECONDS) >= 0.0


TestInterleaved = Interleaved.TestCase
