"""Promises about faults: who must act, and which status a caller sees."""

import pytest

from openclaw_extproc.faults import Blame, Fault, FaultError, Kind, kind_of_status


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_a_blame_and_a_status_that_agree(kind: Kind) -> None:
    assert 400 <= kind.status <= 599
    if kind.blame is Blame.CLIENT:
        assert kind.status < 500
    elif kind is not Kind.RATE_LIMITED:
        assert kind.status >= 500


def test_only_a_bug_is_our_own_fault() -> None:
    assert [kind for kind in Kind if kind.blame is Blame.GATEWAY] == [Kind.BUG]


@pytest.mark.parametrize(
    ("given", "seen"), [(None, 502), (200, 502), (301, 502), (399, 502), (400, 400), (418, 418), (500, 500), (529, 529)]
)
def test_the_caller_sees_the_providers_error_status_and_no_other_of_its(given: int | None, seen: int) -> None:
    assert Fault(Kind.UPSTREAM_ERROR, "x", given).status == seen


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Kind.MALFORMED),
        (401, Kind.UNAUTHENTICATED),
        (402, Kind.FORBIDDEN),
        (403, Kind.FORBIDDEN),
        (404, Kind.NOT_FOUND),
        (413, Kind.TOO_LARGE),
        (422, Kind.MALFORMED),
        (429, Kind.RATE_LIMITED),
        (500, Kind.UPSTREAM_ERROR),
        (502, Kind.UPSTREAM_ERROR),
        (503, Kind.OVERLOADED),
        (504, Kind.UPSTREAM_SILENT),
        (529, Kind.OVERLOADED),
        (599, Kind.UPSTREAM_ERROR),
    ],
)
def test_an_error_status_means_what_the_providers_say(status: int, kind: Kind) -> None:
    assert kind_of_status(status) is kind


def test_the_words_are_unique() -> None:
    assert len({kind.value for kind in Kind}) == len(Kind)


def test_a_raised_fault_is_the_same_as_a_value() -> None:
    error = FaultError(Kind.UNSUPPORTED, "no audio")

    assert error.fault == Fault(Kind.UNSUPPORTED, "no audio")
    assert str(error) == "unsupported: no audio"
