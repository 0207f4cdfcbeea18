"""Waits grow to a bound, and nothing is ready before a connection can be made: an Envoy's part is played by scripts."""

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from openclaw_extproc.config.settings import Address
from openclaw_extproc.edge.envoy import process as envoy_process
from openclaw_extproc.edge.envoy import supervisor as envoy_supervisor
from openclaw_extproc.edge.envoy.admin import EnvoyAdmin
from openclaw_extproc.edge.envoy.supervisor import EnvoySupervisor
from openclaw_extproc.edge.workers import processes
from openclaw_extproc.edge.workers.processes import Child, StartError, free_port
from openclaw_extproc.notices.kinds import Notice, NoticeKind

LIVE = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nLIVE\n"


async def process(program: str) -> Child:
    return await processes.start("envoy", [sys.executable, "-c", program])


async def sleeping() -> Child:
    return await process("import time; time.sleep(60)")


@asynccontextmanager
async def admin(folder: Path, speaks: asyncio.Event | None = None) -> AsyncGenerator[EnvoyAdmin]:
    """The admin interface of an Envoy that says it is ready, as long as it says anything."""

    async def live(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if speaks is not None:
            await speaks.wait()
        writer.write(LIVE)
        await writer.drain()
        writer.close()

    path = str(folder / "admin.sock")
    asked = EnvoyAdmin(path)
    async with await asyncio.start_unix_server(live, path):
        yield asked
        await asked.close()


def test_who_says_it_is_ready_and_does_not_listen_is_not(tmp_path: Path) -> None:
    async def check() -> None:
        port, child, looks = free_port(), await sleeping(), list[str]()

        async def look() -> None:
            looks.append("a look")

        async with admin(tmp_path) as asked:
            waiting = asyncio.create_task(
                envoy_process.wait_until_ready([child], asked, Address("127.0.0.1", port), look)
            )
            await asyncio.sleep(0.5)
            assert await asked.is_ready()
            assert not waiting.done()
            assert looks == ["a look"], "once, and before the first call can come"

            with socket.create_server(("127.0.0.1", port)):
                await asyncio.wait_for(waiting, 10)
        await processes.end([child])

    asyncio.run(check())


def test_the_waits_grow_to_a_bound_and_it_never_gives_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envoy_supervisor, "LONGEST_WAIT_SECONDS", 0.4)
    monkeypatch.setattr(envoy_supervisor, "LOOK_SECONDS", 1000.0)  # so that these waits are told from the others
    waits, notices, starts, tried = list[float](), list[Notice](), list[Child](), list[str]()
    sleep = asyncio.sleep

    async def waited(seconds: float) -> None:
        waits.append(seconds)
        await sleep(0)

    async def start() -> Child:
        tried.append("once more")
        if 1 < len(tried) < 7:
            raise StartError("no luck")
        starts.append(await sleeping())
        return starts[-1]

    async def check() -> None:
        registry = CollectorRegistry()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            async with admin(tmp_path) as asked:
                port = int(listener.getsockname()[1])
                supervisor = EnvoySupervisor(start, asked, Address("127.0.0.1", port))
                assert supervisor.not_ready() == "Envoy is starting"
                await supervisor.start()
                assert supervisor.not_ready() == ""
                monkeypatch.setattr(asyncio, "sleep", waited)

                keeping = asyncio.create_task(supervisor.run(registry, notices.append))
                await sleep(0)
                starts[0].process.kill()
                while not [one for one in notices if one.kind is NoticeKind.ENVOY_UP]:
                    assert not keeping.done()
                    await sleep(0.01)

                assert registry.get_sample_value("openclaw_envoy_ready") == 1
                assert registry.get_sample_value("openclaw_envoy_restarts_total") == len(tried) - 1 == 6
                keeping.cancel()
                await supervisor.stop()
                assert supervisor.not_ready() == "Envoy is being ended"
        assert all(one.process.returncode is not None for one in starts)

    asyncio.run(check())

    own = [one for one in waits if one != envoy_process.STEP_SECONDS and one < 100]
    assert own[:3] == [0.1, 0.2, 0.4]
    assert set(own[3:]) == {0.4}
    assert [one.kind for one in notices] == [NoticeKind.ENVOY_DOWN, NoticeKind.ENVOY_UP]


def test_a_first_one_that_does_not_start_is_an_error_with_its_words(tmp_path: Path) -> None:
    async def check() -> None:
        asked = EnvoyAdmin(str(tmp_path / "no.sock"))
        supervisor = EnvoySupervisor(
            lambda: process("import sys; sys.exit('error: no luck')"), asked, Address("127.0.0.1", free_port())
        )
        with pytest.raises(StartError, match="envoy ended while starting: error: no luck"):
            await supervisor.start()
        await supervisor.stop()
        await asked.close()

    asyncio.run(check())


# -- one that hangs ------------------------------------------------------------------


@dataclass
class Kept:
    """A supervisor at work, and what came of it."""

    supervisor: EnvoySupervisor
    admin: EnvoyAdmin
    speaks: asyncio.Event
    started: list[Child]
    notices: list[Notice]
    registry: CollectorRegistry
    looks: list[Child]
    """Of whichever was started, before it took calls."""

    async def until(self, found: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not found():  # noqa: ASYNC110  # it asks for states that set no event
                await asyncio.sleep(0.01)

    async def pause(self, count: int) -> None:
        """For so many looks whether it answers."""
        await asyncio.sleep(count * envoy_supervisor.LOOK_SECONDS)


@asynccontextmanager
async def kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Kept]:
    monkeypatch.setattr(envoy_supervisor, "LOOK_SECONDS", 0.1)
    speaks, started = asyncio.Event(), list[Child]()
    speaks.set()

    async def start() -> Child:
        speaks.set()
        started.append(await sleeping())
        return started[-1]

    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with admin(folder, speaks) as asked:
            supervisor = EnvoySupervisor(start, asked, Address("127.0.0.1", int(listener.getsockname()[1])))
            looks = list[Child]()

            async def look() -> None:
                looks.append(started[-1])

            supervisor.before_calls = look
            one = Kept(supervisor, asked, speaks, started, [], CollectorRegistry(), looks)
            await supervisor.start()
            keeping = asyncio.create_task(supervisor.run(one.registry, one.notices.append))
            try:
                yield one
            finally:
                speaks.set()
                keeping.cancel()
                await supervisor.stop()


def test_one_that_is_stopped_is_seen_told_and_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def check() -> None:
        async with kept(tmp_path, monkeypatch) as one:
            one.started[0].process.send_signal(signal.SIGSTOP)
            one.speaks.clear()

            await one.until(lambda: one.supervisor.not_ready() == "Envoy does not answer")
            assert one.supervisor.is_away()
            assert one.registry.get_sample_value("openclaw_envoy_ready") == 0
            assert one.started[0].process.returncode is None, "it may only be busy"
            await one.until(lambda: one.supervisor.not_ready() == "")

            assert [child.process.returncode for child in one.started] == [-signal.SIGKILL, None]
            assert one.registry.get_sample_value("openclaw_envoy_restarts_total") == 1
            assert one.registry.get_sample_value("openclaw_envoy_ready") == 1
            await one.until(lambda: len(one.notices) == 2)
            assert [notice.kind for notice in one.notices] == [NoticeKind.ENVOY_DOWN, NoticeKind.ENVOY_UP]
            assert "hung" in one.notices[0].text
            assert one.looks == one.started

    asyncio.run(check())


def test_one_that_was_silent_for_a_moment_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def check() -> None:
        async with kept(tmp_path, monkeypatch) as one:
            one.speaks.clear()
            await one.until(lambda: one.supervisor.not_ready() == "Envoy does not answer")
            one.speaks.set()

            await one.until(lambda: one.supervisor.not_ready() == "")
            await one.pause(3)
            assert len(one.started) == 1
            assert one.notices == []

    asyncio.run(check())


def test_one_that_takes_many_clusters_is_not_hung(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def check() -> None:
        async with kept(tmp_path, monkeypatch) as one:
            one.admin.is_publishing = True
            one.speaks.clear()
            await one.pause(3 * envoy_supervisor.HUNG_LOOKS)

            assert len(one.started) == 1
            assert one.supervisor.not_ready() == ""

    asyncio.run(check())
