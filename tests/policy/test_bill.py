"""Promises about what an answer is said to have cost."""

import pytest

from openclaw_extproc.catalog import UNKNOWN, ModelFacts, Price
from openclaw_extproc.model.facts import Usage
from openclaw_extproc.policy.cost import bill

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


CLAUDE = ModelFacts((Price(input=3, output=15, cache_read=0.3, cache_write=3.75, cache_write_1h=6, searches=10),))
UNLISTED = ModelFacts((Price(input=3, output=15, cache_read=0.3, cache_write=3.75),))
FREE_WRITES = ModelFacts((Price(input=2, output=10, cache_write=2),))
HEARS = ModelFacts(
    (Price(input=1, output=4, input_audio=10, output_audio=20, input_image=5, output_image=30, cache_read=0.1),)
)
KEEPS = ModelFacts(
    (
        Price(
            *(1, 4),
            input_audio=10,
            cache_read=0.1,
            cache_read_audio=0.75,
            cache_read_image=3,
            input_video=15,
            output_video=20,
            output_reasoning=6,
            output_citation=2.04,
        ),
    )
)
GPT = ModelFacts((Price(input=2, output=10),), family="openai")


@pytest.mark.parametrize(
    ("facts", "usage", "dollars"),
    [
        (CLAUDE, Usage(input_tokens=10_000, cache_written_tokens=10_000, cache_written_1h_tokens=10_000), 0.06),
        (CLAUDE, Usage(input_tokens=10_000, cache_written_tokens=10_000, cache_written_1h_tokens=4_000), 0.0465),
        (UNLISTED, Usage(input_tokens=10_000, cache_written_tokens=10_000, cache_written_1h_tokens=10_000), 0.06),
        (FREE_WRITES, Usage(input_tokens=10_000, cache_written_tokens=10_000, cache_written_1h_tokens=10_000), 0.02),
        (CLAUDE, Usage(input_tokens=1_000, output_tokens=100, searches=3), 0.0345),
        (CLAUDE, Usage(input_tokens=1_000_000, output_tokens=0, tier="batch"), 1.5),
        (CLAUDE, Usage(input_tokens=1_000_000, output_tokens=0, tier="standard"), 3.0),
        (HEARS, Usage(input_tokens=1_000, input_audio_tokens=400, input_image_tokens=100), 0.005),
        (HEARS, Usage(output_tokens=1_000, output_audio_tokens=500, output_image_tokens=500), 0.025),
        (PLAIN, Usage(input_tokens=1_000, input_audio_tokens=400, output_tokens=0), 0.002),
        (HEARS, Usage(input_tokens=1_000, cached_tokens=900, input_audio_tokens=500), 0.00109),
        (KEEPS, Usage(input_tokens=1_000, cached_tokens=900, cached_audio_tokens=400, input_audio_tokens=450), 0.0009),
        (KEEPS, Usage(input_tokens=1_000, cached_tokens=900, cached_image_tokens=9_999), 0.0028),
        (KEEPS, Usage(input_tokens=1_000, input_video_tokens=500, output_tokens=100, output_video_tokens=50), 0.0092),
        (KEEPS, Usage(output_tokens=100, reasoning_tokens=60, output_citation_tokens=1_000), 0.00256),
        (GPT, Usage(input_tokens=1_000_000, output_tokens=0, tier="priority"), 4.0),
        (CLAUDE, Usage(input_tokens=1_000_000, output_tokens=0, tier="priority"), 3.0),
    ],
    ids=[
        *("an-hour", "some-for-an-hour", "an-hour-unlisted", "writes-at-no-more", "searches", "batch", "standard"),
        *("heard-and-seen", "spoken-and-painted", "no-price-for-sounds", "sounds-from-a-cache-unsaid"),
        *("sounds-from-a-cache", "pictures-from-a-cache", "films", "thoughts-and-citations"),
        *("priority", "priority-by-contract"),
    ],
)
def test_each_kind_of_a_price_list_is_billed(facts: ModelFacts, usage: Usage, dollars: float) -> None:
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
