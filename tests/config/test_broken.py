"""What `validate` prints about broken files, whole. `UPDATE_GOLDEN=1` writes it anew: read it before you commit.

Each folder of `tests/fixtures/broken` is one mistake: the files, `arguments` of the command where they are not the
usual ones, and `expected.txt`, in which `{formats}` and `{providers}` stand for all that are known. Every message says
where (file, line, entry), what, and what to do.
"""

import json
import os
import re
import shlex
from pathlib import Path

import pytest

from openclaw_extproc.config.known.providers import KNOWN_PROVIDERS
from openclaw_extproc.edge import cli
from openclaw_extproc.edge.commands.options import WRONG
from openclaw_extproc.wire import FORMATS

BROKEN = Path(__file__).parents[1] / "fixtures" / "broken"
CASES = sorted(path.name for path in BROKEN.iterdir())
KEYS = {"ANTHROPIC_API_KEY": "sk-test-a", "OPENAI_API_KEY": "sk-test-o", "SLACK_WEBHOOK_URL": "https://hooks.example/x"}
NUMBERED = (
    "two-of-a-name",
    "rule-that-never-holds",
    "rule-that-is-no-expression",
    "pool-member-mistyped",
    "cluster-mistyped",
)
"""Where an entry has no name of its own, or shares it: then its number tells it."""


LISTS = {
    "{formats}": ", ".join(sorted(name for name, made in FORMATS.items() if made.provider)),
    "{providers}": ", ".join(sorted(KNOWN_PROVIDERS)),
}
"""What messages list, so that a new format or provider changes none of the files."""


@pytest.fixture(autouse=True)
def _the_same_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.endswith("_KEY")]:
        monkeypatch.delenv(name)
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


def validated(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    with pytest.raises(SystemExit) as over:
        cli.main(["validate", *arguments])
    code = over.value.code
    assert isinstance(code, int)
    return code, capsys.readouterr().out


@pytest.mark.parametrize("case", CASES)
def test_a_broken_file_is_told_as_it_was_read_last(
    case: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = BROKEN / case
    monkeypatch.chdir(folder)
    given = folder / "arguments"

    code, told = validated(shlex.split(given.read_text()) if given.exists() else [], capsys)
    for short, listed in LISTS.items():
        told = told.replace(listed, short)
    if os.environ.get("UPDATE_GOLDEN"):
        (folder / "expected.txt").write_text(told)

    assert code == WRONG
    assert told == (folder / "expected.txt").read_text()


@pytest.mark.parametrize("case", CASES)
def test_every_finding_has_its_place_and_a_remedy_for_machines_too(
    case: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = BROKEN / case
    monkeypatch.chdir(folder)
    given = folder / "arguments"
    arguments = shlex.split(given.read_text()) if given.exists() else []

    _, told = validated([*arguments, "--json"], capsys)

    rows = json.loads(told)
    assert rows
    for row in rows:
        assert all((row["file"], row["finding"], row["remedy"])), row
        assert row["line"] is not None or not row["path"], row
        assert not re.search(r"\[\d+\]", row["name"]) or case in NUMBERED, row
