"""Promises about faults: which status a caller sees."""

import pytest

from openclaw_extproc.faults import Fault, FaultError, FaultKind, kind_of_status

NOT_THE_CALLERS = {
    FaultKind.OVERLOADED,
    FaultKind.UPSTREAM_ERROR,
    FaultKind.UPSTREAM_GARBLED,
    FaultKind.UPSTREAM_SILENT,
    FaultKind.REFUSED,
    FaultKind.EXHAUSTED,
    FaultKind.BUG,
}


@pytest.mark.parametrize("kind", FaultKind)
def test_a_status_says_whether_the_caller_can_do_anything(kind: FaultKind) -> None:
    assert kind.status // 100 == (5 if kind in NOT_THE_CALLERS else 4)


@pytest.mark.parametrize(
    ("given", "seen"), [(None, 502), (200, 502), (301, 502), (399, 502), (400, 400), (418, 418), (500, 500), (529, 529)]
)
def test_the_caller_sees_the_providers_error_status_and_no_other_of_its(given: int | None, seen: int) -> None:
    assert Fault(FaultKind.UPSTREAM_ERROR, "x", given).status == seen


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, FaultKind.MALFORMED),
        (401, FaultKind.UNAUTHENTICATED),
        (402, FaultKind.FORBIDDEN),
        (403, FaultKind.FORBIDDEN),
        (404, FaultKind.NOT_FOUND),
        (413, FaultKind.TOO_LARGE),
        (422, FaultKind.MALFORMED),
        (429, FaultKind.RATE_LIMITED),
        (500, FaultKind.UPSTREAM_ERROR),
        (502, FaultKind.UPSTREAM_ERROR),
        (503, FaultKind.OVERLOADED),
        (504, FaultKind.UPSTREAM_SILENT),
        (529, FaultKind.OVERLOADED),
        (599, FaultKind.UPSTREAM_ERROR),
    ],
)
def test_an_error_status_means_what_the_providers_say(status: int, kind: FaultKind) -> None:
    assert kind_of_status(status) is kind


def test_the_words_are_unique() -> None:
    assert len({kind.value for kind in FaultKind}) == len(FaultKind)


def test_a_raised_fault_is_the_same_as_a_value() -> None:
    error = FaultError(FaultKind.UNSUPPORTED, "no audio")

    assert error.fault == Fault(FaultKind.UNSUPPORTED, "no audio")
    assert str(error) == "unsupported: no audio"
