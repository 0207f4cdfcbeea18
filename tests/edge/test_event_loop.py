"""Promises of the loop that a process runs on."""

import asyncio
import sys

import pytest

from openclaw_extproc.edge.workers import processes


async def loop_name() -> str:
    return type(asyncio.get_running_loop()).__module__


def test_the_faster_loop_is_used_where_it_is_installed() -> None:
    assert processes.run(loop_name(), {}).startswith("uvloop")


def test_one_variable_keeps_the_standard_librarys() -> None:
    assert processes.run(loop_name(), {processes.VARIABLE: "asyncio"}).startswith("asyncio")


def test_without_the_extra_the_standard_librarys_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)

    assert processes.run(loop_name(), {}).startswith("asyncio")
