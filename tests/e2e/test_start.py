"""`up` and `serve` where the configuration is right and the process lacks something; a reload that needs a restart."""

import json
from pathlib import Path

import pytest

from openclaw_extproc.edge.workers.processes import free_port
from tests.e2e.callers import CALLERS, said
from tests.e2e.commands import COMMAND, run, started, written
from tests.e2e.harness import Providers, until

LACKING = """
    - {name: lacking, models: [other], format: openai_chat, endpoint: "http://127.0.0.1:1", api_key: "${NOT_SET_HERE}"}
logging: {output: /nowhere/at/all/log}
"""


def is_up(folder: Path) -> bool:
    return "openclaw-extproc is running" in (folder / "output").read_text()


def test_a_missing_key_and_a_missing_folder_are_told_and_everybody_else_is_served(
    providers: Providers, tmp_path: Path
) -> None:
    file, port, _ = written(tmp_path, providers, more=LACKING)

    with started([*COMMAND, "up", "-c", str(file)], tmp_path):
        until(lambda: is_up(tmp_path), 30, lambda: (tmp_path / "errors").read_text())
        with CALLERS["openai"](f"http://127.0.0.1:{port}") as caller:
            assert caller.ask("bee-model", streamed=False).text == said("bee", "bee-model")
        errors, log = (tmp_path / "errors").read_text(), (tmp_path / "output").read_text()

    assert f"error: {file}:6: model.providers[lacking].api_key: the variable NOT_SET_HERE is not set" in errors
    assert "there is no folder /nowhere/at/all" in errors
    assert '"event":"output_not_opened"' in log
    assert log.count('"level":"error"') >= 3


@pytest.mark.parametrize("command", ["up", "serve"])
def test_nothing_is_started_where_no_provider_has_its_key(tmp_path: Path, command: str) -> None:
    (tmp_path / "openclaw.yml").write_text("model: {provider: openai, model: gpt-4o, api_key: '${NOT_SET_HERE}'}")

    done = run(command, cwd=tmp_path)

    assert done.returncode == 2
    assert "no provider is usable: the variable of every provider's key is not set" in done.stderr
    assert "NOT_SET_HERE" in done.stderr


def test_validate_and_render_of_a_machine_without_keys(tmp_path: Path) -> None:
    (tmp_path / "openclaw.yml").write_text("model: {provider: openai, model: gpt-4o, api_key: '${NOT_SET_HERE}'}")

    codes = {
        options: run(*options.split(), cwd=tmp_path).returncode
        for options in ("validate", "validate --assume-credentials", "validate --strict --assume-credentials", "render")
    }

    assert codes == {
        "validate": 2, "validate --assume-credentials": 0, "validate --strict --assume-credentials": 0, "render": 0,
    }  # fmt: skip


def test_strict_makes_a_warning_an_error(providers: Providers, tmp_path: Path) -> None:
    file, _, _ = written(tmp_path, providers, more="memory: {storage: qdrant}\n")

    plain, strict = (run("validate", "-c", str(file), *more, cwd=tmp_path) for more in ((), ("--strict",)))

    assert (plain.returncode, strict.returncode) == (0, 2)
    assert plain.stdout.startswith("warning: ")
    assert strict.stdout.startswith("error: ")


def test_a_port_changed_at_a_reload_is_told_to_need_a_restart(providers: Providers, tmp_path: Path) -> None:
    file, port, _ = written(tmp_path, providers)

    with started([*COMMAND, "up", "-c", str(file)], tmp_path):
        until(lambda: is_up(tmp_path), 30, lambda: (tmp_path / "errors").read_text())
        other = free_port()
        file.write_text(file.read_text().replace(str(port), str(other)))
        until(
            lambda: "read at the start only" in (tmp_path / "output").read_text(),
            20,
            lambda: (tmp_path / "output").read_text() + (tmp_path / "errors").read_text(),
        )
        with CALLERS["openai"](f"http://127.0.0.1:{port}") as caller:
            assert caller.ask("bee-model", streamed=False).text == said("bee", "bee-model")
        lines = (tmp_path / "output").read_text().splitlines()

    told = [json.loads(line) for line in lines if "read at the start only" in line]
    assert [one["data"]["finding"] for one in told] == [
        (
            f"{file}:1: gateway.port: changed from {port} to {other}, and read at the start only: {port} stays in "
            "force: restart to use the new value"
        )
    ]
