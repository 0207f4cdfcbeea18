"""Promises of the Gemini format: thoughts, and how much of them."""

from dataclasses import replace

import pytest

from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import (
    BlockEnded,
    Delta,
    Fact,
    Finished,
    Started,
    StateAttached,
    Stop,
    TextStarted,
    ThinkingProgress,
    ThoughtStarted,
    ToolStarted,
)
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Chat, Reasoning
from openclaw_extproc.wire.base import ClientRequest, UpstreamEdit
from openclaw_extproc.wire.gemini.thinking import ALWAYS_ON
from tests.wire.gemini.saying import CLIENT, GEMINIS, HELLO, WHOLE, answer, candidate, encoded, written


def read(thinking: Json) -> Chat:
    body: dict[str, Json] = {
        "contents": [{"parts": [{"text": "Hi"}]}],
        "generationConfig": {"thinkingConfig": thinking},
    }
    return CLIENT.decode_request(ClientRequest(WHOLE, "", j.dump(body), body))


def asked(model: str, reasoning: Reasoning) -> tuple[Json, tuple[str, ...]]:
    """`thinkingConfig` for a model, and what was lost."""
    chat = replace(HELLO, reasoning=reasoning)
    config = written(chat, UpstreamEdit(model)).get("generationConfig", {})
    return j.an_object(config, at="config").get("thinkingConfig"), encoded(chat, UpstreamEdit(model)).losses


# -- how much -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("thinking", "reasoning"),
    [
        ({}, Reasoning()),
        ({"thinkingBudget": 0}, Reasoning(budget_tokens=0)),
        ({"thinking_budget": "1024"}, Reasoning(budget_tokens=1024)),
        ({"thinkingBudget": -1, "includeThoughts": True}, Reasoning(visible=True)),
        ({"thinkingLevel": "HIGH", "includeThoughts": False}, Reasoning(effort="high", visible=False)),
        ({"thinking_level": "minimal"}, Reasoning(effort="minimal")),
        ({"thinkingLevel": "THINKING_LEVEL_UNSPECIFIED"}, Reasoning()),
        (None, None),
    ],
)
def test_a_thinking_config_is_read_in_neutral_words(thinking: Json, reasoning: Reasoning | None) -> None:
    assert (read(thinking).reasoning, read(thinking).losses, read(thinking).extras) == (reasoning, (), {})


@pytest.mark.parametrize(
    ("model", "reasoning", "config"),
    [
        ("gemini-3-pro-preview", Reasoning(effort="high"), {"thinkingLevel": "HIGH"}),
        ("gemini-3-flash-preview", Reasoning(effort="minimal"), {"thinkingLevel": "MINIMAL"}),
        ("models/gemini-3.1-pro-preview", Reasoning(effort="medium"), {"thinkingLevel": "MEDIUM"}),
        ("gemini-3.8-flash", Reasoning(effort="low", visible=True), {"thinkingLevel": "LOW", "includeThoughts": True}),
        ("gemini-2.5-flash", Reasoning(effort="low"), {"thinkingBudget": 1024}),
        ("gemini-2.5-flash", Reasoning(budget_tokens=77), {"thinkingBudget": 77, "includeThoughts": True}),
        ("gemini-2.5-flash", Reasoning(effort="none"), {"thinkingBudget": 0}),
        ("gemini-2.5-flash-lite", Reasoning(budget_tokens=0, visible=True), {"thinkingBudget": 0}),
        ("gemini-flash-latest", Reasoning(budget_tokens=2048, visible=False), {"thinkingBudget": 2048}),
        ("gemini-2.5-pro", Reasoning(visible=True), {"includeThoughts": True}),
        ("gemini-2.0-flash", Reasoning(effort="none"), None),
        ("gemma-4-31b", Reasoning(effort="high"), {"thinkingLevel": "HIGH"}),
    ],
)
def test_thinking_is_asked_for_in_the_words_of_the_models_family(
    model: str, reasoning: Reasoning, config: Json
) -> None:
    assert asked(model, reasoning) == (config, ())


@pytest.mark.parametrize(
    ("model", "reasoning", "config", "loss"),
    [
        ("gemini-3-pro-preview", Reasoning(effort="medium"), {"thinkingLevel": "LOW"}, "reasoning: medium became low"),
        ("gemini-3.7-flash", Reasoning(effort="minimal"), {"thinkingLevel": "LOW"}, "reasoning: minimal became low"),
        ("gemini-3.6-flash", Reasoning(effort="max"), {"thinkingLevel": "HIGH"}, "reasoning: max became high"),
        ("gemini-3-flash", Reasoning(effort="none"), {"thinkingLevel": "MINIMAL"}, ALWAYS_ON),
        (
            "gemini-3-flash",
            Reasoning(budget_tokens=8000, visible=False),
            {"thinkingLevel": "MEDIUM"},
            "reasoning: a budget became the level medium",
        ),
        ("gemini-2.5-pro", Reasoning(budget_tokens=0, visible=False), {"thinkingBudget": 128}, ALWAYS_ON),
        ("gemini-2.5-pro", Reasoning(effort="max"), {"thinkingBudget": 32768}, "reasoning: 65536 tokens became 32768"),
        (
            "gemini-2.5-flash-lite",
            Reasoning(budget_tokens=5, visible=False),
            {"thinkingBudget": 512},
            "reasoning: 5 tokens became 512",
        ),
        ("gemini-2.0-flash", Reasoning(effort="high"), None, "reasoning"),
    ],
)
def test_what_a_family_does_not_allow_becomes_the_nearest_and_is_named(
    model: str, reasoning: Reasoning, config: Json, loss: str
) -> None:
    assert asked(model, reasoning) == (config, (loss,))


@pytest.mark.parametrize("model", GEMINIS)
@pytest.mark.parametrize("reasoning", [Reasoning("high", 500, True), Reasoning("none"), Reasoning(None, 10**6)])
def test_no_model_is_told_a_level_and_a_budget_at_once(model: str, reasoning: Reasoning) -> None:
    config, _ = asked(model, reasoning)

    assert config is None or isinstance(config, dict)
    assert not config or not {"thinkingLevel", "thinkingBudget"} <= config.keys()


# -- what was thought -------------------------------------------------------------


def test_thoughts_in_pieces_are_one_block_and_a_signature_ends_it() -> None:
    told = answer(
        candidate({"text": "a", "thought": True}, reason=None),
        candidate({"text": "b", "thought": True, "thoughtSignature": "c2ln"}, reason=None),
        candidate({"text": "c", "thought": True}, {"text": "d"}),
    )

    assert [fact for fact in told[1:-1] if not isinstance(fact, StateAttached)] == [
        *(ThoughtStarted(), Delta("a"), Delta("b"), BlockEnded()),
        *(ThoughtStarted(), Delta("c"), BlockEnded()),
        *(TextStarted(), Delta("d"), BlockEnded()),
    ]
    assert [isinstance(fact, StateAttached) for fact in told].index(True) == 4


def test_a_thought_without_words_is_a_mark_or_a_block_with_its_seal() -> None:
    assert answer(candidate({"text": "", "thought": True}))[1] == ThinkingProgress()
    assert [type(fact) for fact in answer(candidate({"thought": True, "thoughtSignature": "c2ln"}))[1:-1]] == [
        ThoughtStarted,
        StateAttached,
        BlockEnded,
    ]


def test_a_signature_is_first_in_a_call_last_in_a_text_and_nothing_alone() -> None:
    told = answer(
        candidate({"text": "", "thoughtSignature": "b25l"}, {"text": "a"}, reason=None),
        candidate({"text": "", "thoughtSignature": "dHdv"}, reason=None),
        candidate({"functionCall": {"name": "f", "id": "1"}, "thoughtSignature": "dGhyZWU_"}),
    )

    assert [fact.sealed.text if isinstance(fact, StateAttached) else type(fact) for fact in told[1:-1]] == [
        *(TextStarted, Delta, "dHdv", BlockEnded),
        *(ToolStarted, "dGhyZWU/", Delta, BlockEnded),
    ]


THOUGHT: list[Fact] = [
    Started("r", "m"),
    ThoughtStarted(),
    Delta("Hm"),
    Delta("m."),
    BlockEnded(),
    TextStarted(),
    Delta("Yes."),
    BlockEnded(),
    Finished(Stop.END),
]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("reasoning", "seen"),
    [(None, False), (Reasoning("high"), False), (Reasoning(visible=False), False), (Reasoning(visible=True), True)],
)
def test_thoughts_are_shown_to_those_who_asked_for_them(
    reasoning: Reasoning | None, seen: bool, *, stream: bool
) -> None:
    encoder = CLIENT.encoder(replace(HELLO, stream=stream, reasoning=reasoning, extras={"alt": "sse"}), 0)

    body = b"".join([encoder.feed(fact) for fact in THOUGHT])

    whole, pieces = (
        b'{"text":"Hmm.","thought":true}',
        (b'{"text":"Hm","thought":true}', b'{"text":"m.","thought":true}'),
    )
    assert (b"thought" in body) is seen
    assert (all(piece in body for piece in pieces) if stream else whole in body) is seen
    assert b'{"text":"Yes."}' in body
