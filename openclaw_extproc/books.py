"""The books of the budgets: what was spent in each window, and what is reserved for requests under way.

A request reserves its estimated cost before it is sent, against all limits at once or none. Its attempts are settled as
they end; with the answer the reservation goes. One that nobody answered is released after a while in which entries of
its attempts still come; one that is never heard of again, a crash may do that, after its lifetime. So never more is
granted than the limits allow, by what is known of costs then.

Amounts are millionths of a US dollar; times come as arguments, in seconds since the epoch. Windows are UTC.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, TypeAlias

HOUR: Final = 3_600
DAY: Final = 86_400
SESSION_SECONDS: Final = 24 * 3_600.0
"""Of silence, after which what a session has spent is forgotten."""
MAX_SESSIONS: Final = 10_000
"""Beyond this the session that was quiet for longest is forgotten."""
LIFETIME_SECONDS: Final = 900.0
"""Of a reservation that nobody settles or releases."""
GRACE_SECONDS: Final = 2.0
"""Of one that was released: entries of its attempts come in batches."""
MAX_RESERVATIONS: Final = 100_000
MOST_WINDOWS_BACK: Final = 1

Scope: TypeAlias = Literal["hour", "day", "session"]


class Account(NamedTuple):
    """What a limit is about."""

    scope: Scope
    owner: str = ""
    """Of a session: `CallerIdentity.owner`."""
    session: str = ""


HOURLY: Final = Account("hour")
DAILY: Final = Account("day")


class Limit(NamedTuple):
    """The most that may be spent and reserved of an account."""

    account: Account
    micro_usd: int


class Balances(NamedTuple):
    """What is spent and reserved, as far as a request is concerned."""

    hour: int
    day: int
    session: int


class Spent(NamedTuple):
    """What an attempt cost."""

    request_id: str
    owner: str
    session: str
    micro_usd: int
    ended: float
    """Seconds since the epoch."""
    is_last: bool
    """The request has its answer, or a part of it: no other attempt follows."""


@dataclass(slots=True)
class _Sum:
    window: int = 0
    """The number of the hour or the day; of a session 0."""
    spent: int = 0
    reserved: int = 0
    used: float = 0.0
    """When it was last spent or reserved of."""


@dataclass(slots=True)
class _Reservation:
    request_id: str
    micro_usd: int
    accounts: tuple[Account, ...]
    ends: float
    holder: int


@dataclass(slots=True)
class Books:
    """The books of one gateway. They belong to one thread."""

    _sums: OrderedDict[Account, _Sum] = field(default_factory=OrderedDict[Account, _Sum])
    """The session used last at the end."""
    _reserved: OrderedDict[int, _Reservation] = field(default_factory=OrderedDict[int, _Reservation])
    """By number, in the order in which they were made."""
    _by_request: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    """A client may use an id twice at a time: the oldest is settled first."""
    _closing: list[tuple[float, int]] = field(default_factory=list[tuple[float, int]])
    _count: int = 0

    def reserve(
        self, request_id: str, micro_usd: int, limits: Sequence[Limit], at: float, *, holder: int = 0
    ) -> Limit | None:
        """Reserves an amount within all of the limits. Returns the first that it would exceed; `None`: it is reserved.

        `holder`: the process that has the request, for `release_all_of`.
        """
        self.expire(at)
        for limit in limits:
            if self._total(limit.account, at) + micro_usd > limit.micro_usd:
                return limit
        accounts = tuple(limit.account for limit in limits)
        for account in accounts:
            self._sum(account, at).reserved += micro_usd
        self._count += 1
        self._reserved[self._count] = _Reservation(request_id, micro_usd, accounts, at + LIFETIME_SECONDS, holder)
        self._by_request.setdefault(request_id, []).append(self._count)
        while len(self._reserved) > MAX_RESERVATIONS:
            self._drop(next(iter(self._reserved)))
        return None

    def settle(self, spent: Spent, at: float) -> None:
        """Takes an attempt that has ended: its cost, and with an answer the end of the reservation."""
        self.note(spent, at)
        if spent.is_last and (numbers := self._by_request.get(spent.request_id)):
            self._drop(numbers[0])
        self.expire(at)

    def note(self, spent: Spent, at: float) -> None:
        """Takes the cost of an attempt alone."""
        if not spent.micro_usd:
            return
        self.add(HOURLY, spent.micro_usd, spent.ended, at)
        self.add(DAILY, spent.micro_usd, spent.ended, at)
        if spent.session:
            self.add(Account("session", spent.owner, spent.session), spent.micro_usd, spent.ended, at)

    def add(self, account: Account, micro_usd: int, ended: float, at: float) -> None:
        """Adds what was spent at some time, if that is in the window of now."""
        if _window(account, ended) >= _window(account, at) and at - ended <= SESSION_SECONDS:
            self._sum(account, max(at, ended)).spent += micro_usd

    def release(self, request_id: str, at: float) -> None:
        """Ends the reservation of a request that nobody answered, after `GRACE_SECONDS`."""
        for number in self._by_request.get(request_id, ())[:1]:
            self._closing.append((at + GRACE_SECONDS, number))

    def release_all_of(self, holder: int, at: float) -> None:
        """Ends the reservations of a process that has ended."""
        found = (number for number, one in self._reserved.items() if one.holder == holder)
        self._closing.extend((at + GRACE_SECONDS, number) for number in found)

    def expire(self, at: float) -> None:
        """Drops reservations whose time is over, and sessions that were quiet for too long."""
        due = [number for when, number in self._closing if when <= at or when > at + 2 * GRACE_SECONDS]
        if due:
            gone = frozenset(due)
            self._closing = [one for one in self._closing if one[1] not in gone]
            for number in due:
                self._drop(number)
        while self._reserved and not _is_alive(first := next(iter(self._reserved.items())), at):
            self._drop(first[0])

    def balances(self, owner: str, session: str, at: float) -> Balances:
        """What is spent and reserved. An empty `session` has 0."""
        self.expire(at)
        own = self._total(Account("session", owner, session), at) if session else 0
        return Balances(self._total(HOURLY, at), self._total(DAILY, at), own)

    def reserved(self, account: Account) -> int:
        """What is reserved of an account."""
        found = self._sums.get(account)
        return 0 if found is None else found.reserved

    def _total(self, account: Account, at: float) -> int:
        found = self._sums.get(account)
        if found is None:
            return 0
        is_past = _is_over(found.window, _window(account, at)) or _is_quiet(account, found, at)
        return found.reserved + (0 if is_past else found.spent)

    def _sum(self, account: Account, at: float) -> _Sum:
        """The sums of an account in the window of now; what is reserved goes on from one window to the next."""
        found, window = self._sums.get(account), _window(account, at)
        if found is None:
            found = self._sums[account] = _Sum(window)
            self._forget_sessions()
        if _is_over(found.window, window) or _is_quiet(account, found, at):
            found.window, found.spent = window, 0
        found.used = at
        self._sums.move_to_end(account)
        return found

    def _forget_sessions(self) -> None:
        """The quietest ones of those that have nothing reserved."""
        if len(self._sums) <= MAX_SESSIONS + 2:
            return
        idle = (one for one, sums in self._sums.items() if one.scope == "session" and not sums.reserved)
        if (quietest := next(idle, None)) is not None:
            del self._sums[quietest]

    def _drop(self, number: int) -> None:
        found = self._reserved.pop(number, None)
        if found is None:
            return
        for account in found.accounts:
            self._sums[account].reserved -= found.micro_usd
        numbers = self._by_request[found.request_id]
        numbers.remove(number)
        if not numbers:
            del self._by_request[found.request_id]


def _window(account: Account, at: float) -> int:
    match account.scope:
        case "hour":
            return int(at // HOUR)
        case "day":
            return int(at // DAY)
        case "session":
            return 0


def _is_over(window: int, now: int) -> bool:
    """Whether a later window has begun. A clock that is set back a little stays in the window that it was in: what was
    spent in it counts on. One that is set back far was wrong before."""
    return now > window or window - now > MOST_WINDOWS_BACK


def _is_alive(numbered: tuple[int, _Reservation], at: float) -> bool:
    """A clock that was set back must not hold a reservation for ever."""
    return 0 < numbered[1].ends - at <= 2 * LIFETIME_SECONDS


def _is_quiet(account: Account, sums: _Sum, at: float) -> bool:
    return account.scope == "session" and at - sums.used > SESSION_SECONDS


def seconds_to_reset(scope: Scope, at: float) -> float | None:
    """When the window of now ends; `None`: a session has no such time."""
    match scope:
        case "hour":
            return HOUR - at % HOUR
        case "day":
            return DAY - at % DAY
        case "session":
            return None
