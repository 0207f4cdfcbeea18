"""The results as Markdown, in the form of the README, and as JSON."""
# ruff: noqa: TID251  # a program of its own, not part of the core

import json
import os
import platform
import re
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from bench import canned, proc
from bench.rounds import Length, Result, Run
from openclaw_extproc.edge.workers.processes import find_envoy

MAX_CPU_SECONDS = 2.5
"""For 1,000 JSON answers in the client's own format, Envoy and our service together."""
MAX_MEBIBYTES = 100.0
"""Of our service, at its peak."""


@dataclass(frozen=True, slots=True)
class Machine:
    cpu: str
    cores: int
    python: str
    envoy: str
    load: float
    """Of the minute before: what else was going on."""


@dataclass(frozen=True, slots=True)
class Report:
    machine: Machine
    length: Length
    results: tuple[Result, ...]
    peak_mebibytes: float

    @property
    def cpu_seconds(self) -> float:
        """What the target is about: the first case."""
        return self.results[0].ours(_cpu)


def machine() -> Machine:
    said = subprocess.run([find_envoy(None), "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603  # Envoy's own path
    envoy = re.search(r"/(\d+\.\d+\.\d+)", said)
    return Machine(
        cpu=proc.cpu_model(),
        cores=os.cpu_count() or 1,
        python=platform.python_version(),
        envoy=envoy[1] if envoy else "unknown",
        load=round(os.getloadavg()[0], 2),
    )


def markdown(report: Report) -> str:
    rows = [
        ["", "requests/s, plain Envoy", "requests/s, with the sidecar", "ratio", "p50 added", "p99 added",
         "CPU s per 1,000 requests, plain Envoy", "with the sidecar", "of which the service"],
        ["---", *8 * ["---:"]],
        *(_row(result) for result in report.results),
    ]  # fmt: skip
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"{table}\n\n{_notes(report)}\n\n{_targets(report)}"


def _row(result: Result) -> Sequence[str]:
    return [
        result.case.title,
        f"{result.alone(_rate):,.0f}",
        f"{result.ours(_rate):,.0f}",
        f"{result.ratio(_rate):.2f}",
        f"{result.added(_p50):.1f} ms",
        f"{result.added(_p99):.1f} ms",
        f"{result.alone(_cpu):.2f}",
        f"{result.ours(_cpu):.2f}",
        f"{result.ours(_service_cpu):.2f}",
    ]


def _notes(report: Report) -> str:
    here, length = report.machine, report.length
    json_case, stream_case = report.results[0].case, report.results[-1].case
    return (
        f"{here.cpu}, {here.cores} cores (shared with the load generator and the provider; load {here.load:g} before); "
        f"Python {here.python}, Envoy {here.envoy}. Medians of {length.rounds} rounds of "
        f"{length.seconds} s per run, both setups alternating. Requests of {canned.REQUEST_BYTES:,} bytes; streams of "
        f"{canned.EVENTS} events, one per millisecond, each in its own write. "
        f"Throughput and CPU time with {json_case.many} connections (streams: {stream_case.many}), latency of "
        f"non-streamed "
        f"responses with {json_case.few} (streams: {stream_case.few}). "
        f"Peak memory of the service: {report.peak_mebibytes:.0f} MiB."
    )


def _targets(report: Report) -> str:
    cpu, memory = report.cpu_seconds, report.peak_mebibytes
    return (
        f"Targets: {cpu:.2f} CPU s per 1,000 JSON answers in the same format, wanted at most {MAX_CPU_SECONDS:g}: "
        f"{_judged(cpu, MAX_CPU_SECONDS)}; {memory:.0f} MiB, wanted at most {MAX_MEBIBYTES:g}: "
        f"{_judged(memory, MAX_MEBIBYTES)}."
    )


def _judged(seen: float, most: float) -> str:
    return "met" if seen <= most else "missed"


def as_json(report: Report) -> str:
    """Every round, for whoever wants to judge the noise."""
    targets = {
        "cpu_seconds": {"seen": report.cpu_seconds, "most": MAX_CPU_SECONDS},
        "peak_mebibytes": {"seen": report.peak_mebibytes, "most": MAX_MEBIBYTES},
    }
    return json.dumps({**asdict(report), "targets": targets}, indent=2)


def _rate(run: Run) -> float:
    return run.requests_per_second


def _p50(run: Run) -> float:
    return run.p50_ms


def _p99(run: Run) -> float:
    return run.p99_ms


def _cpu(run: Run) -> float:
    return run.cpu


def _service_cpu(run: Run) -> float:
    return run.service_cpu
