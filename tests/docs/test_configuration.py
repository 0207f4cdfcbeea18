"""The page about the configuration says what the types say. `UPDATE_DOCS=1` writes its tables anew."""

import os
from pathlib import Path

from tests.docs.configuration import missing, renewed
from tests.docs.keys import undescribed

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def test_the_tables_are_what_the_types_say() -> None:
    page = PAGE.read_text()
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(renewed(page))

    assert PAGE.read_text() == renewed(page), "UPDATE_DOCS=1 .venv/bin/pytest tests/docs"


def test_every_section_has_a_place() -> None:
    assert missing(PAGE.read_text()) == set()


def test_every_key_says_what_it_is_for() -> None:
    assert undescribed() == [], "write a docstring below the field"
