"""What several commands share: exit codes, the options that name files, and the addresses of the stages."""

import argparse
import os
from dataclasses import replace
from pathlib import Path

from openclaw_extproc.config.findings import ConfigError, errors
from openclaw_extproc.config.gateway import stages
from openclaw_extproc.config.settings import ATTEMPT_ADDRESS, ROUTE_ADDRESS
from openclaw_extproc.edge.ext_proc.stage_servers import ListenAddresses
from openclaw_extproc.edge.reload.config_files import ConfigFiles, ReadConfiguration
from openclaw_extproc.edge.reload.reload import log_findings

OK, FAILED, WRONG = 0, 1, 2
"""Exit codes: done; failed while running; the configuration or the call is wrong."""


class InputError(ValueError):
    """Something that was given on the command line cannot be used."""


def add_file_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options that name the files of a configuration, which all commands but `schema` have."""
    parser.add_argument("-c", "--config", action="append", type=Path, default=[], metavar="FILE",
                        help="the configuration (default: ./openclaw.yml); later files take precedence")  # fmt: skip
    parser.add_argument("--session", type=Path, metavar="FILE",
                        help="overrides of sessions (default: session.yml next to the first -c)")  # fmt: skip
    parser.add_argument(
        "--clusters", type=Path, metavar="FILE", help="Envoy clusters file (CDS) with further providers"
    )
    parser.add_argument("--lenient", action="store_true", default=os.environ.get("OPENCLAW_LENIENT") == "1",
                        help="ignore surplus weights with a warning (also: OPENCLAW_LENIENT=1)")  # fmt: skip


def config_paths(options: argparse.Namespace) -> tuple[Path, ...]:
    """The configuration files that were named, else `openclaw.yml` of this folder if it is there."""
    given: list[Path] = options.config
    return tuple(given) or ((Path("openclaw.yml"),) if Path("openclaw.yml").exists() else ())


def names_files(options: argparse.Namespace) -> bool:
    """Whether there is any file to read a configuration from."""
    return bool(config_paths(options)) or options.clusters is not None


def config_files(options: argparse.Namespace, *, must_have_clusters: bool = False) -> ConfigFiles:
    """The files that the options name. `must_have_clusters`: every provider has to have its cluster in a file."""
    return ConfigFiles(
        config_paths(options),
        options.clusters,
        os.environ,
        session=options.session,
        must_exist=options.clusters is not None,
        must_have_clusters=must_have_clusters,
        lenient=options.lenient,
    )


def needed_config_files(options: argparse.Namespace) -> ConfigFiles:
    """Returns the configuration files, as `config_files`, for a command that has no default configuration.

    Raises:
        InputError: no file was named, and this folder has none.
    """
    if not names_files(options):
        raise InputError("no openclaw.yml in this folder: name a file with -c")
    return config_files(options)


def stage_addresses(read: ReadConfiguration, sources: ConfigFiles, options: argparse.Namespace) -> ListenAddresses:
    """The addresses of the stages: those of the command line, else of the configuration, else the usual sockets.

    Raises:
        ConfigError: an address from the command line may not be used.
    """
    assert read.settings is not None, "the files have no errors"
    said, written = {"route": options.route, "attempt": options.attempt}, read.settings.stages
    if any(said.values()):  # what the configuration says was checked with it
        written = replace(written, route=said["route"] or written.route, attempt=said["attempt"] or written.attempt)
        options_of = {f"{stages.PATH}.{name}": f"--{name}" for name, address in said.items() if address}
        found = stages.findings(written, read.settings.workers)
        found = [
            replace(one, path=options_of[one.path]) if one.path in options_of else placed
            for one, placed in zip(found, sources.with_positions(read, found), strict=True)
        ]
        if wrong := errors(found):
            raise ConfigError(wrong)
        log_findings(found)
    return ListenAddresses(written.route or ROUTE_ADDRESS, written.attempt or ATTEMPT_ADDRESS, written.tls)
