"""The results as text, as JSON, and as the Markdown of `docs/reliability.md`."""

import datetime
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from bench.report import machine
from tests.faults.cells import CLIENTS
from tests.faults.judging import Judged
from tests.faults.rows import PATIENCE_SECONDS, RANKS, ROWS

BEGIN, END = "<!-- faults: made by `make faults` -->", "<!-- end of faults -->"


def line(one: Judged) -> str:
    cell = one.cell
    how = "streamed" if cell.streamed else "whole"
    off = "" if one.as_expected else f"  EXPECTED {cell.expected.verdict}"
    said = one.why if one.verdict == "fail" or off else ""
    head = f"{cell.row.name:22} {cell.client:10} {cell.chain:11} {how:9} {one.verdict:5}"
    return f"{head} {one.seconds:5.2f} s {one.attempts:2}{off}  {said}".rstrip()


def text(results: Sequence[Judged], took: float) -> str:
    lines = [line(one) for one in results]
    return "\n".join([*lines, "", *summary(results, took)])


def summary(results: Sequence[Judged], took: float) -> Iterator[str]:
    counts = {verdict: sum(one.verdict == verdict for one in results) for verdict in RANKS}
    off = [one for one in results if not one.as_expected]
    better = [one for one in results if RANKS[one.verdict] > RANKS[one.cell.expected.verdict]]
    yield f"{len(results)} cells in {took:.0f} s: " + ", ".join(f"{n} {verdict}" for verdict, n in counts.items())
    yield f"{len(off)} less than expected" + (":" if off else "")
    yield from map(line, off)
    if better:
        yield f"{len(better)} better than expected: {', '.join(sorted({one.cell.row.name for one in better}))}"


def as_json(results: Iterable[Judged], took: float) -> dict[str, object]:
    return {
        "date": _today(),
        "seconds": round(took, 1),
        "cells": [
            {
                "fault": one.cell.row.name,
                "client": one.cell.client,
                "chain": one.cell.chain,
                "streamed": one.cell.streamed,
                "result": one.verdict,
                "expected": one.cell.expected.verdict,
                "seconds": round(one.seconds, 3),
                "attempts": one.attempts,
                "why": one.why,
            }
            for one in results
        ],
    }


def markdown(results: Sequence[Judged]) -> str:
    """A line for each fault, in the order of `ROWS`, whatever the order of the results."""
    ordered = sorted(results, key=lambda one: one.cell.number)
    groups = [[one for one in ordered if one.cell.row.name == row.name] for row in ROWS]
    rows = [
        [
            "fault",
            "what the provider does",
            *(f"{client}, {how}" for client in CLIENTS for how in ("whole", "streamed")),
        ],
        ["---"] * 8,
        *(_row(group) for group in groups if group),
    ]
    reasons = dict.fromkeys(
        (one.cell.row.name, one.cell.expected.why)
        for group in groups
        for one in group
        if one.verdict == "safe" and one.cell.expected.why
    )
    why = "\n".join(f"- {name}: {reason}." for name, reason in reasons)
    here = machine()
    about = (
        f"{_today()}, {here.cpu}, {here.cores} cores, Python {here.python}, Envoy {here.envoy}. {len(results)} cells; "
        f"attempts may be silent for {PATIENCE_SECONDS:g} s. A cell names its result, the longest time of its chains "
        "(stand-in of the same format, of another, first provider of another format, nobody standing in) and how many "
        "requests arrived at providers in the longest."
    )
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"{table}\n\n{about}\n\nWhy *safe* and not *pass*:\n\n{why}"


def _row(group: Sequence[Judged]) -> list[str]:
    row = group[0].cell.row
    cells = [
        _merged([one for one in group if (one.cell.client, one.cell.streamed) == (client, streamed)])
        for client in CLIENTS
        for streamed in (False, True)
    ]
    return [row.name, row.about, *cells]


def _merged(some: Sequence[Judged]) -> str:
    """Of all chains; results that differ are named each."""
    if not some:
        return ""
    worst = max(some, key=lambda one: one.seconds)
    verdicts = dict.fromkeys(one.verdict for one in some)
    said = ", ".join(
        verdict
        if len(verdicts) == 1
        else f"{verdict} ({', '.join(o.cell.chain for o in some if o.verdict == verdict)})"
        for verdict in verdicts
    )
    return f"{said} {worst.seconds:.1f} s, {worst.attempts}"


def write(page: Path, results: Sequence[Judged]) -> None:
    before = page.read_text()
    made = f"{BEGIN}\n{markdown(results)}\n{END}"
    page.write_text(re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: made, before, flags=re.DOTALL))


def _today() -> str:
    return datetime.datetime.now(datetime.UTC).date().isoformat()
