"""The log's lines, in both formats, and where they go."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from openclaw_extproc.edge import logs
from openclaw_extproc.model.json import Json

DATA: dict[str, Json] = {
    "request_id": "req_1", "model_selection": {"provider": "google", "model": "g", "fallback_provider": None},
    "says": 'a "word"\nand = more', "list": ["a", "b"], "nothing": [],
}  # fmt: skip


@pytest.fixture(autouse=True)
def _the_log_of_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_json_is_one_object_a_line(tmp_path: Path) -> None:
    logs.configure("info", str(tmp_path / "log"), "json")
    logs.event("model_router", "model_selection", DATA)

    (line,) = (tmp_path / "log").read_text().splitlines()
    assert json.loads(line)["data"] == DATA
    assert json.loads(line)["component"] == "model_router"


def test_text_is_one_line_an_event_whatever_is_in_it(tmp_path: Path) -> None:
    logs.configure("info", str(tmp_path / "log"), "text")
    logs.event("model_router", "model_selection", DATA, level=logging.WARNING)

    (line,) = (tmp_path / "log").read_text().splitlines()
    time, level, rest = line.split(maxsplit=2)
    assert time.endswith("Z")
    assert level == "WARNING"
    assert rest == (
        "model_router model_selection request_id=req_1 model_selection.provider=google model_selection.model=g "
        r'says="a \"word\"\nand = more" list=["a","b"]'
    )


def test_a_fault_of_ours_is_told_with_its_places_and_without_its_words(tmp_path: Path) -> None:
    logs.configure("info", str(tmp_path / "log"), "text")
    try:
        raise ValueError("what somebody sent")
    except ValueError:
        logs.log.exception("bug")

    (line,) = (tmp_path / "log").read_text().splitlines()
    assert "error=ValueError" in line
    assert "trace=" in line
    assert "what somebody sent" not in line


def test_a_file_that_cannot_be_opened_is_told_on_standard_output_which_takes_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("info", str(tmp_path / "missing" / "log"))
    logs.event("up", "still_there", {})

    first, second = capsys.readouterr().out.splitlines()
    assert json.loads(first)["event"] == "output_not_opened"
    assert json.loads(first)["data"]["why"] == "No such file or directory"
    assert json.loads(second)["event"] == "still_there"
