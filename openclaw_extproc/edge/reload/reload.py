"""Applies changed configuration files while requests run: checks them, prepares everybody, replaces the snapshot.

A configuration with an error changes nothing; its findings go to the log, to metrics and to notification channels.

Long work beside the event loop, in a thread that leaves the loop its turns.

Threads take turns at Python's lock, five milliseconds each: a call that wakes the loop eight times would wait for 40.
While such work goes on, the turns are shorter. Nor does Python look for cycles then: with a million fresh objects it
would stop everybody for some tenths of a second, again and again (seen with 1,000 providers).
"""

import asyncio
import gc
import logging
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from prometheus_client import CollectorRegistry

from openclaw_extproc.config.findings import ConfigError, Finding, errors, file_errors
from openclaw_extproc.config.settings import Settings
from openclaw_extproc.edge.envoy.admin import Unusable
from openclaw_extproc.edge.envoy.call_lines import CallLine
from openclaw_extproc.edge.notify.notifier import Notifier
from openclaw_extproc.edge.reload import restart_needed
from openclaw_extproc.edge.reload.config_files import ConfigFiles, ReadConfiguration, require_startable
from openclaw_extproc.edge.telemetry import logs
from openclaw_extproc.notices.kinds import Notice, NoticeKind

# -- background ------------------------------------------------------------------------


ResultT = TypeVar("ResultT")

TURN_SECONDS = 0.0005
_USUAL_SECONDS = 0.005
"""Python's own."""

_under_way = 0


async def run_in_background(work: Callable[[], ResultT]) -> ResultT:
    """Runs the work in a thread. Returns or raises what the work does."""
    global _under_way  # a setting of the whole interpreter
    _under_way += 1
    gc.disable()
    sys.setswitchinterval(TURN_SECONDS)
    try:
        return await asyncio.to_thread(work)
    finally:
        _under_way -= 1
        if not _under_way:
            sys.setswitchinterval(_USUAL_SECONDS)
            gc.enable()


# -- reload ----------------------------------------------------------------------------


WATCH_SECONDS = 0.25
"""A look costs one `stat` for each file."""
REFRESH_SECONDS = 1.0
"""The time between two looks at what changes without a file: credentials, health."""


class ReloadTarget(Protocol):
    """What works with the configuration: the service in this process, or the supervisor of its workers."""

    def refresh(self) -> None:
        """Looks at what changes with time alone."""
        ...

    async def prepare(self, read: ReadConfiguration) -> str:
        """Gets ready for this configuration, with the one before in force. Returns what went wrong; empty: nothing."""
        ...

    def apply(self, read: ReadConfiguration) -> None:
        """Puts this configuration, which was prepared, in force from the next request on."""
        ...

    def count_reload(self, *, ok: bool) -> None:
        """Counts a reload in the metrics."""
        ...

    def apply_ejections(self, found: Unusable, seconds: float) -> None:
        """Takes which clusters Envoy does not call, which holds for so many seconds."""
        ...

    def note_call(self, line: CallLine) -> None:
        """Takes how a call on the fast path ended of which no stage has the last word."""
        ...

    @property
    def not_first(self) -> frozenset[str]:
        """Names of providers and of targets that Envoy should send no call to by itself."""
        ...

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        ...

    @property
    def own_registry(self) -> CollectorRegistry:
        """The registry for metrics of this process, which workers do not have."""
        ...

    @property
    def notifier(self) -> Notifier:
        """Sends notices to the operator."""
        ...


def settings_of(read: ReadConfiguration) -> Settings:
    """The settings of a configuration that has no errors."""
    assert read.settings is not None, "a configuration with errors is not applied"
    return read.settings


async def _nothing_to_prepare(_: ReadConfiguration) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class ReloadHooks:
    """What is done around a reload besides: `up` checks and updates the Envoy that it runs."""

    check: Callable[[ReadConfiguration], Sequence[Finding]] = lambda _: ()
    """Returns Envoy's findings about a configuration. Runs in a thread."""
    prepare: Callable[[ReadConfiguration], Awaitable[str]] = _nothing_to_prepare
    """Runs before the snapshot is replaced, because a plan may only name clusters that Envoy has. Returns what went
    wrong; empty: nothing."""
    on_applied: Callable[[ReadConfiguration], None] = lambda _: None
    """Runs after the snapshot was replaced."""


async def watch_files(target: ReloadTarget, sources: ConfigFiles, hooks: ReloadHooks) -> None:
    """Watches the files for ever and applies each change. A file with errors changes nothing, and its findings are
    reported."""
    seen = last = sources.signature_as_read()
    looks, started = 0, target.settings
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        looks += 1
        if looks % int(REFRESH_SECONDS / WATCH_SECONDS) == 0:
            target.refresh()
        now, before = sources.signature(), last
        last = now
        if now == seen or now != before:
            continue  # a file that is still being written would be read in part
        seen = now
        if await _reload(target, sources, hooks, started):
            seen = sources.signature()  # the clusters file may have been written here


async def _reload(target: ReloadTarget, sources: ConfigFiles, hooks: ReloadHooks, started: Settings) -> bool:
    """Reads and applies the files. Returns whether the snapshot was replaced. `started`: the settings of the start."""
    try:
        read = await run_in_background(lambda: require_startable(sources.read(), sources.environment))
    except ConfigError as error:
        return _reject(target, error.findings, error.findings)
    settings = settings_of(read)
    try:
        objections = tuple(await run_in_background(lambda: hooks.check(read)))
        problem = "" if objections else await target.prepare(read) or await hooks.prepare(read)
    except OSError as error:  # the disk is full
        objections, problem = (), f"{error.filename or 'a file'} cannot be written: {error.strerror}"
    if problem:
        objections = (Finding("clusters", problem, "the old configuration stays until it is saved again", "error"),)
    if objections:
        return _reject(target, objections, (*read.findings, *objections))
    target.count_reload(ok=True)
    log_findings((*read.findings, *sources.with_positions(read, restart_needed.findings(started, settings))))
    target.apply(read)
    hooks.on_applied(read)
    logs.event("config", "reloaded", {"providers": [*sorted(settings.gateway.providers)]})
    return True


def _reject(target: ReloadTarget, objections: Sequence[Finding], findings: Sequence[Finding]) -> bool:
    """Counts, logs and notifies that a changed configuration is not applied. Returns `False`."""
    target.count_reload(ok=False)
    log_findings(findings)
    in_the_way = file_errors(objections)
    count = len(in_the_way)
    logs.event("config", "reload_rejected", {"errors": count}, level=logging.ERROR)
    first = str(in_the_way[0]) if in_the_way else ""
    errors_found = "1 error" if count == 1 else f"{count} errors"
    text = f"a changed configuration has {errors_found}, so the old one stays: {first[:500]}"
    target.notifier.tell(Notice(NoticeKind.CONFIG_REJECTED, "configuration", text, time.time()))
    return False


def report_findings(findings: Sequence[Finding]) -> None:
    """Logs the findings of the start. Errors go to standard error too, because the log may be a file that nobody
    reads."""
    for finding in errors(findings):
        sys.stderr.write(f"{finding.severity}: {finding}\n")
    log_findings(findings)


def log_findings(findings: Iterable[Finding]) -> None:
    """Logs each finding as an event of its own."""
    for finding in findings:
        level = logging.ERROR if finding.severity == "error" else logging.WARNING
        logs.event("config", "finding", {"finding": str(finding)}, level=level)
