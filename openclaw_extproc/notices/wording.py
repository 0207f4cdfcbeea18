"""Texts for people: notices, and the daily report of what was counted since the last one.

Templates: `plain` for operators; `community_post` for those who only use the models, without inner names of faults; or
a text of one's own with the words below in braces.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from openclaw_extproc.notices.kinds import Notice, NoticeKind

PLAIN, COMMUNITY_POST = "plain", "community_post"
TEMPLATE_NAMES = (PLAIN, COMMUNITY_POST)
WORDS = ("severity", "kind", "subject", "text", "time", "times", "place")
_WORD = re.compile(r"\{([^{}]*)\}")

_COMMUNITY: Mapping[NoticeKind, str] = {
    NoticeKind.PROVIDER_OUT: (
        "{subject} does not answer reliably at the moment. Other models stand in for it where they can."
    ),
    NoticeKind.PROVIDER_BACK: "{subject} answers again.",
}


def unknown_words(template: str) -> list[str]:
    """Of a text of one's own."""
    return [word for word in _WORD.findall(template) if word not in WORDS]


def is_template(template: str) -> bool:
    return template in TEMPLATE_NAMES or "{" in template


def line(notice: Notice, template: str, place: str) -> str:
    """`place`: which sidecar it is."""
    if template == PLAIN:
        return f"{notice.severity}: {notice.text}{_times(notice)}"
    if template == COMMUNITY_POST:
        template = _COMMUNITY.get(notice.kind, "{text}")
    values = {
        "severity": notice.severity,
        "kind": notice.kind.value,
        "subject": notice.subject,
        "text": notice.text,
        "time": datetime.fromtimestamp(notice.at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
        "times": str(notice.times),
        "place": place,
    }
    return _WORD.sub(lambda found: values.get(found[1], found[0]), template)


def message(lines: Sequence[str], place: str, limit: int, *, signed: bool) -> str:
    """All of them in one message of at most `limit` characters; what does not fit is counted."""
    sign = f"\n(openclaw-extproc at {place})" if signed else ""
    text = "\n".join(lines)
    if len(text) + len(sign) <= limit:
        return text + sign
    more = "\n… and {} more lines"
    room, kept = limit - len(sign) - len(more) - 8, list[str]()
    whole = text.split("\n")
    while whole[len(kept) :] and sum(map(len, kept)) + len(kept) + len(whole[len(kept)]) <= room:
        kept.append(whole[len(kept)])
    if not kept:
        return whole[0][:room] + "…" + sign
    return "\n".join(kept) + more.format(len(whole) - len(kept)) + sign


def _times(notice: Notice) -> str:
    return "" if notice.times == 1 else f" ({notice.times} times since the last notification)"


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


def report_text(now: Totals, before: Totals, at: float, since: float) -> str:
    """`at` and `since`: seconds since the epoch."""
    counted = {key: value - before.get(key, 0.0) for key, value in now.items()}
    when = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return "\n".join([f"report of {when}, of {_hours(at - since)}", *_report_lines(counted)])


def _report_lines(counted: Totals) -> Iterator[str]:
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
