"""A disk without room, at the start and later: what cannot be done is told, and calls go on."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.callers import body
from tests.e2e.harness import Providers, http, sidecar, until

PATH = "/openai/v1/chat/completions"
ROOM = 48 * 1024
"""Bytes of the longest file of a process: none can be longer, as on a disk that is full."""


def config(providers: Providers, *models: str, more: str = "") -> str:
    at = f"http://127.0.0.1:{providers['ace'].port}"
    entries = "\n".join(
        f'    - {{name: p{n}, endpoint: "{at}", format: openai_chat, api_key: "${{KEY}}", models: [{model}]}}'
        for n, model in enumerate(models)
    )
    return f"model:\n  providers:\n{entries}\n{more}"


def limited(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@pytest.mark.parametrize(
    ("size", "told"), [(0, "no folder for files of this run"), (500, "clusters.yaml: File too large")]
)
def test_a_start_without_room_is_an_error_of_one_line(tmp_path: Path, size: int, told: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "openclaw_extproc.edge.cli", "up"],
        preexec_fn=lambda: limited(size),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=60,
        check=False,
    )

    (line,) = done.stderr.splitlines()
    assert done.returncode == 1
    assert told in line
    assert not [*tmp_path.iterdir()]


def test_a_log_without_room_costs_no_call_and_no_line(providers: Providers) -> None:
    with sidecar(config(providers, "m", more="logging: {output: /dev/full}"), {"KEY": "sk-ours"}) as up:
        answers = [http.post(up.url + PATH, content=body("openai", "m", streamed=False)) for _ in range(3)]
        lines, told = up.wait_for("model_selection", times=3), up.lines("output_not_written")

    assert [answer.status_code for answer in answers] == [200] * 3
    assert len(lines) == 3
    assert len(told) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="limits of another process are set by Linux alone")
def test_a_reload_without_room_is_refused_and_can_be_had_later(providers: Providers) -> None:
    many = config(providers, "m", "new", *(f"m{n}" for n in range(60)))
    with sidecar(config(providers, "m"), {"KEY": "sk-ours"}) as up:
        resource.prlimit(up.process.pid, resource.RLIMIT_FSIZE, (ROOM, resource.RLIM_INFINITY))
        up.rewrite(many)
        up.wait_for("reload_rejected", seconds=20)
        findings = [line["data"]["finding"] for line in up.lines("finding")]
        still = http.post(up.url + PATH, content=body("openai", "m", streamed=False))
        resource.prlimit(up.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        os.utime(up.config)
        up.wait_for("reloaded", seconds=20)
        answer = until(
            lambda: (
                found
                if (found := http.post(up.url + PATH, content=body("openai", "new", streamed=False))).status_code == 200
                else None
            ),
            5,
        )

    (why,) = (line for line in findings if "cannot be written" in line)
    assert "File too large: the old configuration stays until it is saved again" in why
    assert still.status_code == 200
    assert answer.headers["x-openclaw-model"] == "new"
