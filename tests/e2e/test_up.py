"""`up` as a person runs it: what it prints, how it ends, what it leaves behind."""

import json
import os
import re
import signal
import subprocess
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.e2e.callers import CALLERS, body
from tests.e2e.commands import COMMAND, ENDS_WITHIN, environment, family, is_free, is_running, started, written
from tests.e2e.harness import Providers, http, until

DEFAULT_PORTS = (3000, 3001)


def is_up(folder: Path, process: "subprocess.Popen[str]") -> str:
    """What it printed, once it is up."""

    def printed() -> str | None:
        text = (folder / "output").read_text()
        assert process.poll() is None, f"{text}\n{(folder / 'errors').read_text()}"
        return text if "Press Ctrl-C to stop." in text else None

    return until(printed, 30, lambda: (folder / "output").read_text())


def folder_of(printed: str) -> Path:
    found = re.search(r"Envoy clusters in (\S+)/clusters.yaml", printed)
    assert found
    return Path(found[1])


# -- ending ----------------------------------------------------------------------


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


# -- the first run ---------------------------------------------------------------


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
