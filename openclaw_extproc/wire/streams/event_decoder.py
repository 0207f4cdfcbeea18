"""Decoding of responses: as server-sent events, or as one JSON body.

Reads an answer that comes as server-sent events, and reads no more of it than somebody wants to know.

In full gear every event is parsed and told as facts. Where nobody waits for content any more (the client gets the very
bytes, and has had the first of them) the decoder is told to `lighten`: events that by their bytes can hold nothing but
more content are then left out, and all others are read as before. What matters at the end of an attempt stays the
same: usage, the end, a failure, whether the answer is complete. What is given up is the check of each event's grammar;
it still has to look like one with an object for its data.

Of the one event that most of a stream consists of, a piece of the text that is open, a format may read the text alone
(`EventAnswer.read_quickly`); what it does not recognise goes the general way.

An answer that comes in one JSON body: kept until it is complete, then told at once.

The data of an event whose bytes are of the usual form, for who reads it without the general reader.

The bytes around the text of an event that is written over and over with another text in it.

The event is written once the general way, with a placeholder for its text, so the bytes are the same by construction.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Protocol, TypeAlias

from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import Fact
from openclaw_extproc.model.json import MAX_DEPTH, MAX_NAME_CHARS, Json, UnreadableError
from openclaw_extproc.wire.streams import sse
from openclaw_extproc.wire.streams.sse import MAX_EVENT_BYTES

# -- event decoder ---------------------------------------------------------------------


_LF: Final = b"\n\n"
_CRLF: Final = b"\r\n\r\n"
_AFTER_OBJECT: Final = {_LF: b"}" + _LF, _CRLF: b"}" + _CRLF}
_NULL_VALUES: Final = (b":null", b": null")


class EventAnswer(Protocol):
    """What one format makes of the events of one answer."""

    @property
    def over(self) -> bool:
        """Returns whether nothing that follows is read."""
        ...

    def read(self, event: sse.Event) -> Iterator[Fact]:
        """Raises `UnreadableError`."""
        ...

    def end(self) -> Iterator[Fact]:
        """Ends the stream; see `Decoder.end`."""
        ...

    def read_quickly(self, event: bytes) -> Sequence[Fact]:
        """The facts of a whole event that brings more of the open text; none where `read` has to say what it is.

        `event`: without the line ends behind it.
        """
        ...


class ContentEvents:
    """The bytes by which whole events are known to hold content and nothing else that matters."""

    __slots__ = ("_kind", "_nulls", "_telling")

    def __init__(self, *, telling: Iterable[bytes], null: Iterable[bytes] = (), kind: bytes = b"") -> None:
        """A quote within a JSON string is escaped, so a name with its quotes stands in no text.

        Args:
            telling: None of these is in such an event.
            null: Names of fields, with their quotes, that such an event has as `null` or not at all.
            kind: In each such event once; empty: no such mark.
        """
        self._telling = tuple(telling)
        self._nulls = tuple((name, *(name + null for null in _NULL_VALUES)) for name in null)
        self._kind = kind

    def are(self, events: bytes, mark: bytes) -> bool:
        """Whether all of these whole events are of that kind. `mark`: what ends an event."""
        count = events.count(mark)
        if events.count(_AFTER_OBJECT[mark]) != count:
            return False
        if events.count(b"\ndata:") + events.startswith(b"data:") != count:
            return False
        if self._kind and events.count(self._kind) != count:
            return False
        for word in self._telling:
            if word in events:
                return False
        for name, null, spaced in self._nulls:
            if (named := events.count(name)) and named != events.count(null) + events.count(spaced):
                return False
        return True


class EventDecoder:
    """A `Decoder` of server-sent events."""

    __slots__ = ("_answer", "_content", "_is_light", "_reader")

    def __init__(self, answer: EventAnswer, content: ContentEvents | None = None) -> None:
        """`content`: the events that may be left out; `None`: all are read."""
        self._reader = sse.Reader()
        self._answer = answer
        self._content = content
        self._is_light = False

    def lighten(self) -> None:
        """Stops the parsing of content from now on, also in the middle of a `feed`."""
        self._is_light = self._content is not None

    def feed(self, chunk: bytes) -> Iterator[Fact]:
        answer, reader = self._answer, self._reader
        mark = _CRLF if b"\r" in chunk else _LF
        at, size = 0, len(chunk)
        is_tried = False
        while at < size and not answer.over:
            end = chunk.find(mark, at) + len(mark)
            if end < len(mark):
                end = size  # half an event, or one with other line ends
            elif reader.is_idle:
                if self._is_light and not is_tried:
                    is_tried = True  # once: what does not pass as a whole is looked at event by event
                    at = self._behind_content(chunk, at, chunk.rfind(mark) + len(mark), mark)
                    continue
                if self._is_light and self._is_content(chunk[at:end], mark):
                    at = end
                    continue
                if facts := answer.read_quickly(chunk[at : end - len(mark)]):
                    yield from facts
                    at = end
                    continue
            for whole in reader.feed(chunk[at:end]):
                if not answer.over:
                    yield from answer.read(whole)
            at = end

    def _behind_content(self, chunk: bytes, at: int, end: int, mark: bytes) -> int:
        """Returns where the part that has to be parsed begins; `end` where everything before it is content."""
        return end if self._is_content(chunk[at:end], mark) else at

    def _is_content(self, events: bytes, mark: bytes) -> bool:
        return self._content is not None and self._content.are(events, mark)

    def end(self) -> Iterator[Fact]:
        yield from self._answer.end()


# -- json body -------------------------------------------------------------------------


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


# -- text events -----------------------------------------------------------------------


MAX_BYTES: Final = MAX_NAME_CHARS
"""The size of an event that is read quickly; a longer one may hold more than `json_limits` allows, and is rare."""


def data_of(event: bytes, head: bytes) -> bytes:
    """The one line of data of an event, small and not deep; empty where the event is of another form.

    Args:
        event: A whole one, without the line ends behind it.
        head: All that stands before the data.
    """
    if len(event) > MAX_BYTES or not event.startswith(head):
        return b""
    data = event[len(head) :]
    is_usual = b"\n" not in data and b"\r" not in data and data.count(b"{") + data.count(b"[") <= MAX_DEPTH
    return data if is_usual else b""


# -- text template ---------------------------------------------------------------------


PLACEHOLDER: Final = "<the text of this event>"
_PLACEHOLDER_JSON: Final = j.dump(PLACEHOLDER)

Around: TypeAlias = tuple[bytes, bytes] | tuple[()]
"""What comes before a text, as JSON, and what comes behind it; empty: the event has to be written the general way."""


def around(written: bytes) -> Around:
    """Returns the bytes around the text of an event that was written with `PLACEHOLDER` as its text, and may have it
    elsewhere as well."""
    before, found, after = written.partition(_PLACEHOLDER_JSON)
    return (before, after) if found and _PLACEHOLDER_JSON not in after else ()
