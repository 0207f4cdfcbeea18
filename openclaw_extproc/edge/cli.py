"""The command line. Exit codes: 0 done, 1 it failed while running, 2 the configuration or the call is wrong.

Each command is a module in `commands/` with two functions: `add_options` and `run`, which returns the exit code.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata

from openclaw_extproc.config.findings import ConfigError, sorted_by_place
from openclaw_extproc.config.schema.config_file import schema
from openclaw_extproc.edge.commands import drill, explain, health, prices, render, report, serve, up, validate
from openclaw_extproc.edge.commands.options import FAILED, OK, WRONG, InputError, add_file_options
from openclaw_extproc.edge.ext_proc.transport import ListenError
from openclaw_extproc.edge.workers.processes import StartError


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs a command and exits with its code. Errors are lines on standard error."""
    options = _parser().parse_args(arguments)
    try:
        code = _run(options)
    except ConfigError as error:
        for finding in sorted_by_place(error.findings):
            sys.stderr.write(f"{finding.severity}: {finding}\n")
        code = WRONG
    except InputError as problem:
        sys.stderr.write(f"openclaw-extproc: {problem}\n")
        code = WRONG
    except (StartError, ListenError) as problem:
        sys.stderr.write(f"openclaw-extproc: {problem}\n")
        code = FAILED
    except OSError as problem:
        where = f"{problem.filename}: " if problem.filename else ""
        sys.stderr.write(f"openclaw-extproc: {where}{problem.strerror}\n")
        code = FAILED
    except KeyboardInterrupt:
        code = OK
    sys.exit(code)


@dataclass(frozen=True, slots=True)
class Command:
    """A command that works with a configuration."""

    help: str
    add_options: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


_COMMANDS: Mapping[str, Command] = {
    "up": Command(
        "run Envoy and the service; without a configuration, with simulated providers", up.add_options, up.run
    ),
    "serve": Command(
        "run only the ext_proc service, for an Envoy that is run separately", serve.add_options, serve.run
    ),
    "render": Command("write Envoy's configuration, envoy.yaml and clusters.yaml", render.add_options, render.run),
    "validate": Command(
        "check the configuration; if Envoy is available, Envoy checks the rendered files too",
        validate.add_options,
        validate.run,
    ),
    "explain": Command(
        "explain which model a request would be sent to, and why; sends no request", explain.add_options, explain.run
    ),
    "health": Command("print the health of providers and models in a running service", health.add_options, health.run),
    "prices": Command("print the price of each model, and where it is from", prices.add_options, prices.run),
    "report": Command("report what calls cost and saved, from the ledger", report.add_options, report.run),
    "drill": Command(
        "simulate faults of all providers and report which fallbacks answer, and how fast",
        drill.add_options,
        drill.run,
    ),
}
_SCHEMA = "print the JSON Schema of openclaw.yml, for editors"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "openclaw-extproc", description="Routes, translates and fails over LLM requests behind Envoy."
    )
    parser.add_argument(
        "--version", action="version", version=f"openclaw-extproc {metadata.version('openclaw-extproc')}"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, command in _COMMANDS.items():
        added = commands.add_parser(name, help=command.help, description=command.help)
        add_file_options(added)
        command.add_options(added)
    commands.add_parser("schema", help=_SCHEMA, description=_SCHEMA)
    return parser


def _run(options: argparse.Namespace) -> int:
    if options.command == "schema":
        sys.stdout.write(json.dumps(schema(), indent=2) + "\n")
        return OK
    return _COMMANDS[options.command].run(options)


if __name__ == "__main__":
    main()
