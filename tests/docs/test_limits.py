"""The page about limits has the numbers that hold."""

import re
from pathlib import Path

import pytest

from openclaw_extproc.config.read import yaml_text
from openclaw_extproc.edge.reload import files
from openclaw_extproc.model import json
from openclaw_extproc.stages.route.request_checks import MAX_BODY_BYTES
from openclaw_extproc.wire.streams.sse import MAX_EVENT_BYTES

PAGE = Path(__file__).parents[2] / "docs" / "limits.md"


@pytest.mark.parametrize(
    ("row", "limit"),
    [
        (r"\| size \| {} bytes", MAX_BODY_BYTES),
        (r"\| nesting depth of objects and arrays \| {} \|", json.MAX_DEPTH),
        (r"\| total number of strings, field names, objects and arrays \| {} \|", json.MAX_PIECES),
        (r"\| total number of values; .* \| {} \|", json.MAX_VALUES),
        (r"\| length of a field name \| {} characters", json.MAX_NAME_CHARS),
        (r"whose sizes end at {} bytes", MAX_EVENT_BYTES),
        (r"\| configuration, .* at most {} bytes", files.MAX_CONFIG_BYTES),
        (r"\| values in one of them, with aliases expanded \| {} \|", yaml_text.MAX_VALUES),
        (r"\| nesting depth of mappings and lists \| {} \|", yaml_text.MAX_DEPTH),
        (r"\| file of a key \| a regular file of at most {} bytes", files.MAX_SECRET_BYTES),
    ],
)
def test_a_limit_is_what_the_page_says(row: str, limit: int) -> None:
    assert re.search(row.format(f"{limit:,}"), PAGE.read_text())
