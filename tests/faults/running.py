"""Run cells: some sidecars, some threads, and a look at what arrived at the providers."""

import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

from openclaw_simulator import Record
from tests.e2e.harness import Providers, Sidecar, sidecar
from tests.faults import asking, cells
from tests.faults.asking import AnyCaller, Seen
from tests.faults.cells import CLIENTS, Cell
from tests.faults.judging import Judged, judged

JOBS = 8
CELLS_OF_ONE_SIDECAR = 150
"""Each has two clusters and as many for what passes unread: some hundred start within a second or two."""
GONE_SECONDS = 1.0
"""From a client's leaving to the end of the call at the provider."""
SETTLED_SECONDS = 2.0


class Runner:
    """Everything that a cell needs, while it runs."""

    def __init__(self, up: Sidecar, providers: Providers, callers: Mapping[str, AnyCaller]) -> None:
        self._up = up
        self._providers = providers
        self._callers = callers

    def run(self, cell: Cell) -> Judged:
        if cell.row.leaves:
            return self._left(cell)
        seen: list[Seen] = []
        arrived: list[Sequence[Record]] = []
        before = 0
        for _ in range(cell.row.times):
            seen.append(asking.ask(self._callers[cell.client], cell))
            records = self._records(cell)
            arrived.append(records[before:])
            before = len(records)
        return judged(cell, seen, arrived, self._billed(cell) if cell.row.unbilled else "")

    def _left(self, cell: Cell) -> Judged:
        seen = asking.leave(self._up.url, cell)
        left = time.monotonic()
        gone = _within(GONE_SECONDS, lambda: any(record.disconnected for record in self._records(cell)))
        took = time.monotonic() - left
        settled = _within(SETTLED_SECONDS, lambda: self._ended(cell) == 1)
        wrong = "" if gone else f"the provider's connection was still there after {took:.1f} s"
        return judged(
            cell,
            [seen],
            [self._records(cell)],
            wrong or ("" if settled else f"{self._ended(cell):g} calls are counted"),
        )

    def _ended(self, cell: Cell) -> float:
        """Calls to who was asked first that are over, however they ended."""
        outcomes = ("ok", "failed", "no_answer", "broken", "gone")
        counts = (self._up.metric("openclaw_attempts_total", provider=cell.providers[0], outcome=o) for o in outcomes)
        return sum(counts)

    def _billed(self, cell: Cell) -> str:
        tokens = self._up.metric("openclaw_tokens_total", provider=cell.providers[0])
        return f"{tokens:g} tokens are counted of the one that failed" if tokens else ""

    def _records(self, cell: Cell) -> list[Record]:
        """Of both providers, oldest first."""
        return sorted(
            (one for name in {*cell.simulators} for one in self._providers[name].requests if _is_of(one, cell)),
            key=lambda one: one.at,
        )


def _is_of(record: Record, cell: Cell) -> bool:
    return cell.text in (record.body or "")


def _within(seconds: float, found: Callable[[], bool]) -> bool:
    over = time.monotonic() + seconds
    while not found():
        if time.monotonic() > over:
            return False
        time.sleep(0.02)
    return True


@contextmanager
def ready(some: Sequence[Cell], providers: Providers) -> Generator[Runner]:
    """A sidecar with these cells, and an SDK of each kind."""
    with ExitStack() as stack:
        up = stack.enter_context(sidecar(cells.config(some, providers), cells.environment(some)))
        callers = {client: asking.caller(client, up.url) for client in CLIENTS}
        for one in callers.values():
            stack.enter_context(one)
        yield Runner(up, providers, callers)


def run(some: Sequence[Cell], done: Callable[[Judged], None], jobs: int = JOBS) -> Iterable[Judged]:
    """All of them, those that wait longest first."""
    providers = Providers()
    cells.start(providers)
    results: list[Judged] = []
    try:
        for at in range(0, len(some), CELLS_OF_ONE_SIDECAR):
            batch = some[at : at + CELLS_OF_ONE_SIDECAR]
            ordered = sorted(batch, key=lambda cell: -cell.row.waits)
            with ready(batch, providers) as runner, ThreadPoolExecutor(jobs) as threads:
                for one in threads.map(runner.run, ordered):
                    done(one)
                    results.append(one)
    finally:
        providers.close()
    return sorted(results, key=lambda one: one.cell.number)
