"""Load from `wrk` (https://github.com/wg/wrk): written in C, so that it is not the bottleneck.

wrk keeps each of its connections busy with one request after the other and says how long they took, whole answers
only. Bounded by time; what is under way at the end is dropped.
"""
# ruff: noqa: TID251  # a program of its own, not part of the core

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).with_name("post.lua")
GRACE_SECONDS = 15


class LoadError(Exception):
    """There is no wrk, it failed, or an answer was not a good one: the numbers would mean nothing."""


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk saw."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float


def must_be_there() -> str:
    """The program's path. Raises `LoadError`."""
    if found := shutil.which("wrk"):
        return found
    raise LoadError(
        "wrk is missing, the load generator: apt-get install wrk (Debian, Ubuntu), brew install wrk (macOS)"
    )


def run(url: str, body: Path, *, connections: int, seconds: int) -> Load:
    """Raises `LoadError`: also when a single answer was not 2xx."""
    command = [must_be_there(), "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(SCRIPT), url]
    environment = {**os.environ, "BENCH_BODY": str(body)}
    try:
        done = subprocess.run(  # noqa: S603  # our own words
            command, env=environment, capture_output=True, text=True, timeout=seconds + GRACE_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as problem:
        raise LoadError(f"wrk did not end within {seconds + GRACE_SECONDS} s") from problem
    line = next((line for line in done.stdout.splitlines() if line.startswith("bench ")), None)
    if done.returncode != 0 or line is None:
        raise LoadError(f"wrk failed: {(done.stderr or done.stdout).strip()}")
    return _read(line, url)


def _read(line: str, url: str) -> Load:
    requests, microseconds, p50, p99, refused, broken = map(int, line.split()[1:])
    if refused or broken:
        raise LoadError(f"{url}: of {requests} answers {refused} were not 2xx, and {broken} connections failed")
    if not requests:
        raise LoadError(f"{url}: nothing was answered")
    return Load(requests, microseconds / 1e6, p50 / 1e3, p99 / 1e3)
