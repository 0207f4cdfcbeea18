"""`up`: Envoy, the service and, without a configuration, simulated providers; all of it ends with us."""

import asyncio
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from openclaw_extproc.config.defaults import SIMULATOR_KEY, embedded
from openclaw_extproc.config.findings import ConfigError
from openclaw_extproc.config.known.providers import KNOWN_PROVIDERS
from openclaw_extproc.config.settings import Settings
from openclaw_extproc.edge.commands import drill_schedule
from openclaw_extproc.edge.commands.banner import banner
from openclaw_extproc.edge.envoy import check, open_files
from openclaw_extproc.edge.envoy.admin import EnvoyAdmin
from openclaw_extproc.edge.envoy.process import answering, clusters_place, start_envoy
from openclaw_extproc.edge.envoy.supervisor import EnvoySupervisor
from openclaw_extproc.edge.envoy.watch import ClusterWatch, ConnectionsFile
from openclaw_extproc.edge.reload.cds_file import CdsFile
from openclaw_extproc.edge.reload.clusters_file import text_of
from openclaw_extproc.edge.reload.config_files import (
    ConfigFiles,
    ReadConfiguration,
    publish,
    roots,
    startable,
    write_secrets,
)
from openclaw_extproc.edge.runtime.overload import PressureFile, pressure_file
from openclaw_extproc.edge.service import Listening, Reloading, tell_at_start, watch
from openclaw_extproc.edge.telemetry import logs
from openclaw_extproc.edge.workers import processes
from openclaw_extproc.edge.workers.processes import Child, StartError
from openclaw_extproc.edge.workers.serving import served
from openclaw_extproc.render.bootstrap import Places, bootstrap
from openclaw_extproc.wire import FORMATS

SIMULATED = {
    name: side.simulator
    for name in ("openai", "anthropic", "google")
    if (side := FORMATS[KNOWN_PROVIDERS[name].format].provider)
}
"""Provider names to the shapes of the simulator."""


@dataclass(frozen=True, slots=True)
class Options:
    configs: tuple[Path, ...]
    clusters: Path | None
    environment: Mapping[str, str]
    envoy: str | None = None
    access_log: str = ""
    concurrency: int = 2
    """Envoy's worker threads."""
    session: Path | None = None
    lenient: bool = False


async def up(options: Options) -> int:
    """Run until a signal, or until simulators that we started end. The exit code.

    Raises:
        ConfigError, StartError, ListenError, OSError: each with a line for the person at the terminal.
    """
    binary = processes.find_envoy(options.envoy)
    with _folder() as folder:
        return await _up(options, binary, Path(folder))


def _folder() -> "tempfile.TemporaryDirectory[str]":
    """For files of this run, mode 0700. Raises `StartError`."""
    try:
        return tempfile.TemporaryDirectory(prefix="openclaw-")
    except OSError as problem:
        remedy = "free some space, or name another folder in TMPDIR"
        raise StartError(f"no folder for files of this run: {problem.strerror}; {remedy}") from problem


async def _up(options: Options, binary: str, folder: Path) -> int:
    simulated = not options.configs
    ports = {name: processes.free_port() for name in SIMULATED} if simulated else {}
    effective, for_envoy = folder / "clusters.yaml", clusters_place(folder)
    sources = ConfigFiles(
        options.configs,
        options.clusters or effective,
        _environment(options.environment, simulated=simulated),
        embedded(ports) if simulated else "",
        session=options.session,
        must_exist=options.clusters is not None,
        lenient=options.lenient,
    )
    read = startable(sources.read(), sources.environment)
    settings = _settings(read)
    downstream, scarce = open_files.within(open_files.most_files(), settings.downstream)
    settings = replace(settings, downstream=downstream)
    logs.configure(settings.log_level, settings.log_output, settings.log_format)
    tell_at_start((*read.findings, *sources.placed(read, scarce)))
    processes.must_be_free(settings.listen.host, settings.listen.port, "gateway.port")
    processes.must_be_free(settings.admin.host, settings.admin.port, "gateway.admin_port")
    listening = _listening(settings, folder)
    places = replace(
        _places(folder, listening, for_envoy, options.access_log),
        roots=roots(sources.environment),
        stage_tls=settings.stages.tls,
    )
    published = CdsFile(for_envoy, sources, is_own=options.clusters is None)
    published.first(read)
    _write(settings, places, folder)
    children: list[Child] = []
    over = asyncio.Event()
    admin = EnvoyAdmin(places.admin_socket)
    connections = ConnectionsFile(PressureFile(Path(places.connections_file)), downstream.max_connections)
    clusters = ClusterWatch(admin, connections)
    supervisor = EnvoySupervisor(lambda: start_envoy(binary, folder, options.concurrency), admin, settings.listen)
    async with AsyncExitStack() as stack:
        taking = await stack.enter_async_context(
            served(read, sources.environment, listening, lambda: _not_ready(supervisor, over))
        )
        stack.push_async_callback(processes.end, children)
        if simulated:
            children.append(await _start_simulators(ports))
            await answering(children[0], ports.values())
        stack.push_async_callback(admin.close)
        stack.push_async_callback(supervisor.stop)
        supervisor.before_calls = lambda: clusters.update(taking)
        await supervisor.start()
        shown = str(options.clusters or effective)
        print(banner(settings, shown, simulated=simulated), flush=True)

        reloading = Reloading(
            check=lambda read: (
                check.findings(binary, read, options.environment, published.known) if published.changes(read) else []
            ),
            prepare=lambda read: published.prepare(read, admin, supervisor.is_away),
            taken=published.taken,
        )
        stack.callback(published.stop)
        keeping = asyncio.create_task(supervisor.keep(taking.own_registry, taking.notifier.tell))
        watching = asyncio.create_task(watch(taking, sources, clusters.reloading(taking, reloading, published.moved)))
        looking = asyncio.create_task(clusters.keep(taking))
        drilling = asyncio.create_task(drill_schedule.hold(taking, sources, binary))
        stack.push_async_callback(_cancelled, keeping, watching, looking, drilling)
        code = await _until_over(over, children, {watching: "the watching of files", keeping: "the watching of Envoy"})
        await _cancelled(keeping)  # who ends now is not started anew
        await admin.drain(settings.drain_ms / 1000)
        return code


async def _cancelled(*tasks: "asyncio.Task[None]") -> None:
    """Once they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


def _listening(settings: Settings, folder: Path) -> tuple[Listening, ...]:
    """Sockets in a folder of our own, unless the configuration names other addresses."""
    stages = settings.stages
    route, attempt = (stages.route or f"unix:{folder}/route.sock"), (stages.attempt or f"unix:{folder}/attempt.sock")
    return Listening(route, attempt, stages.tls).of_workers(settings.workers)


def _places(folder: Path, listening: Sequence[Listening], clusters: Path, access_log: str) -> Places:
    return Places(
        route_stages=[pair.places[0] for pair in listening],
        attempt_stages=[pair.places[1] for pair in listening],
        clusters_file=str(clusters),
        admin_socket=str(folder / "envoy-admin.sock"),
        access_log=access_log,
        secrets_folder=str(folder),
        connections_file=str(folder / "connections.pressure"),
        pressure_files=[file for pair in listening if (file := pressure_file(pair.route))],
    )


def _environment(given: Mapping[str, str], *, simulated: bool) -> Mapping[str, str]:
    return {**given, SIMULATOR_KEY: "simulated"} if simulated else given


def _settings(read: ReadConfiguration) -> Settings:
    if read.settings is None:
        raise ConfigError(read.findings)
    return read.settings


def _write(settings: Settings, places: Places, folder: Path) -> None:
    write_secrets(settings.gateway, folder)
    whole = bootstrap(settings.gateway, settings.listen, places, settings.fail_open, settings.downstream)
    publish(folder / "envoy.yaml", text_of(whole))


async def _start_simulators(ports: Mapping[str, int]) -> Child:
    serve = [word for name, port in ports.items() for word in ("--serve", f"{SIMULATED[name]}:{port}")]
    return await processes.start("simulator", [sys.executable, "-m", "openclaw_simulator", *serve])


def _not_ready(supervisor: EnvoySupervisor, over: asyncio.Event) -> str:
    return "ending" if over.is_set() else supervisor.not_ready()


async def _until_over(over: asyncio.Event, children: Sequence[Child], tasks: Mapping["asyncio.Task[None]", str]) -> int:
    """0 after a signal, 1 when something of ours ended by itself that is not started anew.

    Args:
        over: Set by the signal.
        children: Processes by which it may end.
        tasks: Which never end, by what they do.
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, over.set)
    waits = {asyncio.create_task(child.process.wait()): child.name for child in children}
    signalled = asyncio.create_task(over.wait())
    done, _ = await asyncio.wait([*waits, *tasks, signalled], return_when=asyncio.FIRST_COMPLETED)
    for task in (*waits, signalled):
        task.cancel()
    if signalled in done:
        return 0
    over.set()
    names = [*(name for task, name in waits.items() if task in done), *(tasks[task] for task in tasks if task in done)]
    ended = names[0]
    logs.event("up", "ended", {"what": ended}, level=40)
    sys.stderr.write(f"openclaw-extproc: {ended} ended; stopping\n")
    return 1
