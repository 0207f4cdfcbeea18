"""The text report of a drill: a table for each chain, then the findings."""

import textwrap
from collections.abc import Iterator, Sequence

from openclaw_extproc.drill.prices import SAMPLE
from openclaw_extproc.drill.report import ChainReport, Problem, Report, Row

MIN_WIDTH = 80
HEAD = ("fault", "answered by", "attempts", "took", "at worst", "cost", "vs. first")
RIGHT = frozenset({2, 3, 4, 5, 6})
"""Columns of numbers."""


def text(report: Report, width: int) -> str:
    width = max(width, MIN_WIDTH)
    parts = [
        *("\n".join(_chain(chain, width)) for chain in report.chains),
        "\n".join(_findings(report.findings, width)),
        "\n".join(line for note in (*report.notes, _LEGEND) for line in _wrap("", note, width)),
        _summary(report),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


_LEGEND = (
    f"took: measured with simulators and shortened timeouts. at worst: the sum of the configured timeouts of these "
    f"attempts. cost: estimated for {SAMPLE[0]:,} input and {SAMPLE[1]:,} output tokens. vs. first: the "
    f"ratio to the first target's cost."
)


def _chain(chain: ChainReport, width: int) -> Iterator[str]:
    yield from _wrap("", ", ".join(chain.names), width)
    yield from _wrap("  ", f"{' > '.join(chain.targets)}; at worst {chain.worst_seconds:g} s", width)
    if chain.streamed_targets not in ((), chain.targets):
        yield from _wrap("  ", f"streamed: {' > '.join(chain.streamed_targets)}", width)
    rows = [HEAD, *(_cells(row) for row in chain.rows)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(HEAD))]
    spare = width - 2 - sum(widths[2:]) - 2 * (len(widths) - 1)
    widths[:2] = _column_widths(widths[0], widths[1], spare)
    for row in rows:
        yield from _line(row, widths)


def _column_widths(one: int, other: int, spare: int) -> tuple[int, int]:
    """Both as wide as they are, or the wider one gives way, then both."""
    if one + other <= spare:
        return one, other
    half = spare // 2
    if one <= half:
        return one, spare - one
    return (spare - other, other) if other <= half else (half, spare - half)


def _line(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    cells = [
        textwrap.wrap(cell, width, break_on_hyphens=False) or [""] for cell, width in zip(row, widths, strict=True)
    ]
    for n in range(max(map(len, cells))):
        parts = [
            (cell[n] if n < len(cell) else "").rjust(width) if at in RIGHT
            else (cell[n] if n < len(cell) else "").ljust(width)
            for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]  # fmt: skip
        yield f"  {'  '.join(parts)}".rstrip()


def _cells(row: Row) -> tuple[str, ...]:
    came = "broken off" if row.broken_off else row.status or "no answer"
    who = f"{row.provider}/{row.model}" if row.answered else f"no provider ({came})"
    return (
        row.fault,
        who,
        "?" if row.attempts is None else str(row.attempts),
        f"{row.seconds:.2f} s",
        "?" if row.worst_seconds is None else f"{row.worst_seconds:g} s",
        ("unknown" if row.cost_usd is None else f"${row.cost_usd:.4f}") if row.answered else "",
        "" if row.times_first is None else f"{row.times_first:g}",
    )


def _findings(findings: Sequence[Problem], width: int) -> Iterator[str]:
    if findings:
        yield "findings"
    for one in findings:
        said = ": ".join(part for part in (one.place, one.finding, one.remedy) if part)
        yield from _wrap(f"  {one.severity:<7}  ", said, width)


def _summary(report: Report) -> str:
    errors = sum(one.severity == "error" for one in report.findings)
    counts = f"{errors} errors, {len(report.findings) - errors} warnings"
    return f"{len(report.chains)} chains drilled in {report.seconds:g} s, no request sent to a provider: {counts}"


def _wrap(head: str, value: str, width: int) -> Iterator[str]:
    lines = textwrap.wrap(value, width - len(head), break_on_hyphens=False) or [""]
    yield f"{head}{lines[0]}"
    yield from (f"{' ' * len(head)}{line}" for line in lines[1:])
