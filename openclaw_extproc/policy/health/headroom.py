"""The remaining rate limit and the requested pause, read from the response headers of a provider.

Sources, with the examples the tests use:

- OpenAI, "Rate limits": `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`, resets as `1s`, `6m0s`, `17ms`.
  Groq (`2m59.56s`), Together, xAI, Azure and others have the same names, some with plain seconds or no reset at all.
- Anthropic, "Rate limits": `anthropic-ratelimit-{requests,tokens,input-tokens,output-tokens}-{limit,remaining,reset}`,
  resets as RFC 3339 times.
- `retry-after`: RFC 9110, seconds or a date; `retry-after-ms` of OpenAI and Azure.

Left out: limits of months (`x-ratelimit-remaining-tokens-month`); Google and Bedrock, which say nothing.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from openclaw_extproc.frozen import dataclass

SMALL_SHARE = 0.02
"""Of a limit. Below it the next request of usual size may be the one that is refused."""
UNSAID_RESET_SECONDS = 5.0
"""Of a limit that is used up and does not say until when: so long is no outage, and long enough for a small bucket."""
LONGEST_RESET_SECONDS = 60.0
"""Buckets fill up all the time, and a reset is told for the moment when they are full: who has nothing now has some
within a minute. Whoever is asked then says how it stands."""

_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?", re.ASCII)
MAX_CHARS = 64
"""Of a duration or a time: providers write 30 at most, and what a stranger writes may be 60 KiB of digits."""
_UNITS = (86_400.0, 3_600.0, 60.0, 1.0, 0.001)
_NUMBER = re.compile(r"\d+(\.\d+)?", re.ASCII)
_EPOCH = 1_000_000_000.0
"""A number of seconds above this is a time, not a duration: 30 years."""


@dataclass(frozen=True, slots=True)
class Headroom:
    """The limit of which the smallest share is left."""

    what: str
    """`requests`, `tokens`, `input-tokens`, `output-tokens`."""
    left: float
    """Share of the limit, 0 to 1."""
    resets_in: float | None = None
    """Seconds; `None`: it does not say."""

    @property
    def is_low(self) -> bool:
        return self.left < SMALL_SHARE

    @property
    def wait(self) -> float:
        """Seconds for which nobody should be sent there who can go elsewhere; 0 where there is enough."""
        if not self.is_low:
            return 0.0
        return UNSAID_RESET_SECONDS if self.resets_in is None else min(self.resets_in, LONGEST_RESET_SECONDS)


def headroom(headers: Mapping[str, str], at: float) -> Headroom | None:
    """`None`: nothing is said, or nothing that can be read. `at`: seconds since the epoch."""
    return min(_all(headers, at), key=lambda one: (one.left, -one.wait), default=None)


def _all(headers: Mapping[str, str], at: float) -> Iterator[Headroom]:
    for what, limit_name, remaining_name, reset_name in _NAMES:
        remaining, limit = _number(headers.get(remaining_name, "")), _number(headers.get(limit_name, ""))
        if remaining is None or (remaining and not limit):
            continue
        left = remaining / limit if limit else 0.0
        yield Headroom(what, min(left, 1.0), _seconds(headers.get(reset_name, ""), at))


def retry_after(headers: Mapping[str, str], at: float) -> float | None:
    """Seconds for which a failed answer asks to be left alone; `None`: it does not."""
    if (milliseconds := _number(headers.get("retry-after-ms", ""))) is not None:
        return milliseconds / 1000
    text = headers.get("retry-after", "")
    if (seconds := _number(text)) is not None:
        return seconds
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - at)
    except ValueError:
        return None


def _number(text: str) -> float | None:
    """Not negative: some say -1 of what they do not know."""
    return float(text) if len(text) < 20 and _NUMBER.fullmatch(text) else None


def _seconds(text: str, at: float) -> float | None:
    """From `6m0s`, `17ms`, `12.5`, a time in seconds since the epoch or in RFC 3339: seconds from now."""
    if (number := _number(text)) is not None:
        return max(0.0, number - at) if number > _EPOCH else number
    if len(text) > MAX_CHARS:
        return None
    if (found := _DURATION.fullmatch(text)) and any(found.groups()):
        return sum(float(part) * unit for part, unit in zip(found.groups(), _UNITS, strict=True) if part)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - at)


_NAMES = (
    *(
        (what, f"x-ratelimit-limit-{what}", f"x-ratelimit-remaining-{what}", f"x-ratelimit-reset-{what}")
        for what in ("requests", "tokens")
    ),
    *(
        (what, *(f"anthropic-ratelimit-{what}-{part}" for part in ("limit", "remaining", "reset")))
        for what in ("requests", "tokens", "input-tokens", "output-tokens")
    ),
)
"""What is limited, and the headers that tell its limit, what is left of it, and when it is full again."""
