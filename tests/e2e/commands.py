"""The commands, run as a person runs them."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from openclaw_extproc.edge.workers.processes import free_port
from tests.e2e import world
from tests.e2e.harness import Providers

COMMAND = [sys.executable, "-m", "openclaw_extproc.edge.cli"]
ENDS_WITHIN = 10.0


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


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0


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


def envoy_of(pid: int) -> int:
    """The Envoy that this `up` has now."""
    (envoy,) = [child for child, line in family(pid).items() if "envoy.yaml" in line and is_running(child)]
    return envoy


WRONG = """
modle: {}
gateway: {port: 99999}
model:
  providers:
    - {name: a, models: [m], endpoint: "ftp://x", fallback: nobody}
    - {name: a, models: [m]}
"""
