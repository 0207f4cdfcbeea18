"""`make faults`. Exit codes: 0 all cells as expected or better, 1 one is not, 2 nothing to run."""

import argparse
import json
import sys
import time
from pathlib import Path

from tests.faults import running, table
from tests.faults.cells import CLIENTS, Cell, cells
from tests.faults.judging import Judged
from tests.faults.rows import ROWS


def main() -> int:
    options = _options()
    some = [cell for cell in cells() if _wanted(cell, options)]
    if not some:
        sys.stderr.write(f"no such cell (faults: {', '.join(row.name for row in ROWS)})\n")
        return 2
    began = time.monotonic()
    results = list(running.run(some, _note if options.verbose else _dot, options.jobs))
    took = time.monotonic() - began
    sys.stderr.write("\n")
    print(json.dumps(table.as_json(results, took), indent=1) if options.json else table.text(results, took))
    if options.write:
        table.write(options.write, results)
    return 0 if all(one.as_expected for one in results) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--fault", action="append", help="only this row of the table; may be said again")
    parser.add_argument("--client", choices=CLIENTS)
    parser.add_argument("--json", action="store_true", help="every cell, for machines")
    parser.add_argument("--write", type=Path, help="put the table between the markers of this page")
    parser.add_argument("--jobs", type=int, default=running.JOBS, help="cells at a time")
    parser.add_argument("--verbose", action="store_true", help="a line for each cell as it ends")
    return parser.parse_args()


def _wanted(cell: Cell, options: argparse.Namespace) -> bool:
    return (not options.fault or cell.row.name in options.fault) and options.client in (None, cell.client)


def _dot(one: Judged) -> None:
    sys.stderr.write({"pass": ".", "safe": "s", "fail": "F"}[one.verdict])
    sys.stderr.flush()


def _note(one: Judged) -> None:
    sys.stderr.write(table.line(one) + "\n")


if __name__ == "__main__":
    sys.exit(main())
