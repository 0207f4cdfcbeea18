"""What a drill found, as values: the text and the JSON are made from it.

The JSON has these fields under these names, in this order. What is not known is `null`. New fields may come; a change
of what is there raises `VERSION`.

The text report of a drill: a table for each chain, then the findings.
"""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from openclaw_extproc.config.findings import Finding
from openclaw_extproc.drill.chains import Chain, Outcome, Scene, UnroutableName
from openclaw_extproc.drill.findings import SAMPLE, Prices, chain_findings
from openclaw_extproc.gateway import Gateway

# -- report ----------------------------------------------------------------------------


VERSION = 1

PlayedScenes = Sequence[tuple[Scene, Outcome]]


@dataclass(frozen=True, slots=True)
class Row:
    """One fault."""

    fault: str
    broken: tuple[str, ...]
    answered: bool
    status: int
    """0: there was no answer."""
    provider: str | None
    """Who answered; `null`: nobody."""
    model: str | None
    attempts: int | None
    seconds: float
    """Measured, with the shortened limits of a drill."""
    worst_seconds: float | None
    """What so many attempts may take with the limits as configured, each silent to the end."""
    cost_usd: float | None
    """Estimated, of `prices.SAMPLE`."""
    times_first: float | None
    """That cost, for each dollar that the first choice costs."""
    failed: tuple[str, ...]
    """`provider:reason` of the attempts before."""
    streamed: bool = False
    """Whether it was asked for as a stream."""
    broken_off: bool = False
    """A stream that began well and had no proper end."""


@dataclass(frozen=True, slots=True)
class ChainReport:
    """One chain."""

    names: tuple[str, ...]
    targets: tuple[str, ...]
    """`provider/model`, in the order of trying."""
    worst_seconds: float
    """When every attempt is silent to the end, with the limits as configured."""
    rows: tuple[Row, ...]
    streamed_targets: tuple[str, ...] = ()
    """As `targets`, of requests for streams; empty: they are not drilled."""


@dataclass(frozen=True, slots=True)
class Problem:
    severity: str
    place: str
    finding: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Report:
    version: int
    mode: str
    ok: bool
    """Whether there is no finding of severity `error`."""
    seconds: float
    chains: tuple[ChainReport, ...]
    findings: tuple[Problem, ...]
    """Errors first."""
    notes: tuple[str, ...]


def report(
    gateway: Gateway,
    played: Sequence[tuple[Chain, PlayedScenes]],
    refused: Sequence[UnroutableName],
    *,
    hosts: Mapping[str, str],
    missing: frozenset[str],
    seconds: float,
    notes: tuple[str, ...] = (),
) -> Report:
    """All that can be said of a drill.

    Args:
        gateway: As configured, not as staged.
        played: Each chain with what was played for it.
        refused: Names that got no plan.
        hosts: Of providers, by name, where known.
        missing: `Provider.identity` of credentials that are not there.
        seconds: What the drill took.
        notes: What it left out of account.
    """
    findings = sorted(
        chain_findings(gateway, played, refused, hosts=hosts, missing=missing), key=lambda one: one.severity != "error"
    )
    return Report(
        VERSION,
        "dry_run",
        all(one.severity != "error" for one in findings),
        round(seconds, 1),
        tuple(_chain_report(gateway, chain, rows) for chain, rows in played),
        tuple(_problem(one) for one in findings),
        notes,
    )


def _chain_report(gateway: Gateway, chain: Chain, played: PlayedScenes) -> ChainReport:
    rows = tuple(_row(gateway, chain.of(streamed=scene.streamed), scene, outcome) for scene, outcome in played)
    streamed = () if chain.streamed is None else _names(chain.streamed)
    return ChainReport(chain.names, _names(chain), round(chain.waits_seconds(gateway), 1), rows, streamed)


def _names(chain: Chain) -> tuple[str, ...]:
    return tuple(target.name for target in chain.targets)


def _row(gateway: Gateway, chain: Chain, scene: Scene, outcome: Outcome) -> Row:
    prices = Prices(gateway, chain)
    name = f"{outcome.provider}/{outcome.model}" if outcome.has_answer else ""
    attempts = outcome.attempts
    worst = None if attempts is None else round(chain.waits_seconds(gateway, attempts), 1)
    return Row(
        scene.name,
        scene.broken,
        outcome.has_answer,
        outcome.status,
        outcome.provider if outcome.has_answer else None,
        outcome.model if outcome.has_answer else None,
        attempts,
        round(outcome.seconds, 3),
        worst,
        prices.cost(name),
        prices.times(name),
        outcome.failed,
        scene.streamed,
        outcome.broken_off,
    )


def _problem(one: Finding) -> Problem:
    return Problem(one.severity, one.path, one.finding, one.remedy)


# -- text ------------------------------------------------------------------------------


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
