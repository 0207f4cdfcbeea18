"""A streamed answer of the client's own format, whose parts a server numbers wrongly, numbered anew.

Some servers give every tool call of a turn the number 0 (vLLM, SGLang and Google's compatible API at times, as public
issues tell), and a client joins what has one number. Whole events are looked at, and only where one has the mark of
what could be numbered wrongly; all others pass as they came, unread.
"""

import re
from itertools import pairwise
from typing import Protocol

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.base import ByteTransform
from openclaw_extproc.wire.streams import sse

_EVENT_END = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_DATA = re.compile(rb"(?:\A|(?<=[\r\n]))data:[ ]?([^\r\n]*)")


class Numbers(Protocol):
    """What a format numbers, and how."""

    @property
    def mark(self) -> bytes:
        """What is in every event that may have to change, as far as is known by now."""
        ...

    def renumber(self, event: dict[str, Json]) -> bool:
        """Change an event where it has to be changed; say whether it was."""
        ...


class Renumbering:
    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers
        self._waiting = b""

    def feed(self, chunk: bytes) -> bytes:
        data = self._waiting + chunk if self._waiting else chunk
        end = _last_end(data)
        whole, self._waiting = data[:end], data[end:]
        if len(self._waiting) > sse.MAX_EVENT_BYTES:
            whole, self._waiting = data, b""
        return whole if self._numbers.mark not in whole else b"".join(map(self._event, _events(whole)))

    def end(self) -> bytes:
        rest, self._waiting = self._waiting, b""
        return rest

    def _event(self, event: bytes) -> bytes:
        if self._numbers.mark not in event or len(data := list(_DATA.finditer(event))) != 1:
            return event
        (line,) = data
        try:
            body = j.parse(line[1], where="event")
        except UnreadableError:
            return event
        if not self._numbers.renumber(body):
            return event
        return event[: line.start(1)] + j.dump(body) + event[line.end(1) :]


def _last_end(data: bytes) -> int:
    """Returns the offset behind the last empty line; 0: there is none."""
    ends = (data.rfind(end) + len(end) if end in data else 0 for end in (b"\n\n", b"\r\n\r\n", b"\r\r"))
    return max(ends)


def _events(data: bytes) -> list[bytes]:
    cuts = [0, *(found.end() for found in _EVENT_END.finditer(data))]
    events = [data[a:b] for a, b in pairwise(cuts)]
    return [*events, data[cuts[-1] :]] if cuts[-1] < len(data) else events


class ChainedTransform:
    """Two transformations, one behind the other."""

    def __init__(self, first: ByteTransform, second: ByteTransform) -> None:
        self._first = first
        self._second = second

    def feed(self, chunk: bytes) -> bytes:
        return self._second.feed(self._first.feed(chunk))

    def end(self) -> bytes:
        return self._second.feed(self._first.end()) + self._second.end()
