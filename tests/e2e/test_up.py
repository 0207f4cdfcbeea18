"""The commands as a person runs them: what they print, how they end, what they leave behind."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from openclaw_extproc.edge.processes import find_envoy, free_port
from tests.e2e import world
from tests.e2e.callers import CALLERS, body, said
from tests.e2e.harness import Providers, http, until

COMMAND = [sys.executable, "-m", "openclaw_extproc.edge.cli"]
ENDS_WITHIN = 10.0
DEFAULT_PORTS = (3000, 3001)


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    return {**os.environ, **world.KEYS, **(more or {})}


def run(*arguments: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    """A command that ends by itself."""
    return subprocess.run(
        [*COMMAND, *arguments], cwd=cwd, env=environment(), capture_output=True, text=True, timeout=60, check=False
    )


@contextmanager
def started(command: list[str], cwd: Path) -> Generator["subprocess.Popen[str]"]:
    """A command that runs until it is told to end; what it prints goes to `output` and `errors` in the folder."""
    with (cwd / "output").open("w") as output, (cwd / "errors").open("w") as errors:
        process = subprocess.Popen(command, cwd=cwd, env=environment(), stdout=output, stderr=errors, text=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(ENDS_WITHIN)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def written(folder: Path, providers: Providers, *, more: str = "") -> tuple[Path, int, int]:
    """A configuration with one provider; its file and its ports."""
    port, admin_port = free_port(), free_port()
    file = folder / "openclaw.yml"
    file.write_text(
        f"gateway: {{port: {port}, admin_port: {admin_port}}}\n"
        "model:\n  providers:\n"
        "    - {name: bee, models: [bee-model], format: openai_chat, "
        f'endpoint: "http://127.0.0.1:{providers["bee"].port}", api_key: "${{KEY_BEE}}"}}\n{more}'
    )
    return file, port, admin_port


def is_up(folder: Path, process: "subprocess.Popen[str]") -> str:
    """What it printed, once it is up."""

    def printed() -> str | None:
        text = (folder / "output").read_text()
        assert process.poll() is None, f"{text}\n{(folder / 'errors').read_text()}"
        return text if "Ctrl-C ends everything." in text else None

    return until(printed, 30, lambda: (folder / "output").read_text())


def family(pid: int) -> dict[int, str]:
    """All processes below this one, by their command lines."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):
                continue
    found: dict[int, str] = {}
    below = [pid]
    while below:
        parent = below.pop()
        for child in [one for one, its_parent in parents.items() if its_parent == parent]:
            found[child] = Path(f"/proc/{child}/cmdline").read_text().replace("\0", " ")
            below.append(child)
    return found


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0


def folder_of(printed: str) -> Path:
    found = re.search(r"Envoy clusters, in (\S+)/clusters.yaml", printed)
    assert found
    return Path(found[1])


# --- ending ---


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_everything(providers: Providers, tmp_path: Path, number: signal.Signals) -> None:
    file, port, admin_port = written(tmp_path, providers)

    with started([*COMMAND, "up", "-c", str(file)], tmp_path) as process:
        printed = is_up(tmp_path, process)
        below, folder = family(process.pid), folder_of(printed)
        assert any("envoy" in line for line in below.values())
        assert folder.is_dir()
        assert folder.stat().st_mode & 0o077 == 0, "what is in it is nobody else's business"

        process.send_signal(number)
        assert process.wait(ENDS_WITHIN) == 0

    assert not [pid for pid in below if is_running(pid)]
    assert is_free(port)
    assert is_free(admin_port)
    assert not folder.exists()
    assert "Traceback" not in (tmp_path / "errors").read_text() + (tmp_path / "output").read_text()


def test_ctrl_c_at_a_terminal_reaches_the_children_too(providers: Providers, tmp_path: Path) -> None:
    """A terminal sends it to the whole group of processes, so some may get it twice."""
    file, port, _ = written(tmp_path, providers)
    with (tmp_path / "output").open("w") as output, (tmp_path / "errors").open("w") as errors:
        process = subprocess.Popen(
            [*COMMAND, "up", "-c", str(file)], cwd=tmp_path, env=environment(), stdout=output, stderr=errors,
            text=True, start_new_session=True,
        )  # fmt: skip
    is_up(tmp_path, process)
    below = family(process.pid)

    os.killpg(process.pid, signal.SIGINT)
    os.killpg(process.pid, signal.SIGINT)

    assert process.wait(ENDS_WITHIN) == 0
    assert not [pid for pid in below if is_running(pid)]
    assert is_free(port)
    assert "Traceback" not in (tmp_path / "errors").read_text()


def test_a_stream_under_way_does_not_keep_it_from_ending(providers: Providers, tmp_path: Path) -> None:
    providers["bee"].set_fault("slow-2000")
    file, port, _ = written(tmp_path, providers)

    with started([*COMMAND, "up", "-c", str(file)], tmp_path) as process:
        is_up(tmp_path, process)
        below = family(process.pid)
        url, asked = f"http://127.0.0.1:{port}/v1/messages", body("anthropic", "bee-model", streamed=True)
        with http.stream("POST", url, content=asked) as answer:
            parts = answer.iter_bytes()
            next(parts)
            process.send_signal(signal.SIGINT)
            with pytest.raises(httpx.TransportError):
                list(parts)
        assert process.wait(ENDS_WITHIN) == 0

    assert not [pid for pid in below if is_running(pid)]


def test_being_killed_leaves_no_envoy_behind(tmp_path: Path) -> None:
    """With simulators too: `up` without a configuration has the most children."""
    with default_ports_free(), started([*COMMAND, "up"], tmp_path) as process:
        is_up(tmp_path, process)
        below = family(process.pid)
        assert len(below) >= 2

        process.kill()
        process.wait()

        until(lambda: not [pid for pid in below if is_running(pid)], ENDS_WITHIN, lambda: str(below))
    assert all(is_free(port) for port in DEFAULT_PORTS)


def test_an_envoy_that_dies_ends_everything_with_a_reason(providers: Providers, tmp_path: Path) -> None:
    file, port, _ = written(tmp_path, providers)

    with started([*COMMAND, "up", "-c", str(file)], tmp_path) as process:
        is_up(tmp_path, process)
        [envoy] = [pid for pid, line in family(process.pid).items() if "envoy" in line]

        os.kill(envoy, signal.SIGKILL)

        assert process.wait(ENDS_WITHIN) == 1
    assert "envoy ended" in (tmp_path / "errors").read_text()
    assert is_free(port)


# --- not starting ---


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


WRONG = """
modle: {}
gateway: {port: 99999}
model:
  providers:
    - {name: a, models: [m], endpoint: "ftp://x", fallback: nobody}
    - {name: a, models: [m]}
"""


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


# --- the first run ---


@contextmanager
def default_ports_free() -> Generator[None]:
    """`up` without a configuration has fixed ports: somebody else at this machine may be trying the same."""
    until(lambda: all(is_free(port) for port in DEFAULT_PORTS), 60, lambda: "ports 3000 and 3001 are in use")
    yield


def test_the_first_run_needs_nothing_and_its_curl_lines_work_as_printed(tmp_path: Path) -> None:
    with default_ports_free(), started([*COMMAND, "up"], tmp_path) as process:
        printed = is_up(tmp_path, process)
        lines = re.findall(r"^ +(curl (?:.*\\\n)*.*)$", printed, re.MULTILINE)
        done = [
            subprocess.run(
                ["bash", "-c", line.replace("curl ", "curl -sS ", 1)], capture_output=True, text=True, check=False
            )
            for line in lines
        ]
        below = family(process.pid)
    whole, streamed, metrics = done

    assert [one.returncode for one in done] == [0, 0, 0], [one.stderr for one in done]
    assert "you said: Hello" in json.loads(whole.stdout)["choices"][0]["message"]["content"]
    assert "imulated" in whole.stdout
    assert "event: message_stop" in streamed.stdout
    assert "openclaw_model_selection_total{" in metrics.stdout
    assert not [pid for pid in below if is_running(pid)]


def test_the_printed_addresses_work_with_the_sdks(tmp_path: Path) -> None:
    with default_ports_free(), started([*COMMAND, "up"], tmp_path) as process:
        printed = is_up(tmp_path, process)
        bases = dict(re.findall(r"export (\w+)=(\S+)", printed))
        url = bases["OPENAI_BASE_URL"].removesuffix("/openai/v1")
        assert bases["ANTHROPIC_BASE_URL"] == f"{url}/anthropic"
        models = [word for line in re.findall(r"^  \w+ {3,}(.+)$", printed, re.MULTILINE) for word in line.split(", ")]
        assert len(models) >= 4
        warnings.simplefilter("ignore", DeprecationWarning)  # the SDK's, of a model's name
        for sdk in CALLERS:
            with CALLERS[sdk](url) as caller:
                for model in models:
                    assert "you said: hello you" in caller.ask(model).text


# --- validate, render, serve ---


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
