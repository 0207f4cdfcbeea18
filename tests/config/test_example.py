"""The example file says nothing that is not so, also in what is commented out."""

import re
from pathlib import Path

from tests.config.loading import KEYS, complaints, settings, warnings

EXAMPLE = Path(__file__).parents[2] / "openclaw.example.yml"


def uncommented() -> list[str]:
    """The file as it is, and what is commented out in it, as files that are merged."""
    text = EXAMPLE.read_text()
    hidden = re.findall(r"(?:^# {1,2}(?: *[a-z_]+:| *-).*\n)+", text, re.MULTILINE)
    return [text, *("".join(line[2:] for line in block.splitlines(keepends=True)) for block in hidden)]


def test_the_example_loads_as_it_is() -> None:
    assert complaints(EXAMPLE.read_text()) == []


def test_what_is_commented_out_in_the_example_loads_too() -> None:
    texts = uncommented()

    assert complaints(*texts) == []
    assert warnings(*texts, environment={**KEYS, "SEARCH_KEY": "a-key-of-a-client"}) == []
    assert settings(*texts).gateway.strategy.rules
    assert settings(*texts).gateway.strategy.compliance.classes
    assert settings(*texts).gateway.strategy.levels.session
