"""Promises about what of a long conversation a model does not get."""

from collections.abc import Iterable
from itertools import pairwise

import pytest

from openclaw_extproc.catalog import ModelFacts
from openclaw_extproc.features import Features
from openclaw_extproc.policy.context import (
    STRIDE,
    ContextCut,
    MeasuredContext,
    allowed_tokens,
    cut_context,
    fits,
    least,
    measure_context,
)
from openclaw_extproc.strategy import Context
from openclaw_extproc.wire.conversation import Piece

CONTEXT = Context()
LONG = "x" * 4_000
"""A thousand tokens."""


def user(text: str = LONG, *, marked: bool = False) -> Piece:
    return Piece("user", (text,), marked=marked)


def said(text: str = LONG) -> Piece:
    return Piece("model", (text,))


def step(id: str, text: str = LONG) -> tuple[Piece, Piece]:
    """A call and its result."""
    return Piece("model", (text,), calls=frozenset([id])), Piece("results", (text,), answers=frozenset([id]))


def made(*pieces: Piece, rest: int = 0) -> MeasuredContext:
    return measure_context(pieces, rest)


def gone(weighed: MeasuredContext, *, most: int, window: int = 1, context: Context = CONTEXT) -> list[int]:
    """Indexes, in rough tokens: as many as `weighed` has. A window of 1 rounds nothing up."""
    found = cut_context(weighed, weighed.total, most, window, context)
    return [] if found is None else list(found.left_out)


def talk(rounds: int) -> list[Piece]:
    return [piece for _ in range(rounds) for piece in (user(), said())]


# -- what goes ------------------------------------------------------------------------


def test_what_fits_is_left_alone() -> None:
    assert gone(made(*talk(3), user()), most=10_000) == []


def test_the_oldest_rounds_go_and_the_first_words_stay() -> None:
    assert gone(made(*talk(5), user()), most=7_500) == [1, 2, 3, 4, 5]


def test_the_first_words_go_too_where_nothing_is_to_be_preserved() -> None:
    assert gone(made(*talk(5), user()), most=7_500, context=Context(preserve_critical=False)) == [0, 1, 2, 3]


def test_a_call_goes_with_its_result() -> None:
    weighed = made(user(), *step("a"), *step("b"), said(), user())

    assert gone(weighed, most=6_500) == [1, 2]
    assert gone(weighed, most=4_500) == [1, 2, 3, 4]


def test_of_a_long_tool_loop_the_oldest_steps_go() -> None:
    loop = [piece for n in range(6) for piece in step(str(n))]

    assert gone(made(user(), *loop), most=9_500) == [1, 2, 3, 4]
    assert gone(made(user(), *loop), most=10) == list(range(1, 11)), "all but the newest"


def test_the_newest_words_stay_whatever_comes() -> None:
    assert gone(made(*talk(4), user()), most=1) == [1, 2, 3, 4, 5, 6, 7]


def test_system_messages_between_the_turns_stay() -> None:
    pieces = talk(4)
    pieces.insert(3, Piece("fixed", (LONG,)))

    assert 3 not in gone(made(*pieces, user()), most=1)


@pytest.mark.parametrize("piece", [user("[critical] keep me"), user("  [Critical]\nkeep me"), user(marked=True)])
def test_what_is_critical_stays_with_the_words_before_it(piece: Piece) -> None:
    weighed = made(*talk(2), piece, said(), *talk(2), user())

    assert 4 not in gone(weighed, most=1)
    assert 4 in gone(weighed, most=1, context=Context(preserve_critical=False))


def test_a_critical_answer_keeps_its_question() -> None:
    weighed = made(*talk(2), user(), said("[critical] yes"), *talk(2), user())

    assert {4, 5}.isdisjoint(gone(weighed, most=1))


def test_a_result_far_from_its_call_keeps_both() -> None:
    call, result = step("a")
    weighed = made(*talk(1), user(), call, user(), result, *talk(2), user())

    assert {3, 5}.isdisjoint(gone(weighed, most=1))


def test_a_result_whose_call_the_provider_keeps_stays() -> None:
    _, result = step("a")

    assert gone(made(result, said(), *talk(1), user()), most=1) == [1, 3]


def test_the_number_of_turns_is_that_of_words_and_answers() -> None:
    weighed = made(user(), *step("a"), said(), user())

    assert cut_context(weighed, weighed.total, 1, 1, CONTEXT) == ContextCut((1, 2, 3), 2)


# -- a cut that stays where it is -------------------------------------------------------


def test_the_cut_stays_for_several_turns() -> None:
    """Otherwise no turn would find the conversation before it in the provider's cache."""
    window, most = 50_000, 40_000
    cuts = [gone(made(*talk(n), user()), most=most, window=window) for n in range(20, 40)]

    moves = sum(before != after for before, after in pairwise(cuts))
    assert moves <= 20 * 2_000 / (STRIDE * window) + 1


def test_rounding_up_spares_the_newest_rounds() -> None:
    assert gone(made(*talk(4), user()), most=8_000, window=1_000_000) == [1, 2, 3]


# -- what the engine asks ----------------------------------------------------------------


def features(tokens: int, *, answer: int | None = None, shortest: int | None = None) -> Features:
    return Features(
        "openai_chat", "m", stream=False, turns=1, tools=0, images=0,
        tokens=tokens, output_tokens=answer, least_tokens=shortest,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "context", "ratio", "expected"),
    [
        (features(900), None, 1.0, True),
        (features(1_001), None, 1.0, False),
        (features(900, answer=101), None, 1.0, False),
        (features(900), None, 1.2, False),
        (features(5_000, shortest=900), CONTEXT, 1.0, True),
        (features(5_000, shortest=900), None, 1.0, False),
        (features(5_000, shortest=1_001), CONTEXT, 1.0, False),
        (features(5_000), CONTEXT, 1.0, False),
    ],
)
def test_a_window_counts_with_what_may_be_left_out(
    asked: Features, context: Context | None, ratio: float, *, expected: bool
) -> None:
    assert fits(asked, ModelFacts(window=1_000), context, ratio) is expected


def test_an_unknown_window_takes_all() -> None:
    assert fits(features(10**9), ModelFacts(), CONTEXT)
    assert allowed_tokens(features(10**9), ModelFacts(), CONTEXT) is None


@pytest.mark.parametrize(("answer", "most"), [(None, 800), (100, 800), (400, 600), (5_000, 800)])
def test_a_long_answer_needs_room_too(answer: int | None, most: int) -> None:
    assert allowed_tokens(features(1, answer=answer), ModelFacts(window=1_000), CONTEXT) == most


def test_least_is_what_stays_when_all_goes_that_may() -> None:
    weighed = made(*talk(9), user(), rest=4_000)
    everything = weighed.total

    shortest = least(weighed, everything, CONTEXT)

    left = _left(weighed, gone(weighed, most=1))
    assert shortest == left
    assert least(weighed, 2 * everything, CONTEXT) == 2 * left


def _left(weighed: MeasuredContext, left_out: Iterable[int]) -> int:
    return weighed.total - sum(weighed.weights[n] for n in left_out)
