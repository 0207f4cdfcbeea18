"""Reads a ledger while a sidecar writes it: the entries of one request, and whatever a report asks."""

import json
import sqlite3
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import quote

from openclaw_extproc.edge.ledger.file import APPLICATION_ID, VERSION, UnreadableFileError, damage_told
from openclaw_extproc.edge.telemetry.admin import Lookup

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
