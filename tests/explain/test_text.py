"""What a person reads. `UPDATE_GOLDEN=1` writes the texts anew: look at them before you commit."""

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from openclaw_extproc.explain.text import MIN_WIDTH, text
from tests.explain.cases import CASES, DECIDED

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", CASES)
def test_the_text_is_as_it_was_read_last(name: str) -> None:
    file = GOLDEN / f"{name}.txt"
    written = text(CASES[name], 100)
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(written)

    assert file.read_text() == written


@pytest.mark.parametrize("width", [MIN_WIDTH, 80, 100, 200])
@pytest.mark.parametrize("name", CASES)
def test_no_line_is_wider_than_the_terminal(name: str, width: int) -> None:
    lines = text(CASES[name], width).splitlines()

    assert [line for line in lines if len(line) > width] == []
    assert [line for line in lines if line != line.rstrip()] == []


def test_a_narrow_terminal_loses_no_word() -> None:
    wide, narrow = ("".join(re.sub(r"[\s]", "", text(DECIDED, width))) for width in (400, MIN_WIDTH))

    assert sorted(wide) == sorted(narrow)


def test_what_a_sign_of_life_costs_is_told() -> None:
    plan = DECIDED.plan
    assert plan is not None

    told = text(replace(DECIDED, plan=replace(plan, keepalive_ms=1_500)), 120)

    assert "1.5 s after a stream's head; no fallback from then on" in told
    assert "keep-alive" not in text(DECIDED, 120)
