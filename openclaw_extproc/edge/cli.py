"""The command line. Exit codes: 0 done, 1 it failed while running, 2 the configuration or the call is wrong.

`validate`: 2 for any error, also for a key that is not set; `up` and `serve` start without it (decision 28).
"""

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import httpx

from openclaw_extproc.config.findings import ConfigError, Finding, by_place, errors
from openclaw_extproc.config.gateway import stages
from openclaw_extproc.config.schema.config_file import GatewaySection
from openclaw_extproc.config.schema.json_schema import schema
from openclaw_extproc.config.settings import ATTEMPT_ADDRESS, ROUTE_ADDRESS, Settings
from openclaw_extproc.edge.commands import drill, drill_schedule, explain
from openclaw_extproc.edge.commands.up import Options, up
from openclaw_extproc.edge.credentials import identities
from openclaw_extproc.edge.envoy import check
from openclaw_extproc.edge.envoy.admin import EnvoyAdmin
from openclaw_extproc.edge.envoy.watch import ClusterWatch, watch_envoy
from openclaw_extproc.edge.ext_proc import stage_tls
from openclaw_extproc.edge.ext_proc.transport import ListenError
from openclaw_extproc.edge.reload.clusters_file import text_of
from openclaw_extproc.edge.reload.config_files import (
    ConfigFiles,
    ReadConfiguration,
    clusters_text,
    publish,
    roots,
    startable,
    write_secrets,
)
from openclaw_extproc.edge.ext_proc.stage_servers import ListenAddresses
from openclaw_extproc.edge.reload.reload import ReloadHooks, log_findings, report_findings, watch_files
from openclaw_extproc.edge.telemetry import health_page, logs
from openclaw_extproc.edge.workers import processes
from openclaw_extproc.edge.workers.processes import StartError
from openclaw_extproc.edge.workers.serving import served
from openclaw_extproc.render.bootstrap import Places, bootstrap

OK, FAILED, WRONG = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> None:
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        code = _COMMANDS[options.command](options)
    except ConfigError as error:
        for finding in by_place(error.findings):
            sys.stderr.write(f"{finding.severity}: {finding}\n")
        code = WRONG
    except explain.InputError as problem:
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


_SCHEMA = "print the JSON Schema of openclaw.yml, for editors"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "openclaw-extproc", description="Routes, translates and fails over LLM requests behind Envoy."
    )
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, says: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=says, description=says)
        added.add_argument("-c", "--config", action="append", type=Path, default=[], metavar="FILE",
                           help="the configuration (default: ./openclaw.yml); later files take precedence")  # fmt: skip
        added.add_argument("--session", type=Path, metavar="FILE",
                           help="overrides of sessions (default: session.yml next to the first -c)")  # fmt: skip
        added.add_argument(
            "--clusters", type=Path, metavar="FILE", help="Envoy clusters file (CDS) with further providers"
        )
        added.add_argument("--lenient", action="store_true", default=os.environ.get("OPENCLAW_LENIENT") == "1",
                           help="ignore surplus weights with a warning (also: OPENCLAW_LENIENT=1)")  # fmt: skip
        return added

    upward = command("up", "run Envoy and the service; without a configuration, with simulated providers")
    upward.add_argument(
        "--envoy", metavar="PATH", help="the Envoy binary (default: from the extra `envoy`, otherwise from PATH)"
    )
    upward.add_argument(
        "--access-log", default="", metavar="FILE", help="write Envoy's access log to FILE, as JSON lines"
    )
    serve = command("serve", "run only the ext_proc service, for an Envoy that is run separately")
    serve.add_argument(
        "--route",
        metavar="ADDRESS",
        help="address of the route stage, unix:/path or host:port (default: gateway.stages.route)",
    )
    serve.add_argument(
        "--attempt", metavar="ADDRESS", help="address of the attempt stage (default: gateway.stages.attempt)"
    )
    serve.add_argument("--envoy", metavar="PATH", help="the Envoy binary for drills (default: as for `up`)")
    render = command("render", "write Envoy's configuration, envoy.yaml and clusters.yaml")
    render.add_argument(
        "--out", type=Path, default=Path("envoy"), metavar="FOLDER", help="the output folder (default: envoy)"
    )
    render.add_argument("--route", metavar="ADDRESS",
                        help="address of the route stage as seen by Envoy (default: gateway.stages.route)")  # fmt: skip
    render.add_argument(
        "--attempt",
        metavar="ADDRESS",
        help="address of the attempt stage as seen by Envoy (default: gateway.stages.attempt)",
    )
    render.add_argument(
        "--clusters-path", metavar="PATH", help="path of clusters.yaml as seen by Envoy (default: in FOLDER)"
    )
    render.add_argument(
        "--access-log",
        default="/dev/stdout",
        metavar="FILE",
        help='path of Envoy\'s access log; "" for none (default: /dev/stdout)',
    )
    validate = command(
        "validate", "check the configuration; if Envoy is available, Envoy checks the rendered files too"
    )
    validate.add_argument("--envoy", metavar="PATH", help="the Envoy binary (default: as for `up`)")
    validate.add_argument("--envoy-config", type=Path, metavar="FILE", help="check this envoy.yaml too")
    validate.add_argument("--json", action="store_true", help="print the findings as JSON")
    validate.add_argument("--strict", action="store_true", help="treat warnings as errors")
    validate.add_argument("--assume-credentials", action="store_true",
                          help="ignore missing keys and key files, for machines without credentials")  # fmt: skip
    explain.add_options(command("explain", "explain which model a request would be sent to, and why; sends no request"))
    health = command("health", "print the health of providers and models in a running service")
    health.add_argument("--admin", metavar="URL", help="the service's admin URL (default: from the configuration)")
    health.add_argument("--json", action="store_true", help="print JSON")
    drill.add_options(
        command("drill", "simulate faults of all providers and report which fallbacks answer, and how fast")
    )
    commands.add_parser("schema", help=_SCHEMA, description=_SCHEMA)
    return parser


def _configs(options: argparse.Namespace) -> tuple[Path, ...]:
    given: list[Path] = options.config
    return tuple(given) or ((Path("openclaw.yml"),) if Path("openclaw.yml").exists() else ())


def _up(options: argparse.Namespace) -> int:
    wanted = Options(
        _configs(options),
        options.clusters,
        os.environ,
        options.envoy,
        options.access_log,
        session=options.session,
        lenient=options.lenient,
    )
    return asyncio.run(up(wanted))


def _sources(options: argparse.Namespace, *, must_have_clusters: bool = False) -> ConfigFiles:
    return ConfigFiles(
        _configs(options),
        options.clusters,
        os.environ,
        session=options.session,
        must_exist=options.clusters is not None,
        must_have_clusters=must_have_clusters,
        lenient=options.lenient,
    )


def _serve(options: argparse.Namespace) -> int:
    sources = _sources(options, must_have_clusters=options.clusters is not None)
    read = startable(sources.read(), sources.environment)
    assert read.settings is not None, "else it is not startable"
    logs.configure(read.settings.log_level, read.settings.log_output, read.settings.log_format)
    report_findings(read.findings)
    pair = _listening(read, sources, options)
    return asyncio.run(_serving(read, sources, pair, options.envoy))


def _listening(read: ReadConfiguration, sources: ConfigFiles, options: argparse.Namespace) -> ListenAddresses:
    """Where the stages are: by word of the command line, else of the configuration.

    Raises:
        ConfigError: there they may not be.
    """
    assert read.settings is not None, "who has errors does not listen"
    said, written = {"route": options.route, "attempt": options.attempt}, read.settings.stages
    if any(said.values()):  # what the configuration says was checked with it
        written = replace(written, route=said["route"] or written.route, attempt=said["attempt"] or written.attempt)
        options_of = {f"{stages.PATH}.{name}": f"--{name}" for name, address in said.items() if address}
        found = stages.findings(written, read.settings.workers)
        found = [
            replace(one, path=options_of[one.path]) if one.path in options_of else sources.placed(read, [one])[0]
            for one in found
        ]
        if wrong := errors(found):
            raise ConfigError(wrong)
        log_findings(found)
    return ListenAddresses(written.route or ROUTE_ADDRESS, written.attempt or ATTEMPT_ADDRESS, written.tls)


async def _serving(read: ReadConfiguration, sources: ConfigFiles, pair: ListenAddresses, envoy: str | None) -> int:
    assert read.settings is not None, "looked at before"
    over = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    listening = pair.for_workers(read.settings.workers)
    async with served(read, sources.environment, listening, lambda: "ending" if over.is_set() else "") as target:
        for each in listening:
            logs.event("serve", "listening", {"route": each.route, "attempt": each.attempt})
        tasks = [asyncio.create_task(drill_schedule.hold(target, sources, envoy))]
        hooks = ReloadHooks()
        if read.settings.envoy_admin_port is not None:
            beside = EnvoyAdmin(read.settings.envoy_admin_port)
            clusters = ClusterWatch(beside)
            hooks = clusters.with_look(target, hooks)
            tasks.append(asyncio.create_task(watch_envoy(beside, target.own_registry, target.notifier.tell)))
            tasks.append(asyncio.create_task(clusters.run(target)))
        else:
            logs.event("envoy", "not_watched", {"why": "gateway.envoy_admin_port is not set"})
        tasks.append(asyncio.create_task(watch_files(target, sources, hooks)))
        await over.wait()
        for task in tasks:
            task.cancel()
    return OK


def _render(options: argparse.Namespace) -> int:
    sources = _sources(options)
    read = sources.read()
    if read.settings is None:
        raise ConfigError(read.findings)
    for finding in read.findings:
        sys.stderr.write(f"{finding.severity}: {finding}\n")  # with keys that are missing: others may have them
    folder: Path = options.out
    folder.mkdir(parents=True, exist_ok=True)
    listening = _listening(read, sources, options).for_workers(read.settings.workers)
    clusters_path: str = options.clusters_path or str((folder / "clusters.yaml").absolute())
    places = Places(
        [pair.for_envoy[0] for pair in listening],
        [pair.for_envoy[1] for pair in listening],
        clusters_path,
        access_log=options.access_log,
        secrets_folder=str(Path(clusters_path).parent),
        roots=roots(os.environ),
        stage_tls=read.settings.stages.tls,
        admin_port=read.settings.envoy_admin_port,
    )
    _write_files(read.settings, read, places, folder)
    sys.stdout.write(f"{folder / 'envoy.yaml'}\n{folder / 'clusters.yaml'}\n")
    return OK


def _write_files(settings: Settings, read: ReadConfiguration, places: Places, folder: Path) -> None:
    whole = bootstrap(settings.gateway, settings.listen, places, settings.fail_open, settings.downstream)
    publish(folder / "envoy.yaml", text_of(whole))
    publish(folder / "clusters.yaml", clusters_text(read, os.environ))
    write_secrets(settings.gateway, folder)


def _validate(options: argparse.Namespace) -> int:
    read = _sources(options).read()
    identities_too = [] if options.assume_credentials else _lacking(read)
    findings = [*read.findings, *identities_too, *_envoys_findings(options.envoy, read, options.envoy_config)]
    if options.assume_credentials:
        findings = [finding for finding in findings if finding.about != "credential"]
    if options.strict:
        findings = [replace(finding, severity="error") for finding in findings]
    if options.json:
        sys.stdout.write(json.dumps([_row(finding) for finding in findings], indent=2) + "\n")
    else:
        for finding in by_place(findings):
            sys.stdout.write(f"{finding.severity}: {finding}\n")
    wrong = errors(findings)
    if not options.json:
        sys.stdout.write(f"{_count(len(wrong), 'error')}, {_count(len(findings) - len(wrong), 'warning')}\n")
    return WRONG if wrong else OK


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _row(finding: Finding) -> dict[str, str | int | None]:
    """One finding for machines: every field is there, `null` where nothing is known."""
    return {
        "file": finding.file or None,
        "line": finding.line,
        "column": finding.column,
        "path": finding.inner_path,
        "name": finding.shown or finding.inner_path,
        "finding": finding.finding,
        "remedy": finding.remedy,
        "severity": finding.severity,
        "about": finding.about,
    }


def _lacking(read: ReadConfiguration) -> list[Finding]:
    if read.settings is None:
        return []
    tls = read.settings.stages.tls
    files = stage_tls.problems(tls) if tls is not None else ()
    return [*identities.problems(read.settings.gateway.providers.values()), *files]


def _envoys_findings(given: str | None, read: ReadConfiguration, own: Path | None) -> list[Finding]:
    try:
        binary = processes.find_envoy(given)
    except StartError as problem:
        return [Finding("envoy", f"not checked: {problem}", "", "warning")]
    ours = check.findings(binary, read, os.environ) if read.settings else []
    return [*ours, *(check.of_file(binary, own) if own else [])]


def _explain(options: argparse.Namespace) -> int:
    if not _configs(options) and options.clusters is None:
        raise explain.InputError("no openclaw.yml in this folder: name a file with -c")
    return explain.run(options, _sources(options))


def _health(options: argparse.Namespace) -> int:
    """1 where somebody is out or on trial, and where nobody answers."""
    url: str = options.admin or _admin_url(options)
    try:
        found = health_page.ask(url.rstrip("/"))
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as problem:
        raise StartError(f"no service responds at {url}: {problem}") from problem
    sys.stdout.write(json.dumps(found, indent=2) + "\n" if options.json else health_page.text(found))
    return OK if health_page.is_well(found) else FAILED


def _admin_url(options: argparse.Namespace) -> str:
    if not _configs(options) and options.clusters is None:
        return f"http://127.0.0.1:{GatewaySection().admin_port}"  # that of `up` without a configuration
    read = _sources(options).read()
    if read.settings is None:
        raise ConfigError(read.findings)
    admin = read.settings.admin
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(admin.host, admin.host)  # noqa: S104  # asked, not listened on
    return f"http://[{host}]:{admin.port}" if ":" in host else f"http://{host}:{admin.port}"


def _drill(options: argparse.Namespace) -> int:
    if not _configs(options) and options.clusters is None:
        raise explain.InputError("no openclaw.yml in this folder: name a file with -c")
    return drill.run(options, _sources(options))


def _schema(_: argparse.Namespace) -> int:
    sys.stdout.write(json.dumps(schema(), indent=2) + "\n")
    return OK


_COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "up": _up,
    "serve": _serve,
    "render": _render,
    "validate": _validate,
    "explain": _explain,
    "health": _health,
    "drill": _drill,
    "schema": _schema,
}


if __name__ == "__main__":
    main()
