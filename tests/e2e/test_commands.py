"""The other commands as a person runs them."""

import json
import signal
import subprocess
import time
import tomllib
from pathlib import Path

import httpx
import pytest
import yaml

from openclaw_extproc.edge.workers.processes import find_envoy, free_port
from tests.e2e import world
from tests.e2e.callers import CALLERS, body, said
from tests.e2e.commands import COMMAND, ENDS_WITHIN, WRONG, is_free, run, started, written
from tests.e2e.harness import Providers, http, until


def test_it_tells_its_version(tmp_path: Path) -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]

    assert run("--version", cwd=tmp_path).stdout == f"openclaw-extproc {project['version']}\n"


def test_validate_says_that_all_is_well(providers: Providers, tmp_path: Path) -> None:
    file, _, _ = written(tmp_path, providers)

    done = run("validate", "-c", str(file), cwd=tmp_path)
    as_json = run("validate", "-c", str(file), "--json", cwd=tmp_path)

    assert (done.returncode, as_json.returncode) == (0, 0), done.stdout + done.stderr
    assert "0 errors" in done.stdout
    assert json.loads(as_json.stdout) == []


def test_validate_tells_mistakes_as_json(tmp_path: Path) -> None:
    (tmp_path / "openclaw.yml").write_text(WRONG)

    done = run("validate", "--json", cwd=tmp_path)

    assert done.returncode == 2
    rows = json.loads(done.stdout)
    assert len(rows) >= 4
    assert all({"path", "finding", "remedy", "severity"} <= set(row) for row in rows)


def test_what_render_writes_satisfies_envoy(providers: Providers, tmp_path: Path) -> None:
    (tmp_path / "openclaw.yml").write_text(world.config(providers))

    done = run("render", "-c", "openclaw.yml", "--out", "out", cwd=tmp_path)
    checked = subprocess.run(
        [find_envoy(None), "--mode", "validate", "-c", "out/envoy.yaml", "-l", "warning"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["clusters.yaml", "envoy.yaml"]
    assert checked.returncode == 0, checked.stderr
    assert "deprecated" not in checked.stderr.lower()
    for file in (tmp_path / "out").iterdir():
        assert not [place for place in world.PLACES.values() if place.key in file.read_text()]


def test_serve_works_for_an_envoy_that_somebody_else_started(providers: Providers, tmp_path: Path) -> None:
    file, port, admin_port = written(tmp_path, providers)
    route, attempt = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    stages = ["--route", route, "--attempt", attempt]
    rendered = run("render", "-c", str(file), "--out", "envoy", *stages, "--access-log", "", cwd=tmp_path)
    assert rendered.returncode == 0, rendered.stderr
    (tmp_path / "e").mkdir()
    serve = [*COMMAND, "serve", "-c", str(file), "--clusters", "envoy/clusters.yaml", *stages]
    envoy = [find_envoy(None), "-c", str(tmp_path / "envoy/envoy.yaml"), "--disable-hot-restart", "--concurrency", "1"]

    with started(serve, tmp_path) as service, started(envoy, tmp_path / "e") as beside:
        until(lambda: _ready(admin_port) and not is_free(port), 20, lambda: (tmp_path / "errors").read_text())
        assert (service.poll(), beside.poll()) == (None, None)
        for sdk in CALLERS:
            with CALLERS[sdk](f"http://127.0.0.1:{port}") as caller:
                for streamed in (False, True):
                    assert caller.ask("bee-model", streamed=streamed).text == said("bee", "bee-model")
        service.send_signal(signal.SIGTERM)
        assert service.wait(ENDS_WITHIN) == 0
        began = time.monotonic()
        away = http.post(f"http://127.0.0.1:{port}/v1/messages", content=body("anthropic", "bee-model"))

    assert away.status_code == 503
    assert away.json()["type"] == "error"
    assert away.headers["retry-after"]
    assert time.monotonic() - began < 20
    assert is_free(admin_port)


def _ready(admin_port: int) -> bool:
    try:
        return http.get(f"http://127.0.0.1:{admin_port}/readyz").status_code == 200
    except httpx.TransportError:
        return False


def test_a_second_service_on_the_same_sockets_is_one_clear_line(providers: Providers, tmp_path: Path) -> None:
    file, _, admin_port = written(tmp_path, providers)
    stages = ["--route", f"127.0.0.1:{free_port()}", "--attempt", f"127.0.0.1:{free_port()}"]
    (tmp_path / "other").mkdir()
    other, _, _ = written(tmp_path / "other", providers)

    with started([*COMMAND, "serve", "-c", str(file), *stages], tmp_path):
        until(lambda: _ready(admin_port), 20, lambda: (tmp_path / "errors").read_text())
        done = run("serve", "-c", str(other), *stages, cwd=tmp_path / "other")

    assert done.returncode == 1
    assert "cannot listen on" in done.stderr
    assert "Traceback" not in done.stderr


def test_serve_and_render_agree_on_sockets_without_a_word(providers: Providers, tmp_path: Path) -> None:
    file, _, _ = written(tmp_path, providers)

    rendered = run("render", "-c", str(file), "--out", "envoy", cwd=tmp_path)
    served = run("serve", "-c", str(file), cwd=tmp_path)
    whole = yaml.safe_load((tmp_path / "envoy" / "envoy.yaml").read_text())
    places = [c["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]["address"]
              for c in whole["static_resources"]["clusters"][:2]]  # fmt: skip

    assert rendered.returncode == 0, rendered.stderr
    assert places == [{"pipe": {"path": f"/run/openclaw/{name}.sock"}} for name in ("route", "attempt")]
    assert served.returncode == 1
    assert "there is no folder /run/openclaw: create it, owned by the user this runs as" in served.stderr


@pytest.mark.parametrize("command", ["serve", "render"])
def test_a_network_without_tls_is_refused_on_the_command_line_too(
    providers: Providers, tmp_path: Path, command: str
) -> None:
    file, _, _ = written(tmp_path, providers)

    done = run(command, "-c", str(file), "--route", "0.0.0.0:3101", "--attempt", "127.0.0.1:3102", cwd=tmp_path)

    assert done.returncode == 2
    assert "error: --route: 0.0.0.0:3101 is reachable from the network without TLS" in done.stderr
    assert not (tmp_path / "envoy" / "envoy.yaml").exists()
