"""The incremental reading of one upstream response: its facts, and the same facts in the client's format if that
differs."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.model.facts import (
    CONTENT,
    Delta,
    Fact,
    Failed,
    Finished,
    Grammar,
    Started,
    StateAttached,
    Usage,
    UsageReported,
)
from openclaw_extproc.model.json import UnreadableError
from openclaw_extproc.wire.base import ByteTransform, Decoder, Encoder
from openclaw_extproc.wire.streams.event_decoder import EventDecoder
from openclaw_extproc.wire.translation.tools import back


class WithoutState:
    """An encoder that is told no sealed state: the next turn may go to an account that cannot open it."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    def feed(self, fact: Fact) -> bytes:
        return b"" if isinstance(fact, StateAttached) else self._encoder.feed(fact)


class Identified:
    """An encoder that is told an id for an answer to which the provider gave none.

    The encoders' own fallback, the second, is that of two answers of one second: Claude Code takes answers of the same
    id for one, and sends them back as one turn.
    """

    def __init__(self, encoder: Encoder, at: float) -> None:
        """`at`: when the answer began, in seconds since the epoch."""
        self._encoder = encoder
        self._id = f"gen-{int(at * 1_000_000):x}"

    def feed(self, fact: Fact) -> bytes:
        return self._encoder.feed(replace(fact, id=self._id) if isinstance(fact, Started) and not fact.id else fact)


class NamedBack:
    """An encoder that is told of calls by the names that the client gave its tools."""

    def __init__(self, encoder: Encoder, names: Mapping[str, str]) -> None:
        self._encoder = encoder
        self._names = names

    def feed(self, fact: Fact) -> bytes:
        return self._encoder.feed(back(fact, self._names))


class ResponseReader:
    """Bytes in, facts noted, bytes for the client out. Without encoder, unframing and trimming it only reads."""

    def __init__(
        self,
        decoder: Decoder | None = None,
        encoder: Encoder | None = None,
        unframing: ByteTransform | None = None,
        trimming: ByteTransform | None = None,
        *,
        lightens: bool = False,
    ) -> None:
        """`lightens`: once the first content is here, the decoder need tell no more of it."""
        self._lightens = lightens
        self._decoder = decoder
        self._encoder = encoder
        self._unframing = unframing
        self._trimming = trimming
        self._grammar = Grammar()
        self.usage = Usage()
        self.fault: Fault | None = None
        self.complete = False
        """The provider said all it had to say."""
        self.at_end = False
        """Whether all bytes of the response have been read: a fault then means that more should have come."""

    @property
    def rewrites(self) -> bool:
        """The client gets what is said in words of ours: in another format, or in the other of the two kinds."""
        return self._encoder is not None

    @property
    def reshapes(self) -> bool:
        """The client gets other bytes than the provider sent."""
        return not (self._encoder is None and self._unframing is None and self._trimming is None)

    def feed(self, chunk: bytes, *, end: bool) -> tuple[list[Fact], bytes]:
        """The facts of this chunk, and what the client is to get for it when that is something else."""
        try:
            chunk = _transform(self._unframing, chunk, end=end)
        except UnreadableError as problem:
            return self._fail_unreadable(problem)
        facts = self._facts(chunk, end=end)
        if self._encoder is not None:
            return facts, _encode(facts, self._encoder, self._cannot_be_written)
        return facts, _transform(self._trimming, chunk, end=end) if self.reshapes else b""

    def spoil(self, why: str) -> tuple[list[Fact], bytes]:
        """Reports that no more of the response can be read. Returns facts and bytes as `feed` does."""
        return self._fail_unreadable(UnreadableError(why))

    def break_off(self, fault: Fault) -> bytes:
        """What a translation has to say when nothing more comes. Half an event that waits for its end is dropped."""
        return b"" if self._encoder is None else self._encoder.feed(Failed(fault))

    def _fail_unreadable(self, problem: UnreadableError) -> tuple[list[Fact], bytes]:
        """What is in the frames cannot be read: said once, however many chunks follow."""
        if self.complete or self.fault is not None:
            return [], b""
        failed = self._unreadable(problem)
        return [failed], b"" if self._encoder is None else self._encoder.feed(failed)

    def _unreadable(self, problem: UnreadableError) -> Failed:
        self.fault = self.fault or Fault(FaultKind.UPSTREAM_GARBLED, f"the provider's answer is unreadable: {problem}")
        return Failed(self.fault)

    def _cannot_be_written(self, problem: UnreadableError) -> Failed:
        self.complete = False
        self.fault = Fault(FaultKind.UPSTREAM_GARBLED, f"the provider's answer cannot be translated: {problem}")
        return Failed(self.fault)

    def lighten(self) -> None:
        """Stops the parsing of content, because nothing waits for it from now on."""
        if isinstance(self._decoder, EventDecoder):
            self._decoder.lighten()

    def _facts(self, chunk: bytes, *, end: bool) -> list[Fact]:
        facts: list[Fact] = []
        if self._decoder is None or self.complete or self.fault is not None:
            return facts
        try:
            if self._hear(self._decoder.feed(chunk), facts) and end:
                self.at_end = True
                self._hear(self._decoder.end(), facts)
        except UnreadableError as problem:
            facts.append(self._unreadable(problem))
        return facts

    def _hear(self, said: Iterable[Fact], facts: list[Fact]) -> bool:
        """Add what is said to the facts. Returns whether more may follow: nothing after the end or the first unreadable
        byte is worth hearing."""
        for fact in said:
            if self.complete or self.fault is not None:
                return False
            self._note(fact)
            facts.append(fact)
        return True

    def _note(self, fact: Fact) -> None:
        self._grammar.check(fact)
        if self._lightens and isinstance(fact, CONTENT):
            self._lightens = False
            self.lighten()
        match fact:
            case Delta():
                pass
            case UsageReported(usage):
                self.usage = self.usage.or_later(usage)
            case Failed(fault):
                self.fault = fault
            case Finished():
                self.complete = True
            case _:
                pass


def _transform(passing: ByteTransform | None, chunk: bytes, *, end: bool) -> bytes:
    if passing is None:
        return chunk
    passed = passing.feed(chunk)
    return passed + passing.end() if end else passed


def _encode(facts: list[Fact], encoder: Encoder, give_up: Callable[[UnreadableError], Failed]) -> bytes:
    """The client's words for the facts, up to one that cannot be said: a tool's arguments, read just so and too deep
    to be written."""
    written: list[bytes] = []
    for fact in facts:
        try:
            written.append(encoder.feed(fact))
        except UnreadableError as problem:
            written.append(encoder.feed(give_up(problem)))
            break
    return b"".join(written)
