"""Notices as people read them.

Templates: `plain` for operators; `community_post` for those who only use the models, without inner names of faults; or
a text of one's own with the words below in braces.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from openclaw_extproc.notices.kinds import Notice, NoticeKind

PLAIN, COMMUNITY_POST = "plain", "community_post"
NAMED = (PLAIN, COMMUNITY_POST)
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
    return template in NAMED or "{" in template


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
