"""The estimated cost of a request before it is sent, for comparisons and limits."""

from openclaw_extproc.catalog import ModelFacts
from openclaw_extproc.features import Features
from openclaw_extproc.policy.context import tokens_of
from openclaw_extproc.policy.runtime_state import RuntimeState

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
