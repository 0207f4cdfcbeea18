"""What the heads of answers say of limits, by the vendors' own examples."""

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.policy.health.headroom import (
    LONGEST_RESET_SECONDS,
    UNSAID_RESET_SECONDS,
    Headroom,
    headroom,
    retry_after,
)

AT = datetime(2025, 1, 15, 14, 23, 0, tzinfo=UTC).timestamp()
OPENAI = {
    "x-ratelimit-limit-requests": "60",
    "x-ratelimit-limit-tokens": "150000",
    "x-ratelimit-remaining-requests": "59",
    "x-ratelimit-remaining-tokens": "149984",
    "x-ratelimit-reset-requests": "1s",
    "x-ratelimit-reset-tokens": "6m0s",
}
GROQ = {
    "x-ratelimit-limit-requests": "14400",
    "x-ratelimit-limit-tokens": "18000",
    "x-ratelimit-remaining-requests": "14370",
    "x-ratelimit-remaining-tokens": "17997",
    "x-ratelimit-reset-requests": "2m59.56s",
    "x-ratelimit-reset-tokens": "7.66s",
}
ANTHROPIC = {
    "anthropic-ratelimit-requests-limit": "4000",
    "anthropic-ratelimit-requests-remaining": "3201",
    "anthropic-ratelimit-tokens-limit": "400000",
    "anthropic-ratelimit-tokens-remaining": "312000",
    "anthropic-ratelimit-requests-reset": "2025-01-15T14:24:00Z",
    "anthropic-ratelimit-tokens-reset": "2025-01-15T14:23:15Z",
}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (OPENAI, Headroom("requests", 59 / 60, 1.0)),
        (OPENAI | {"x-ratelimit-remaining-tokens": "1500"}, Headroom("tokens", 0.01, 360.0)),
        (GROQ, Headroom("requests", 14370 / 14400, 179.56)),
        (GROQ | {"x-ratelimit-remaining-tokens": "0"}, Headroom("tokens", 0.0, 7.66)),
        (ANTHROPIC, Headroom("tokens", 0.78, 15.0)),
        (ANTHROPIC | {"anthropic-ratelimit-requests-remaining": "0"}, Headroom("requests", 0.0, 60.0)),
    ],
)
def test_the_scarcest_limit_counts(headers: dict[str, str], expected: Headroom) -> None:
    found = headroom(headers, AT)

    assert found is not None
    assert found.what == expected.what
    assert found.left == pytest.approx(expected.left)
    assert found.resets_in == pytest.approx(expected.resets_in)


@pytest.mark.parametrize(("requests", "tokens"), [("1s", "40s"), ("40s", "1s"), ("40s", ""), ("", "40s")])
def test_of_limits_of_which_as_little_is_left_the_one_that_takes_longest_counts(requests: str, tokens: str) -> None:
    """Until all of them are full again the next request would be refused."""
    resets = {"x-ratelimit-reset-requests": requests, "x-ratelimit-reset-tokens": tokens}
    spent = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-remaining-tokens": "0"}

    found = headroom(OPENAI | spent | resets, AT)

    assert found is not None
    assert found.what == ("requests" if requests == "40s" else "tokens")
    assert found.wait == 40


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("17ms", 0.017), ("1s", 1), ("6m0s", 360), ("1h2m3s", 3723), ("2d", 172_800), ("12.5", 12.5), ("0", 0),
        (str(int(AT) + 30), 30), ("2025-01-15T14:24:00+00:00", 60), ("2025-01-15T09:24:00-05:00", 60),
        ("2025-01-15T14:00:00Z", 0), ("", None), ("soon", None), ("ms", None), ("\u0661s", None), ("9" * 40, None),
        ("1" * 60_000, None),
    ],
)  # fmt: skip
def test_a_reset_is_read_in_every_way_it_is_written(reset: str, seconds: float | None) -> None:
    found = headroom(OPENAI | {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": reset}, AT)

    assert found is not None
    assert found.resets_in == pytest.approx(seconds)


def test_who_has_little_left_is_left_alone_until_the_reset_and_no_longer_than_a_minute() -> None:
    def wait(remaining: str, reset: str) -> float:
        found = headroom(OPENAI | {"x-ratelimit-remaining-tokens": remaining, "x-ratelimit-reset-tokens": reset}, AT)
        assert found is not None
        return found.wait

    assert wait("3000", "8s") == 0, "2 % is enough"
    assert wait("2999", "8s") == 8
    assert wait("0", "6m0s") == LONGEST_RESET_SECONDS
    assert wait("0", "") == UNSAID_RESET_SECONDS


@pytest.mark.parametrize(
    "headers",
    [
        {}, {"x-ratelimit-remaining-requests": "5"}, {"x-ratelimit-remaining-requests": "-1"},
        {"x-ratelimit-remaining-requests": "many"}, {"x-ratelimit-remaining-requests": "5, 0"},
        {"x-ratelimit-limit-requests": "0", "x-ratelimit-remaining-requests": "5"},
        {"x-ratelimit-remaining-requests": "nan"}, {"anthropic-ratelimit-tokens-reset": "2025-01-15T14:24:00Z"},
    ],
)  # fmt: skip
def test_what_says_nothing_is_nothing(headers: dict[str, str]) -> None:
    assert headroom(headers, AT) is None


def test_a_limit_that_is_used_up_is_so_whatever_it_was() -> None:
    found = headroom({"x-ratelimit-remaining-requests": "0"}, AT)

    assert found == Headroom("requests", 0.0, None)


@given(st.dictionaries(st.sampled_from([*OPENAI, *ANTHROPIC]), st.text(max_size=40)))
def test_nothing_a_provider_says_breaks_it(headers: dict[str, str]) -> None:
    found = headroom(headers, AT)
    asked = retry_after({"retry-after": next(iter(headers.values()), "")}, AT)

    assert found is None or (0 <= found.left <= 1 and 0 <= found.wait <= LONGEST_RESET_SECONDS)
    assert asked is None or asked >= 0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None), ({"retry-after": "2"}, 2), ({"retry-after": "0.5"}, 0.5), ({"retry-after": "later"}, None),
        ({"retry-after": format_datetime(datetime(2025, 1, 15, 14, 24, tzinfo=UTC), usegmt=True)}, 60),
        ({"retry-after": "Wed, 15 Jan 2025 14:00:00 GMT"}, 0), ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
    ],
)  # fmt: skip
def test_a_wait_is_read_as_seconds_or_as_a_date(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, AT) == seconds
