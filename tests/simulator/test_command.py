"""`python -m openclaw_simulator`, as another process."""

import re
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager

import httpx
import pytest

from tests.simulator.asking import chat

COMMAND = [sys.executable, "-W", "error", "-m", "openclaw_simulator"]


@contextmanager
def started(*options: str) -> Generator[tuple["subprocess.Popen[str]", dict[str, str]]]:
    """The process and the addresses it says."""
    with subprocess.Popen(
        [*COMMAND, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("simulator ready: ")
            yield process, dict(re.findall(r"(\w+)=(\S+)", line))
        finally:
            process.kill()


def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Exit code and complaints."""
    _, complaints = process.communicate(timeout=10)
    return process.returncode, complaints


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_several_shapes_in_one_process_end_with_a_signal(number: signal.Signals) -> None:
    with started("--serve", "openai:0", "--serve", "anthropic:0:other", "--name", "mine", "--record") as (
        process,
        urls,
    ):
        names = {"openai": "mine", "anthropic": "other"}
        for shape, url in urls.items():
            request = chat(shape)
            answer = httpx.post(url + request.path, content=request.raw, headers=request.headers)
            assert (answer.status_code, answer.headers["x-simulator"]) == (200, names[shape])
            assert len(httpx.get(f"{url}/_simulator/requests").json()["requests"]) == 1
        assert set(urls) == set(names)

        process.send_signal(number)
        assert ended(process) == (0, "")


def test_it_ends_with_its_stdin_when_asked_to() -> None:
    with started("--shape", "gemini", "--port", "0", "--until-eof") as (process, _):
        assert process.poll() is None
        assert ended(process) == (0, "")


def test_a_request_under_way_does_not_keep_it_alive() -> None:
    with started("--shape", "openai", "--fault", "silent") as (process, urls):
        request = chat("openai")
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(urls["openai"] + request.path, content=request.raw, headers=request.headers, timeout=0.2)

        process.terminate()
        assert ended(process) == (0, "")


@pytest.mark.parametrize(
    "options", [[], ["--serve", "other:1"], ["--serve", "openai"], ["--shape", "openai", "--fault", "x"]]
)
def test_wrong_options_are_explained(options: list[str]) -> None:
    done = subprocess.run([*COMMAND, *options], capture_output=True, text=True, timeout=10, check=False)

    assert done.returncode == 2
    assert "error: " in done.stderr
