"""The servers of the two stages: our own HTTP/2 on unix sockets, gRPC's on TCP ports."""

import asyncio
import ctypes
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, cast

from openclaw_extproc.config.settings import UNIX, StageTls
from openclaw_extproc.edge.ext_proc.h2 import server as h2
from openclaw_extproc.edge.ext_proc.transport import Answerer, Open, nobody
from openclaw_extproc.edge.service import Service


@dataclass(frozen=True, slots=True)
class ListenAddresses:
    """The addresses on which the two stages listen for Envoy: `unix:/path` or `host:port`."""

    route: str
    attempt: str
    tls: StageTls | None = None
    """The TLS files for `host:port`; `None`: plaintext."""

    def for_workers(self, count: int) -> "tuple[ListenAddresses, ...]":
        """The addresses of each worker: `route-0.sock`, `route-1.sock` …, or ports two apart. One worker has the pair
        itself."""
        if count == 1:
            return (self,)
        return tuple(ListenAddresses(_nth(self.route, n), _nth(self.attempt, n), self.tls) for n in range(count))

    @property
    def for_envoy(self) -> tuple[str, str]:
        """Returns both addresses as Envoy's configuration has them: a socket's path, or `host:port`."""
        return self.route.removeprefix("unix:"), self.attempt.removeprefix("unix:")


def _nth(address: str, number: int) -> str:
    if address.startswith("unix:"):
        return f"{address.removesuffix('.sock')}-{number}.sock"
    host, _, port = address.rpartition(":")
    return f"{host}:{int(port) + 2 * number}"


class StageServers:
    """A server for each stage, on an address of its own: the address says which stage it is."""

    def __init__(self, service: Service, listening: ListenAddresses, pressure_file: str) -> None:
        """Binds both addresses.

        Args:
            service: Opens the sessions.
            listening: The addresses.
            pressure_file: The path of the file by which Envoy learns how much to refuse; empty: there is none.

        Raises:
            ListenError: an address is in use, or may not be used.
        """
        return_freed_memory()
        self._is_serving = True
        self._service = service
        self._pressure_file = pressure_file
        self._watching: asyncio.Task[None] | None = None
        served, tls = (lambda: self._is_serving), listening.tls
        self._servers = [
            stage_server(listening.route, service.open_route, service.answer, served, tls),
            stage_server(listening.attempt, service.open_attempt, is_serving=served, tls=tls),
        ]

    async def start(self) -> None:
        """Accepts streams from now on."""
        for server in self._servers:
            await server.start()
        self._watching = asyncio.create_task(self._service.gate.watch(self._pressure_file))

    async def stop(self, seconds: float) -> None:
        """Accepts no new streams; running ones have so many seconds to end."""
        self._is_serving = False
        await asyncio.gather(*(server.stop(seconds) for server in self._servers))
        if self._watching is not None:
            self._watching.cancel()


_M_MMAP_THRESHOLD: Final = -3
"""Of glibc's `mallopt`, from `malloc.h`."""
_LARGE_BYTES: Final = 1024 * 1024


def return_freed_memory() -> None:
    """Has the C library give each large block back to the system when it is freed.

    By itself glibc learns from the first large body to keep such blocks, and then a process is as large as several of
    them with the gaps between.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library, without that habit
        return
    mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)


class StageServer(Protocol):
    """A gRPC server for one ext_proc stage."""

    async def start(self) -> None: ...

    async def stop(self, seconds: float | None) -> None:
        """Accepts no new streams; running ones have so many seconds to end. `None`: all the time they need."""
        ...


def stage_server(
    address: str,
    opens: Open,
    answerer: Answerer = nobody,
    is_serving: Callable[[], bool] = lambda: True,
    tls: StageTls | None = None,
) -> StageServer:
    """The server of one stage at `unix:/path` or `host:port`.

    Envoy asks each address for its health by gRPC; `is_serving` is the answer.

    Raises:
        ListenError: the address is in use, or may not be used.
    """
    if address.startswith(UNIX):
        server = h2.server()
        h2.add(server, address, opens, answerer, is_serving)
        return server
    # It takes half a second and 15 MB of memory: only who needs it imports it.
    module = importlib.import_module("openclaw_extproc.edge.ext_proc.grpc_server")
    return cast("StageServer", module.GrpcServer(address, opens, answerer, is_serving, tls))
