"""The cost of a response: the tokens that the provider counted, at the prices of the catalogue."""

from openclaw_extproc.catalog import MILLION, ModelFacts, Price
from openclaw_extproc.model.usage import Usage


def bill(facts: ModelFacts, usage: Usage) -> float | None:
    """US dollars; `None` when the price is not known, or the provider counted nothing.

    What it did not say of is left out: of an answer that broke off often only the input is known.
    """
    if usage.input_tokens is None and usage.output_tokens is None:
        return None
    price = facts.price(usage.input_tokens or 0)
    return None if price is None else _at(price, usage)


HALF_PRICE = frozenset({"batch", "flex"})
"""Tiers at half the price of tokens: Anthropic's and OpenAI's pages on batches, OpenAI's on flex processing. What
`priority` costs is agreed on, or has a list of its own, and is billed as usual here."""
HOUR = 2.0
"""A cache write for an hour, as a multiple of the input's price, where no list says it: Anthropic's page on pricing."""


def _at(price: Price, usage: Usage) -> float:
    tokens = (_input(price, usage) + _output(price, usage)) / MILLION
    searches = (usage.searches or 0) * _or(price.searches, 0.0) / 1_000
    return (tokens / 2 if usage.tier in HALF_PRICE else tokens) + searches


def _input(price: Price, usage: Usage) -> float:
    """Dollars for a million times as many. Of sounds and pictures nobody says which of them came from a cache."""
    read, written = usage.cached_tokens or 0, usage.cache_written_tokens or 0
    for_an_hour = min(usage.cache_written_1h_tokens or 0, written)
    left = max(0, (usage.input_tokens or 0) - read - written)
    sounds = min(usage.input_audio_tokens or 0, left)
    pictures = min(usage.input_image_tokens or 0, left - sounds)
    return (
        (left - sounds - pictures) * price.input
        + sounds * _or(price.input_audio, price.input)
        + pictures * _or(price.input_image, price.input)
        + read * _or(price.cache_read, price.input)
        + (written - for_an_hour) * _or(price.cache_write, price.input)
        + for_an_hour * _hour(price)
    )


def _hour(price: Price) -> float:
    """Only a vendor that asks more for a write asks more for a longer one."""
    write = _or(price.cache_write, price.input)
    return _or(price.cache_write_1h, HOUR * price.input if write > price.input else write)


def _output(price: Price, usage: Usage) -> float:
    spoken = usage.output_tokens or 0
    sounds = min(usage.output_audio_tokens or 0, spoken)
    pictures = min(usage.output_image_tokens or 0, spoken - sounds)
    return (
        (spoken - sounds - pictures) * price.output
        + sounds * _or(price.output_audio, price.output)
        + pictures * _or(price.output_image, price.output)
    )


def _or(price: float | None, otherwise: float) -> float:
    return otherwise if price is None else price
