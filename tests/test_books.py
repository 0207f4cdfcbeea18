"""No sequence of reserving, settling, releasing, crashing and restarting lets more through than the limits allow."""

from dataclasses import dataclass

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from openclaw_extproc import books
from openclaw_extproc.books import (
    DAILY,
    DAY,
    GRACE_SECONDS,
    HOUR,
    HOURLY,
    LIFETIME_SECONDS,
    SESSION_SECONDS,
    Account,
    Balances,
    Books,
    Limit,
    Spent,
    seconds_to_reset,
)

AT = 1_754_006_400.0
"""The first second of an hour and of a day, UTC."""
SESSION = Account("session", "o", "s")


def spent(micro_usd: int, request_id: str = "r", *, ended: float = AT, is_last: bool = True) -> Spent:
    return Spent(request_id, "o", "s", micro_usd, ended, is_last)


def test_a_budget_for_ten_lets_ten_through() -> None:
    made = Books()

    refused = [made.reserve(f"r{n}", 10, (Limit(DAILY, 100),), AT) for n in range(100)]

    assert refused.count(None) == 10
    assert set(refused) == {None, Limit(DAILY, 100)}
    assert made.balances("", "", AT).day == 100


def test_an_amount_is_reserved_of_all_limits_or_of_none() -> None:
    made = Books()

    assert made.reserve("r", 60, (Limit(HOURLY, 100), Limit(SESSION, 50)), AT) == Limit(SESSION, 50)

    assert made.balances("o", "s", AT) == Balances(0, 0, 0)


def test_the_answer_settles_the_reservation_for_what_it_cost() -> None:
    made = Books()
    made.reserve("r", 60, (Limit(DAILY, 100), Limit(SESSION, 100)), AT)

    made.settle(spent(15, is_last=False), AT)
    assert made.balances("o", "s", AT) == Balances(15, 15 + 60, 15 + 60)
    made.settle(spent(25), AT)

    assert made.balances("o", "s", AT) == Balances(40, 40, 40)


def test_what_nobody_answered_is_released_after_a_while() -> None:
    made = Books()
    made.reserve("r", 60, (Limit(DAILY, 100),), AT)

    made.release("r", AT + 1)

    assert made.balances("", "", AT + 1).day == 60, "entries of its attempts may still come"
    assert made.balances("", "", AT + 1 + GRACE_SECONDS).day == 0


def test_a_process_that_ended_holds_nothing() -> None:
    made = Books()
    made.reserve("r1", 60, (Limit(DAILY, 100),), AT, holder=1)
    made.reserve("r2", 30, (Limit(DAILY, 100),), AT, holder=2)

    made.release_all_of(1, AT)

    assert made.balances("", "", AT + GRACE_SECONDS).day == 30


def test_what_is_never_heard_of_again_ends_with_its_lifetime() -> None:
    made = Books()
    made.reserve("r", 60, (Limit(DAILY, 100),), AT)

    assert made.balances("", "", AT + LIFETIME_SECONDS - 1).day == 60
    assert made.balances("", "", AT + LIFETIME_SECONDS).day == 0


def test_windows_begin_anew_and_keep_what_is_reserved() -> None:
    made = Books()
    made.reserve("r", 60, (Limit(HOURLY, 100),), AT + HOUR - 1)
    made.settle(spent(30, "other", ended=AT + HOUR - 1), AT + HOUR - 1)

    assert made.balances("", "", AT + HOUR - 1) == Balances(90, 30, 0)
    assert made.balances("", "", AT + HOUR) == Balances(60, 30, 0)
    assert made.balances("", "", AT + DAY) == Balances(0, 0, 0)


def test_what_is_spent_in_a_new_window_is_all_that_counts_there() -> None:
    made = Books()
    made.settle(spent(30), AT)

    made.settle(spent(5, ended=AT + HOUR), AT + HOUR)

    assert made.balances("o", "s", AT + HOUR) == Balances(5, 35, 35)


def test_what_ended_in_an_earlier_window_is_not_counted_in_this_one() -> None:
    made = Books()

    made.settle(spent(30, ended=AT - 1), AT)

    assert made.balances("o", "s", AT) == Balances(0, 0, 30)


def test_a_clock_that_is_set_back_a_little_forgets_nothing() -> None:
    made = Books()
    made.settle(spent(30, ended=AT + 5), AT + 5)

    assert made.balances("o", "s", AT - 5) == Balances(30, 30, 30)
    made.settle(spent(5, ended=AT - 5), AT - 5)
    assert made.balances("o", "s", AT + 6) == Balances(35, 35, 35)


def test_a_session_that_is_quiet_for_a_day_begins_anew() -> None:
    made = Books()
    made.settle(spent(30), AT)

    assert made.balances("o", "s", AT + SESSION_SECONDS).session == 30
    assert made.balances("o", "s", AT + SESSION_SECONDS + 1).session == 0
    assert made.balances("other", "s", AT).session == 0


def test_sessions_are_bounded_and_those_with_a_reservation_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books, "MAX_SESSIONS", 10)
    made = Books()
    made.reserve("r", 7, (Limit(SESSION, 100),), AT)

    for n in range(50):
        made.settle(Spent(f"r{n}", "o", f"made-up-{n}", 1, AT, True), AT)

    assert made.balances("o", "s", AT).session == 7
    assert made.balances("o", "made-up-0", AT).session == 0
    assert made.balances("o", "made-up-49", AT).session == 1


def test_an_id_that_is_used_twice_is_settled_twice() -> None:
    made = Books()
    for _ in range(2):
        made.reserve("r", 10, (Limit(DAILY, 100),), AT)

    made.settle(spent(1), AT)
    assert made.balances("", "", AT).day == 11
    made.settle(spent(1), AT)
    assert made.balances("", "", AT).day == 2


def test_when_a_budget_begins_anew() -> None:
    assert seconds_to_reset("hour", AT + 600) == 3_000
    assert seconds_to_reset("day", AT + 600) == DAY - 600
    assert seconds_to_reset("session", AT) is None


@dataclass(frozen=True)
class Request:
    number: int
    micro_usd: int


class Spending(RuleBasedStateMachine):
    """Requests that cost what they reserved, in two processes that may crash, and restarts with what the ledger has."""

    requests = Bundle("requests")
    LIMIT = 100

    def __init__(self) -> None:
        super().__init__()
        self.at = self.began = AT
        """Now, and the last start: books of a process do not know of hours that were over when it began."""
        self.hour = AT // HOUR
        """The last hour that has begun: a clock that is set back begins no earlier one anew."""
        self.count = 0
        self.made = Books()
        self.entries: list[Spent] = []
        self.granted: dict[int, int] = {}
        """What is under way, by number."""

    @initialize()
    def begin(self) -> None:
        self.made = Books()

    @rule(target=requests, micro_usd=st.integers(0, 60), holder=st.integers(0, 1))
    def reserve(self, micro_usd: int, holder: int) -> Request:
        self.count += 1
        before = self.made.balances("", "", self.at).hour
        refused = self.made.reserve(str(self.count), micro_usd, (Limit(HOURLY, self.LIMIT),), self.at, holder=holder)
        assert (refused is None) == (before + micro_usd <= self.LIMIT)
        if refused is None:
            self.granted[self.count] = micro_usd
        return Request(self.count, micro_usd)

    @rule(request=consumes(requests))
    def settle(self, request: Request) -> None:
        if self.granted.pop(request.number, None) is not None:
            entry = Spent(str(request.number), "", "", request.micro_usd, self.at, True)
            self.entries.append(entry)
            self.made.settle(entry, self.at)

    @rule(request=consumes(requests))
    def fail(self, request: Request) -> None:
        if self.granted.pop(request.number, None) is not None:
            self.made.release(str(request.number), self.at)

    @rule(holder=st.integers(0, 1))
    def crash(self, holder: int) -> None:
        self.made.release_all_of(holder, self.at)

    @rule()
    def restart(self) -> None:
        """Nothing is under way any more, and the ledger has all entries."""
        self.granted.clear()
        self.began = self.at
        self.made = Books()
        for entry in self.entries:
            self.made.note(entry, self.at)

    @rule(seconds=st.sampled_from([0.5, 2.0, 600.0, 3_600.0, -5.0, -600.0]))
    def wait(self, seconds: float) -> None:
        self.at = max(self.at + seconds, self.began)
        self.hour = max(self.hour, self.at // HOUR)

    @invariant()
    def no_more_was_spent_in_an_hour_than_the_limit_and_what_was_under_way(self) -> None:
        hour = self.at // HOUR
        spent = sum(entry.micro_usd for entry in self.entries if entry.ended // HOUR == hour)
        assert spent <= 2 * self.LIMIT, "the limit, and what was reserved in the hour before"

    @invariant()
    def the_books_count_all_that_was_spent_in_this_hour(self) -> None:
        known = sum(entry.micro_usd for entry in self.entries if entry.ended // HOUR == self.hour)
        assert self.made.balances("", "", self.at).hour >= known

    @invariant()
    def nothing_negative_is_reserved(self) -> None:
        assert self.made.reserved(HOURLY) >= 0


TestSpending = Spending.TestCase
