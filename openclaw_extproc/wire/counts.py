"""A provider's count of tokens, read: one JSON body with one number, as the facts of an answer."""

from collections.abc import Iterator

from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import Fact, Finished, Seen, Started, Stop
from openclaw_extproc.model.json import UnreadableError
from openclaw_extproc.model.usage import Usage

MAX_BYTES = 64 * 1024
"""Of a body that has one number in it."""


class CountDecoder:
    def __init__(self, key: str) -> None:
        """`key`: under which the number stands."""
        self._key = key
        self._body = b""

    def feed(self, chunk: bytes) -> Iterator[Fact]:
        self._body += chunk
        if len(self._body) > MAX_BYTES:
            raise UnreadableError(f"the provider's count: longer than {MAX_BYTES} bytes")
        return iter(())

    def end(self) -> Iterator[Fact]:
        counted = j.parse(self._body, where="the provider's count")
        tokens = j.an_int(counted.get(self._key), at=self._key)
        yield Started("", "")
        yield Seen(Usage(input_tokens=tokens))
        yield Finished(Stop.END)


class CountEncoder:
    """For the grammar's sake: a count is never translated, it is passed or estimated."""

    def feed(self, fact: Fact) -> bytes:
        raise AssertionError(f"a count is not translated: {type(fact).__name__}")
