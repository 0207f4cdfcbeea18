"""`session.yml`, found, read and watched beside `openclaw.yml`."""

import os
from pathlib import Path

import pytest

from openclaw_extproc.edge.reload.config_files import ConfigFiles
from tests.config.loading import KEYS

CONFIG = "model: {provider: openai, model: gpt-4o}\n"
SESSION = "session: {model: {provider: anthropic, model: claude-sonnet-4}}\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "openclaw.yml"
    path.write_text(CONFIG)
    return path


def session_model(sources: ConfigFiles) -> str:
    """What sessions are sent to, as `provider/model`; empty: nothing of their own."""
    settings = sources.read().settings
    assert settings is not None
    level = settings.gateway.strategy.levels.session
    return settings.gateway.chains[level.model][0].name if level else ""


def test_a_session_file_beside_the_configuration_is_taken_in_when_it_appears(config: Path) -> None:
    sources = ConfigFiles((config,), None, KEYS)
    before, without = sources.signature(), session_model(sources)

    config.with_name("session.yml").write_text(SESSION)

    assert sources.signature() != before
    assert without == ""
    assert session_model(sources) == "anthropic/claude-sonnet-4"


def test_a_session_file_may_stand_anywhere_when_it_is_named(config: Path, tmp_path: Path) -> None:
    config.with_name("session.yml").write_text("not: read")
    elsewhere = tmp_path / "levels" / "mine.yml"
    elsewhere.parent.mkdir()
    elsewhere.write_text(SESSION)

    assert session_model(ConfigFiles((config,), None, KEYS, session=elsewhere)) == "anthropic/claude-sonnet-4"


def test_a_session_file_that_is_named_has_to_be_there(config: Path, tmp_path: Path) -> None:
    read = ConfigFiles((config,), None, KEYS, session=tmp_path / "gone.yml").read()

    assert read.settings is None
    assert [str(one) for one in read.errors] == [
        f"{tmp_path / 'gone.yml'}: the file cannot be read: No such file or directory: check the path"
    ]


def test_findings_about_a_session_file_name_it(config: Path) -> None:
    config.with_name("session.yml").write_text("session: {modl: 1}")

    read = ConfigFiles((config,), None, KEYS).read()

    assert [(one.file, one.line, one.inner_path) for one in read.errors] == [
        (str(config.with_name("session.yml")), 1, "session.modl")
    ]


def test_without_a_configuration_no_session_file_is_looked_for(tmp_path: Path) -> None:
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        Path("session.yml").write_text("broken: [")
        assert ConfigFiles((), None, KEYS, CONFIG).read().settings is not None
    finally:
        os.chdir(before)
