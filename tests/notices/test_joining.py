"""Nobody is told the same too often, and nobody misses that it goes on."""

import pytest

from openclaw_extproc.notices.channels import Rate
from openclaw_extproc.notices.joining import FIRST_SECONDS, LONGEST_SECONDS, MAX_SUBJECTS, Joining, Outages, Pace
from openclaw_extproc.notices.kinds import Notice, NoticeKind

AT = 1_754_000_000.0


def out(at: float = AT, subject: str = "ace") -> Notice:
    return Notice(NoticeKind.PROVIDER_OUT, subject, "out", at)


def back(at: float = AT, subject: str = "ace") -> Notice:
    return Notice(NoticeKind.PROVIDER_BACK, subject, "back", at)


def test_the_first_of_each_kind_is_told_at_once() -> None:
    joining = Joining()

    assert joining.take(out(), 0) == out()
    assert joining.take(back(AT + 1), 0) == back(AT + 1)
    assert joining.take(out(AT, "bee"), 0) == out(AT, "bee")


def test_a_repetition_is_told_later_with_how_often_it_was() -> None:
    joining = Joining()
    joining.take(out(), 0)

    taken = [joining.take(one, 0) for one in (back(AT + 1), out(AT + 2), back(AT + 3))]
    early, late = list(joining.due(AT + FIRST_SECONDS - 1)), list(joining.due(AT + FIRST_SECONDS))

    assert taken == [back(AT + 1), None, None]
    assert early == []
    assert [(one.kind, one.times) for one in late] == [(NoticeKind.PROVIDER_BACK, 2)]


def test_the_same_seen_by_another_worker_is_no_repetition() -> None:
    joining = Joining()
    joining.take(out(), 1)

    assert joining.take(out(AT + 9), 2) is None
    assert list(joining.due(AT + FIRST_SECONDS)) == []


def test_what_goes_on_is_told_less_and_less_often() -> None:
    joining = Joining()
    joining.take(out(), 0)
    told: list[float] = []

    for second in range(60, 86_400, 60):
        joining.take(out(AT + second), 0)
        told += [second for _ in joining.due(AT + second)]

    assert told[:4] == [300, 900, 2_100, 4_500]
    assert told[-1] - told[-2] == LONGEST_SECONDS
    assert len(told) < 15


def test_after_a_quiet_time_it_is_news_again() -> None:
    joining = Joining()
    joining.take(out(), 0)
    assert list(joining.due(AT + FIRST_SECONDS)) == []

    assert joining.take(out(AT + 301), 0) == out(AT + 301)


def test_it_does_not_grow_beyond_its_bound() -> None:
    joining = Joining()
    for n in range(3 * MAX_SUBJECTS):
        joining.take(out(AT, f"s{n}"), 0)

    assert len(list(joining.due(AT))) == 0
    assert len(joining._windows) <= MAX_SUBJECTS  # pyright: ignore[reportPrivateUsage]  # there is nothing else to see


def test_a_provider_that_is_out_says_it_of_its_models_too() -> None:
    outages = Outages()

    assert outages.news(out(), 0)
    assert not outages.news(out(subject="ace/m"), 0)
    assert not outages.news(back(subject="ace/m"), 0)
    assert outages.news(back(), 0)


def test_models_of_others_are_news_of_their_own() -> None:
    outages = Outages()
    outages.news(out(), 0)

    assert outages.news(out(subject="ace2/m"), 0)


def test_who_is_back_without_having_been_out_is_no_news() -> None:
    assert not Outages().news(back(), 0)


def test_a_provider_that_is_configured_no_more_is_forgotten() -> None:
    outages = Outages()
    outages.news(out(), 0)
    outages.update(["bee"])

    assert outages.news(out(), 0)


@pytest.mark.parametrize("count", [1, 3])
def test_no_more_messages_than_the_rate_in_any_such_time(count: int) -> None:
    pace = Pace(Rate(count, 60.0))
    for _ in range(count):
        assert pace.wait(AT) == 0
        pace.note_sent(AT)

    assert pace.wait(AT + 20) == 40
    assert pace.wait(AT + 60) == 0
