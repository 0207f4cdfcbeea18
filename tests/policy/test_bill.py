"""Promises about what an answer is said to have cost."""

import pytest

from openclaw_extproc.catalog import UNKNOWN, ModelFacts, Price
from openclaw_extproc.model.usage import Usage
from openclaw_extproc.policy.bill import bill

OPUS = ModelFacts((Price(input=15, output=75, cache_read=1.5, cache_write=18.75),))
PLAIN = ModelFacts((Price(input=2, output=10),))
WIDE = ModelFacts((Price(input=1, output=5), Price(input=2, output=10, above=200_000)))


@pytest.mark.parametrize(
    ("facts", "usage", "dollars"),
    [
        (PLAIN, Usage(input_tokens=1_000_000, output_tokens=100_000), 3.0),
        (OPUS, Usage(input_tokens=10_000, cached_tokens=8_000, cache_written_tokens=1_000, output_tokens=100), 0.05325),
        (OPUS, Usage(input_tokens=10_000, cached_tokens=10_000, output_tokens=0), 0.015),
        (PLAIN, Usage(input_tokens=10_000, cached_tokens=8_000, output_tokens=0), 0.02),
        (WIDE, Usage(input_tokens=200_000, output_tokens=1_000), 0.205),
        (WIDE, Usage(input_tokens=200_001, output_tokens=1_000), 0.410002),
    ],
    ids=["plain", "cache-read-and-written", "all-cached", "no-price-for-cached", "at-the-border", "above-it"],
)
def test_each_kind_of_token_has_its_price(facts: ModelFacts, usage: Usage, dollars: float) -> None:
    assert bill(facts, usage) == pytest.approx(dollars)


def test_reasoning_is_part_of_the_output() -> None:
    assert bill(PLAIN, Usage(output_tokens=100_000, reasoning_tokens=90_000)) == pytest.approx(1.0)


def test_what_broke_off_costs_what_is_known_of_it() -> None:
    assert bill(PLAIN, Usage(input_tokens=1_000_000)) == pytest.approx(2.0)


def test_more_cached_than_there_was_is_not_a_gift() -> None:
    assert bill(OPUS, Usage(input_tokens=10, cached_tokens=1_000_000, output_tokens=0)) == pytest.approx(1.5)


def test_nobody_knows_the_bill_without_a_price_or_a_count() -> None:
    assert bill(UNKNOWN, Usage(input_tokens=5, output_tokens=5)) is None
    assert bill(OPUS, Usage()) is None


def test_what_is_free_costs_nothing_rather_than_nobody_knows_what() -> None:
    assert bill(ModelFacts((Price(0, 0),)), Usage(input_tokens=5, output_tokens=5)) == 0.0
