"""The product's command as a process of its own, forked from one that has imported it already.

Importing takes a second of CPU, which is most of a start, and the end-to-end tests start it some hundreds of times.
Whatever is promised about the start itself is tested with the real command (`commands.py`).
"""

import multiprocessing
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from openclaw_extproc.edge.cli import main

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__])


class Forked:
    """A process with the methods of `subprocess.Popen` that tests use."""

    def __init__(self, arguments: Sequence[str], output: Path, environment: Mapping[str, str], folder: Path) -> None:
        """
        Args:
            output: The file that gets what it prints.
            folder: Where it runs.
        """
        words = (list(arguments), str(output), dict(environment), str(folder))
        self._process = _CONTEXT.Process(target=_run, args=words, daemon=True)
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """The exit code, minus the number of the signal that ended it; `None` while it runs."""
        return self._process.exitcode

    def wait(self, seconds: float) -> int:
        self._process.join(seconds)
        if (code := self._process.exitcode) is None:
            raise subprocess.TimeoutExpired("up", seconds)
        return code

    def send_signal(self, number: int) -> None:
        """Nothing where it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)


def _run(arguments: Sequence[str], output: str, environment: Mapping[str, str], folder: str) -> None:
    sink = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for standard in (1, 2):
        os.dup2(sink, standard)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    main(arguments)
