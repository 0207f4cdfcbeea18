"""The log's lines, in both formats, and where they go."""

import json
import logging
import resource
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from openclaw_extproc.edge.telemetry import logs
from openclaw_extproc.edge.telemetry.logs import AGAIN, FULL
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


@contextmanager
def files_up_to(size: int) -> Generator[None]:
    """A full disk, as far as any file of this process is concerned: what would make one longer fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_no_line_is_lost_when_the_disk_is_full_for_a_while(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", str(tmp_path / "log"))
    logs.event("up", "first", {})
    room = (tmp_path / "log").stat().st_size + 30

    with files_up_to(room):  # a part of the next line fits
        logs.event("up", "second", {})
        logs.event("up", "third", {})
    logs.event("up", "fourth", {})

    shown = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in shown] == ["second", "output_not_written", "third"]
    assert shown[1]["level"] == "error"
    assert shown[1]["data"] == {"output": str(tmp_path / "log"), "why": "File too large", "instead": "standard output"}
    first, cut, *rest = (tmp_path / "log").read_text().splitlines()
    assert [json.loads(line)["event"] for line in (first, *rest)] == ["first", "fourth", "output_written_again"]
    assert len(cut) == 30


def test_a_disk_that_is_full_from_the_start_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "/dev/full", "text")
    logs.event("up", "still_there", {})

    first, second = capsys.readouterr().out.splitlines()
    assert "still_there" in first
    assert "output_not_written" in second
    assert "No space left on device" in second


def test_a_file_that_is_moved_away_is_followed_by_a_new_one(tmp_path: Path) -> None:
    """As logrotate does it."""
    logs.configure("info", str(tmp_path / "log"))
    logs.event("up", "before", {})
    (tmp_path / "log").rename(tmp_path / "log.1")
    logs.event("up", "after", {})

    assert [json.loads((tmp_path / name).read_text())["event"] for name in ("log.1", "log")] == ["before", "after"]


def test_a_file_whose_folder_goes_away_is_waited_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    logs.configure("info", str(folder / "log"))
    folder.rename(tmp_path / "elsewhere")
    logs.event("up", "while_away", {})
    folder.mkdir()
    logs.event("up", "back", {})

    assert [json.loads(line)["event"] for line in capsys.readouterr().out.splitlines()] == ["while_away", FULL]
    assert [json.loads(line)["event"] for line in (folder / "log").read_text().splitlines()] == ["back", AGAIN]
