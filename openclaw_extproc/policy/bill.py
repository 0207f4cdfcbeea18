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


def _at(price: Price, usage: Usage) -> float:
    read, written = usage.cached_tokens or 0, usage.cache_written_tokens or 0
    plain = max(0, (usage.input_tokens or 0) - read - written)
    of_cache = read * _or(price.cache_read, price.input) + written * _or(price.cache_write, price.input)
    return price.of(plain, usage.output_tokens or 0) + of_cache / MILLION


def _or(price: float | None, otherwise: float) -> float:
    return otherwise if price is None else price
