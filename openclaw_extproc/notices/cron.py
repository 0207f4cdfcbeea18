"""When a schedule in cron's five fields comes next, in UTC.

Source: POSIX `crontab`. Known: numbers, `*`, lists, ranges, steps; 7 is Sunday too. Where both the day of the month and
the day of the week are restricted, either is enough, as in POSIX.
Left out: names of months and days, `@daily`, seconds.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_MAX_DAYS = 366 * 8 + 2
"""The 29th of February may be eight years away."""


class CronError(ValueError):
    """Not a schedule; the message says which part."""


@dataclass(frozen=True, slots=True)
class Cron:
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    """0 is Sunday."""
    either: bool
    """Day of the month or of the week: one of them is enough."""

    def next_after(self, at: float) -> float | None:
        """Seconds since the epoch, later than `at`; `None`: never."""
        first = datetime.fromtimestamp(at, UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
        for number in range(_MAX_DAYS):
            day = first.replace(hour=0, minute=0) + timedelta(days=number)
            if not self._is_on(day):
                continue
            times = (day.replace(hour=h, minute=m) for h in sorted(self.hours) for m in sorted(self.minutes))
            found = next((time for time in times if time >= first), None)
            if found is not None:
                return found.timestamp()
        return None

    def _is_on(self, day: datetime) -> bool:
        if day.month not in self.months:
            return False
        of_month, of_week = day.day in self.days, (day.weekday() + 1) % 7 in self.weekdays
        return (of_month or of_week) if self.either else (of_month and of_week)


def parse_cron(text: str) -> Cron:
    """Raises `CronError`."""
    parts = text.split()
    if len(parts) != len(_RANGES):
        raise CronError("write five fields: minute, hour, day, month, weekday, as 0 8 * * *")
    fields = [_field(part, *limits) for part, limits in zip(parts, _RANGES, strict=True)]
    minutes, hours, days, months, weekdays = fields
    either = not parts[2].startswith("*") and not parts[4].startswith("*")
    return Cron(minutes, hours, days, months, frozenset(day % 7 for day in weekdays), either)


def _field(text: str, low: int, high: int) -> frozenset[int]:
    return frozenset(number for part in text.split(",") for number in _part(part, low, high))


def _part(text: str, low: int, high: int) -> range:
    span, slash, step = text.partition("/")
    begin, dash, end = span.partition("-")
    if span == "*":
        first, last = low, high
    else:
        first = _number(begin, text)
        last = _number(end, text) if dash else high if slash else first
    width = _number(step, text) if slash else 1
    if not low <= first <= last <= high or width < 1:
        raise CronError(f"{text} is not within {low} and {high}")
    return range(first, last + 1, width)


def _number(text: str, whole: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise CronError(f"{whole} is not a number, a range or a step")
    return int(text)
