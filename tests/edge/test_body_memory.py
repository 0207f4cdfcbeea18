"""Promises about the memory of one body: what a stage takes for it, and what it counts for."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from itertools import product

import pytest

from openclaw_extproc.model.json import Json, weight

MIB = 1024 * 1024
BODY_BYTES = 6 * MIB
WORDS = "the quick brown fox jumps over it "
EMOJI = "\N{GRINNING FACE}"
STAGES = ("route:openai_chat", "attempt:openai_chat", "attempt:anthropic_messages")
"""With the format of the provider: of the same, and translated."""
SLACK_BYTES = 3 * MIB
"""For what is no part of the body: arenas of Python's objects, pages that are half used."""


def said(content: Json, **more: Json) -> Json:
    return {"model": "m", "messages": [{"role": "user", "content": content}], **more}


def dialogue(text: str) -> Json:
    count = 2_000
    turns = [text[: BODY_BYTES // count]] * count
    return {
        "model": "m",
        "messages": [{"role": ("user", "assistant")[n % 2], "content": t} for n, t in enumerate(turns)],
    }


def called(arguments: Json) -> Json:
    function: Json = {"name": "f", "arguments": json.dumps(arguments, ensure_ascii=False)}
    call: Json = {"id": "a", "type": "function", "function": function}
    first, *_ = [{"role": "user", "content": "hi"}]
    turns: list[Json] = [{**first}, {"role": "assistant", "tool_calls": [call]}]
    return {"model": "m", "messages": [*turns, {"role": "tool", "tool_call_id": "a", "content": "done"}]}


def long(text: str, last: str = "") -> str:
    return text * ((BODY_BYTES - len(last)) // len(text.encode())) + last


SHAPES: Mapping[str, Callable[[], Json]] = {
    "one text in ASCII": lambda: said(long(WORDS)),
    "Chinese": lambda: said(long("\N{CJK UNIFIED IDEOGRAPH-4F60}\N{CJK UNIFIED IDEOGRAPH-597D}")),
    "many messages": lambda: dialogue(long(WORDS)),
    "many keys": lambda: said("hi", **{f"key-{n}": WORDS * 19 for n in range(BODY_BYTES // 670)}),
    "emojis alone": lambda: said(long(EMOJI)),
}
"""Bodies whose texts are no wider than their bytes."""
WIDE: Mapping[str, Callable[[], Json]] = {
    "one dash in a text": lambda: said(long(WORDS, "\N{EN DASH}")),
    "one emoji in a text": lambda: said(long(WORDS, EMOJI)),
    "an emoji in each message": lambda: dialogue(EMOJI + long(WORDS)),
    "one emoji in arguments": lambda: called({"x": long(WORDS, EMOJI)}),
}


def written(shape: Callable[[], Json]) -> bytes:
    return json.dumps(shape(), ensure_ascii=False).encode()


@pytest.fixture(scope="module")
def peaks(tmp_path_factory: pytest.TempPathFactory) -> Mapping[tuple[str, str], int]:
    folder = tmp_path_factory.mktemp("bodies")
    shapes = {**SHAPES, **WIDE}
    for n, shape in enumerate(shapes.values()):
        (folder / str(n)).write_bytes(written(shape))
    cases = [f"{stage}:{folder}/{n}" for stage, n in product(STAGES, range(len(shapes)))]
    done = subprocess.run(
        [sys.executable, "-m", "tests.edge.body_memory", *cases], capture_output=True, text=True, check=True
    )
    return dict(zip(product(STAGES, shapes), map(int, done.stdout.split()), strict=True))


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_stage_takes_at_most_four_times_the_body(
    peaks: Mapping[tuple[str, str], int], stage: str, shape: str
) -> None:
    body = written(SHAPES[shape])

    assert peaks[stage, shape] <= 4 * len(body) + SLACK_BYTES


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("shape", WIDE)
def test_a_body_with_wide_texts_counts_for_a_quarter_of_what_it_takes(
    peaks: Mapping[tuple[str, str], int], stage: str, shape: str
) -> None:
    body = written(WIDE[shape])

    assert len(body) < weight(body) < 3 * len(body)
    assert peaks[stage, shape] <= 4 * weight(body) + SLACK_BYTES


@pytest.mark.parametrize("shape", SHAPES)
def test_a_body_whose_texts_are_not_wide_counts_for_its_size(shape: str) -> None:
    body = written(SHAPES[shape])

    assert len(body) <= weight(body) < 1.3 * len(body)
