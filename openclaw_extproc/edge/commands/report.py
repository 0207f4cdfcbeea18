"""The command `report`: what calls cost, from the ledger of a sidecar, which may be running."""

import argparse
import json
import os
import re
import sqlite3
import sys
import time
from datetime import UTC, datetime

from openclaw_extproc.config.findings import ConfigError
from openclaw_extproc.config.settings import LedgerSettings
from openclaw_extproc.edge.commands.options import OK, InputError, config_files, names_files
from openclaw_extproc.edge.ledger import queries
from openclaw_extproc.edge.ledger.file import UnreadableFileError
from openclaw_extproc.edge.ledger.queries import reading
from openclaw_extproc.edge.ledger.writer import path_of
from openclaw_extproc.ledger.report import DIMENSIONS, USUAL_DIMENSIONS, to_csv, to_json, to_text

_AGO = re.compile(r"([1-9][0-9]{0,4})([mhdw])")
_SECONDS = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_EPILOG = """\
openclaw-extproc report -c openclaw.yml --since 30d --by day,model,identity
openclaw-extproc report --ledger /var/lib/openclaw/ledger.db --since 2026-01-01 --csv
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `report`."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument("--ledger", metavar="FILE", help="the ledger's file (default: from the configuration)")
    parser.add_argument(
        "--since", default="7d", metavar="WHEN", help="a duration such as 24h or 30d, or a date in UTC (default: 7d)"
    )
    parser.add_argument("--until", default="", metavar="WHEN", help="likewise (default: now)")
    parser.add_argument(
        "--by",
        default=",".join(USUAL_DIMENSIONS),
        metavar="NAMES",
        help=f"groups, separated by commas: {', '.join(DIMENSIONS)} (default: {','.join(USUAL_DIMENSIONS)})",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--csv", action="store_true", help="print the groups as CSV")


def run(options: argparse.Namespace) -> int:
    """Prints the report. Returns the exit code. Raises `ConfigError`, `InputError`, `OSError`."""
    now = time.time()
    since, until = _when(options.since, now), _when(options.until, now) if options.until else round(now * 1000)
    names: list[str] = options.by.split(",")
    dimensions = tuple(dict.fromkeys(name for name in names if name))
    if unknown := [name for name in dimensions if name not in DIMENSIONS]:
        raise InputError(f"--by {unknown[0]}: there are {', '.join(DIMENSIONS)}")
    path: str = options.ledger or _path(options)
    try:
        with reading(path) as database:
            made = queries.report(database, since, until, dimensions)
    except (sqlite3.Error, UnreadableFileError) as problem:
        raise InputError(f"{path}: {problem}") from problem
    if options.json:
        sys.stdout.write(json.dumps(to_json(made), indent=2) + "\n")
    else:
        sys.stdout.write(to_csv(made) if options.csv else to_text(made))
    return OK


def _path(options: argparse.Namespace) -> str:
    """Raises `ConfigError`, `InputError`."""
    settings = LedgerSettings()
    if names_files(options):
        read = config_files(options).read()
        if read.settings is None:
            raise ConfigError(read.findings)
        settings = read.settings.ledger
    path = path_of(settings, os.environ)
    if path is None:
        raise InputError("there is no ledger: set ledger.path, or name a file with --ledger")
    return path


def _when(text: str, now: float) -> int:
    """Milliseconds since the epoch. Raises `InputError`."""
    if ago := _AGO.fullmatch(text):
        return round((now - int(ago[1]) * _SECONDS[ago[2]]) * 1000)
    try:
        found = datetime.fromisoformat(text)
    except ValueError as problem:
        raise InputError(f"{text}: write a duration such as 24h or 30d, or a date such as 2026-01-31") from problem
    return round((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)
