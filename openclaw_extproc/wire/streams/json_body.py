"""An answer that comes in one JSON body: kept until it is complete, then told at once."""

from collections.abc import Callable, Iterator

from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import Fact
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.streams.sse import MAX_EVENT_BYTES


class WholeDecoder:
    def __init__(self, tell: Callable[[dict[str, Json]], Iterator[Fact]], *, limit: int = MAX_EVENT_BYTES) -> None:
        """`limit`: in bytes; an upstream that never ends must not eat our memory."""
        self._tell = tell
        self._limit = limit
        self._chunks: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[Fact]:
        self._chunks.append(chunk)
        self._size += len(chunk)
        if self._size > self._limit:
            raise UnreadableError(f"the provider's answer: longer than {self._limit} bytes")
        return iter(())

    def end(self) -> Iterator[Fact]:
        yield from self._tell(j.parse(b"".join(self._chunks), where="the provider's answer"))
