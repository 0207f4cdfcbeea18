"""A cell or two of each fault in the matrix, whose whole is `make faults`: what is expected there holds."""

from collections.abc import Mapping

import pytest

from tests.faults import running
from tests.faults.cells import Cell, cells
from tests.faults.judging import Judged
from tests.faults.rows import RANKS, ROWS


def some() -> tuple[Cell, ...]:
    """Of each fault another client, chain and way to answer; of the first ones of the table two."""
    chosen: list[Cell] = []
    for n, row in enumerate(ROWS):
        these = [cell for cell in cells() if cell.row is row]
        chosen.append(these[(7 * n + 1) % len(these)])
        if n % 4 == 0:
            chosen.append(these[(7 * n + 4) % len(these)])
    return tuple(chosen)


SOME = some()


@pytest.fixture(scope="module")
def results() -> Mapping[str, Judged]:
    """All at once, because some of them wait."""
    return {one.cell.name: one for one in running.run(SOME, lambda _: None)}


@pytest.mark.parametrize(
    "cell", SOME, ids=lambda c: f"{c.row.name}-{c.client}-{c.chain}-{'streamed' if c.streamed else 'whole'}"
)
def test_a_fault_costs_no_more_than_it_has_to(results: Mapping[str, Judged], cell: Cell) -> None:
    seen = results[cell.name]

    assert RANKS[seen.verdict] >= RANKS[cell.expected.verdict], seen.why
