"""The ledger's SQLite file: its schema and migrations, and what is written to it and removed from it.

Write-ahead logging, so that a report reads while a sidecar writes. `synchronous` is NORMAL: what was committed outlives
the end of every process, however it ends; a power failure may take the last commits with it, and never the file.

Source: https://www.sqlite.org/wal.html, https://www.sqlite.org/pragma.html and https://www.sqlite.org/rescode.html
(read December 2026).
"""

import contextlib
import os
import sqlite3
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Final

from openclaw_extproc.ledger.entry import Labels, LedgerEntry

VERSION: Final = 1
"""Of the schema: `PRAGMA user_version`."""
APPLICATION_ID: Final = 0x6F636C67
"""`oclg`, by which `file` tells a ledger from other databases."""
BUSY_MS: Final = 5_000
"""How long another writer of the same file is waited for: a second sidecar, or somebody with a shell."""
PRUNE_ROWS: Final = 10_000
"""Removed in one transaction, so that writing never waits long."""
MAX_REMEMBERED_LABELS: Final = 10_000


class UnreadableFileError(Exception):
    """The file is no ledger, or is damaged."""


class NewerFileError(Exception):
    """A later release has written the file."""


class LedgerFile:
    """An open ledger. It belongs to one thread."""

    def __init__(self, path: str) -> None:
        """Opens the file, and makes it where there is none.

        Raises:
            UnreadableFileError: it is damaged, or something else than a ledger.
            NewerFileError: its schema is of a later release.
            sqlite3.Error, OSError: it cannot be opened or written now.
        """
        folder = Path(path).parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))  # who calls is nobody else's business
        self._database = sqlite3.connect(path, timeout=BUSY_MS / 1000, isolation_level=None)
        self._labels: dict[Labels, int] = {}
        self._path = path
        made = os.stat(path)  # noqa: PTH116  # its two numbers
        self._identity = made.st_dev, made.st_ino
        try:
            self._prepare()
        except BaseException:
            self._database.close()
            raise

    def _prepare(self) -> None:
        run = self._database.execute
        with damage_told():
            found = run("PRAGMA quick_check(1)").fetchone()
            if found != ("ok",):
                raise UnreadableFileError(str(found[0]))
            (application,) = run("PRAGMA application_id").fetchone()
            (version,) = run("PRAGMA user_version").fetchone()
            (tables,) = run("SELECT count(*) FROM sqlite_master").fetchone()
            if tables and application != APPLICATION_ID:
                raise UnreadableFileError("it is a database of something else")
            if version > VERSION:
                raise NewerFileError(f"its schema is version {version}, and this release knows {VERSION}")
            if not tables:
                run("PRAGMA auto_vacuum = INCREMENTAL")  # has to come before the first table
            run("PRAGMA journal_mode = WAL")
            run("PRAGMA synchronous = NORMAL")
            self._migrate(version)

    def _migrate(self, version: int) -> None:
        """Brings an older schema up to date, each version in one transaction."""
        for number in range(version, VERSION):
            with self._transaction():
                _MIGRATIONS[number](self._database)
                self._database.execute(f"PRAGMA user_version = {number + 1}")

    def write(self, entries: Sequence[LedgerEntry]) -> None:
        """Writes the entries in one transaction: all of them, or none.

        Raises:
            UnreadableFileError: the file is damaged.
            sqlite3.Error: it cannot be written now.
        """
        with damage_told(), self._transaction():
            self._database.executemany(_INSERT, [self._row(entry) for entry in entries])

    def _row(self, entry: LedgerEntry) -> tuple[object, ...]:
        known = self._labels.get(entry.labels)
        return (*entry[:_LABELS_AT], self._label_id(entry.labels) if known is None else known, *entry[_LABELS_AT + 1 :])

    def _label_id(self, labels: Labels) -> int:
        found = self._database.execute(_FIND_LABELS, labels).fetchone()
        if found is None:
            self._database.execute(_INSERT_LABELS, labels)
            found = self._database.execute("SELECT last_insert_rowid()").fetchone()
        if len(self._labels) >= MAX_REMEMBERED_LABELS:
            self._labels.clear()
        number = int(found[0])
        self._labels[labels] = number
        return number

    def prune(self, before_ms: int, max_entries: int) -> int:
        """Removes some of the oldest entries: those before a time, and those beyond a number. Returns how many.

        Fewer than `PRUNE_ROWS` means that nothing is left to remove.

        Raises:
            UnreadableFileError: the file is damaged.
            sqlite3.Error: it cannot be written now.
        """
        run = self._database.execute
        with damage_told():
            with self._transaction():
                old = run(
                    "DELETE FROM entries WHERE id IN (SELECT id FROM entries WHERE at_ms < ? OR id <= "
                    "(SELECT max(id) FROM entries) - ? ORDER BY id LIMIT ?)",
                    (before_ms, max_entries, PRUNE_ROWS),
                ).rowcount
            if 0 < old < PRUNE_ROWS:
                with self._transaction():
                    run("DELETE FROM labels WHERE id NOT IN (SELECT labels FROM entries)")
                self._labels.clear()
                self._database.executescript("PRAGMA incremental_vacuum")  # `execute` would take its first step alone
        return old

    @property
    def is_there(self) -> bool:
        """Whether the file still has its name: what is written to one that was removed is lost."""
        try:
            found = os.stat(self._path)  # noqa: PTH116  # the same as below
        except FileNotFoundError:
            return False
        return (found.st_dev, found.st_ino) == self._identity

    def close(self) -> None:
        """Closes the file; its write-ahead log is merged into it."""
        self._database.close()

    @contextlib.contextmanager
    def _transaction(self) -> Generator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            self._labels.clear()  # those that were new are not there
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise


@contextlib.contextmanager
def damage_told() -> Generator[None]:
    """Turns SQLite's words for a damaged file into `UnreadableFileError`."""
    try:
        yield
    except sqlite3.DatabaseError as problem:
        if problem.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise UnreadableFileError(str(problem)) from problem
        raise


def set_aside(path: str, at: float) -> str:
    """Renames a file that cannot be read, with what belongs to it, so that a new one can be made. Returns its new name.

    Raises:
        OSError: it cannot be renamed.
    """
    aside = f"{path}.unreadable-{round(at)}"
    os.rename(path, aside)  # noqa: PTH104  # the two below have no path of their own
    for suffix in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.rename(path + suffix, aside + suffix)  # noqa: PTH104  # as above
    return aside


_LABELS_AT = LedgerEntry._fields.index("labels")
_TEXTS = frozenset(
    {"request_id", "owner", "session", "selection", "outcome", "reason", "previous", "service_tier", "basis"}
)
_NOT_KNOWN = frozenset(
    name for name in LedgerEntry._fields if name.endswith(("_tokens", "_micro_usd", "searches", "content_ms"))
)
"""Columns that may be null."""


def _column(name: str) -> str:
    if name == "labels":
        return "labels INTEGER NOT NULL REFERENCES labels (id)"
    return f"{name} {'TEXT' if name in _TEXTS else 'INTEGER'}{'' if name in _NOT_KNOWN else ' NOT NULL'}"


_AT = "strftime('%Y-%m-%dT%H:%M:%fZ', e.at_ms / 1000.0, 'unixepoch') AS at"
_COST = "e.cost_micro_usd / 1e6 AS cost_usd"


def _make_schema(database: sqlite3.Connection) -> None:
    """Version 1."""
    texts = ", ".join(f"{name} TEXT NOT NULL" for name in Labels._fields)
    every = ", ".join(Labels._fields)
    own = ", ".join(f"e.{name}" for name in LedgerEntry._fields if name not in ("labels", "at_ms"))
    for statement in (
        f"CREATE TABLE labels (id INTEGER PRIMARY KEY, {texts}, UNIQUE ({every}))",
        f"CREATE TABLE entries (id INTEGER PRIMARY KEY, {', '.join(map(_column, LedgerEntry._fields))})",
        "CREATE INDEX entries_at ON entries (at_ms)",
        f"CREATE VIEW calls AS SELECT {_AT}, {_COST}, {every}, {own} FROM entries e JOIN labels l ON l.id = e.labels",  # noqa: S608  # names of ours
        f"PRAGMA application_id = {APPLICATION_ID}",
    ):
        database.execute(statement)


_MIGRATIONS: Sequence[Callable[[sqlite3.Connection], None]] = (_make_schema,)
"""From version n to n + 1, at place n. A row that was released is never changed."""
_INSERT = f"INSERT INTO entries ({', '.join(LedgerEntry._fields)}) VALUES ({', '.join('?' * len(LedgerEntry._fields))})"  # noqa: S608  # names of ours
_FIND_LABELS = f"SELECT id FROM labels WHERE {' AND '.join(f'{name} = ?' for name in Labels._fields)}"  # noqa: S608  # as above
_INSERT_LABELS = f"INSERT INTO labels ({', '.join(Labels._fields)}) VALUES ({', '.join('?' * len(Labels._fields))})"  # noqa: S608  # as above
