"""The page has one line for each fault, with all of its columns, in whatever order the results came in."""

import random
from pathlib import Path

from tests.faults import table
from tests.faults.cells import CLIENTS, cells
from tests.faults.judging import Judged
from tests.faults.rows import ROWS


def results() -> list[Judged]:
    """Of every cell, as expected; more than a thousand, so that names of cells are of different lengths."""
    found = [Judged(cell, cell.expected.verdict, cell.number / 1000, 1) for cell in cells()]
    assert len(found) > 1000
    return found


def lines(text: str) -> list[list[str]]:
    """The cells of each line below the table's head."""
    found = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line] for line in found[2:]]


def test_every_fault_has_one_line_with_all_its_columns() -> None:
    given = sorted(results(), key=lambda one: one.cell.name)
    made = lines(table.markdown(given))
    columns = [(client, streamed) for client in CLIENTS for streamed in (False, True)]

    assert [line[0] for line in made] == [row.name for row in ROWS]
    assert {len(line) for line in made} == {2 + 2 * len(CLIENTS)}
    for row, line in zip(ROWS, made, strict=True):
        asked = {(one.cell.client, one.cell.streamed) for one in given if one.cell.row is row}
        assert [column for column, told in zip(columns, line[2:], strict=True) if told] == [
            column for column in columns if column in asked
        ]


def test_the_order_of_the_results_is_no_matter(tmp_path: Path) -> None:
    pages = list[str]()
    for seed in (1, 2):
        shuffled = random.Random(seed).sample(results(), k=len(results()))  # noqa: S311  # an order, no secret
        page = tmp_path / "page.md"
        page.write_text(f"before\n{table.BEGIN}\nwhat was there\n{table.END}\nafter\n")
        table.write(page, shuffled)
        pages.append(page.read_text())

    first, second = pages
    assert sorted(line[0] for line in lines(first)) == sorted(row.name for row in ROWS)
    assert "what was there" not in first
    assert (first.startswith("before\n"), first.endswith("\nafter\n")) == (True, True)
    assert first == second


def test_who_was_left_out_of_a_run_has_no_line() -> None:
    some = [one for one in results() if one.cell.row.name in ("ok", "529")]

    assert [line[0] for line in lines(table.markdown(some))] == ["ok", "529"]
