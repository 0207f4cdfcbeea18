"""Promises about the ledger's file: what is in it, how long, and what happens when it cannot be read or written."""

import asyncio
import logging
import os
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter

from openclaw_extproc.config.settings import LedgerSettings
from openclaw_extproc.edge.ledger import file, writer
from openclaw_extproc.edge.ledger.bookkeeper import CostOutlet
from openclaw_extproc.edge.ledger.file import LedgerFile, NewerFileError, UnreadableFileError
from openclaw_extproc.edge.ledger.sink import MAX_GATHERED, LedgerSink, Outbox
from openclaw_extproc.edge.ledger.writer import MAX_QUEUED, LedgerWriter, open_ledger, path_of
from openclaw_extproc.ledger.entry import LedgerEntry
from openclaw_extproc.stages.entries import Outcome
from tests.ledger.attempts import AT, GATEWAY, attempt, entered, plan

DAY_MS = 86_400_000


def rows(path: Path, what: str = "*") -> list[tuple[object, ...]]:
    database = sqlite3.connect(path)
    try:
        return database.execute(f"SELECT {what} FROM calls ORDER BY at").fetchall()  # noqa: S608  # words of the test
    except sqlite3.OperationalError:
        return []  # it is being made
    finally:
        database.close()


def named(entry: LedgerEntry, name: str) -> LedgerEntry:
    return entry._replace(request_id=name)


@contextmanager
def writing(path: Path, retention_days: int = 3_650) -> Generator[LedgerWriter]:
    made = LedgerWriter(str(path), LedgerSettings(retention_days=retention_days), CollectorRegistry())
    try:
        yield made
    finally:
        made.close()


def count(counter: Counter) -> float:
    (metric,) = counter.collect()
    return next(sample.value for sample in metric.samples if sample.name.endswith("_total"))


def until(holds: Callable[[], bool]) -> None:
    over = threading.Event()
    for _ in range(400):
        if holds():
            return
        over.wait(0.05)
    raise AssertionError("it never came")


# -- the file ------------------------------------------------------------------------------


def test_an_entry_is_there_as_it_was_made(tmp_path: Path) -> None:
    made = entered(plan=plan(identity="billing", session="s1"))

    ledger = LedgerFile(str(tmp_path / "new" / "ledger.db"))
    ledger.write([made, made])
    ledger.close()

    told = "at, cost_usd, identity, session, provider, model, output_tokens, reasoning_tokens, outcome"
    assert (
        rows(tmp_path / "new" / "ledger.db", told)
        == [("2025-08-01T00:00:00.000Z", 0.002, "billing", "s1", "ace", "mini", 500, None, "ok")] * 2
    )


def test_labels_are_kept_once(tmp_path: Path) -> None:
    for _ in range(2):
        ledger = LedgerFile(str(tmp_path / "l.db"))
        ledger.write([entered(), entered(plan=plan(identity="x")), entered()])
        ledger.close()

    database = sqlite3.connect(tmp_path / "l.db")
    assert database.execute("SELECT count(*) FROM labels").fetchone() == (2,)
    assert database.execute("SELECT count(*) FROM entries").fetchone() == (6,)


def test_who_calls_is_nobody_elses_business(tmp_path: Path) -> None:
    LedgerFile(str(tmp_path / "l.db")).close()

    assert stat.S_IMODE((tmp_path / "l.db").stat().st_mode) == 0o600


def test_a_batch_is_written_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    ledger = LedgerFile(str(tmp_path / "l.db"))
    bad = entered(plan=plan(identity="new"))._replace(milliseconds=None)  # type: ignore[arg-type]  # the point

    with pytest.raises(sqlite3.IntegrityError):
        ledger.write([entered(plan=plan(identity="new")), bad])
    ledger.write([entered(plan=plan(identity="new"))])

    assert rows(tmp_path / "l.db", "identity") == [("new",)]


def test_old_entries_go_and_the_file_gets_smaller(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    ledger = LedgerFile(str(path))
    ledger.write([named(entered(plan=plan(identity=f"u{n}"), at=AT + n), f"old{n}" * 20) for n in range(9_000)])
    ledger.write([named(entered(at=AT + 100_000), "new")])
    ledger.close()
    before = path.stat().st_size

    ledger = LedgerFile(str(path))
    removed = ledger.prune(round((AT + 50_000) * 1000), max_entries=1_000_000)
    ledger.close()

    assert removed == 9_000
    assert rows(path, "request_id") == [("new",)]
    assert path.stat().st_size < before / 4
    assert sqlite3.connect(path).execute("SELECT count(*) FROM labels").fetchone() == (1,)


def test_labels_that_went_with_their_entries_come_back(tmp_path: Path) -> None:
    ledger = LedgerFile(str(tmp_path / "l.db"))
    ledger.write([entered()])
    ledger.prune(round(AT * 1000) + 1, max_entries=1_000_000)

    ledger.write([named(entered(), "again")])

    assert rows(tmp_path / "l.db", "request_id, provider") == [("again", "ace")]


def test_the_number_of_entries_is_limited(tmp_path: Path) -> None:
    ledger = LedgerFile(str(tmp_path / "l.db"))
    ledger.write([named(entered(at=AT + n), f"r{n}") for n in range(20)])

    ledger.prune(0, max_entries=5)

    assert rows(tmp_path / "l.db", "request_id") == [(f"r{n}",) for n in range(15, 20)]


def test_an_older_schema_is_brought_up_to_date_and_keeps_its_entries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = LedgerFile(str(tmp_path / "l.db"))
    ledger.write([entered()])
    ledger.close()

    def more(database: sqlite3.Connection) -> None:
        database.execute("ALTER TABLE entries ADD COLUMN more TEXT")

    monkeypatch.setattr(file, "VERSION", file.VERSION + 1)
    monkeypatch.setattr(file, "_MIGRATIONS", (*file._MIGRATIONS, more))  # pyright: ignore[reportPrivateUsage]  # the table

    ledger = LedgerFile(str(tmp_path / "l.db"))
    ledger.write([entered()])

    database = sqlite3.connect(tmp_path / "l.db")
    assert database.execute("SELECT request_id, more FROM entries").fetchall() == [("r1", None)] * 2
    assert database.execute("PRAGMA user_version").fetchone() == (file.VERSION,)


def test_the_file_of_a_later_release_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    LedgerFile(str(path)).close()
    database = sqlite3.connect(path)
    database.execute(f"PRAGMA user_version = {file.VERSION + 1}")
    database.close()

    with pytest.raises(NewerFileError):
        LedgerFile(str(path))


@pytest.mark.parametrize("damage", ["no database", "cut", "another database"])
def test_what_is_no_ledger_is_not_written_to(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "l.db"
    damaged(path, damage)
    before = path.read_bytes()

    with pytest.raises(UnreadableFileError):
        LedgerFile(str(path))

    assert path.read_bytes() == before


def damaged(path: Path, damage: str) -> None:
    match damage:
        case "no database":
            path.write_bytes(b"nonsense " * 1_000)
        case "cut":
            ledger = LedgerFile(str(path))
            ledger.write([named(entered(), f"r{n}" * 20) for n in range(5_000)])
            ledger.close()
            whole = path.read_bytes()
            path.write_bytes(whole[: len(whole) // 2])
        case _:
            database = sqlite3.connect(path)
            database.execute("CREATE TABLE other (x)")
            database.close()


# -- the thread that writes it -------------------------------------------------------------


def test_what_was_put_is_written(tmp_path: Path) -> None:
    with writing(tmp_path / "l.db") as made:
        made.put(named(entered(), "a"))
        made.put_all([named(entered(at=AT + 1), "b"), named(entered(at=AT + 2), "c")])
        until(lambda: (tmp_path / "l.db").exists() and len(rows(tmp_path / "l.db")) == 3)
        made.put(named(entered(at=AT + 3), "at the end"))

    assert [row[0] for row in rows(tmp_path / "l.db", "request_id")] == ["a", "b", "c", "at the end"]
    assert count(made.metrics.written) == 4


def test_old_entries_are_removed_by_themselves(tmp_path: Path) -> None:
    ledger = LedgerFile(str(tmp_path / "l.db"))
    ledger.write([named(entered(), "of last year")])
    ledger.close()

    assert rows(tmp_path / "l.db") != []

    with writing(tmp_path / "l.db", retention_days=1):
        until(lambda: rows(tmp_path / "l.db") == [])


@pytest.mark.parametrize("damage", ["no database", "cut", "another database"])
def test_a_file_that_cannot_be_read_is_set_aside_and_told(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "l.db"
    damaged(path, damage)

    with caplog.at_level(logging.INFO, logger="openclaw"), writing(path) as made:
        made.put(named(entered(), "goes on"))
        until(lambda: count(made.metrics.written) == 1)

    assert rows(path, "request_id") == [("goes on",)]
    assert len([*tmp_path.glob("l.db.unreadable-*")]) == 1
    assert [record.getMessage() for record in caplog.records].count("ledger_set_aside") == 1


def test_a_file_that_was_removed_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    with writing(path) as made:
        made.put(named(entered(), "lost"))
        until(lambda: path.exists() and len(rows(path)) == 1)
        for one in tmp_path.glob("l.db*"):
            one.unlink()
        made.put(named(entered(), "again"))

    assert rows(path, "request_id") == [("again",)]


def test_a_full_disk_is_told_once_and_loses_nothing_that_the_queue_holds(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file may be longer than it is: SQLite is told so as of a disk without room."""
    monkeypatch.setattr(writer, "RETRY_SECONDS", 0.05)
    path = tmp_path / "l.db"
    with caplog.at_level(logging.INFO, logger="openclaw"), writing(path) as made:
        made.put(named(entered(at=AT - 1), "before"))
        until(lambda: count(made.metrics.written) == 1)
        with _limited(8 * 1024):
            made.put_all([named(entered(at=AT + n), f"r{n}") for n in range(1_000)])
            until(lambda: "ledger_not_written" in caplog.text)
        until(lambda: count(made.metrics.written) == 1_001)

    told = [record.getMessage() for record in caplog.records if "written" in record.getMessage()]
    assert told == ["ledger_not_written", "ledger_written_again"]
    assert len(rows(path)) == 1_001


@contextmanager
def _limited(size: int) -> Generator[None]:
    """Of this process, for a moment."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, hard))


def test_what_does_not_fit_is_dropped_and_counted(tmp_path: Path) -> None:
    (tmp_path / "folder.db").mkdir()  # which no file can be written to
    with writing(tmp_path / "folder.db") as made:
        made.put_all([entered()] * (MAX_QUEUED + 3))
        made.put(entered())

        assert count(made.metrics.dropped) == 4


WRITES_ON = """
import itertools
import sys
import time

from prometheus_client import CollectorRegistry

from openclaw_extproc.config.settings import LedgerSettings
from openclaw_extproc.edge.ledger.writer import LedgerWriter
from tests.ledger.attempts import entered

made = entered(at=time.time())
registry = CollectorRegistry()
writer = LedgerWriter(sys.argv[1], LedgerSettings(), registry)
for n in itertools.count():
    writer.put(made._replace(request_id=str(n)))
    if n % 100 == 0:
        print(round(registry.get_sample_value("openclaw_ledger_entries_total")), n, flush=True)
        time.sleep(0.001)
"""
"""Says how many are written, and how many were made."""


def test_a_sigkill_loses_the_end_of_the_queue_and_nothing_else(tmp_path: Path) -> None:
    path, written, made = tmp_path / "l.db", 0, 0
    command = [sys.executable, "-c", WRITES_ON, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as process:
        assert process.stdout is not None
        for line in process.stdout:
            written, made = map(int, line.split())
            if written > 5_000:
                os.kill(process.pid, signal.SIGKILL)
                break

    found = [int(str(row[0])) for row in rows(path, "request_id")]

    assert sorted(found) == list(range(len(found))), "none is missing before the last, and none is there twice"
    assert written <= len(found)
    assert made - len(found) <= MAX_QUEUED
    LedgerFile(str(path)).close()


# -- where it is ---------------------------------------------------------------------------


def test_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "FOLDER", str(tmp_path / "none"))
    assert path_of(LedgerSettings(), {}) is None
    assert path_of(LedgerSettings(path="/x/y.db"), {"STATE_DIRECTORY": "/s"}) == "/x/y.db"
    assert path_of(LedgerSettings(), {"STATE_DIRECTORY": "/s:/t"}) == "/s/ledger.db"
    assert path_of(LedgerSettings(enabled=False, path="/x/y.db"), {}) is None

    monkeypatch.setattr(writer, "FOLDER", str(tmp_path))
    assert path_of(LedgerSettings(), {}) == f"{tmp_path}/ledger.db"


def test_it_is_told_where_there_is_none(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="openclaw"):
        assert open_ledger(LedgerSettings(enabled=False), {}, CollectorRegistry()) is None

    assert [record.getMessage() for record in caplog.records] == ["ledger_off"]


# -- the way from an attempt to it ---------------------------------------------------------


def test_the_sink_makes_an_entry_of_each_attempt() -> None:
    made = list[LedgerEntry]()
    released = list[str]()
    sink = LedgerSink(lambda: GATEWAY, CostOutlet(made.append, released.append, lambda _: True))

    sink.attempt(attempt(), AT)
    sink.attempt(attempt(Outcome.GONE), AT + 1)
    sink.attempt(replace(attempt(), plan=None), AT)

    assert [(one.outcome, one.basis) for one in made] == [("ok", "counted"), ("gone", "estimated")]


async def _sent(count: int) -> list[int]:
    sent = list[int]()
    outbox = Outbox(lambda entries: sent.append(len(entries)))
    for _ in range(count):
        outbox.put(entered())
    outbox.flush()
    outbox.flush()
    return sent


def test_a_worker_sends_its_entries_in_batches() -> None:
    assert asyncio.run(_sent(MAX_GATHERED + 2)) == [MAX_GATHERED, 2]
    assert asyncio.run(_sent(0)) == []
