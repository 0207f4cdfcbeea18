"""Promises about the summary of a request that policy looks at."""

from dataclasses import replace
from typing import get_type_hints

import pytest

from openclaw_extproc.features import Features, estimated_tokens, extract
from openclaw_extproc.features.request_reader import LAZY, QUERY_CHARS, RequestReader
from openclaw_extproc.model.requests import (
    Chat,
    Embed,
    InlineFile,
    InlineImage,
    JsonObject,
    JsonSchema,
    LinkedFile,
    LinkedImage,
    Part,
    Reasoning,
    Text,
    ToolResult,
    ToolSpec,
    ToolUse,
    Turn,
)
from tests import samples


def of(ask: Chat | Embed) -> Features:
    return extract(ask, client_format="openai_embeddings" if isinstance(ask, Embed) else "openai_chat")


def asked(*parts: Part | str) -> Turn:
    return Turn("user", tuple(Text(part) if isinstance(part, str) else part for part in parts))


def said(*parts: Part | str) -> Turn:
    return replace(asked(*parts), role="assistant")


IMAGE = InlineImage("image/png", "AAAA")
CALL, RESULT = ToolUse("1", "f", "{}"), ToolResult("1", (Text("found"),))


def test_features_count_what_policy_may_look_at() -> None:
    chat = Chat(
        "m",
        (asked("a", IMAGE, LinkedImage("https://x")), said("b")),
        tools=(ToolSpec("t", "", {}),),
        max_output_tokens=7,
        stream=True,
        losses=("seed", "!n: more than one answer", "!x"),
    )

    seen = of(chat)

    assert (seen.client_format, seen.model, seen.stream, seen.operation) == ("openai_chat", "m", True, "chat")
    assert (seen.turns, seen.rounds, seen.tools, seen.images, seen.output_tokens) == (2, 1, 1, 2, 7)
    assert seen.needs == {"image", "image_link"}
    assert seen.bound_to_format == ("n: more than one answer", "x")


def test_features_know_an_embedding() -> None:
    seen = of(Embed("m", ("four words of text", (1, 2, 3, 4, 5, 6, 7)), losses=("!input: tokens",)))

    assert (seen.operation, seen.turns, seen.query, seen.bound_to_format) == ("embeddings", 0, "", ("input: tokens",))
    assert 7 + 4 <= seen.tokens <= 7 + 6


def test_pictures_and_documents_in_results_of_tools_count() -> None:
    pdf, sound = InlineFile("application/pdf", "AAAA"), LinkedFile("https://x", "audio/wav")
    seen = of(Chat("m", (asked(pdf, sound), said(CALL), asked(ToolResult("1", (IMAGE, pdf))))))

    assert (seen.images, seen.documents, seen.tool_calls) == (1, 2, 1)


@pytest.mark.parametrize(
    ("turns", "loops"),
    [
        ((asked("do"), said(CALL), asked(RESULT)), True),
        ((asked("do"), said(CALL), asked(RESULT, "and hurry")), True),
        ((asked("do"), said(CALL), asked(RESULT), asked("and hurry")), True),
        ((asked("do"), said(CALL), asked(RESULT), said("done"), asked("thanks")), False),
        ((asked("do"), said("<read_file>"), asked("[read_file for 'a'] Result:", "text")), True),
        ((asked("do"), said(CALL)), False),
        ((asked("do"),), False),
        ((), False),
    ],
)
def test_a_tool_loop_lasts_until_the_model_has_answered(turns: tuple[Turn, ...], loops: bool) -> None:
    assert of(Chat("m", turns)).in_tool_loop == loops


def test_every_step_of_a_tool_loop_shows_the_same_query() -> None:
    steps = [asked("What is `len(x)`?\n1. read\n2. say")]
    seen = [of(Chat("m", tuple(steps)))]

    for _ in range(5):
        steps += [said(CALL), asked(RESULT, "<system-reminder>be quick</system-reminder>")]
        seen.append(of(Chat("m", tuple(steps))))

    about = {(f.query, f.query_tokens, f.has_code, f.language, f.questions, f.steps, f.rounds) for f in seen}
    assert about == {("What is `len(x)`?\n1. read\n2. say", seen[0].query_tokens, True, "en", 1, 2, 1)}
    assert [f.tokens for f in seen] == sorted({f.tokens for f in seen})


def test_a_long_query_is_cut_and_still_counted() -> None:
    seen = of(Chat("m", (asked("begin " + "word " * 100_000 + "end"),)))

    assert len(seen.query) <= 2 * QUERY_CHARS + 3
    assert seen.query.startswith("begin word")
    assert seen.query.endswith("word end")
    assert seen.query_tokens == pytest.approx(100_000, rel=0.1)


@pytest.mark.parametrize(
    ("chat", "word"),
    [
        (Chat("m", ()), "text"),
        (Chat("m", (), output=JsonObject()), "json"),
        (Chat("m", (), output=JsonSchema({})), "json_schema"),
    ],
)
def test_the_form_of_the_answer_is_known(chat: Chat, word: str) -> None:
    assert of(chat).output_format == word


@pytest.mark.parametrize(
    ("reasoning", "word"),
    [
        (None, ""),
        (Reasoning(), ""),
        (Reasoning(effort="high", budget_tokens=9), "high"),
        (Reasoning(budget_tokens=9_000), "on"),
        (Reasoning(budget_tokens=0), "none"),
        (Reasoning(effort="none"), "none"),
    ],
)
def test_the_effort_is_the_clients_word_or_that_it_gave_a_budget(reasoning: Reasoning | None, word: str) -> None:
    assert of(Chat("m", (), reasoning=reasoning)).reasoning_effort == word


@pytest.mark.parametrize("case", samples.REQUESTS, ids=str)
def test_every_fixture_has_features(case: samples.Case) -> None:
    chat = case.chat()

    seen = extract(chat, client_format=case.format, headers={":path": case.target, "x-y": "z"})

    assert seen.tokens == estimated_tokens(chat) > 0
    assert seen.query
    assert not seen.query.startswith("<")
    assert seen.headers == {"x-y": "z"}


def test_every_lazy_feature_is_a_field_of_its_type() -> None:
    wanted = get_type_hints(Features)
    found = {name: get_type_hints(vars(RequestReader)[name].func)["return"] for name in LAZY}

    assert found.pop("headers") == dict[str, str], "a mapping that the reader makes"
    assert found == {name: wanted[name] for name in found}
    assert {"size", "tokens", "language", "has_code", "query", "needs"} <= LAZY <= wanted.keys()
