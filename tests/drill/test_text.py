"""The report at a terminal."""

import json

import msgspec
import pytest

from openclaw_extproc.drill.report import text
from tests.config.loading import settings
from tests.drill import worlds


@pytest.mark.parametrize("width", [40, 80, 100, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    lines = text(worlds.reported(settings(worlds.THREE)), width).splitlines()

    assert max(map(len, lines)) <= max(width, 80)


def test_a_row_says_who_answers_after_how_many_attempts_in_what_time_at_what_cost() -> None:
    lines = text(worlds.reported(settings(worlds.THREE), name="gpt-4o"), 120).splitlines()

    row = next(line for line in lines if line.startswith("  openai answers 503"))

    assert row.split()[3:] == ["anthropic/claude-sonnet-4", "2", "0.10", "s", "240", "s", "$0.0105", "1.4"]


def test_an_unknown_price_is_said_to_be_unknown() -> None:
    loaded = settings(worlds.THREE.replace("gpt-4o", "my-own"))

    lines = text(worlds.reported(loaded, name="my-own"), 120).splitlines()

    assert next(line for line in lines if line.startswith("  no fault")).split()[-1] == "unknown"


def test_the_json_keeps_its_names() -> None:
    made = json.loads(msgspec.json.encode(worlds.reported(settings(worlds.THREE))))

    assert list(made) == ["version", "mode", "ok", "seconds", "chains", "findings", "notes"]
    assert list(made["chains"][0]) == ["names", "targets", "worst_seconds", "rows", "streamed_targets"]
    assert list(made["chains"][0]["rows"][0]) == [
        "fault", "broken", "answered", "status", "provider", "model", "attempts", "seconds", "worst_seconds",
        "cost_usd", "times_first", "failed", "streamed", "broken_off",
    ]  # fmt: skip
    assert list(made["findings"][0]) == ["severity", "place", "finding", "remedy"]
