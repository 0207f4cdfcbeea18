"""`drill`: every chain with simulated faults, through a real Envoy and the real stages. Asks no provider.

Exit codes: 0 every chain answers whatever happens to one provider, 1 one does not, 2 the configuration cannot be read
or the drill could not be held.
"""

import argparse
import asyncio
import logging
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec

from openclaw_extproc.config.findings import ConfigError
from openclaw_extproc.config.providers.cloud_credentials import is_cloud
from openclaw_extproc.config.settings import Address, Settings
from openclaw_extproc.drill.chains import HEADERS, Asking, Chain, Outcome, Scene, chains, scenes
from openclaw_extproc.drill.report import Report, report, text
from openclaw_extproc.drill.staging import KEY_NAME, PATIENCE_MS, has_ended, simulated_settings, without_providers
from openclaw_extproc.edge.commands.options import needed_config_files
from openclaw_extproc.edge.credentials.secrets import Secrets
from openclaw_extproc.edge.envoy.admin import EnvoyAdmin
from openclaw_extproc.edge.envoy.process import make_clusters_folder, start_envoy, wait_for_ports, wait_until_ready
from openclaw_extproc.edge.ext_proc.stage_servers import ListenAddresses
from openclaw_extproc.edge.ext_proc.transport import ListenError
from openclaw_extproc.edge.reload.config_files import publish
from openclaw_extproc.edge.reload.files import text_of
from openclaw_extproc.edge.service import Service
from openclaw_extproc.edge.telemetry import logs
from openclaw_extproc.edge.workers import processes
from openclaw_extproc.edge.workers.processes import Child, StartError
from openclaw_extproc.edge.workers.serving import run_service
from openclaw_extproc.gateway import Gateway
from openclaw_extproc.model import json as j
from openclaw_extproc.plan import MAX_ATTEMPTS
from openclaw_extproc.render import clusters as render_clusters
from openclaw_extproc.render.bootstrap import Places, bootstrap
from openclaw_extproc.wire import FORMATS

GOOD, BAD, NOT_HELD = 0, 1, 2
WIDTH = 110
"""The width of the text in characters where the terminal's is not known."""
TRIES = 40
"""The number of requests by which a scene is tried to be met, where the weights of a pool decide about targets."""
ANSWER_SECONDS = 5.0 + MAX_ATTEMPTS * (PATIENCE_MS / 1000 + 8)
"""The seconds after which a request of a drill counts as hung."""

_EPILOG = """\
openclaw-extproc drill -c openclaw.yml

Every provider is played by a simulator on this machine, so nothing costs money.
Exit codes: 0 every chain answers whatever happens to one provider; 1 one does not, or has no second provider;
2 the configuration cannot be read, or there is no Envoy.
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `drill`."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument(
        "--envoy", metavar="PATH", help="the Envoy binary (default: from the extra `envoy`, otherwise from PATH)"
    )
    parser.add_argument("--assume-credentials", action="store_true", help="treat every credential as set")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Prints the report of a drill. Returns the exit code. Raises `ConfigError`, `InputError`."""
    read = needed_config_files(options).read()
    if read.settings is None:
        raise ConfigError(read.findings)
    logs.configure("critical", os.devnull)  # what simulated faults make the stages say is no news
    try:
        found = processes.run(
            drill(read.settings, options.envoy, assume_credentials=options.assume_credentials), os.environ
        )
    except (StartError, ListenError) as problem:
        sys.stderr.write(f"openclaw-extproc: {problem}\n")
        return NOT_HELD
    except asyncio.CancelledError:
        sys.stderr.write("openclaw-extproc: stopped by a signal\n")
        return NOT_HELD
    if options.json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n")
    else:
        sys.stdout.write(text(found, shutil.get_terminal_size((WIDTH, 24)).columns))
    return GOOD if found.ok else BAD


async def drill(settings: Settings, envoy: str | None, *, assume_credentials: bool = False) -> Report:
    """Play everything, and tell what came of it. Raises `StartError`, `ListenError`."""
    binary, began = processes.find_envoy(envoy), time.monotonic()
    if task := asyncio.current_task():
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    found, refused = chains(settings.gateway, time.time())
    played = await _play_all(settings, binary, found)
    missing, notes = (frozenset[str](), ()) if assume_credentials else _missing_credentials(settings.gateway)
    return report(
        settings.gateway,
        played,
        refused,
        hosts={upstream.provider.name: upstream.host for upstream in settings.upstreams},
        missing=missing,
        seconds=time.monotonic() - began,
        notes=notes,
    )


def _missing_credentials(gateway: Gateway) -> tuple[frozenset[str], tuple[str, ...]]:
    """Credentials that are not there, and those that only asking somebody would tell of."""
    secrets = Secrets(os.environ)
    own = [p for p in gateway.providers.values() if p.identity and p.auth != "forward"]
    missing = frozenset(p.identity for p in own if not is_cloud(p.auth) and secrets.get(p.credential) is None)
    assumed = sorted({p.identity for p in own if is_cloud(p.auth)})
    notes = (f"assumed to be valid without a check: {', '.join(assumed)}.",) if assumed else ()
    return missing, notes


@dataclass(frozen=True, slots=True)
class _Stage:
    """Everything that a scene is played on: the simulators, Envoy and the service."""

    settings: Settings
    service: Service
    ports: Mapping[str, int]
    """The ports of the simulators, by provider."""
    client: httpx.AsyncClient

    async def play(self, chain: Chain, scene: Scene) -> Outcome:
        outcome = Outcome(0, 0.0)
        for _ in range(TRIES if len(chain.first) > 1 else 1):
            await self._set(scene.broken, scene.fault)
            self.service.apply(without_providers(self.settings))
            self.service.apply(self.settings)
            outcome = await self._ask(chain.of(streamed=scene.streamed).asking, streamed=scene.streamed)
            await self._set(scene.broken, "ok")
            if outcome.met_fault(scene):
                break
        return outcome

    async def _set(self, broken: Iterable[str], fault: str) -> None:
        for name in broken:
            control = f"http://127.0.0.1:{self.ports[name]}/_simulator/fault"
            (await self.client.post(control, json={"fault": fault})).raise_for_status()

    async def _ask(self, asking: Asking, *, streamed: bool) -> Outcome:
        listen = self.settings.listen
        url, began = f"http://{listen.host}:{listen.port}{asking.path}", time.monotonic()
        try:
            async with self.client.stream("POST", url, content=asking.body, headers=dict(HEADERS)) as answer:
                is_whole = await _is_whole(answer, asking.format if streamed else "")
        except httpx.HTTPError:
            return Outcome(0, time.monotonic() - began)
        said = answer.headers
        attempts = said.get("x-openclaw-attempts", "")
        return Outcome(
            answer.status_code,
            time.monotonic() - began,
            said.get("x-openclaw-provider", ""),
            said.get("x-openclaw-model", ""),
            int(attempts) if attempts.isdecimal() else None,
            tuple(one for one in said.get("x-openclaw-fallbacks", "").split(",") if one),
            answer.is_success and not is_whole,
        )


async def _is_whole(answer: httpx.Response, format: str) -> bool:
    """Whether the body came to its end; a stream's end is what its format says it is. `format`: of a stream."""
    try:
        body = await answer.aread()
    except httpx.HTTPError:
        return False
    return not format or not answer.is_success or has_ended(format, body)


async def _play_all(
    settings: Settings, binary: str, found: Sequence[Chain]
) -> list[tuple[Chain, list[tuple[Scene, Outcome]]]]:
    with tempfile.TemporaryDirectory(prefix="openclaw-drill-") as folder:  # mode 0700
        async with AsyncExitStack() as stack:
            stage = await _set_up(settings, binary, Path(folder), stack)
            return [(chain, [(scene, await stage.play(chain, scene)) for scene in scenes(chain)]) for chain in found]


async def _set_up(settings: Settings, binary: str, folder: Path, stack: AsyncExitStack) -> _Stage:
    providers = settings.gateway.providers
    ports = {name: processes.free_port() for name in providers}
    listen, admin_address = (Address("127.0.0.1", processes.free_port()) for _ in range(2))
    base_paths = {name: fmt.provider.base_path for name, fmt in FORMATS.items() if fmt.provider}
    playing = simulated_settings(settings, ports, base_paths, listen, admin_address)
    places = Places(
        route_stages=[str(folder / "route.sock")],
        attempt_stages=[str(folder / "attempt.sock")],
        clusters_file=str(make_clusters_folder(folder)),
        admin_socket=str(folder / "envoy-admin.sock"),
        access_log="",
    )
    clusters = render_clusters.discovery(playing.upstreams, playing.gateway.timeouts)
    publish(Path(places.clusters_file), j.dump(clusters))
    whole = bootstrap(playing.gateway, playing.listen, places)
    publish(folder / "envoy.yaml", text_of(whole))

    service = Service(playing, Secrets({KEY_NAME: "drill"}))
    listening = ListenAddresses(f"unix:{folder}/route.sock", f"unix:{folder}/attempt.sock")
    await stack.enter_async_context(run_service(service, listening, lambda: ""))
    children: list[Child] = []
    stack.push_async_callback(processes.end, children)
    if ports:
        children.append(await _start_simulators(settings, ports))
        await wait_for_ports(children[0], ports.values())
    children.append(await start_envoy(binary, folder, 1))
    admin = EnvoyAdmin(places.admin_socket)
    stack.push_async_callback(admin.close)
    await wait_until_ready(children, admin, playing.listen)
    client = await stack.enter_async_context(httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False))
    logging.getLogger("httpx").setLevel(logging.CRITICAL)
    return _Stage(playing, service, ports, client)


async def _start_simulators(settings: Settings, ports: Mapping[str, int]) -> Child:
    """Starts one process for all simulators."""
    sides = {name: FORMATS[provider.format].provider for name, provider in settings.gateway.providers.items()}
    shapes = {name: side.simulator for name, side in sides.items() if side}
    serve = [word for name, port in ports.items() for word in ("--serve", f"{shapes[name]}:{port}:{name}")]
    return await processes.start("simulator", [sys.executable, "-m", "openclaw_simulator", *serve])
