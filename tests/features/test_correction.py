"""Promises about learning from what providers report."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.features.tokens import HIGHEST, LOWEST, MAX_FAMILIES, Corrections


def after(*reports: tuple[int, int | None]) -> float:
    corrections = Corrections()
    for estimated, reported in reports:
        corrections.note("f", estimated, reported)
    return corrections.ratio("f")


def test_nothing_is_corrected_before_anybody_reported() -> None:
    assert Corrections().ratio("anthropic") == 1.0
    assert Corrections().ratios() == {}


@pytest.mark.parametrize("truth", [0.6, 0.9, 1.0, 1.35, 2.0])
def test_a_steady_report_is_believed_before_long(truth: float) -> None:
    assert after(*[(1_000, int(1_000 * truth))] * 60) == pytest.approx(truth, rel=0.05)


def test_families_do_not_mix() -> None:
    corrections = Corrections()

    for _ in range(50):
        corrections.note("anthropic", 1_000, 1_400)
        corrections.note("openai", 1_000, 950)

    assert corrections.ratio("anthropic") == pytest.approx(1.4, rel=0.05)
    assert corrections.ratio("openai") == pytest.approx(0.95, rel=0.05)
    assert corrections.ratios().keys() == {"anthropic", "openai"}


def test_a_change_of_the_tokenizer_is_followed() -> None:
    assert after(*[(1_000, 1_000)] * 100, *[(1_000, 1_350)] * 100) == pytest.approx(1.35, rel=0.02)


@pytest.mark.parametrize("odd", [(1_000, 20_000), (1_000, 300), (10, 60), (1_000, 0), (1_000, None), (0, 1_000)])
def test_what_cannot_be_the_same_count_changes_nothing(odd: tuple[int, int | None]) -> None:
    steady = [(1_000, 1_200)] * 50

    assert after(*steady, odd) == after(*steady)


def test_one_outlier_moves_the_ratio_by_a_few_percent_only() -> None:
    steady = [(1_000, 1_000)] * 50

    assert after(*steady, (1_000, 2_900)) < 1.03


@given(st.lists(st.tuples(st.integers(0, 10**7), st.none() | st.integers(0, 10**7)), max_size=60))
def test_the_ratio_stays_within_its_bounds(reports: list[tuple[int, int | None]]) -> None:
    assert LOWEST <= after(*reports) <= HIGHEST


def test_names_without_end_do_not_fill_the_memory() -> None:
    corrections = Corrections()

    for n in range(2 * MAX_FAMILIES):
        corrections.note(f"f{n}", 1_000, 1_100)

    assert len(corrections.ratios()) == MAX_FAMILIES
