"""A report comes when its schedule says, in UTC."""

from datetime import UTC, datetime

import pytest

from openclaw_extproc.notices import cron

AT = datetime(2026, 11, 21, 7, 59, 30, tzinfo=UTC)  # a Saturday


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("0 8 * * *", "2026-11-21 08:00"),
        ("59 7 * * *", "2026-11-22 07:59"),
        ("*/15 * * * *", "2026-11-21 08:00"),
        ("5,50 9-10 * * *", "2026-11-21 09:05"),
        ("30/10 * * * *", "2026-11-21 08:30"),
        ("0 8 * * 1-5", "2026-11-23 08:00"),
        ("0 8 * * 7", "2026-11-22 08:00"),
        ("0 8 1 * *", "2026-12-01 08:00"),
        ("0 8 1 * 0", "2026-11-22 08:00"),
        ("0 0 29 2 *", "2028-02-29 00:00"),
    ],
)
def test_the_next_time(schedule: str, expected: str) -> None:
    found = cron.parse_cron(schedule).next_after(AT.timestamp())

    assert found is not None
    assert datetime.fromtimestamp(found, UTC).strftime("%Y-%m-%d %H:%M") == expected


def test_a_day_that_never_comes() -> None:
    assert cron.parse_cron("0 0 31 2 *").next_after(AT.timestamp()) is None


@pytest.mark.parametrize(
    "schedule",
    ["", "0 8 * *", "60 8 * * *", "0 8 0 * *", "x * * * *", "5-1 * * * *", "*/0 * * * *", "² * * * *", "@daily"],
)
def test_what_is_no_schedule_is_refused(schedule: str) -> None:
    with pytest.raises(cron.CronError):
        cron.parse_cron(schedule)
