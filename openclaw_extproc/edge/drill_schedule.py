"""Drills that `up` holds by itself: the command in a process of its own, so that it cannot slow requests down.

What comes of one goes to the log and into metrics. A configuration that is reloaded changes the times from the next
drill on.
"""

import asyncio
import logging
import shutil
import sys
import time
from collections.abc import Mapping, Sequence

import msgspec
from prometheus_client import CollectorRegistry, Counter, Gauge

from openclaw_extproc.config.settings import Drills
from openclaw_extproc.drill.report import Report
from openclaw_extproc.edge import logs, processes
from openclaw_extproc.edge.service import Taking
from openclaw_extproc.edge.sources import Sources

FIRST_SECONDS = 60.0
"""After the start, by when it is at work; sooner where drills are held more often than that."""
LOOK_SECONDS = 1.0
"""How often one looks whether it is time."""
MAX_SECONDS = 1_800.0
"""Of a drill: one that takes longer hangs."""
POLITE = 10
"""As `nice` has it."""


class Counts:
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

    def held(self, at: float, *, ok: bool) -> None:
        """`at`: seconds since the epoch."""
        if ok:
            self._success.set(at)
        else:
            self._failures.inc()


async def hold(taking: Taking, sources: Sources, envoy: str) -> None:
    """For ever. `envoy`: the path of its binary."""
    counts = Counts(taking.own_registry)
    began, last = time.monotonic(), None
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        drills = taking.settings.drills
        if drills is None or not _is_time(drills, began, last):
            continue
        last = time.monotonic()
        await _one(counts, drills, command(sources, envoy), sources.environment)


def _is_time(drills: Drills, began: float, last: float | None) -> bool:
    now = time.monotonic()
    return (
        now - began >= min(FIRST_SECONDS, drills.every_seconds) if last is None else now - last >= drills.every_seconds
    )


def command(sources: Sources, envoy: str) -> list[str]:
    """The words of a drill of the same files."""
    nice = [shutil.which("nice") or "", "-n", str(POLITE)] if shutil.which("nice") else []
    files = [word for config in sources.configs for word in ("-c", str(config))]
    clusters = ["--clusters", str(sources.clusters)] if sources.clusters else []
    session = ["--session", str(sources.session)] if sources.session else []
    lenient = ["--lenient"] if sources.lenient else []
    drill = [sys.executable, "-m", "openclaw_extproc.edge.cli", "drill", "--json", "--envoy", envoy]
    return [*nice, *drill, *files, *clusters, *session, *lenient]


async def _one(counts: Counts, drills: Drills, words: Sequence[str], environment: Mapping[str, str]) -> None:
    began = time.monotonic()
    try:
        code, said, complaint = await _ran(words, environment)
    except TimeoutError:
        return _not_held(counts, f"took longer than {MAX_SECONDS:g} s")
    except OSError as problem:
        return _not_held(counts, problem.strerror or type(problem).__name__)
    try:
        held = msgspec.json.decode(said, type=Report)
    except msgspec.DecodeError:
        return _not_held(counts, complaint or f"exit code {code}")
    counts.held(time.time(), ok=held.ok)
    level = logging.WARNING if drills.notify else logging.INFO
    for one in held.findings:
        told = ": ".join(part for part in (one.place, one.finding, one.remedy) if part)
        logs.event("drill", "finding", {"severity": one.severity, "finding": told}, level=level)
    errors = sum(one.severity == "error" for one in held.findings)
    logs.event(
        "drill",
        "drill_done",
        {
            "ok": held.ok,
            "chains": len(held.chains),
            "errors": errors,
            "warnings": len(held.findings) - errors,
            "seconds": round(time.monotonic() - began, 1),
        },
        level=logging.INFO if held.ok else level,
    )
    return None


def _not_held(counts: Counts, why: str) -> None:
    counts.held(time.time(), ok=False)
    logs.event("drill", "drill_not_held", {"why": why}, level=logging.WARNING)


async def _ran(words: Sequence[str], environment: Mapping[str, str]) -> tuple[int, bytes, str]:
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
