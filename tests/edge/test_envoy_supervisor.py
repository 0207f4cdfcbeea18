"""Waits grow to a bound, and nothing is ready before a connection can be made: an Envoy's part is played by scripts."""

import asyncio
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from openclaw_extproc.config.settings import Address
from openclaw_extproc.edge import envoy_process, envoy_supervisor, processes
from openclaw_extproc.edge.envoy_admin import EnvoyAdmin
from openclaw_extproc.edge.envoy_supervisor import EnvoySupervisor
from openclaw_extproc.edge.processes import Child, StartError, free_port
from openclaw_extproc.notices.kinds import Kind, Notice

LIVE = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nLIVE\n"


async def process(program: str) -> Child:
    return await processes.start("envoy", [sys.executable, "-c", program])


async def sleeping() -> Child:
    return await process("import time; time.sleep(60)")


@asynccontextmanager
async def admin(folder: Path) -> AsyncGenerator[EnvoyAdmin]:
    """The admin interface of an Envoy that says it is ready."""

    async def live(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
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
        port, child = free_port(), await sleeping()
        async with admin(tmp_path) as asked:
            waiting = asyncio.create_task(envoy_process.ready([child], asked, Address("127.0.0.1", port)))
            await asyncio.sleep(0.5)
            assert await asked.is_ready()
            assert not waiting.done()

            with socket.create_server(("127.0.0.1", port)):
                await asyncio.wait_for(waiting, 10)
        await processes.end([child])

    asyncio.run(check())


def test_the_waits_grow_to_a_bound_and_it_never_gives_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envoy_supervisor, "LONGEST_WAIT_SECONDS", 0.4)
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

                keeping = asyncio.create_task(supervisor.keep(registry, notices.append))
                await sleep(0)
                starts[0].process.kill()
                while not [one for one in notices if one.kind is Kind.ENVOY_UP]:
                    assert not keeping.done()
                    await sleep(0.01)

                assert registry.get_sample_value("openclaw_envoy_ready") == 1
                assert registry.get_sample_value("openclaw_envoy_restarts_total") == len(tried) - 1 == 6
                keeping.cancel()
                await supervisor.stop()
                assert supervisor.not_ready() == "Envoy is being ended"
        assert all(one.process.returncode is not None for one in starts)

    asyncio.run(check())

    own = [one for one in waits if one != envoy_process.STEP_SECONDS]
    assert own[:3] == [0.1, 0.2, 0.4]
    assert set(own[3:]) == {0.4}
    assert [one.kind for one in notices] == [Kind.ENVOY_DOWN, Kind.ENVOY_UP]


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
