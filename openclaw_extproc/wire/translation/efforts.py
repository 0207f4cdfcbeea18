"""The conversion between reasoning efforts in words and thinking budgets in tokens.

Source: the table by which Google's own OpenAI-compatible API turns `reasoning_effort` into budgets
(https://ai.google.dev/gemini-api/docs/openai): low 1,024, medium 8,192, high 24,576. The steps outside it are ours.
"""

from typing import get_args

from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Effort, Reasoning

EFFORTS: tuple[Effort, ...] = get_args(Effort)
"""The efforts from the lowest to the highest."""

BUDGETS: dict[Effort, int] = {
    "none": 0,
    "minimal": 512,
    "low": 1_024,
    "medium": 8_192,
    "high": 24_576,
    "xhigh": 32_768,
    "max": 65_536,
}


def word(said: Json) -> Effort | None:
    """A word as it came; `None` for one that nobody knows."""
    return next((known for known in EFFORTS if known == said), None)


def budget(reasoning: Reasoning) -> int | None:
    """Returns a budget in tokens; `None` when the client leaves it to the model."""
    if reasoning.budget_tokens is not None:
        return reasoning.budget_tokens
    return None if reasoning.effort is None else BUDGETS[reasoning.effort]


def effort(reasoning: Reasoning) -> Effort | None:
    """The first word that allows for as many tokens; `None` when the client leaves it to the model."""
    if reasoning.effort is not None or reasoning.budget_tokens is None:
        return reasoning.effort
    wanted = reasoning.budget_tokens
    for known in EFFORTS:
        if BUDGETS[known] >= wanted:
            return known
    return "max"


def nearest(wanted: Effort, known: tuple[Effort, ...]) -> Effort:
    """The word of `known` that is closest, the weaker one of two."""
    place = EFFORTS.index
    return min(known, key=lambda one: (abs(place(one) - place(wanted)), place(one)))
