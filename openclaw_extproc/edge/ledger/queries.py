"""The sums of a report, added up by SQLite: one pass over the entries, all groups from its result.

Reads a ledger while a sidecar writes it: the entries of one request, and whatever a report asks.
"""

import json
import sqlite3
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import quote

from openclaw_extproc.edge.ledger.file import APPLICATION_ID, VERSION, UnreadableFileError, damage_told
from openclaw_extproc.edge.telemetry.admin import Lookup
from openclaw_extproc.ledger.entry import Labels
from openclaw_extproc.ledger.report import BASELINES, MAX_GROUPS, SUMMED, Comparison, Group, Report, Sums, best_of

# -- queries ---------------------------------------------------------------------------


_PARTS = {
    "attempts": "count(*)",
    "requests": "sum(attempt = 1)",
    "answers": "sum(outcome = 'ok')",
    "saved_by_fallback": "sum(outcome = 'ok' AND selection = 'fallback')",
    "saved_by_retry": "sum(outcome = 'ok' AND selection = 'retry')",
    "cost_micro_usd": "sum(cost_micro_usd)",
    "estimated_micro_usd": "sum(CASE WHEN basis = 'estimated' THEN cost_micro_usd END)",
    "failed_micro_usd": "sum(CASE WHEN outcome <> 'ok' THEN cost_micro_usd END)",
    "without_price": "sum(cost_micro_usd IS NULL)",
    "input_tokens": "sum(input_tokens)",
    "cached_tokens": "sum(cached_tokens)",
    "output_tokens": "sum(output_tokens)",
    "reasoning_tokens": "sum(reasoning_tokens)",
}
"""The fields of `Sums` by what they are of a group of entries."""
_COMPARED = {
    f"{name}_{what}": f"sum(CASE WHEN {name}_micro_usd IS NOT NULL AND cost_micro_usd IS NOT NULL THEN {value} END)"
    for name in BASELINES
    for what, value in (("answers", "1"), ("spent", "cost_micro_usd"), ("there", f"{name}_micro_usd"))
}
_ALL = {**_PARTS, **_COMPARED}
_PASS = (
    "CREATE TEMP TABLE sums AS SELECT at_ms / 3600000 AS hours, labels, "  # noqa: S608  # names of ours
    f"{', '.join(f'coalesce({value}, 0) AS {name}' for name, value in _ALL.items())} "
    "FROM entries WHERE at_ms >= ? AND at_ms < ? GROUP BY hours, labels"
)
_TIMES = {"hour": "strftime('%Y-%m-%dT%H:00Z', hours * 3600, 'unixepoch')", "day": "date(hours * 3600, 'unixepoch')"}
_KEYS = {**{name: f"l.{name}" for name in Labels._fields}, **_TIMES, "model": "l.provider || '/' || l.model"}
_SUMS = ", ".join(f"sum({name})" for name in SUMMED)


def report(database: sqlite3.Connection, since_ms: int, until_ms: int, dimensions: Sequence[str]) -> Report:
    """The report on the entries from one time (milliseconds since the epoch) up to another.

    Raises:
        UnreadableFileError: the file is damaged.
        sqlite3.Error: it cannot be read now.
    """
    with damage_told():
        database.execute("PRAGMA temp_store = MEMORY")
        database.execute("DROP TABLE IF EXISTS temp.sums")
        database.execute(_PASS, (since_ms, until_ms))
        (totals,) = _rows(database, "")
        return Report(
            _time(since_ms),
            _time(until_ms),
            totals[1],
            {name: tuple(_groups(database, name)) for name in dimensions},
            tuple(_comparisons(database)),
            best_of(_by_task(database)),
        )


def _groups(database: sqlite3.Connection, dimension: str) -> Iterator[Group]:
    key = _KEYS[dimension]
    order = f"1 DESC LIMIT {MAX_GROUPS}" if dimension in _TIMES else f"sum(cost_micro_usd) DESC, 1 LIMIT {MAX_GROUPS}"
    found = [Group(name, sums) for name, sums in _rows(database, key, f"GROUP BY 1 ORDER BY {order}")]
    yield from reversed(found) if dimension in _TIMES else found


def _rows(database: sqlite3.Connection, key: str, grouped: str = "") -> list[tuple[str, Sums]]:
    text = f"SELECT {key or repr('')}, {_SUMS} FROM sums s JOIN labels l ON l.id = s.labels {grouped}"  # noqa: S608  # names of ours
    return [(str(row[0]), Sums(*(value or 0 for value in row[1:]))) for row in database.execute(text)]


def _by_task(database: sqlite3.Connection) -> Iterator[tuple[str, str, Sums]]:
    key = f"l.task || char(10) || {_KEYS['model']}"
    for name, sums in _rows(database, key, "GROUP BY 1"):
        task, _, model = name.partition("\n")
        yield task, model, sums


def _comparisons(database: sqlite3.Connection) -> Iterator[Comparison]:
    for name in BASELINES:
        parts = f"sum({name}_answers), sum({name}_spent), sum({name}_there)"
        (row,) = database.execute(f"SELECT {parts} FROM sums")  # noqa: S608  # as above
        yield Comparison(name, *(value or 0 for value in row))


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# -- reader ----------------------------------------------------------------------------


PATH: Final = "/requests/"
"""On the admin address, before the id of a request."""
MAX_ROWS: Final = 100
"""Of one request. A plan has 8 attempts; ids come from callers, who may use one again and again."""


@contextmanager
def reading(path: str) -> Generator[sqlite3.Connection]:
    """A connection that cannot write.

    Raises:
        FileNotFoundError: there is no such file.
        UnreadableFileError: it is no ledger, or is damaged, or of another release.
        sqlite3.Error: it cannot be read now.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(2, "no such ledger", path)
    database = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, timeout=5, isolation_level=None)
    try:
        with damage_told():
            (application,) = database.execute("PRAGMA application_id").fetchone()
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if application != APPLICATION_ID or version != VERSION:
                raise UnreadableFileError(f"{path} is no ledger of this release")
            yield database
    finally:
        database.close()


def request_page(path: str, request_id: str) -> bytes | None:
    """The attempts of a request as JSON, and their sum. `None`: the ledger has none (yet), or cannot be read."""
    try:
        with reading(path) as database:
            found = database.execute(_OF_REQUEST, (request_id, MAX_ROWS))
            names = [one[0] for one in found.description]
            rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    except (OSError, sqlite3.Error, UnreadableFileError):
        return None
    if not rows:
        return None
    costs = [row["cost_micro_usd"] for row in rows if row["cost_micro_usd"] is not None]
    told = {
        "request_id": request_id,
        "cost_usd": sum(costs) / 1e6 if costs else None,
        "is_final": all(row["basis"] not in ("estimated", "unknown_price", "not_read") for row in rows),
        "attempts": rows,
    }
    return json.dumps(told).encode()


_OF_REQUEST = "SELECT * FROM calls WHERE request_id = ? ORDER BY attempt, at LIMIT ?"


def request_lookup(path: str) -> Mapping[str, Lookup]:
    """The page of single requests, for the admin address."""
    return {PATH: partial(request_page, path)}
