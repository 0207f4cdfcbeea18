"""The figures of a report, from sums of the ledger's entries: by time, target and caller, and what they compare with.

Everything here is shaping; `edge/ledger/queries` has the database add up.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final, NamedTuple

DIMENSIONS: Final = (
    "day", "hour", "provider", "model", "identity", "user", "cost_centre", "team", "tenant", "task", "tier"
)  # fmt: skip
"""What figures can be grouped by. Times are UTC."""
USUAL_DIMENSIONS: Final = ("day", "provider", "model", "identity", "task")
MAX_GROUPS: Final = 1_000
"""Of one dimension; those that cost least are left out."""
MAX_GROUPS_IN_TEXT: Final = 12
MIN_ATTEMPTS: Final = 20
"""Fewer say nothing about how reliable a model is."""
MICRO: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Sums:
    """What entries add up to."""

    attempts: int = 0
    requests: int = 0
    """First attempts."""
    answers: int = 0
    """Attempts that succeeded."""
    saved_by_fallback: int = 0
    """Answers of another target, after the first had failed."""
    saved_by_retry: int = 0
    """Answers of the same target, when it was tried again."""
    cost_micro_usd: int = 0
    estimated_micro_usd: int = 0
    """The part of it that rests on estimates."""
    failed_micro_usd: int = 0
    """The part of it that bought no answer, or only the beginning of one."""
    without_price: int = 0
    """Attempts whose cost nobody knows."""
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0

    @property
    def cost_usd(self) -> float:
        return self.cost_micro_usd / MICRO

    @property
    def cached_share(self) -> float | None:
        """The share of the input that came from prompt caches; `None`: there was no input."""
        return self.cached_tokens / self.input_tokens if self.input_tokens else None

    @property
    def success_rate(self) -> float | None:
        return self.answers / self.attempts if self.attempts else None

    @property
    def usd_per_answer(self) -> float | None:
        return self.cost_usd / self.answers if self.answers else None


SUMMED: Final = tuple(field.name for field in fields(Sums))


class Group(NamedTuple):
    """The sums of what has one name in one dimension."""

    key: str
    sums: Sums


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the same tokens would have cost at another model."""

    baseline: str
    """`first`, `dearest` or `asked`."""
    answers: int
    """That could be compared: their own cost and the other one are known."""
    spent_micro_usd: int
    baseline_micro_usd: int

    @property
    def saved_micro_usd(self) -> int:
        """Less than 0 where more was spent."""
        return self.baseline_micro_usd - self.spent_micro_usd


BASELINES: Final[Mapping[str, str]] = {
    "first": "always the first model of the default chain",
    "dearest": "always the dearest model",
    "asked": "always the model that the client named",
}


@dataclass(frozen=True, slots=True)
class Best:
    """The models that did best at one task, among those with enough attempts."""

    task: str
    cheapest: str
    """Lowest cost for an answer, what failed included."""
    cheapest_usd_per_answer: float
    most_reliable: str
    success_rate: float


@dataclass(frozen=True, slots=True)
class Report:
    """All figures of a report."""

    since: str
    """UTC, as ISO 8601 says."""
    until: str
    totals: Sums
    by: Mapping[str, Sequence[Group]]
    """By dimension; times in their order, all others by cost, the dearest first."""
    savings: Sequence[Comparison]
    best: Sequence[Best]


def best_of(rows: Iterable[tuple[str, str, Sums]]) -> tuple[Best, ...]:
    """The best models by task. `rows`: task, `provider/model` and sums."""
    tasks: dict[str, list[tuple[str, Sums]]] = {}
    for task, model, sums in rows:
        if task and sums.attempts >= MIN_ATTEMPTS and sums.answers:
            tasks.setdefault(task, []).append((model, sums))
    return tuple(_best(task, found) for task, found in sorted(tasks.items()))


def _best(task: str, found: Sequence[tuple[str, Sums]]) -> Best:
    cheapest, low = min(found, key=lambda one: (one[1].usd_per_answer or 0.0, one[0]))
    reliable, high = max(found, key=lambda one: (one[1].success_rate or 0.0, -(one[1].usd_per_answer or 0.0)))
    return Best(task, cheapest, low.usd_per_answer or 0.0, reliable, high.success_rate or 0.0)


# -- for machines --------------------------------------------------------------------------


def to_json(report: Report) -> dict[str, object]:
    """The report for `--json`: amounts in US dollars, and the sums as they are."""
    return {
        "since": report.since,
        "until": report.until,
        "totals": _row(report.totals),
        "by": {
            name: [{"key": group.key, **_row(group.sums)} for group in groups] for name, groups in report.by.items()
        },
        "savings": [
            {
                "baseline": one.baseline,
                "answers": one.answers,
                "spent_usd": one.spent_micro_usd / MICRO,
                "baseline_usd": one.baseline_micro_usd / MICRO,
                "saved_usd": one.saved_micro_usd / MICRO,
            }
            for one in report.savings
        ],
        "best": [{field.name: getattr(one, field.name) for field in fields(one)} for one in report.best],
    }


def _row(sums: Sums) -> dict[str, object]:
    made: dict[str, object] = {}
    for name in SUMMED:
        value = getattr(sums, name)
        if name.endswith("_micro_usd"):
            made[name.replace("_micro", "")] = value / MICRO
        else:
            made[name] = value
    return {**made, "cached_share": sums.cached_share, "success_rate": sums.success_rate}


def to_csv(report: Report) -> str:
    """The report for `--csv`: a line for each group, with its dimension."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["by", "key", *_row(Sums())])
    for name, groups in report.by.items():
        for group in groups:
            writer.writerow([name, _plain(group.key), *("" if v is None else v for v in _row(group.sums).values())])
    return out.getvalue()


def _plain(key: str) -> str:
    """A key that no spreadsheet takes for a formula: some are what callers say."""
    return f"'{key}" if key.startswith(("=", "+", "-", "@", "\t", "\r")) else key


# -- for people ----------------------------------------------------------------------------


def to_text(report: Report) -> str:
    """The report for a terminal."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    totals = report.totals
    yield f"{report.since} to {report.until} (UTC)"
    yield ""
    yield f"cost               {_usd(totals.cost_micro_usd)}"
    if totals.estimated_micro_usd:
        yield f"  estimated        {_usd(totals.estimated_micro_usd)}"
    yield f"  without answer   {_usd(totals.failed_micro_usd)}"
    if totals.without_price:
        yield f"  not known        {totals.without_price} attempts without a price"
    yield f"requests           {totals.requests}, with {totals.attempts} attempts and {totals.answers} answers"
    yield f"saved by failover  {totals.saved_by_fallback} answers of a fallback, {totals.saved_by_retry} of a retry"
    cached = _share(totals.cached_share)
    yield f"tokens             {totals.input_tokens} input ({cached} cached), {totals.output_tokens} output"
    for one in report.savings:
        if one.answers:
            yield f"{_verdict(one)}  ({one.answers} answers, {_usd(one.baseline_micro_usd)} there)"
    for name, groups in report.by.items():
        yield ""
        yield from _table(name, groups)
    if report.best:
        yield ""
        yield from _aligned(
            [("task", "cheapest", "usd/answer", "most reliable", "success")]
            + [
                (
                    one.task,
                    one.cheapest,
                    f"{one.cheapest_usd_per_answer:.6f}",
                    one.most_reliable,
                    f"{one.success_rate:.1%}",
                )
                for one in report.best
            ]
        )


def _verdict(one: Comparison) -> str:
    saved = one.saved_micro_usd
    share = f" ({abs(saved) / one.baseline_micro_usd:.0%})" if one.baseline_micro_usd else ""
    if saved >= 0:
        return f"saved {_usd(saved)}{share} against {BASELINES[one.baseline]}"
    return f"cost {_usd(-saved)} more{share} than {BASELINES[one.baseline]}"


def _table(name: str, groups: Sequence[Group]) -> Iterator[str]:
    is_time = name in ("day", "hour")
    shown = groups[-MAX_GROUPS_IN_TEXT:] if is_time else groups[:MAX_GROUPS_IN_TEXT]
    head = (name.replace("_", " "), "usd", "requests", "attempts", "answers", "input", "cached", "output")
    yield from _aligned([head, *(_cells(group) for group in shown)])
    if left := len(groups) - len(shown):
        yield f"({left} {'earlier' if is_time else 'cheaper'} ones: --json or --csv has them)"


def _cells(group: Group) -> tuple[str, ...]:
    sums = group.sums
    return (
        group.key or "-",
        f"{sums.cost_usd:.4f}",
        str(sums.requests),
        str(sums.attempts),
        str(sums.answers),
        str(sums.input_tokens),
        _share(sums.cached_share),
        str(sums.output_tokens),
    )


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    shown = [[_printable(cell) for cell in row] for row in rows]
    widths = [max(len(row[n]) for row in shown) for n in range(len(shown[0]))]
    for row in shown:
        first, *others = (
            cell.ljust(width) if n == 0 else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join([first, *others]).rstrip()


def _printable(text: str) -> str:
    """A label of a caller cannot write to the terminal what it likes."""
    return "".join(one if one.isprintable() else "?" for one in text)[:48]


def _usd(micro: int) -> str:
    return f"${micro / MICRO:.4f}"


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"
