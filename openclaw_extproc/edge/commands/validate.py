"""The command `validate`: all findings about a configuration, Envoy's included. Exit code 2 for any error.

A key that is not set is an error here; `up` and `serve` start without it (decision 28).
"""

import argparse
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

from openclaw_extproc.config.findings import Finding, errors, sorted_by_place
from openclaw_extproc.edge.commands.options import OK, WRONG, config_files
from openclaw_extproc.edge.credentials import identities
from openclaw_extproc.edge.envoy import check
from openclaw_extproc.edge.ext_proc import stage_tls
from openclaw_extproc.edge.reload.config_files import ReadConfiguration
from openclaw_extproc.edge.workers import processes
from openclaw_extproc.edge.workers.processes import StartError


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `validate`."""
    parser.add_argument("--envoy", metavar="PATH", help="the Envoy binary (default: as for `up`)")
    parser.add_argument("--envoy-config", type=Path, metavar="FILE", help="check this envoy.yaml too")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.add_argument("--strict", action="store_true", help="treat warnings as errors")
    parser.add_argument("--assume-credentials", action="store_true",
                        help="ignore missing keys and key files, for machines without credentials")  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Prints all findings. Returns the exit code."""
    read = config_files(options).read()
    identities_too = [] if options.assume_credentials else _environment_findings(read)
    findings = [*read.findings, *identities_too, *_envoys_findings(options.envoy, read, options.envoy_config)]
    if options.assume_credentials:
        findings = [finding for finding in findings if finding.about != "credential"]
    if options.strict:
        findings = [replace(finding, severity="error") for finding in findings]
    if options.json:
        sys.stdout.write(json.dumps([_row(finding) for finding in findings], indent=2) + "\n")
    else:
        for finding in sorted_by_place(findings):
            sys.stdout.write(f"{finding.severity}: {finding}\n")
    wrong = errors(findings)
    if not options.json:
        sys.stdout.write(f"{_count(len(wrong), 'error')}, {_count(len(findings) - len(wrong), 'warning')}\n")
    return WRONG if wrong else OK


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _row(finding: Finding) -> dict[str, str | int | None]:
    """Returns a finding for machines: every field is there, `null` where nothing is known."""
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


def _environment_findings(read: ReadConfiguration) -> list[Finding]:
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
