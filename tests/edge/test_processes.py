"""Promises about the lines that child processes write to standard error."""

import asyncio
import logging

import pytest

from openclaw_extproc.edge.telemetry import logs
from openclaw_extproc.edge.workers import processes


def logged(name: str, *lines: str) -> list[tuple[str, int]]:
    """The events and levels that a child's lines are logged with."""
    seen: list[tuple[str, int]] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append((record.getMessage(), record.levelno))

    async def run() -> None:
        child = await processes.start(name, ["/bin/sh", "-c", 'printf "%s\\n" "$@" >&2', "sh", *lines])
        await child.process.wait()
        await child.listener

    handler, before = Kept(), logs.log.level
    logs.log.addHandler(handler)
    logs.log.setLevel(logging.DEBUG)
    try:
        asyncio.run(run())
    finally:
        logs.log.removeHandler(handler)
        logs.log.setLevel(before)
    return seen


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("info main starting main dispatch loop", logging.INFO),
        ("warning misc deprecated", logging.WARNING),
        ("error config rejected", logging.ERROR),
        ("critical main error initializing", logging.CRITICAL),
        ("warning main caught ENVOY_SIGTERM", logging.INFO),
        ("malloc(): corrupted top size", logging.WARNING),
    ],
)
def test_a_line_of_envoy_has_envoys_own_level_and_a_normal_stop_is_no_warning(line: str, level: int) -> None:
    assert logged("envoy", line) == [("envoy_log", level)]


def test_another_childs_lines_are_not_called_envoys() -> None:
    assert logged("simulator", "a trace") == [("stderr", logging.WARNING)]
