"""The daily report: what was counted since the last one, in a few lines."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TypeAlias

Labels: TypeAlias = tuple[tuple[str, str], ...]
Totals: TypeAlias = Mapping[tuple[str, Labels], float]
"""By the name of a series and its labels: all that was counted so far."""

SERIES = (
    "openclaw_requests_total",
    "openclaw_attempts_total",
    "openclaw_tokens_total",
    "openclaw_model_fallback_total",
    "openclaw_downgrades_total",
    "openclaw_worker_restarts_total",
)
MAX_NAMES = 10


def text(now: Totals, before: Totals, at: float, since: float) -> str:
    """`at` and `since`: seconds since the epoch."""
    counted = {key: value - before.get(key, 0.0) for key, value in now.items()}
    when = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return "\n".join([f"report of {when}, of {_hours(at - since)}", *_lines(counted)])


def _lines(counted: Totals) -> Iterator[str]:
    yield _requests(_by(counted, "openclaw_requests_total", "status"))
    attempts = _by(counted, "openclaw_attempts_total", "provider", "outcome")
    tokens = _by(counted, "openclaw_tokens_total", "provider", "type")
    for (provider,) in sorted({names[:1] for names in attempts}):
        whole = sum(count for names, count in attempts.items() if names[0] == provider)
        ok = attempts[provider, "ok"]
        used = f"{tokens[provider, 'input']:,} tokens in, {tokens[provider, 'output']:,} out"
        yield f"{provider}: {whole:,} attempts, {whole - ok:,} of them without a whole answer; {used}"
    for title, series, labels in (
        ("answered by a fallback", "openclaw_model_fallback_total", ("from_provider", "to_provider")),
        ("sent to cheaper models", "openclaw_downgrades_total", ("reason",)),
        ("workers replaced", "openclaw_worker_restarts_total", ("reason",)),
    ):
        if found := _by(counted, series, *labels):
            shown = ", ".join(f"{' to '.join(n)} {count:,}" for n, count in found.most_common(MAX_NAMES))
            yield f"{title}: {shown}"


def _requests(by_status: Counter[tuple[str, ...]]) -> str:
    whole = sum(by_status.values())
    others = {names[0]: count for names, count in by_status.items() if not names[0].startswith("2")}
    said = ", ".join(f"{count:,} with {status}" for status, count in sorted(others.items()))
    return (
        f"{whole:,} requests, all answered"
        if whole and not said
        else f"{whole:,} requests" + (f"; not answered: {said}" if said else "")
    )


def _by(counted: Totals, series: str, *labels: str) -> Counter[tuple[str, ...]]:
    found = Counter[tuple[str, ...]]()
    for (name, values), count in counted.items():
        if name == series and round(count):
            found[tuple(dict(values).get(label, "") for label in labels)] += round(count)
    return found


def _hours(seconds: float) -> str:
    return f"the last {seconds / 3600:.1f} hours"
