"""The page about formats says what the code does. `UPDATE_DOCS=1` writes its tables anew."""

import os
from pathlib import Path

import pytest

from openclaw_extproc.wire import FORMATS
from tests.docs.asking import FEATURES
from tests.docs.carrying import CLIENTS, Way, columns, found
from tests.docs.pages import renewed

PAGE = Path(__file__).parents[2] / "docs" / "wire-formats.md"


def test_the_tables_are_what_the_code_does() -> None:
    page = PAGE.read_text()
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(renewed(page))

    assert PAGE.read_text() == renewed(page), "UPDATE_DOCS=1 .venv/bin/pytest tests/docs"


@pytest.mark.parametrize("client", CLIENTS)
def test_nothing_is_lost_in_silence(client: str) -> None:
    """Every thing a client asks for changes what the provider gets, or has a name in the warnings."""
    lost = [
        (feature, provider)
        for feature in FEATURES
        for provider in columns(client)
        if found(client, provider, feature)[0] is Way.SILENT
    ]

    assert lost == []


def test_every_format_has_a_line() -> None:
    assert [name for name in FORMATS if f"`{name}`" not in PAGE.read_text()] == []
