"""The books of the budgets where they are kept: in the service that is alone, else in the supervisor of its workers.

A worker asks over the channel to its parent, and goes on without an answer if none comes within `ANSWER_SECONDS`: a
parent that hangs must not refuse calls. A restart begins with what the ledger has of the windows of now.
"""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Final, Protocol

from openclaw_extproc.books import DAILY, HOURLY, MAX_SESSIONS, SESSION_SECONDS, Account, Books, Spent
from openclaw_extproc.edge.ledger.file import UnreadableFileError
from openclaw_extproc.edge.ledger.reader import reading
from openclaw_extproc.edge.ledger.writer import LedgerWriter
from openclaw_extproc.gateway import Gateway
from openclaw_extproc.ledger.entry import LedgerEntry
from openclaw_extproc.stages.entries import Outcome
from openclaw_extproc.stages.route.reservation import GRANTED, AskBudget, refusal

ANSWER_SECONDS: Final = 1.0
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


class Bookkeeper:
    """Keeps the books. It belongs to the thread of the event loop."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.books = Books()
        self._clock = clock

    def settle(self, entry: LedgerEntry) -> None:
        """Takes an attempt that has ended."""
        self.books.settle(_spent(entry), self._clock())

    def release(self, request_id: str) -> None:
        """Takes the id of a request that nobody answered."""
        self.books.release(request_id, self._clock())

    def reserve(self, asked: AskBudget, holder: int = 0) -> str:
        """Reserves what is asked for, or says what there is instead (`reservation.refusal`)."""
        at = self._clock()
        broken = self.books.reserve(asked.request_id, asked.micro_usd, asked.limits, at, holder=holder)
        if broken is None:
            return GRANTED
        session = next((limit.account for limit in asked.limits if limit.account.scope == "session"), _NOBODYS)
        return refusal(self.books.balances(session.owner, session.session, at))

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


def local_outlet(ledger: LedgerWriter | None) -> CostOutlet:
    """The outlet of a service that is alone: the books are in its process."""
    keeper = Bookkeeper()
    if ledger is not None:
        keeper.restore(ledger.path)

    def enter(entry: LedgerEntry) -> None:
        keeper.settle(entry)
        if ledger is not None:
            ledger.put(entry)

    return CostOutlet(
        enter, keeper.release, lambda gateway: ledger is not None or has_budgets(gateway), reserve=keeper.reserve
    )


class Sends(Protocol):
    """Sends a numbered question to the parent."""

    def __call__(self, number: int, asked: AskBudget) -> None: ...


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
