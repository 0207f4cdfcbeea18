"""`up`: Envoy, the service and, without a configuration, simulated providers; all of it ends with us."""

import asyncio
import signal
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import yaml

from openclaw_extproc.config.defaults import SIMULATOR_KEY, embedded
from openclaw_extproc.config.findings import ConfigError
from openclaw_extproc.config.settings import Settings
from openclaw_extproc.edge import drill_schedule, envoy_check, logs, processes
from openclaw_extproc.edge.banner import banner
from openclaw_extproc.edge.envoy_admin import EnvoyAdmin
from openclaw_extproc.edge.processes import Child, StartError
from openclaw_extproc.edge.published import Published
from openclaw_extproc.edge.service import Listening, Reloading, Taking, tell_at_start, watch
from openclaw_extproc.edge.serving import served
from openclaw_extproc.edge.sources import PlainDumper, Read, Sources, publish, roots, startable
from openclaw_extproc.render.bootstrap import Places, bootstrap

READY_SECONDS = 15.0
EJECTIONS_SECONDS = 2.0
"""Between two looks at what Envoy has ejected, which it decides at once and takes back every ten seconds."""
SIMULATED = {"openai": "openai", "anthropic": "anthropic", "google": "gemini"}
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
    """Run until a signal or until something we started ends. The exit code.

    Raises:
        ConfigError, StartError, ListenError, OSError: each with a line for the person at the terminal.
    """
    binary = processes.find_envoy(options.envoy)
    with tempfile.TemporaryDirectory(prefix="openclaw-") as folder:  # mode 0700
        return await _up(options, binary, Path(folder))


async def _up(options: Options, binary: str, folder: Path) -> int:
    simulated = not options.configs
    ports = {name: processes.free_port() for name in SIMULATED} if simulated else {}
    effective = folder / "clusters.yaml"
    sources = Sources(
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
    logs.configure(settings.log_level, settings.log_output, settings.log_format)
    tell_at_start(read.findings)
    processes.must_be_free(settings.listen.host, settings.listen.port, "gateway.port")
    processes.must_be_free(settings.admin.host, settings.admin.port, "gateway.admin_port")
    listening = Listening(f"unix:{folder}/route.sock", f"unix:{folder}/attempt.sock").of_workers(settings.workers)
    places = replace(_places(folder, listening, effective, options.access_log), roots=roots(sources.environment))
    published = Published(effective, sources)
    published.first(read)
    _write(settings, places, folder)
    children: list[Child] = []
    async with AsyncExitStack() as stack:
        taking = await stack.enter_async_context(
            served(read, sources.environment, listening, lambda: _not_ready(children))
        )
        stack.push_async_callback(processes.end, children)
        if simulated:
            children.append(await _start_simulators(ports))
            await answering(children[0], ports.values())
        children.append(await start_envoy(binary, folder, options.concurrency))
        admin = EnvoyAdmin(places.admin_socket)
        stack.push_async_callback(admin.close)
        await ready(children, admin)
        shown = str(options.clusters or effective)
        print(banner(settings, shown, simulated=simulated), flush=True)

        reloading = Reloading(
            check=lambda read: (
                envoy_check.findings(binary, read, options.environment) if published.changes(read) else []
            ),
            prepare=lambda read: published.prepare(read, admin),
            taken=published.taken,
        )
        stack.callback(published.stop)
        watching = asyncio.create_task(watch(taking, sources, reloading))
        stack.callback(watching.cancel)
        looking = asyncio.create_task(_look_for_ejections(taking, admin))
        stack.callback(looking.cancel)
        drilling = asyncio.create_task(drill_schedule.hold(taking, sources, binary))
        stack.callback(drilling.cancel)
        code = await _until_over(children, watching)
        await admin.drain(settings.drain_ms / 1000)
        return code


async def _look_for_ejections(taking: Taking, admin: EnvoyAdmin) -> None:
    """One look for all workers, for ever."""
    while True:
        await asyncio.sleep(EJECTIONS_SECONDS)
        try:
            clusters = await admin.ejected()
        except httpx.HTTPError:
            continue  # it is busy, or ending: the next look tells
        if clusters:
            taking.ejected(clusters, 2 * EJECTIONS_SECONDS)


def _places(folder: Path, listening: Sequence[Listening], clusters: Path, access_log: str) -> Places:
    return Places(
        route_stages=[pair.places[0] for pair in listening],
        attempt_stages=[pair.places[1] for pair in listening],
        clusters_file=str(clusters),
        admin_socket=str(folder / "envoy-admin.sock"),
        access_log=access_log,
    )


def _environment(given: Mapping[str, str], *, simulated: bool) -> Mapping[str, str]:
    return {**given, SIMULATOR_KEY: "simulated"} if simulated else given


def _settings(read: Read) -> Settings:
    if read.settings is None:
        raise ConfigError(read.findings)
    return read.settings


def _write(settings: Settings, places: Places, folder: Path) -> None:
    whole = bootstrap(settings.gateway, settings.listen, places, settings.fail_open)
    publish(folder / "envoy.yaml", yaml.dump(whole, Dumper=PlainDumper, sort_keys=False))


async def _start_simulators(ports: Mapping[str, int]) -> Child:
    serve = [word for name, port in ports.items() for word in ("--serve", f"{SIMULATED[name]}:{port}")]
    return await processes.start("simulator", [sys.executable, "-m", "openclaw_extproc.simulator", *serve])


async def answering(child: Child, ports: Iterable[int]) -> None:
    """Until something listens on each port. Raises `StartError`."""
    for port in ports:
        for _ in range(int(READY_SECONDS / 0.05)):
            if child.process.returncode is not None:
                await asyncio.wait([child.listener], timeout=1.0)
                raise StartError(f"{child.name} ended while starting: {_why(child)}")
            if await processes.answers("127.0.0.1", port):
                break
            await asyncio.sleep(0.05)
        else:
            raise StartError(f"{child.name} was not ready within {READY_SECONDS:g} s")


async def start_envoy(binary: str, folder: Path, concurrency: int) -> Child:
    command = [binary, "-c", str(folder / "envoy.yaml"), "--disable-hot-restart", "--concurrency", str(concurrency)]
    return await processes.start("envoy", [*command, "-l", "warning", "--log-format", "%l %n %v"])


async def ready(children: Sequence[Child], admin: EnvoyAdmin) -> None:
    """Until Envoy has its listener and its clusters. Raises `StartError`."""
    for _ in range(int(READY_SECONDS / 0.05)):
        if gone := next((c for c in children if c.process.returncode is not None), None):
            await asyncio.wait([gone.listener], timeout=1.0)
            raise StartError(f"{gone.name} ended while starting: {_why(gone)}")
        if await admin.is_ready():
            return
        await asyncio.sleep(0.05)
    raise StartError(f"Envoy was not ready within {READY_SECONDS:g} s")


def _why(child: Child) -> str:
    """The line of its last words that says most."""
    telling = [line for line in child.last_words if "error" in line.lower() or "critical" in line.lower()]
    return (telling or child.last_words or [f"exit code {child.process.returncode}"])[-1]


def _not_ready(children: Sequence[Child]) -> str:
    if not children:
        return "starting"
    return next((f"{c.name} has ended" for c in children if c.process.returncode is not None), "")


async def _until_over(children: Sequence[Child], watching: "asyncio.Task[None]") -> int:
    """0 after a signal, 1 when something of ours ended by itself."""
    loop, asked = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked.set)
    waits = {asyncio.create_task(child.process.wait()): child.name for child in children}
    signalled = asyncio.create_task(asked.wait())
    done, _ = await asyncio.wait([*waits, signalled, watching], return_when=asyncio.FIRST_COMPLETED)
    for task in (*waits, signalled):
        task.cancel()
    if signalled in done:
        return 0
    ended = next((name for task, name in waits.items() if task in done), "the watching of files")
    logs.event("up", "ended", {"what": ended}, level=40)
    sys.stderr.write(f"openclaw-extproc: {ended} ended; stopping\n")
    return 1
