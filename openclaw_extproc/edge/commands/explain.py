"""The command `explain`, which explains the decision for a request in a file. It sends no request and needs no key."""

import argparse
import os
import shutil
import sys
import time
from dataclasses import fields, replace
from pathlib import Path

import msgspec

from openclaw_extproc.callers import ANONYMOUS, CallerIdentity
from openclaw_extproc.config.findings import ConfigError
from openclaw_extproc.config.providers.cloud_credentials import is_cloud
from openclaw_extproc.edge.commands.options import InputError, needed_config_files
from openclaw_extproc.edge.credentials.secrets import Secrets
from openclaw_extproc.explain.explanation import Explanation, UnclearError, ask, explain, header
from openclaw_extproc.explain.text import text
from openclaw_extproc.gateway import Gateway
from openclaw_extproc.model.json import UnreadableError
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.stages.route.identification import identity_of

DECIDED, REFUSED = 0, 1
"""Exit codes; 2 is for input and configuration that cannot be read."""
WIDTH = 100
"""The width of the text in characters where the terminal's is not known."""


_EPILOG = """\
openclaw-extproc explain request.json -c openclaw.yml --header 'x-openclaw-user: ada'

Exit codes: 0 a plan was made, 1 the request is refused (the error is printed as the client would receive it), 2 the
request or the configuration cannot be read.
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `explain`."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument("request", metavar="REQUEST.json", help="file with the request body; - reads standard input")
    parser.add_argument(
        "--header", action="append", default=[], metavar="'NAME: VALUE'", help="add a request header; may be repeated"
    )
    parser.add_argument("--client", default="", metavar="NAME", help="the calling client, a name under `clients`")
    parser.add_argument("--path", default="", metavar="PATH", help="the request path, for example /v1/chat/completions")
    parser.add_argument(
        "--format", default="", metavar="NAME", help="the client's wire format, if the path is not given"
    )
    parser.add_argument(
        "--situation", type=Path, metavar="FILE", help='JSON file with the runtime state, {"unhealthy": [...]}'
    )
    parser.add_argument("--assume-credentials", action="store_true", help="treat every credential as set")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Prints the decision for a request. Returns the exit code. Raises `ConfigError`, `InputError`."""
    read = needed_config_files(options).read()
    if read.settings is None:
        raise ConfigError(read.findings)
    gateway = read.settings.gateway
    made = _explain(options, gateway)
    if options.json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(made), indent=2).decode() + "\n")
    else:
        sys.stdout.write(text(made, shutil.get_terminal_size((WIDTH, 24)).columns))
    return REFUSED if made.outcome == "refused" else DECIDED


def _explain(options: argparse.Namespace, gateway: Gateway) -> Explanation:
    """Raises `InputError`."""
    try:
        headers = dict(header(one) for one in options.header)
        asking = ask(
            _body(options.request),
            headers,
            path=options.path,
            format=options.format,
            at=time.time(),
            identity=_identity(options.client, gateway),
        )
    except (UnclearError, UnreadableError) as problem:
        raise InputError(str(problem)) from problem
    except OSError as problem:
        raise InputError(f"{problem.filename}: {problem.strerror}") from problem
    situation, notes = _runtime_state(options, gateway)
    return explain(asking, situation, gateway, notes)


def _identity(client: str, gateway: Gateway) -> CallerIdentity:
    """Raises `InputError`."""
    clients = gateway.callers.clients
    if not client:
        return ANONYMOUS
    if client not in clients:
        raise InputError(f"--client {client}: no client is named so (known: {', '.join(sorted(clients)) or 'none'})")
    return identity_of(clients[client], "key")


def _body(name: str) -> bytes:
    return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()


def _runtime_state(options: argparse.Namespace, gateway: Gateway) -> tuple[RuntimeState, tuple[str, ...]]:
    """What is so here and now, as far as one can know without asking anybody."""
    given = RuntimeState() if options.situation is None else _read_state(options.situation)
    if options.assume_credentials:
        return replace(given, missing_credentials=frozenset()), ()
    secrets = Secrets(os.environ)
    own = [p for p in gateway.providers.values() if p.identity and p.auth != "forward"]
    missing = {p.identity for p in own if not is_cloud(p.auth) and secrets.get(p.credential) is None}
    assumed = sorted({p.identity for p in own if is_cloud(p.auth)})
    notes = (f"assumed to be valid without a check: {', '.join(assumed)}",) if assumed else ()
    return replace(given, missing_credentials=given.missing_credentials | missing), notes


def _read_state(file: Path) -> RuntimeState:
    """Raises `InputError`."""
    known = {f.name for f in fields(RuntimeState)}
    try:
        named = msgspec.json.decode(file.read_bytes(), type=dict[str, msgspec.Raw])
        if unknown := sorted(named.keys() - known):
            raise InputError(f"{file}: {unknown[0]}: unknown key (known: {', '.join(sorted(known))})")
        return msgspec.json.decode(file.read_bytes(), type=RuntimeState)
    except msgspec.MsgspecError as problem:
        raise InputError(f"{file}: {problem}") from problem
    except OSError as problem:
        raise InputError(f"{file}: {problem.strerror}") from problem
