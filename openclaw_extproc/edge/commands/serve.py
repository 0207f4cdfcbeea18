"""The command `serve`: the ext_proc service alone, for an Envoy that is run separately."""

import argparse
import asyncio
import os
import signal

from openclaw_extproc.edge.commands import drill_schedule
from openclaw_extproc.edge.commands.options import OK, config_files, stage_addresses
from openclaw_extproc.edge.envoy.admin import EnvoyAdmin
from openclaw_extproc.edge.envoy.name_watch import NameWatch
from openclaw_extproc.edge.envoy.watch import ClusterWatch, watch_envoy
from openclaw_extproc.edge.ext_proc.stage_servers import ListenAddresses
from openclaw_extproc.edge.reload.config_files import ConfigFiles, ReadConfiguration, require_startable
from openclaw_extproc.edge.reload.reload import ReloadHooks, report_findings, settings_of, watch_files
from openclaw_extproc.edge.telemetry import logs
from openclaw_extproc.edge.workers import processes
from openclaw_extproc.edge.workers.serving import run_workers


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `serve`."""
    parser.add_argument(
        "--route",
        metavar="ADDRESS",
        help="address of the route stage, unix:/path or host:port (default: gateway.stages.route)",
    )
    parser.add_argument(
        "--attempt", metavar="ADDRESS", help="address of the attempt stage (default: gateway.stages.attempt)"
    )
    parser.add_argument("--envoy", metavar="PATH", help="the Envoy binary for drills (default: as for `up`)")


def run(options: argparse.Namespace) -> int:
    """Serves until a signal. Returns the exit code.

    Raises:
        ConfigError, StartError, ListenError: it cannot start.
    """
    sources = config_files(options, must_have_clusters=options.clusters is not None)
    read = require_startable(sources.read(), sources.environment)
    settings = settings_of(read)
    logs.configure(settings.log_level, settings.log_output, settings.log_format)
    report_findings(read.findings)
    pair = stage_addresses(read, sources, options)
    return processes.run(_serve(read, sources, pair, options.envoy), os.environ)


async def _serve(read: ReadConfiguration, sources: ConfigFiles, pair: ListenAddresses, envoy: str | None) -> int:
    settings = settings_of(read)
    over = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    listening = pair.for_workers(settings.workers)
    async with run_workers(read, sources.environment, listening, lambda: "ending" if over.is_set() else "") as target:
        for each in listening:
            logs.event("serve", "listening", {"route": each.route, "attempt": each.attempt})
        tasks = [asyncio.create_task(drill_schedule.run_drills(target, sources, envoy))]
        hooks = ReloadHooks()
        if settings.envoy_admin_port is not None:
            beside = EnvoyAdmin(settings.envoy_admin_port)
            clusters = ClusterWatch(beside)
            hooks = clusters.with_look(target, hooks)
            tasks.append(asyncio.create_task(watch_envoy(beside, target.own_registry, target.notifier.tell)))
            tasks.append(asyncio.create_task(clusters.run(target)))
        else:
            logs.event("envoy", "not_watched", {"why": "gateway.envoy_admin_port is not set"})
            names = NameWatch()
            hooks = names.with_look(target, hooks)
            await names.update(target)
            tasks.append(asyncio.create_task(names.run(target)))
        tasks.append(asyncio.create_task(watch_files(target, sources, hooks)))
        await over.wait()
        for task in tasks:
            task.cancel()
    return OK
