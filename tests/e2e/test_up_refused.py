"""Commands that cannot start: one clear line, and nothing left behind."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from tests.e2e.commands import WRONG, is_free, run, written
from tests.e2e.harness import Providers


def _refused(done: "subprocess.CompletedProcess[str]", *words: str) -> None:
    """One clear line."""
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, done.stderr
    for word in words:
        assert word in lines[0]
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize("which", ["port", "admin_port"])
def test_a_port_in_use_is_one_clear_line(providers: Providers, tmp_path: Path, which: str) -> None:
    file, port, admin_port = written(tmp_path, providers)
    taken = port if which == "port" else admin_port
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", taken))
        other.listen()

        done = run("up", "-c", str(file), cwd=tmp_path)

    _refused(done, str(taken), f"gateway.{which}")
    assert is_free(port)
    assert not _left_behind(tmp_path)


def test_a_missing_envoy_is_one_clear_line(providers: Providers, tmp_path: Path) -> None:
    file, _, _ = written(tmp_path, providers)

    _refused(run("up", "-c", str(file), "--envoy", "/nonexistent", cwd=tmp_path), "Envoy", "/nonexistent")
    assert not _left_behind(tmp_path)


def test_an_envoy_that_is_none_is_one_clear_line(providers: Providers, tmp_path: Path) -> None:
    file, _, _ = written(tmp_path, providers)

    _refused(run("up", "-c", str(file), "--envoy", "/bin/false", cwd=tmp_path), "envoy")
    assert not _left_behind(tmp_path)


def test_a_configuration_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    for command in ("up", "serve", "validate", "render"):
        done = run(command, "-c", "nowhere.yml", cwd=tmp_path)

        assert done.returncode != 0
        lines = [line for line in (done.stderr + done.stdout).splitlines() if "nowhere.yml" in line]
        assert len(lines) == 1
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["up", "serve", "validate", "render"])
def test_all_mistakes_are_told_at_once(tmp_path: Path, command: str) -> None:
    (tmp_path / "openclaw.yml").write_text(WRONG)

    done = run(command, "-c", "openclaw.yml", cwd=tmp_path)

    assert done.returncode == 2
    said_of_it = done.stderr + done.stdout
    for place in ("modle", "gateway.port", "model.providers[0].endpoint", "model.providers[0].fallback"):
        assert place in said_of_it, said_of_it
    assert "Traceback" not in said_of_it
    assert not _left_behind(tmp_path)


def _left_behind(folder: Path) -> list[int]:
    """Processes that were started with this folder as theirs."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                if (entry / "cwd").readlink() == folder:
                    found.append(int(entry.name))
            except OSError:
                continue
    return found
