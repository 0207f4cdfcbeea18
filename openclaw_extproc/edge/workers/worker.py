"""A worker process: both stages on sockets of its own, under a parent that tells it what to do.

Started as `python -m openclaw_extproc.edge.workers.worker <file> <file>`, with the numbers of two open files: a
socket to the
parent, and the pipe for its heartbeat. It ends when it is told to, by SIGTERM, or when the parent has gone.
"""

import asyncio
import gc
import os
import signal
import socket
import sys
import time
from pathlib import Path

from prometheus_client import Metric

from openclaw_extproc.config.settings import Settings
from openclaw_extproc.edge.credentials.secrets import Secrets
from openclaw_extproc.edge.envoy.call_lines import CallLine
from openclaw_extproc.edge.ext_proc.stage_servers import ListenAddresses, StageServers
from openclaw_extproc.edge.ext_proc.transport import ListenError
from openclaw_extproc.edge.ledger.bookkeeper import CostOutlet, RemoteBooks, has_budgets
from openclaw_extproc.edge.ledger.sink import Outbox
from openclaw_extproc.edge.ledger.writer import dropped_counter
from openclaw_extproc.edge.reload.config_files import Origin
from openclaw_extproc.edge.reload.reload import REFRESH_SECONDS, run_in_background
from openclaw_extproc.edge.runtime.overload import pressure_file
from openclaw_extproc.edge.service import Service
from openclaw_extproc.edge.telemetry import logs
from openclaw_extproc.edge.workers import processes
from openclaw_extproc.edge.workers.heartbeat import Heartbeat
from openclaw_extproc.edge.workers.worker_ipc import (
    Apply,
    Channel,
    CollectMetrics,
    Drain,
    EjectedClusters,
    FinalMetrics,
    HealthSnapshotRequest,
    LedgerEntries,
    Message,
    NotFirst,
    NoticeSent,
    Prepare,
    Probe,
    ProbeResults,
    Ready,
    Release,
    Reply,
    Reserve,
    Reserved,
    Start,
    Tokens,
)
from openclaw_extproc.ledger.entry import LedgerEntry
from openclaw_extproc.notices.kinds import Notice

FIRST_NEWS_SECONDS = 5.0
"""What a worker is told of Envoy's clusters at its start counts so long: the next news comes once it serves."""
MAX_WAITING_BYTES = 16 * 1024 * 1024
"""Of messages that the parent does not take. Beyond it entries of the ledger are dropped, and counted."""
NOT_FIRST_SECONDS = 0.1
"""Between two looks at who is not to be asked first."""
_UNIX = "unix:"


class Worker:
    def __init__(self, channel: Channel, heartbeat: Heartbeat, settings: Settings, *, has_ledger: bool) -> None:
        self._channel = channel
        self._heartbeat = heartbeat
        self._outbox = Outbox(self._enter)
        self._books = RemoteBooks(lambda number, asked: channel.send(Reserve(number, asked)), self._release)
        outlet = CostOutlet(
            self._outbox.put, self._release, lambda gateway: has_ledger or has_budgets(gateway), ask=self._books.ask
        )
        self._service = Service(settings, Secrets(os.environ), self._tell, outlet)
        self._dropped = dropped_counter(self._service.metrics.registry)
        self._expected = settings
        self._over = asyncio.Event()
        self._drain = Drain(settings.drain_ms / 1000)

    async def run(self, start: Start) -> None:
        """Raises `ListenError`."""
        beating = asyncio.create_task(self._heartbeat.run())
        own = ListenAddresses(_own(start.route), _own(start.attempt), start.tls)
        self._service.answers.secret = start.inside
        self._service.announced = lambda identity, tokens: self._channel.send(Tokens(identity, tokens))
        await self._service.prepare(self._expected)
        self._service.apply_ejections(start.unusable, FIRST_NEWS_SECONDS)
        servers = StageServers(self._service, own, pressure_file(start.route))
        await servers.start()
        # One that takes another's place gets its name at once: there is no moment without a socket.
        _rename(own.route, start.route)
        _rename(own.attempt, start.attempt)
        self._service.probes.on_verdict = lambda verdict: self._channel.send(ProbeResults(verdict))
        self._channel.send(Ready())
        gc.freeze()  # as in a service with one process
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._over.set)
        tasks = [asyncio.create_task(one) for one in (self._refresh(), self._tell_not_first(), self._obey())]
        await self._over.wait()
        await self._service.probes.close()  # another one does that now
        await servers.stop(self._drain.seconds)
        self._outbox.flush()
        self._channel.send(FinalMetrics(self._metrics()))
        await self._channel.flush()
        for task in (*tasks, beating):
            task.cancel()
        await self._service.close()

    def _tell(self, notice: Notice) -> None:
        self._channel.send(NoticeSent(notice))

    def _release(self, request_id: str) -> None:
        if has_budgets(self._service.settings.gateway):
            self._channel.send(Release(request_id))

    def _enter(self, entries: tuple[LedgerEntry, ...]) -> None:
        """Sends entries of the ledger, unless the parent is far behind."""
        if self._channel.waiting_bytes > MAX_WAITING_BYTES:
            self._dropped.inc(len(entries))
        else:
            self._channel.send(LedgerEntries(entries))

    async def _refresh(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            self._service.refresh()

    async def _tell_not_first(self) -> None:
        told = frozenset[str]()
        while True:
            if (found := self._service.not_first) != told:
                self._channel.send(NotFirst(found))
                told = found
            await asyncio.sleep(NOT_FIRST_SECONDS)

    async def _obey(self) -> None:
        while (message := await self._channel.receive()) is not None:
            await self._do(message)
        self._over.set()  # nobody watches over us any more

    async def _do(self, message: Message) -> None:  # noqa: C901  # the one table of all messages
        match message:
            case Prepare(number, origin):
                self._channel.send(Reply(number, await self._prepare(origin)))
            case Apply():
                self._service.apply(self._expected)
            case CollectMetrics(number):
                self._channel.send(Reply(number, metrics=self._metrics()))
            case HealthSnapshotRequest(number):
                self._channel.send(Reply(number, views=self._service.health.view(time.time())))
            case Drain():
                self._drain = message
                self._over.set()
            case Probe():
                self._service.probes.begin(self._service.settings)
            case EjectedClusters(found, seconds):
                self._service.apply_ejections(found, seconds)
            case CallLine():
                self._service.note_call(message)
            case ProbeResults(verdict):
                self._service.health.note_probe(verdict, time.time())
            case Tokens(identity, tokens):
                self._service.learn(identity, tokens)
            case Reserved(number, answer):
                self._books.answered(number, answer)
            case (
                Start()
                | Ready()
                | Reply()
                | NoticeSent()
                | FinalMetrics()
                | LedgerEntries()
                | Reserve()
                | Release()
                | NotFirst()
            ):
                raise AssertionError(f"{type(message).__name__} is nothing to tell a worker now")

    async def _prepare(self, origin: Origin) -> str:
        loaded = (await run_in_background(lambda: origin.load(os.environ))).settings
        if loaded is None:
            return "a worker cannot read the configuration"  # its environment is ours, so this is a mistake of ours
        await self._service.prepare(loaded)
        self._expected = loaded
        return ""

    def _metrics(self) -> tuple[Metric, ...]:
        return tuple(self._service.metrics.registry.collect())


def _own(address: str) -> str:
    """Returns where to listen first, beside the owner of the address. A TCP port has one owner at a time."""
    return f"{address}.{os.getpid()}" if address.startswith(_UNIX) else address


def _rename(mine: str, address: str) -> None:
    if mine != address:
        Path(mine.removeprefix(_UNIX)).replace(address.removeprefix(_UNIX))


async def _work(file: int, pulse: int) -> int:
    channel = await Channel.on(socket.socket(fileno=file))
    start = await channel.receive()
    if not isinstance(start, Start):
        return 0  # the parent has gone already
    settings = start.origin.load(os.environ).settings
    if settings is None:
        sys.stderr.write("error: the configuration cannot be read\n")
        return 1
    logs.configure(settings.log_level, settings.log_output, settings.log_format)
    try:
        worker = Worker(channel, Heartbeat(pulse), start.kept.within(settings), has_ledger=start.has_ledger)
        await worker.run(start)
    except ListenError as problem:
        sys.stderr.write(f"error: {problem}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(processes.run(_work(int(sys.argv[1]), int(sys.argv[2])), os.environ))
