"""The cost of requests: estimated before they are sent, and counted afterwards.

The estimated cost of a request before it is sent, for comparisons and limits.

The cost of a response: the tokens that the provider counted, at the prices of the catalogue.
"""

from collections.abc import Mapping
from types import MappingProxyType

from openclaw_extproc.catalog import MILLION, ModelFacts, Price
from openclaw_extproc.features import Features
from openclaw_extproc.model.facts import Usage
from openclaw_extproc.policy.context import tokens_of
from openclaw_extproc.policy.runtime_state import RuntimeState

# -- cost ------------------------------------------------------------------------------


USUAL_OUTPUT = 500
"""Tokens of an ordinary answer. What a client allows (`max_tokens`) is a cap and no forecast: agents always send
32,000 and get a few hundred, so a limit in dollars that took it for the answer would stop them at once."""
REASONED_OUTPUT = 2_500
"""With thoughts, which are billed as output."""
_UNTHINKING = frozenset({"", "none", "off", "disabled"})


def input_tokens(features: Features, facts: ModelFacts, situation: RuntimeState) -> int:
    """As this model's family will count them, corrected by what its providers have counted lately."""
    return tokens_of(features, facts, situation.token_ratio.get(facts.family, 1.0))


def output_tokens(features: Features, facts: ModelFacts) -> int:
    """What the answer will probably have; never more than the client wants or the model can."""
    if features.operation in ("embeddings", "count_tokens"):
        return 0
    usual = USUAL_OUTPUT if features.reasoning_effort in _UNTHINKING else REASONED_OUTPUT
    return min(n for n in (usual, features.output_tokens, facts.max_output) if n is not None)


def estimate(features: Features, facts: ModelFacts, tokens: int) -> float | None:
    """US dollars, for so many `input_tokens`; `None` when nobody knows the model's price. To have tokens counted is
    free with all vendors.
    """
    if features.operation == "count_tokens":
        return 0.0
    price = facts.price(tokens)
    return None if price is None else price.of(tokens, output_tokens(features, facts))


def wanted_tokens(features: Features, facts: ModelFacts, tokens: int) -> int:
    """What has to fit into the window: the prompt, and all of the answer that the client said it wants."""
    wanted = features.output_tokens or 0
    return tokens + (wanted if facts.max_output is None else min(wanted, facts.max_output))


# -- bill ------------------------------------------------------------------------------


def bill(facts: ModelFacts, usage: Usage) -> float | None:
    """US dollars; `None` when the price is not known, or the provider counted nothing.

    What it did not say of is left out: of an answer that broke off often only the input is known.
    """
    if usage.input_tokens is None and usage.output_tokens is None:
        return None
    price = facts.price(usage.input_tokens or 0)
    return None if price is None else _at(price, usage, facts.family)


HALF_PRICE = frozenset({"batch", "flex"})
"""Tiers at half the price of tokens: Anthropic's and OpenAI's pages on batches, OpenAI's on flex processing."""
PRIORITY: Mapping[str, float] = MappingProxyType({"openai": 2.0})
"""What `priority` costs, as a multiple, by the model's family: OpenAI's page on pricing has 1.7 to 2, and what limits
in dollars go by must not be too low. Anthropic's is paid by contract and billed as usual here."""
HOUR = 2.0
"""A cache write for an hour, as a multiple of the input's price, where no list says it: Anthropic's page on pricing."""


def _at(price: Price, usage: Usage, family: str) -> float:
    tokens = (_input(price, usage) + _cached(price, usage) + _output(price, usage)) / MILLION
    searches = (usage.searches or 0) * _or(price.searches, 0.0) / 1_000
    return tokens * _tier(usage.tier, family) + searches


def _tier(tier: str | None, family: str) -> float:
    if tier in HALF_PRICE:
        return 0.5
    return PRIORITY.get(family, 1.0) if tier == "priority" else 1.0


def _input(price: Price, usage: Usage) -> float:
    """Dollars for a million times as many, without what came from a cache. Where nobody says which sounds and pictures
    did, texts did."""
    read, written = usage.cached_tokens or 0, usage.cache_written_tokens or 0
    for_an_hour = min(usage.cache_written_1h_tokens or 0, written)
    left = max(0, (usage.input_tokens or 0) - read - written)
    heard = max(0, (usage.input_audio_tokens or 0) - (usage.cached_audio_tokens or 0))
    seen = max(0, (usage.input_image_tokens or 0) - (usage.cached_image_tokens or 0))
    return (
        _divided(
            left,
            price.input,
            (heard, price.input_audio),
            (seen, price.input_image),
            (usage.input_video_tokens, price.input_video),
        )
        + (written - for_an_hour) * _or(price.cache_write, price.input)
        + for_an_hour * _hour(price)
    )


def _cached(price: Price, usage: Usage) -> float:
    return _divided(
        usage.cached_tokens or 0,
        _or(price.cache_read, price.input),
        (usage.cached_audio_tokens, price.cache_read_audio),
        (usage.cached_image_tokens, price.cache_read_image),
    )


def _hour(price: Price) -> float:
    """Only a vendor that asks more for a write asks more for a longer one."""
    write = _or(price.cache_write, price.input)
    return _or(price.cache_write_1h, HOUR * price.input if write > price.input else write)


def _output(price: Price, usage: Usage) -> float:
    cited = (usage.output_citation_tokens or 0) * _or(price.output_citation, 0.0)
    return cited + _divided(
        usage.output_tokens or 0,
        price.output,
        (usage.output_audio_tokens, price.output_audio),
        (usage.output_image_tokens, price.output_image),
        (usage.output_video_tokens, price.output_video),
        (usage.reasoning_tokens, price.output_reasoning),
    )


def _divided(tokens: int, usual: float, *kinds: tuple[int | None, float | None]) -> float:
    """The price of tokens of which some are of other kinds, never more than there are."""
    dollars, left = 0.0, tokens
    for count, price in kinds:
        of_kind = min(count or 0, left)
        left -= of_kind
        dollars += of_kind * _or(price, usual)
    return dollars + left * usual


def _or(price: float | None, otherwise: float) -> float:
    return otherwise if price is None else price
