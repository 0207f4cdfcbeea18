"""Starting an Envoy, waiting until requests can be made through it, and reading what it writes to standard error.

The number of client connections that our own Envoy can have, by the open files that its user may have.

Envoy 1.40 raises its own limit as far as it may. Beyond it no connection is taken and no provider is reached: to take
fewer and to say so is better.
"""

import asyncio
import logging
import resource
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from openclaw_extproc.config.findings import Finding, warning
from openclaw_extproc.config.settings import Address, Downstream
from openclaw_extproc.edge.envoy.admin import EnvoyAdmin
from openclaw_extproc.edge.envoy.call_lines import CallLine, read_call_line
from openclaw_extproc.edge.telemetry import logs
from openclaw_extproc.edge.workers import processes
from openclaw_extproc.edge.workers.processes import Child, StartError
from openclaw_extproc.model.json import Json
from openclaw_extproc.render.stderr_logs import FLAGS, PREFIX
from openclaw_extproc.stages.route.request_entry import no_answer_reason

# -- process ---------------------------------------------------------------------------


READY_SECONDS = 30.0
"""Names are asked for first, which takes 15 s where three name servers do not answer."""
STEP_SECONDS = 0.05
FLUSH_MS = 1_000
"""The time that Envoy may buffer lines of its logs; its own default is 10 s."""


def make_clusters_folder(folder: Path) -> Path:
    """Creates the folder in which our own Envoy finds its clusters file.

    It watches the folder, and reads all clusters anew whenever anything in it is renamed: beside the workers' pressure
    files that was several times a second, just when there was too much to do.
    """
    own = folder / "clusters"
    own.mkdir(mode=0o700)
    return own / "clusters.json"


async def start_envoy(
    binary: str, folder: Path, concurrency: int, note_call: Callable[[CallLine], None] = lambda _: None
) -> Child:
    """
    Args:
        binary: The path of the program.
        folder: With its `envoy.yaml`.
        concurrency: The number of its worker threads.
        note_call: Takes how a call ended of which no stage has the last word.

    Raises:
        StartError: the program is not there.
    """

    def heard(line: str) -> bool:
        call = read_call_line(line)
        if call is not None:
            note_call(call)
        return call is not None or log_envoy_line(line)

    command = [binary, "-c", str(folder / "envoy.yaml"), "--disable-hot-restart", "--concurrency", str(concurrency)]
    command += ["-l", "warning", "--log-format", "%l %n %v", "--file-flush-interval-msec", str(FLUSH_MS)]
    return await processes.start("envoy", command, heard=heard)


async def _no_op() -> None:
    return


async def wait_until_ready(
    children: Sequence[Child],
    admin: EnvoyAdmin,
    listen: Address,
    before_calls: Callable[[], Awaitable[None]] = _no_op,
) -> None:
    """Return when Envoy has its clusters and its listener takes connections.

    Args:
        children: Envoy, and whoever it is of no use without.
        admin: Of that Envoy.
        listen: Where it takes calls. It says that it is ready before its threads listen: up to two seconds before,
            when the machine is busy.
        before_calls: What is to be done once it has its clusters, and before it listens.

    Raises:
        StartError: one of them ended, or it took too long.
    """
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(listen.host, listen.host)  # noqa: S104  # asked, not listened on
    is_done = False
    for _ in range(int(READY_SECONDS / STEP_SECONDS)):
        if gone := next((c for c in children if c.process.returncode is not None), None):
            raise StartError(f"{gone.name} ended while starting: {await why_ended(gone)}")
        if await admin.is_ready():
            if not is_done:
                await before_calls()
                is_done = True
            if await processes.answers(host, listen.port):
                return
        await asyncio.sleep(STEP_SECONDS)
    raise StartError(f"Envoy was not ready within {READY_SECONDS:g} s")


async def wait_for_ports(child: Child, ports: Iterable[int]) -> None:
    """Return when something listens on each port. Raises `StartError`."""
    for port in ports:
        for _ in range(int(READY_SECONDS / STEP_SECONDS)):
            if child.process.returncode is not None:
                raise StartError(f"{child.name} ended while starting: {await why_ended(child)}")
            if await processes.answers("127.0.0.1", port):
                break
            await asyncio.sleep(STEP_SECONDS)
        else:
            raise StartError(f"{child.name} was not ready within {READY_SECONDS:g} s")


async def why_ended(child: Child) -> str:
    """The line of its last words that says most."""
    await asyncio.wait([child.listener], timeout=1.0)
    telling = [line for line in child.last_words if "error" in line.lower() or "critical" in line.lower()]
    return (telling or child.last_words or [f"exit code {child.process.returncode}"])[-1]


_EMPTY = "-"


def log_envoy_line(line: str) -> bool:
    """Whether this line was one of ours. It is in the log then."""
    found = unanswered_attempt(line)
    if found is not None:
        logs.event("envoy", "attempt_unanswered", found, level=logging.WARNING)
    return found is not None


def unanswered_attempt(line: str) -> dict[str, Json] | None:
    """What a line says of an attempt that got no answer; `None`: it is another line."""
    words = line.removeprefix(PREFIX).split(" ", 4) if line.startswith(PREFIX) else []
    if len(words) < 5:  # as many as the line has
        return None
    cluster, milliseconds, flags, reason, request_id = words
    details = "|".join((*(FLAGS.get(flag, "") for flag in flags.split(",")), reason))
    return {
        "request_id": None if request_id == _EMPTY else request_id,
        "cluster": cluster,
        "why": no_answer_reason(details) or "connection",
        "envoy_says": None if reason == _EMPTY else reason,
        "milliseconds": int(milliseconds) if milliseconds.isdecimal() else None,
    }


# -- open files ------------------------------------------------------------------------


RESERVED_FILES = 1_000
"""The open files kept for connections to providers and to the stages."""


def most_files() -> int | None:
    """The limit that a process of ours can have; `None`: there is none."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return None if hard == resource.RLIM_INFINITY else hard


def within_open_files(files: int | None, downstream: Downstream) -> tuple[Downstream, list[Finding]]:
    """Returns the limits of client connections that the open files allow, with findings. `files`: as `most_files`
    returns it."""
    wanted = downstream.max_connections
    if files is None or wanted + RESERVED_FILES <= files:
        return downstream, []
    possible = max(10, files - min(RESERVED_FILES, files // 2))
    finding = f"{wanted:,} cannot be reached with {files:,} open files: {possible:,} connections are taken at a time"
    remedy = f"raise the hard limit to {2 * wanted:,} (ulimit -Hn, LimitNOFILE=, --ulimit nofile=), or write less"
    told = warning("gateway.downstream.max_connections", finding, remedy)
    return replace(downstream, max_connections=min(wanted, possible)), [told]
