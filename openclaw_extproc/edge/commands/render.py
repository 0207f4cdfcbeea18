"""The command `render`: Envoy's configuration as files, for an Envoy that is run separately."""

import argparse
import os
import sys
from pathlib import Path

from openclaw_extproc.config.findings import ConfigError
from openclaw_extproc.config.settings import Settings
from openclaw_extproc.edge.commands.options import OK, config_files, stage_addresses
from openclaw_extproc.edge.reload.config_files import (
    ReadConfiguration,
    clusters_text,
    publish,
    root_certificates,
    write_secrets,
)
from openclaw_extproc.edge.reload.files import text_of
from openclaw_extproc.render.bootstrap import Places, bootstrap, route_discovery
from openclaw_extproc.stages.fast_path.routes import fast_path


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `render`."""
    parser.add_argument(
        "--out", type=Path, default=Path("envoy"), metavar="FOLDER", help="the output folder (default: envoy)"
    )
    parser.add_argument("--route", metavar="ADDRESS",
                        help="address of the route stage as seen by Envoy (default: gateway.stages.route)")  # fmt: skip
    parser.add_argument(
        "--attempt",
        metavar="ADDRESS",
        help="address of the attempt stage as seen by Envoy (default: gateway.stages.attempt)",
    )
    parser.add_argument(
        "--clusters-path", metavar="PATH", help="path of clusters.yaml as seen by Envoy (default: in FOLDER)"
    )
    parser.add_argument(
        "--fast-path",
        action="store_true",
        help="write routes.yaml as well: the routes that `up` gives its own Envoy, to be read by people",
    )
    parser.add_argument(
        "--access-log",
        default="/dev/stdout",
        metavar="FILE",
        help='path of Envoy\'s access log; "" for none (default: /dev/stdout)',
    )


def run(options: argparse.Namespace) -> int:
    """Writes the files and prints their paths. Returns the exit code.

    Raises:
        ConfigError: the configuration has errors; nothing was written.
    """
    sources = config_files(options)
    read = sources.read()
    if read.settings is None:
        raise ConfigError(read.findings)
    for finding in read.findings:
        sys.stderr.write(f"{finding.severity}: {finding}\n")  # with keys that are missing: others may have them
    folder: Path = options.out
    folder.mkdir(parents=True, exist_ok=True)
    listening = stage_addresses(read, sources, options).for_workers(read.settings.workers)
    clusters_path: str = options.clusters_path or str((folder / "clusters.yaml").absolute())
    places = Places(
        [pair.for_envoy[0] for pair in listening],
        [pair.for_envoy[1] for pair in listening],
        clusters_path,
        access_log=options.access_log,
        secrets_folder=str(Path(clusters_path).parent),
        roots=root_certificates(os.environ),
        stage_tls=read.settings.stages.tls,
        admin_port=read.settings.envoy_admin_port,
    )
    _write_files(read.settings, read, places, folder)
    if options.fast_path:
        routes = route_discovery(
            read.settings.gateway, read.settings.fail_open, fast_path(read.settings.gateway).routes
        )
        publish(folder / "routes.yaml", text_of(routes))
        sys.stdout.write(f"{folder / 'routes.yaml'}\n")
    sys.stdout.write(f"{folder / 'envoy.yaml'}\n{folder / 'clusters.yaml'}\n")
    return OK


def _write_files(settings: Settings, read: ReadConfiguration, places: Places, folder: Path) -> None:
    whole = bootstrap(settings.gateway, settings.listen, places, settings.fail_open, settings.downstream)
    publish(folder / "envoy.yaml", text_of(whole))
    publish(folder / "clusters.yaml", clusters_text(read, os.environ))
    write_secrets(settings.gateway, folder)
