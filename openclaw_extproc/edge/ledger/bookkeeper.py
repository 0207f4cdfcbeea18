"""The books of the budgets where they are kept: in the service that is alone, else in the supervisor of its workers.

A worker asks over the channel to its parent, and goes on without an answer if none comes within `ANSWER_SECONDS`: a
parent that hangs must not refuse calls. A restart begins with what the ledger has of the windows of now.
"""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Final, TypeAlias

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from openclaw_extproc.books import (
    DAILY,
    HOURLY,
    MAX_SESSIONS,
    SESSION_SECONDS,
    Account,
    Books,
    Scope,
    Spent,
    seconds_to_reset,
)
from openclaw_extproc.catalog import MILLION
from openclaw_extproc.edge.ledger.file import UnreadableFileError
from openclaw_extproc.edge.ledger.queries import reading
from openclaw_extproc.edge.ledger.writer import LedgerWriter
from openclaw_extproc.edge.telemetry import logs
from openclaw_extproc.edge.telemetry.alerts import Tell, nobody
from openclaw_extproc.gateway import Gateway
from openclaw_extproc.ledger.entry import LedgerEntry
from openclaw_extproc.notices.kinds import Notice, NoticeKind
from openclaw_extproc.stages.entries import Outcome
from openclaw_extproc.stages.route.reservation import GRANTED, AskBudget, refusal

ANSWER_SECONDS: Final = 1.0
WARNING_SHARE: Final = 0.8
"""Of a budget: when so much is spent or reserved, the operator is warned."""
_NAMES: Final[Mapping[Scope, str]] = {"hour": "hourly budget", "day": "daily budget"}
_SHARED: Final = {"hourly budget": HOURLY, "daily budget": DAILY}
_ANSWERS: Final = frozenset({Outcome.OK.value, Outcome.BROKEN.value, Outcome.GONE.value})
"""After these there is no other attempt."""


@dataclass(frozen=True, slots=True)
class CostOutlet:
    """Where a service sends what calls cost, and asks for reservations."""

    enter: Callable[[LedgerEntry], None]
    """Takes each attempt."""
    release: Callable[[str], None]
    """Takes the id of each request that nobody answered."""
    is_wanted: Callable[[Gateway], bool]
    """Whether anybody takes entries, with this configuration in force."""
    reserve: Callable[[AskBudget], str] | None = None
    """Answers at once; `None`: the books are in another process."""
    ask: Callable[[AskBudget], Awaitable[str | None]] | None = None
    """Answers later, where `reserve` is `None`."""


def has_budgets(gateway: Gateway) -> bool:
    """Whether there is a limit that requests share."""
    wanted = gateway.strategy.optimization
    limits = (wanted.hourly_budget, wanted.daily_budget, wanted.max_cost_per_session)
    return any(limit is not None for limit in limits)


@dataclass(frozen=True, slots=True)
class BudgetState:
    """What is spent and reserved of a budget that all requests share."""

    limit_micro_usd: int
    total_micro_usd: int
    ends: float
    """When its window ends: seconds since the epoch."""

    def remaining_usd(self, at: float) -> float:
        total = self.total_micro_usd if at < self.ends else 0
        return max(0, self.limit_micro_usd - total) / MILLION


class RemainingBudgets(Collector):
    """The metric of what is left; it may be read in another thread."""

    def __init__(self, keeper: "Bookkeeper") -> None:
        self._keeper = keeper

    def collect(self) -> Iterator[GaugeMetricFamily]:
        about = "US dollars of a budget that are neither spent nor reserved"
        gauge = GaugeMetricFamily("openclaw_budget_remaining_usd", about, labels=["budget"])
        for name, known in tuple(self._keeper.state.items()):
            gauge.add_metric([name.replace(" ", "_")], known.remaining_usd(time.time()))
        yield gauge


class Bookkeeper:
    """Keeps the books. It belongs to the thread of the event loop."""

    def __init__(self, tell: Tell = nobody, clock: Callable[[], float] = time.time) -> None:
        """`tell` sends a notice to the operator."""
        self.books = Books()
        self.state: dict[str, BudgetState] = {}
        """By name, of the budgets that all requests share, as of the last change."""
        self._tell = tell
        self._clock = clock
        self._told: dict[str, float] = {}
        """By name of the budget: until when nobody is warned again."""

    def settle(self, entry: LedgerEntry) -> None:
        """Takes an attempt that has ended."""
        at = self._clock()
        self.books.settle(_spent(entry), at)
        for name, known in tuple(self.state.items()):
            self._note(_SHARED[name], known.limit_micro_usd, at)

    def release(self, request_id: str) -> None:
        """Takes the id of a request that nobody answered."""
        self.books.release(request_id, self._clock())

    def reserve(self, asked: AskBudget, holder: int = 0) -> str:
        """Reserves what is asked for, or says what there is instead (`reservation.refusal`)."""
        at = self._clock()
        broken = self.books.reserve(asked.request_id, asked.micro_usd, asked.limits, at, holder=holder)
        for limit in asked.limits:
            self._note(limit.account, limit.micro_usd, at)
        if broken is None:
            return GRANTED
        session = next((limit.account for limit in asked.limits if limit.account.scope == "session"), _NOBODYS)
        return refusal(self.books.balances(session.owner, session.session, at))

    def _note(self, account: Account, limit_micro_usd: int, at: float) -> None:
        """Keeps the state of a shared budget, and warns once in its window when little is left."""
        seconds = seconds_to_reset(account.scope, at)
        if seconds is None:
            return
        name, balances = _NAMES[account.scope], self.books.balances("", "", at)
        total = balances.hour if account == HOURLY else balances.day
        self.state[name] = BudgetState(limit_micro_usd, total, at + seconds)
        if total < WARNING_SHARE * limit_micro_usd or at < self._told.get(name, 0.0):
            return
        self._told[name] = at + seconds
        text = f"{total / MILLION:.2f} of {limit_micro_usd / MILLION:.2f} USD of the {name} are spent or reserved"
        logs.event("budgets", "budget_warning", {"budget": name, "text": text}, level=logging.WARNING)
        self._tell(Notice(NoticeKind.BUDGET_WARNING, name, text, at))

    def forget_worker(self, pid: int) -> None:
        """Releases what a worker that has ended had reserved."""
        self.books.release_all_of(pid, self._clock())

    def restore(self, path: str) -> None:
        """Takes what the ledger has of the windows of now; nothing if there is none, or if it cannot be read."""
        at = self._clock()
        try:
            with reading(path) as database:
                for account, micro_usd, ended in _spent_before(database, at):
                    self.books.add(account, micro_usd, ended, at)
        except (OSError, sqlite3.Error, UnreadableFileError):
            return  # the writer says what is wrong with it


_NOBODYS: Final = Account("session")


def _spent(entry: LedgerEntry) -> Spent:
    return Spent(
        entry.request_id,
        entry.owner,
        entry.session,
        entry.cost_micro_usd or 0,
        entry.at_ms / 1000,
        entry.outcome in _ANSWERS,
    )


def _spent_before(database: sqlite3.Connection, at: float) -> Iterator[tuple[Account, int, float]]:
    for account, seconds in ((HOURLY, 3_600), (DAILY, 86_400)):
        since = round(at // seconds * seconds * 1000)
        spent, last = database.execute(_SINCE, (since,)).fetchone()
        yield account, spent or 0, (last or 0) / 1000
    since = round((at - SESSION_SECONDS) * 1000)
    for owner, session, spent, last in database.execute(_SESSIONS, (since, MAX_SESSIONS)).fetchall():
        yield Account("session", owner, session), spent or 0, last / 1000


_SINCE = "SELECT sum(cost_micro_usd), max(at_ms) FROM entries WHERE at_ms >= ?"
_SESSIONS = (
    "SELECT owner, session, sum(cost_micro_usd), max(at_ms) FROM entries WHERE at_ms >= ? AND session <> '' "
    "GROUP BY owner, session ORDER BY max(at_ms) DESC LIMIT ?"
)


def local_outlet(ledger: LedgerWriter | None, registry: CollectorRegistry, tell: Tell) -> CostOutlet:
    """The outlet of a service that is alone: the books are in its process."""
    keeper = Bookkeeper(tell)
    registry.register(RemainingBudgets(keeper))
    if ledger is not None:
        keeper.restore(ledger.path)

    def enter(entry: LedgerEntry) -> None:
        keeper.settle(entry)
        if ledger is not None:
            ledger.put(entry)

    return CostOutlet(
        enter, keeper.release, lambda gateway: ledger is not None or has_budgets(gateway), reserve=keeper.reserve
    )


Sends: TypeAlias = Callable[[int, AskBudget], None]
"""Sends a question to the parent, with its number."""


class RemoteBooks:
    """A worker's end of the questions to the books of its parent."""

    def __init__(self, send: Sends, release: Callable[[str], None]) -> None:
        self._send = send
        self._release = release
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[str]] = {}

    async def ask(self, asked: AskBudget) -> str | None:
        """The answer of the books; `None`: none came in time. Who no longer waits gives back what was reserved."""
        number = next(self._numbers)
        waiting = self._waiting[number] = asyncio.get_running_loop().create_future()
        self._send(number, asked)
        try:
            return await asyncio.wait_for(waiting, ANSWER_SECONDS)
        except TimeoutError:
            return None
        except asyncio.CancelledError:
            self._release(asked.request_id)
            raise
        finally:
            self._waiting.pop(number, None)

    def answered(self, number: int, text: str) -> None:
        """Takes an answer of the parent."""
        if (waiting := self._waiting.get(number)) is not None and not waiting.done():
            waiting.set_result(text)
