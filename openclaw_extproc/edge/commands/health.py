"""The command `health`: the health of providers and models in a running service, from its admin address."""

import argparse
import json
import sys

import httpx

from openclaw_extproc.config.findings import ConfigError
from openclaw_extproc.config.schema.config_file import GatewaySection
from openclaw_extproc.edge.commands.options import FAILED, OK, config_files, names_files
from openclaw_extproc.edge.telemetry import admin as health_page
from openclaw_extproc.edge.workers.processes import StartError


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `health`."""
    parser.add_argument("--admin", metavar="URL", help="the service's admin URL (default: from the configuration)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Prints the health. Returns exit code 1 when a provider or a model is out or on trial.

    Raises:
        StartError: no service responds at the address.
    """
    url: str = options.admin or _admin_url(options)
    try:
        found = health_page.ask(url.rstrip("/"))
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as problem:
        raise StartError(f"no service responds at {url}: {problem}") from problem
    sys.stdout.write(json.dumps(found, indent=2) + "\n" if options.json else health_page.text(found))
    return OK if health_page.is_well(found) else FAILED


def _admin_url(options: argparse.Namespace) -> str:
    if not names_files(options):
        return f"http://127.0.0.1:{GatewaySection().admin_port}"  # that of `up` without a configuration
    read = config_files(options).read()
    if read.settings is None:
        raise ConfigError(read.findings)
    admin = read.settings.admin
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(admin.host, admin.host)  # noqa: S104  # asked, not listened on
    return f"http://[{host}]:{admin.port}" if ":" in host else f"http://{host}:{admin.port}"
