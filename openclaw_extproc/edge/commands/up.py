"""`up`: Envoy, the service and, without a configuration, simulated providers; all of it ends with us."""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from openclaw_extproc.config.defaults import SIMULATOR_KEY, simulated_configuration
from openclaw_extproc.config.findings import Finding
from openclaw_extproc.config.known.providers import KNOWN_PROVIDERS
from openclaw_extproc.config.settings import Settings
from openclaw_extproc.edge.commands import drill_schedule
from openclaw_extproc.edge.commands.banner import banner
from openclaw_extproc.edge.commands.options import config_paths
from openclaw_extproc.edge.envoy import check, process
from openclaw_extproc.edge.envoy.admin import EnvoyAdmin
from openclaw_extproc.edge.envoy.call_lines import CallLine
from openclaw_extproc.edge.envoy.process import make_clusters_folder, start_envoy, wait_for_ports
from openclaw_extproc.edge.envoy.route_file import RouteFile, make_routes_folder
from openclaw_extproc.edge.envoy.supervisor import EnvoySupervisor
from openclaw_extproc.edge.envoy.watch import ClusterWatch, ConnectionsFile
from openclaw_extproc.edge.ext_proc.stage_servers import ListenAddresses
from openclaw_extproc.edge.reload.cds_file import CdsFile
from openclaw_extproc.edge.reload.config_files import (
    ConfigFiles,
    ReadConfiguration,
    publish,
    require_startable,
    root_certificates,
    write_secrets,
)
from openclaw_extproc.edge.reload.files import text_of
from openclaw_extproc.edge.reload.reload import ReloadHooks, ReloadTarget, report_findings, settings_of, watch_files
from openclaw_extproc.edge.runtime.overload import PressureFile, pressure_file
from openclaw_extproc.edge.telemetry import logs
from openclaw_extproc.edge.workers import processes
from openclaw_extproc.edge.workers.processes import Child, StartError, available_cpus, envoy_threads
from openclaw_extproc.edge.workers.serving import run_workers
from openclaw_extproc.render.bootstrap import Places, bootstrap
from openclaw_extproc.wire import FORMATS

SIMULATED_PROVIDERS = {
    name: side.simulator
    for name in ("openai", "anthropic", "google")
    if (side := FORMATS[KNOWN_PROVIDERS[name].format].provider)
}
"""Provider names to the shapes of the simulator."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `up`."""
    parser.add_argument(
        "--envoy", metavar="PATH", help="the Envoy binary (default: from the extra `envoy`, otherwise from PATH)"
    )
    parser.add_argument(
        "--access-log", default="", metavar="FILE", help="write Envoy's access log to FILE, as JSON lines"
    )


def run(options: argparse.Namespace) -> int:
    """Runs until a signal, or until the simulators end. Returns the exit code.

    Raises:
        ConfigError, StartError, ListenError, OSError: it cannot start; the text is for the person at the terminal.
    """
    wanted = Options(
        config_paths(options),
        options.clusters,
        os.environ,
        options.envoy,
        options.access_log,
        session=options.session,
        lenient=options.lenient,
    )
    binary = processes.find_envoy(wanted.envoy)
    with _folder() as folder:
        return processes.run(_up(_read(wanted, binary, Path(folder))), wanted.environment)


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for."""

    configs: tuple[Path, ...]
    clusters: Path | None
    """The clusters file; `None`: one in the folder of this run."""
    environment: Mapping[str, str]
    envoy: str | None = None
    """The path of the Envoy binary; `None`: the installed one."""
    access_log: str = ""
    """The path of Envoy's access log; empty: none."""
    session: Path | None = None
    lenient: bool = False


def _folder() -> "tempfile.TemporaryDirectory[str]":
    """A folder for the files of this run, mode 0700. Raises `StartError`."""
    try:
        return tempfile.TemporaryDirectory(prefix="openclaw-")
    except OSError as problem:
        remedy = "free some space, or name another folder in TMPDIR"
        raise StartError(f"no folder for files of this run: {problem.strerror}; {remedy}") from problem


@dataclass(frozen=True, slots=True)
class _Start:
    """Everything that is read and checked before a process is started."""

    options: Options
    binary: str
    """The path of the Envoy binary."""
    folder: Path
    """The folder for files of this run."""
    sources: ConfigFiles
    read: ReadConfiguration
    settings: Settings
    listening: tuple[ListenAddresses, ...]
    """The addresses of the stages of each worker."""
    places: Places
    ports: Mapping[str, int]
    """The ports of the simulators by provider; empty: no provider is simulated."""

    @property
    def envoy_concurrency(self) -> int:
        """The number of Envoy's worker threads."""
        return self.settings.envoy_concurrency or envoy_threads(available_cpus(), self.settings.workers)

    @property
    def clusters_file(self) -> Path:
        """The clusters file for people."""
        return self.options.clusters or self.folder / "clusters.yaml"


def _read(options: Options, binary: str, folder: Path) -> _Start:
    """Reads the configuration, reports its findings, and checks that its ports are free."""
    ports = {} if options.configs else {name: processes.free_port() for name in SIMULATED_PROVIDERS}
    sources = _sources(options, folder, ports)
    read = require_startable(sources.read(), sources.environment)
    settings = settings_of(read)
    downstream, scarce = process.within_open_files(process.most_files(), settings.downstream)
    settings = replace(settings, downstream=downstream)
    logs.configure(settings.log_level, settings.log_output, settings.log_format)
    report_findings((*read.findings, *sources.with_positions(read, scarce)))
    processes.must_be_free(settings.listen.host, settings.listen.port, "gateway.port")
    processes.must_be_free(settings.admin.host, settings.admin.port, "gateway.admin_port")
    listening = _listen_addresses(settings, folder)
    places = replace(
        _places(folder, listening, make_clusters_folder(folder), make_routes_folder(folder), options.access_log),
        roots=root_certificates(sources.environment),
        stage_tls=settings.stages.tls,
        are_stages_retried=not settings.has_one_worker,
    )
    return _Start(options, binary, folder, sources, read, settings, listening, places, ports)


def _sources(options: Options, folder: Path, ports: Mapping[str, int]) -> ConfigFiles:
    """The files of this run; without any, the embedded default with simulated providers at these ports."""
    return ConfigFiles(
        options.configs,
        options.clusters or folder / "clusters.yaml",
        {**options.environment, SIMULATOR_KEY: "simulated"} if ports else options.environment,
        simulated_configuration(ports) if ports else "",
        session=options.session,
        must_exist=options.clusters is not None,
        lenient=options.lenient,
    )


def _listen_addresses(settings: Settings, folder: Path) -> tuple[ListenAddresses, ...]:
    """Sockets in a folder of our own, unless the configuration names other addresses."""
    stages = settings.stages
    route, attempt = (stages.route or f"unix:{folder}/route.sock"), (stages.attempt or f"unix:{folder}/attempt.sock")
    return ListenAddresses(route, attempt, stages.tls).for_workers(settings.workers)


def _places(
    folder: Path, listening: Sequence[ListenAddresses], clusters: Path, routes: Path, access_log: str
) -> Places:
    return Places(
        route_stages=[pair.for_envoy[0] for pair in listening],
        attempt_stages=[pair.for_envoy[1] for pair in listening],
        clusters_file=str(clusters),
        routes_file=str(routes),
        admin_socket=str(folder / "envoy-admin.sock"),
        access_log=access_log,
        secrets_folder=str(folder),
        connections_file=str(folder / "connections.pressure"),
        pressure_files=[file for pair in listening if (file := pressure_file(pair.route))],
    )


class _Envoy:
    """The Envoy of this run, with what watches it and updates its clusters."""

    def __init__(self, start: _Start) -> None:
        """Writes the files that Envoy reads at its start. Raises `OSError`."""
        self._start = start
        self.admin = EnvoyAdmin(start.places.admin_socket)
        self.cds = CdsFile(Path(start.places.clusters_file), start.sources, is_own=start.options.clusters is None)
        self.cds.first(start.read)
        _write(start.settings, start.places, start.folder)
        pressure = PressureFile(Path(start.places.connections_file))
        connections = ConnectionsFile(pressure, start.settings.downstream.max_connections)
        self.clusters = ClusterWatch(self.admin, connections)
        self.routes = RouteFile(Path(start.places.routes_file), start.settings)
        self._note_call: Callable[[CallLine], None] = lambda _: None
        run = partial(start_envoy, start.binary, start.folder, start.envoy_concurrency, self._take_call)
        self.supervisor = EnvoySupervisor(run, self.admin, start.settings.listen)

    async def run(self, target: ReloadTarget, stack: AsyncExitStack) -> None:
        """Starts it, and waits until it accepts requests. The stack ends it."""
        stack.push_async_callback(self.admin.close)
        stack.push_async_callback(self.supervisor.stop)
        self._note_call = target.note_call
        self.supervisor.before_calls = lambda: self.clusters.update(target)
        await self.supervisor.start()
        stack.callback(self.cds.stop)

    def _take_call(self, line: CallLine) -> None:
        self._note_call(line)

    def hooks(self, target: ReloadTarget) -> ReloadHooks:
        """Envoy's part in a reload: it checks the configuration and gets new clusters before a plan names them."""
        start = self._start

        def check_clusters(read: ReadConfiguration) -> Sequence[Finding]:
            if not self.cds.changes(read):
                return ()
            return check.findings(start.binary, read, start.options.environment, self.cds.known_clusters)

        async def prepare(read: ReadConfiguration) -> str:
            await self.routes.prepare(read)
            return await self.cds.prepare(read, self.admin, self.supervisor.is_away)

        def confirm(read: ReadConfiguration) -> None:
            self.cds.confirm(read)
            self.routes.confirm(read)

        hooks = ReloadHooks(check=check_clusters, prepare=prepare, on_applied=confirm)
        return self.clusters.with_look(target, hooks, self.cds.moved_clusters)


def _write(settings: Settings, places: Places, folder: Path) -> None:
    write_secrets(settings.gateway, folder)
    whole = bootstrap(settings.gateway, settings.listen, places, settings.fail_open, settings.downstream)
    publish(folder / "envoy.yaml", text_of(whole))


async def _up(start: _Start) -> int:
    """Starts everything, waits for the end, and ends everything. Returns the exit code."""
    over, children, envoy = asyncio.Event(), list[Child](), _Envoy(start)

    def not_ready() -> str:
        return "ending" if over.is_set() else envoy.supervisor.not_ready()

    async with AsyncExitStack() as stack:
        serving = run_workers(start.read, start.sources.environment, start.listening, not_ready)
        target = await stack.enter_async_context(serving)
        stack.push_async_callback(processes.end, children)
        if start.ports:
            children.append(await _start_simulators(start.ports))
            await wait_for_ports(children[0], start.ports.values())
        await envoy.run(target, stack)
        print(banner(start.settings, str(start.clusters_file), simulated=bool(start.ports)), flush=True)
        code = await _work(start, envoy, target, children, over, stack)
        await envoy.admin.drain(start.settings.drain_ms / 1000)
        return code


async def _work(
    start: _Start,
    envoy: _Envoy,
    target: ReloadTarget,
    children: Sequence[Child],
    over: asyncio.Event,
    stack: AsyncExitStack,
) -> int:
    """Watches files, Envoy, its clusters and the schedule of drills until the end. Returns the exit code."""
    supervising = asyncio.create_task(envoy.supervisor.run(target.own_registry, target.notifier.tell))
    reloading = asyncio.create_task(watch_files(target, start.sources, envoy.hooks(target)))
    watching = asyncio.create_task(envoy.clusters.run(target))
    routing = asyncio.create_task(envoy.routes.run(target))
    drilling = asyncio.create_task(drill_schedule.run_drills(target, start.sources, start.binary))
    stack.push_async_callback(_cancel, supervising, reloading, watching, routing, drilling)
    endless = {
        reloading: "the watching of files",
        supervising: "the watching of Envoy",
        routing: "the watching of routes",
    }
    code = await _until_over(over, children, endless)
    await _cancel(supervising)  # an Envoy that ends now is not started again
    return code


async def _start_simulators(ports: Mapping[str, int]) -> Child:
    serve = [word for name, port in ports.items() for word in ("--serve", f"{SIMULATED_PROVIDERS[name]}:{port}")]
    return await processes.start("simulator", [sys.executable, "-m", "openclaw_simulator", *serve])


async def _cancel(*tasks: "asyncio.Task[None]") -> None:
    """Cancels the tasks and waits until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def _until_over(over: asyncio.Event, children: Sequence[Child], tasks: Mapping["asyncio.Task[None]", str]) -> int:
    """Waits for a signal, or for the end of something that is not started again. Returns exit code 0 or 1.

    Args:
        over: Is set by the signal.
        children: The processes whose end is the end of all.
        tasks: The tasks that must not end, with what they do.
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
