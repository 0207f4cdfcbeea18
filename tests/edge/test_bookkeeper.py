"""Where the books are kept: what a restart knows, when the operator is warned, and how a worker asks."""

import asyncio
import time
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from openclaw_extproc.books import DAILY, HOURLY, Account, Limit
from openclaw_extproc.edge.ledger import bookkeeper
from openclaw_extproc.edge.ledger.bookkeeper import Bookkeeper, RemainingBudgets, RemoteBooks, local_outlet
from openclaw_extproc.edge.ledger.file import LedgerFile
from openclaw_extproc.edge.telemetry.alerts import nobody
from openclaw_extproc.gateway import Gateway
from openclaw_extproc.notices.kinds import Notice, NoticeKind
from openclaw_extproc.stages.entries import Outcome
from openclaw_extproc.stages.route.reservation import GRANTED, AskBudget
from openclaw_extproc.strategy import Optimization, Strategy
from tests.ledger.attempts import AT, GARBLED, entered, plan

HOUR = 3_600.0


class Clock:
    def __init__(self, at: float = AT) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at


def ask(micro_usd: int, *limits: Limit, request_id: str = "r") -> AskBudget:
    return AskBudget(request_id, micro_usd, limits)


def test_a_restart_knows_what_was_spent_in_the_windows_of_now(tmp_path: Path) -> None:
    """An entry costs 2,000 millionths."""
    path, now = str(tmp_path / "l.db"), AT + 30 * HOUR + 60
    ledger = LedgerFile(path)
    session = plan(session="s1", owner="o")
    ledger.write(
        [
            entered(at=AT, plan=session),
            entered(at=AT + 25 * HOUR, plan=session),
            entered(at=AT + 30 * HOUR + 1),
            entered(Outcome.FAILED, at=AT + 30 * HOUR + 2, fault=GARBLED),
        ]
    )
    ledger.close()
    keeper = Bookkeeper(clock=Clock(now))

    keeper.restore(path)

    assert keeper.books.balances("o", "s1", now) == (4_000, 6_000, 2_000)


@pytest.mark.parametrize("content", [None, b"nonsense " * 1_000])
def test_a_restart_without_a_ledger_begins_at_nothing(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "l.db").write_bytes(content)
    keeper = Bookkeeper(clock=Clock())

    keeper.restore(str(tmp_path / "l.db"))

    assert keeper.books.balances("", "", AT) == (0, 0, 0)


def test_an_answer_replaces_what_was_reserved_for_it() -> None:
    keeper = Bookkeeper(clock=Clock())

    assert keeper.reserve(ask(60_000, Limit(DAILY, 100_000), request_id="r1")) == GRANTED
    assert keeper.reserve(ask(60_000, Limit(DAILY, 100_000))) == "0 60000 0"
    keeper.settle(entered())

    assert keeper.reserve(ask(60_000, Limit(DAILY, 100_000))) == GRANTED


def test_a_refusal_tells_the_balance_of_the_session() -> None:
    keeper, session = Bookkeeper(clock=Clock()), Account("session", "o", "s")
    keeper.reserve(ask(60, Limit(session, 100)))

    assert keeper.reserve(ask(60, Limit(session, 100))) == "0 0 60"


def test_a_worker_that_ended_gives_back_what_it_had_reserved() -> None:
    clock = Clock()
    keeper = Bookkeeper(clock=clock)
    keeper.reserve(ask(60, Limit(DAILY, 100)), holder=7)

    keeper.forget_worker(7)
    clock.at += 3

    assert keeper.reserve(ask(60, Limit(DAILY, 100))) == GRANTED


def test_the_operator_is_warned_once_in_a_window() -> None:
    told, clock = list[Notice](), Clock()
    keeper = Bookkeeper(told.append, clock)

    for n in range(10):
        keeper.reserve(ask(10, Limit(HOURLY, 100), request_id=f"r{n}"))
        assert len(told) == (n >= 7)
    clock.at += HOUR
    keeper.reserve(ask(0, Limit(HOURLY, 100)))

    assert [(one.kind, one.subject) for one in told] == [(NoticeKind.BUDGET_WARNING, "hourly budget")]


def test_what_is_left_is_a_metric(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, registry = Clock(), CollectorRegistry()
    keeper = Bookkeeper(clock=clock)
    registry.register(RemainingBudgets(keeper))
    monkeypatch.setattr(time, "time", clock)

    keeper.reserve(ask(250_000, Limit(HOURLY, 1_000_000)))

    def left() -> float | None:
        return registry.get_sample_value("openclaw_budget_remaining_usd", {"budget": "hourly_budget"})

    assert left() == 0.75
    clock.at += HOUR
    assert left() == 1.0


def test_without_a_ledger_entries_are_wanted_for_budgets_alone() -> None:
    outlet = local_outlet(None, CollectorRegistry(), nobody)

    assert not outlet.is_wanted(Gateway())
    assert outlet.is_wanted(Gateway(strategy=Strategy(optimization=Optimization(daily_budget=1.0))))


# -- a worker's end ------------------------------------------------------------------------


def unheard(number: int, asked: AskBudget) -> None:
    """Of a parent that hangs."""


def test_a_worker_gets_the_answer_to_its_own_question() -> None:
    async def run() -> list[str | None]:
        sent = list[int]()
        books = RemoteBooks(lambda number, _: sent.append(number), lambda _: None)
        tasks = [asyncio.create_task(books.ask(ask(n))) for n in range(2)]
        await asyncio.sleep(0)
        books.answered(sent[1], "second")
        books.answered(sent[0], GRANTED)
        books.answered(99, "nobody's")
        return list(await asyncio.gather(*tasks))

    assert asyncio.run(run()) == [GRANTED, "second"]


def test_a_worker_goes_on_without_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bookkeeper, "ANSWER_SECONDS", 0.01)

    assert asyncio.run(RemoteBooks(unheard, lambda _: None).ask(ask(1))) is None


def test_who_leaves_while_it_is_asked_gives_back_what_is_reserved() -> None:
    async def run() -> list[str]:
        released = list[str]()
        task = asyncio.create_task(RemoteBooks(unheard, released.append).ask(ask(1, request_id="gone")))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return released

    assert asyncio.run(run()) == ["gone"]
