"""Promises about `router.context_management`."""

import pytest

from openclaw_extproc.strategy import Context
from tests.config.loading import complaints, seed, settings, warnings

MODELS = "model: {providers: [{name: openai, models: [gpt-4o, gpt-4o-mini], primary: true}]}\n"


def written(text: str) -> str:
    return f"{MODELS}router: {{context_management: {{{text}}}}}"


def test_nothing_is_shortened_unless_it_is_asked_for() -> None:
    assert settings(MODELS).gateway.strategy.context is None
    assert settings(written("enabled: false")).gateway.strategy.context is None


def test_the_published_example_summarizes_from_80_percent_with_the_cheapest_model() -> None:
    context = settings(MODELS, seed(9)).gateway.strategy.context

    assert context == Context(0.8, "summarize", preserve_critical=True, summarizer="openai/gpt-4o-mini")
    assert warnings(MODELS, seed(9)) == []


UNPRICED = "model: {providers: [{name: lab, models: [unheard-of], endpoint: 'https://lab.example'}]}\n"


def test_without_a_model_whose_price_is_known_the_published_example_truncates_and_says_why() -> None:
    context = settings(UNPRICED, seed(9)).gateway.strategy.context

    assert context == Context(0.8, "truncate", preserve_critical=True)
    said = "router.context_management.summarizer: missing, and no listed model has a known price: what is left out"
    assert any(line.startswith(said) for line in warnings(UNPRICED, seed(9)))


@pytest.mark.parametrize(
    ("entry", "chosen"),
    [
        ("{name: mine, models: [m], endpoint: 'http://10.0.0.9:8000'}", "mine/m"),
        ("{name: groq, models: [llama-3.1-8b-instant]}", "openai/gpt-4o-mini"),
        ("{name: azure, auth: forward, models: [gpt-5-nano], endpoint: 'https://a.example'}", "openai/gpt-4o-mini"),
        ("{name: free, models: [{name: text-embedding-3-small}], endpoint: 'http://10.0.0.9'}", "openai/gpt-4o-mini"),
    ],
)
def test_who_summarizes_has_a_key_of_ours_and_writes_text(entry: str, chosen: str) -> None:
    """A key that is not set, a caller's own, a model that only embeds: none of them can."""
    models = MODELS.replace("}]}", f"}}, {entry}]}}")

    context = settings(models, seed(9)).gateway.strategy.context

    assert context is not None
    assert context.summarizer == chosen


def test_a_summarizer_is_a_model_that_is_listed() -> None:
    context = settings(
        written("compression_method: summarize, summarizer: gpt-4o-mini, deadline_ms: 900")
    ).gateway.strategy.context

    assert context == Context(0.8, "summarize", summarizer="gpt-4o-mini", deadline_ms=900)
    assert complaints(written("compression_method: summarize, summarizer: gpt-4o-mimi")) == [
        'router.context_management.summarizer: no model is named "gpt-4o-mimi": did you mean gpt-4o-mini?'
    ]


def test_a_summarizer_that_is_not_used_is_said() -> None:
    assert warnings(written("summarizer: gpt-4o-mini")) == [
        "router.context_management.summarizer: not used: write compression_method: summarize"
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("compression_threshold: 0", "greater than or equal to 1"),
        ("compression_threshold: 101", "less than or equal to 100"),
        ("compression_method: shrink", "expected 'summarize' or 'truncate'"),
        ("deadline_ms: 60001", "less than or equal to 60000"),
    ],
)
def test_what_makes_no_sense_is_an_error(text: str, said: str) -> None:
    (found,) = complaints(written(text))

    assert said in found
