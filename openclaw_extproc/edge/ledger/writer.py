"""Writes the ledger, in a thread of its own, in batches, behind a bounded queue: no call ever waits for a disk.

One process writes: the service where it is alone, else the supervisor, to which workers send their entries over the
channel that they have with it. What a SIGKILL of that process can lose is what it has not yet committed: the entries of
the last `FLUSH_SECONDS` and of the commit under way, or, while the disk does not keep up, at most `MAX_QUEUED`.

A disk that takes nothing (full, read-only, gone) is tried again every `RETRY_SECONDS`, and what waits meanwhile stays
in the queue; what does not fit is dropped and counted. A file that cannot be read is renamed and a new one begun.
"""

import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Final, TypeAlias

from prometheus_client import CollectorRegistry, Counter

from openclaw_extproc.config.settings import LedgerSettings
from openclaw_extproc.edge.ledger.file import (
    PRUNE_ROWS,
    LedgerFile,
    NewerFileError,
    UnreadableFileError,
    set_aside,
)
from openclaw_extproc.edge.telemetry import logs
from openclaw_extproc.ledger.entry import LedgerEntry
from openclaw_extproc.model.json import Json

FLUSH_SECONDS: Final = 0.25
RETRY_SECONDS: Final = 1.0
PRUNE_SECONDS: Final = 600.0
CLOSE_SECONDS: Final = 5.0
"""For what waits when the process ends."""
MAX_BATCH: Final = 2_000
"""Entries in one transaction."""
MAX_QUEUED: Final = 20_000
"""Some 20 MB; a sidecar at 500 calls a second has 40 seconds until it drops entries."""
DAY_MS: Final = 86_400_000
FOLDER: Final = "/var/lib/openclaw"
"""Where the ledger is when nobody says anything else, if there is such a folder."""
FILE: Final = "ledger.db"


def path_of(settings: LedgerSettings, environment: Mapping[str, str]) -> str | None:
    """The path of the ledger's file. `None`: it is off, or nobody has made a place for it.

    systemd names the state folders of a service in `STATE_DIRECTORY`, separated by colons.
    """
    if not settings.enabled:
        return None
    if settings.path is not None:
        return settings.path
    if state := environment.get("STATE_DIRECTORY", "").partition(":")[0]:
        return f"{state}/{FILE}"
    return f"{FOLDER}/{FILE}" if Path(FOLDER).is_dir() else None


class LedgerMetrics:
    """What is counted of a ledger."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.written = Counter("openclaw_ledger_entries", "Entries written to the ledger", registry=registry)
        self.dropped = dropped_counter(registry)
        self.set_aside = Counter(
            "openclaw_ledger_files_set_aside",
            "Ledger files that could not be read, and were renamed",
            registry=registry,
        )


def dropped_counter(registry: CollectorRegistry) -> Counter:
    """The counter of entries that no ledger will have."""
    about = "Entries that were dropped: the ledger could not be written for too long"
    return Counter("openclaw_ledger_dropped", about, registry=registry)


class LedgerWriter:
    """The thread that writes a ledger, and the queue before it."""

    def __init__(self, path: str, settings: LedgerSettings, registry: CollectorRegistry) -> None:
        self.path = path
        self._settings = settings
        self.metrics = LedgerMetrics(registry)
        self._queue = deque[LedgerEntry]()
        self._is_over = threading.Event()
        self._file: LedgerFile | None = None
        self._why = ""
        """It takes no entries; empty: it does."""
        self._pruned = 0.0
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self._thread.start()

    def put(self, entry: LedgerEntry) -> None:
        """Takes an entry. Returns at once; the entry is written a little later."""
        if len(self._queue) < MAX_QUEUED:
            self._queue.append(entry)
        else:
            self.metrics.dropped.inc()

    def put_all(self, entries: Sequence[LedgerEntry]) -> None:
        """As `put`, of several."""
        fitting = entries[: max(0, MAX_QUEUED - len(self._queue))]
        self._queue.extend(fitting)
        if len(fitting) < len(entries):
            self.metrics.dropped.inc(len(entries) - len(fitting))

    def close(self) -> None:
        """Writes what waits, and ends. May block for `CLOSE_SECONDS`."""
        self._is_over.set()
        self._thread.join(CLOSE_SECONDS)

    # -- in the thread ---------------------------------------------------------------------

    def _run(self) -> None:
        while not self._is_over.wait(FLUSH_SECONDS if not self._why else RETRY_SECONDS):
            self._work()
        self._work()
        if self._file is not None:
            self._file.close()

    def _work(self) -> None:
        """Writes all that waits, as far as the file takes it."""
        try:
            if self._file is not None and not self._file.is_there:
                self._file.close()
                self._file = None
            while self._queue or self._file is None:
                self._write_batch()
            self._prune()
        except UnreadableFileError as problem:
            self._begin_anew(problem)
        except (sqlite3.Error, OSError, NewerFileError) as problem:
            self._tell(str(problem) or type(problem).__name__)
        else:
            self._tell("")

    def _write_batch(self) -> None:
        if self._file is None:
            self._file = LedgerFile(self.path)
        batch = list(islice(self._queue, MAX_BATCH))
        if not batch:
            return
        self._file.write(batch)
        for _ in batch:  # others only append
            self._queue.popleft()
        self.metrics.written.inc(len(batch))

    def _prune(self) -> None:
        assert self._file is not None, "it was opened before"
        at = time.monotonic()
        if self._pruned and at - self._pruned < PRUNE_SECONDS:
            return
        before = round(time.time() * 1000) - self._settings.retention_days * DAY_MS
        if self._file.prune(before, self._settings.max_entries) < PRUNE_ROWS:
            self._pruned = at

    def _begin_anew(self, problem: UnreadableFileError) -> None:
        """What was in the file stays in it, under another name."""
        if self._file is not None:
            self._file.close()
            self._file = None
        try:
            aside = set_aside(self.path, time.time())
        except OSError as refusal:
            self._tell(f"{problem}; and it cannot be renamed: {refusal.strerror}")
            return
        self.metrics.set_aside.inc()
        said: dict[str, Json] = {"path": self.path, "why": str(problem), "renamed_to": aside}
        logs.event("ledger", "ledger_set_aside", said, level=logging.ERROR)

    def _tell(self, why: str) -> None:
        """Logs that entries are not written any more, or are again: once for each."""
        if bool(why) == bool(self._why):
            self._why = why
            return
        said: dict[str, Json] = {"path": self.path, "why": why or self._why}
        if why:
            logs.event("ledger", "ledger_not_written", said, level=logging.ERROR)
        else:
            logs.event("ledger", "ledger_written_again", said, level=logging.WARNING)
        self._why = why


OpenLedger: TypeAlias = Callable[[CollectorRegistry], LedgerWriter | None]


def no_ledger(_: CollectorRegistry) -> None:
    """An `OpenLedger` that opens none."""


def open_ledger(
    settings: LedgerSettings, environment: Mapping[str, str], registry: CollectorRegistry
) -> LedgerWriter | None:
    """Begins to write the ledger of these settings. `None`: there is none, and the log says why."""
    path = path_of(settings, environment)
    if path is None:
        why = f"there is no folder {FOLDER}: set ledger.path" if settings.enabled else "ledger.enabled is false"
        logs.event("ledger", "ledger_off", {"why": why})
        return None
    logs.event("ledger", "ledger_on", {"path": path, "retention_days": settings.retention_days})
    return LedgerWriter(path, settings, registry)
