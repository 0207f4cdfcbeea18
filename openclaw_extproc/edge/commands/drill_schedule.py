"""Drills that `up` and `serve` hold by themselves: the command in a process of its own, so that it cannot slow requests
down. It starts an Envoy of its own, beside whichever serves.

What comes of one goes to the log, into metrics and, with `notify: true`, through channels. A configuration that is
reloaded changes the times from the next drill on.
"""

import asyncio
import logging
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from prometheus_client import CollectorRegistry, Counter, Gauge

from openclaw_extproc.config.settings import Drills
from openclaw_extproc.drill.report import Problem, Report
from openclaw_extproc.edge.reload.config_files import ConfigFiles
from openclaw_extproc.edge.reload.reload import ReloadTarget
from openclaw_extproc.edge.telemetry import logs
from openclaw_extproc.edge.workers import processes
from openclaw_extproc.edge.workers.processes import StartError
from openclaw_extproc.model.json import Json
from openclaw_extproc.notices.kinds import Notice, NoticeKind

FIRST_SECONDS = 60.0
"""The pause before the first drill, so that the service has started; shorter where drills are scheduled more often."""
LOOK_SECONDS = 1.0
"""The interval at which the schedule is looked at."""
MAX_SECONDS = 1_800.0
"""The duration after which a drill counts as hung."""
MAX_TOLD = 5
"""Errors that a notice names."""
POLITE = 10
"""The increment of `nice` for a drill's processes."""


class Counts:
    """The metrics of drills."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._success = Gauge(
            "openclaw_drill_last_success_timestamp_seconds",
            "When the last drill ended that found every chain to survive; 0: none has",
            registry=registry,
        )
        self._failures = Counter(
            "openclaw_drill_failures",
            "Drills that found a chain not to survive, or that could not be held",
            registry=registry,
        )

    def count(self, at: float, *, ok: bool) -> None:
        """`at`: seconds since the epoch."""
        if ok:
            self._success.set(at)
        else:
            self._failures.inc()


@dataclass(frozen=True, slots=True)
class _DrillResults:
    """The receivers of a drill's result."""

    counts: Counts
    drills: Drills
    tell: Callable[[Notice], None]

    @property
    def level(self) -> int:
        return logging.WARNING if self.drills.notify else logging.INFO

    def done(self, held: Report, seconds: float) -> None:
        self.counts.count(time.time(), ok=held.ok)
        for one in held.findings:
            logs.event("drill", "finding", {"severity": one.severity, "finding": _sentence(one)}, level=self.level)
        errors = [_sentence(one) for one in held.findings if one.severity == "error"]
        data: dict[str, Json] = {"ok": held.ok, "chains": len(held.chains), "errors": len(errors)}
        data |= {"warnings": len(held.findings) - len(errors), "seconds": round(seconds, 1)}
        logs.event("drill", "drill_done", data, level=logging.INFO if held.ok else self.level)
        if errors:
            shown = "; ".join(errors[:MAX_TOLD])
            more = f"; and {len(errors) - MAX_TOLD} more" if len(errors) > MAX_TOLD else ""
            self._notify(NoticeKind.DRILL_FAILED, f"a drill found {len(errors)} errors: {shown}{more}")
        else:
            warnings = len(held.findings)
            self._notify(
                NoticeKind.DRILL_PASSED, f"a drill found all {len(held.chains)} chains to survive, {warnings} warnings"
            )

    def not_held(self, why: str) -> None:
        self.counts.count(time.time(), ok=False)
        logs.event("drill", "drill_not_held", {"why": why}, level=logging.WARNING)
        self._notify(NoticeKind.DRILL_FAILED, f"a drill could not be held: {why}")

    def _notify(self, kind: NoticeKind, text: str) -> None:
        if self.drills.notify:
            self.tell(Notice(kind, "drill", text, time.time()))


async def run_drills(target: ReloadTarget, sources: ConfigFiles, envoy: str | None) -> None:
    """Runs drills at their times for ever, or until there turns out to be no Envoy. `envoy`: the path of its binary;
    `None`: the usual one."""
    counts = Counts(target.own_registry)
    began, last = time.monotonic(), None
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        drills = target.settings.drills
        if drills is None or not _is_time(drills, began, last):
            continue
        last = time.monotonic()
        telling = _DrillResults(counts, drills, target.notifier.tell)
        try:
            binary = processes.find_envoy(envoy)
        except StartError as problem:
            telling.not_held(str(problem))
            return  # it will not appear while we run: once is enough
        await _run_one(telling, command(sources, binary), sources.environment)


def _is_time(drills: Drills, began: float, last: float | None) -> bool:
    now = time.monotonic()
    return (
        now - began >= min(FIRST_SECONDS, drills.every_seconds) if last is None else now - last >= drills.every_seconds
    )


def command(sources: ConfigFiles, envoy: str) -> list[str]:
    """The words of a drill of the same files."""
    nice = [shutil.which("nice") or "", "-n", str(POLITE)] if shutil.which("nice") else []
    files = [word for config in sources.configs for word in ("-c", str(config))]
    clusters = ["--clusters", str(sources.clusters)] if sources.clusters else []
    session = ["--session", str(sources.session)] if sources.session else []
    lenient = ["--lenient"] if sources.lenient else []
    drill = [sys.executable, "-m", "openclaw_extproc.edge.cli", "drill", "--json", "--envoy", envoy]
    return [*nice, *drill, *files, *clusters, *session, *lenient]


async def _run_one(telling: _DrillResults, words: Sequence[str], environment: Mapping[str, str]) -> None:
    began = time.monotonic()
    try:
        code, said, complaint = await _run_process(words, environment)
    except TimeoutError:
        telling.not_held(f"took longer than {MAX_SECONDS:g} s")
        return
    except OSError as problem:
        telling.not_held(problem.strerror or type(problem).__name__)
        return
    try:
        held = msgspec.json.decode(said, type=Report)
    except msgspec.DecodeError:
        telling.not_held(complaint or f"exit code {code}")
    else:
        telling.done(held, time.monotonic() - began)


def _sentence(one: Problem) -> str:
    return ": ".join(part for part in (one.place, one.finding, one.remedy) if part)


async def _run_process(words: Sequence[str], environment: Mapping[str, str]) -> tuple[int, bytes, str]:
    """Exit code, standard output, and the last line of its complaints. Raises `TimeoutError`, `OSError`."""
    process = await asyncio.create_subprocess_exec(
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=dict(environment),
        preexec_fn=processes.die_with_parent if sys.platform == "linux" else None,
        start_new_session=True,
    )
    try:
        said, complaints = await asyncio.wait_for(process.communicate(), MAX_SECONDS)
    finally:  # also when the service ends while it runs
        if process.returncode is None:
            process.terminate()  # it ends its own children
    lines = complaints.decode("utf-8", "replace").strip().splitlines()
    return process.returncode or 0, said, lines[-1][:500] if lines else ""
