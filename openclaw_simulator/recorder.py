"""What a simulated provider was asked, for tests: the last requests, as they arrived.

Credentials are kept as they came, because tests ask whether the right one was sent. Off unless asked for.
"""

import hashlib
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from openclaw_simulator.reading import Json
from openclaw_simulator.shape import Call

MAX_RECORDS = 1_000
MAX_TEXT_BYTES = 1_000_000


@dataclass(slots=True)
class Record:
    """One request. Changes until its answer is over."""

    number: int
    at: float
    """Seconds since the epoch."""
    shape: str
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    """Names in lower case; what came twice is joined by commas."""
    body_length: int
    body_sha256: str
    body: str | None
    """The text; `None` when it is not UTF-8 or longer than `MAX_TEXT_BYTES`."""
    fault: str = "ok"
    status: int | None = None
    """What was answered; `None` while nothing was, or only a reset."""
    disconnected: bool = False
    """The client went away before the answer was over."""
    finished: bool = False
    """The answer went out to its end, faults included."""


class Recorder:
    """The last `MAX_RECORDS` requests."""

    def __init__(self) -> None:
        self._records: deque[Record] = deque(maxlen=MAX_RECORDS)

    def add(self, number: int, at: float, shape: str, method: str, call: Call) -> Record:
        record = Record(
            number=number,
            at=at,
            shape=shape,
            method=method,
            path=call.path,
            query=dict(call.query),
            headers=_joined(call),
            body_length=len(call.body),
            body_sha256=hashlib.sha256(call.body).hexdigest(),
            body=_text(call.body),
        )
        self._records.append(record)
        return record

    def clear(self) -> None:
        self._records.clear()

    def __iter__(self) -> Iterator[Record]:
        return iter(tuple(self._records))

    def as_json(self) -> list[Json]:
        return [asdict(record) for record in self]


def _joined(call: Call) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in call.headers.items():
        known = headers.get(name.lower())
        headers[name.lower()] = value if known is None else f"{known}, {value}"
    return headers


def _text(body: bytes) -> str | None:
    if len(body) > MAX_TEXT_BYTES:
        return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None
