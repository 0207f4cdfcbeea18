"""An answer that comes compressed although we ask for plain ones: the stage is shown it plain, and so is the client.

It stands in front of all that reads answers, so a key is cut out of compressed ones too, and every check is the same.
Encodings that nobody here knows are left as they are: the stage takes no such answer.
"""

from collections.abc import Iterator
from dataclasses import replace

from openclaw_extproc.model.json import UnreadableError
from openclaw_extproc.stages.events import Answer, Continue, Event, ResponseBody, ResponseHead, ResponseTrailers, To
from openclaw_extproc.wire.streams import content_encoding

_OF_PACKED = ("content-encoding", "content-length")


class DecompressedResponse:
    """Decompresses one response."""

    def __init__(self) -> None:
        self._unpacker: content_encoding.Unpacker | None = None
        self._is_spoilt = False

    @property
    def is_packed(self) -> bool:
        return self._unpacker is not None

    def head(self, event: ResponseHead) -> ResponseHead:
        """The head as that of a response without compression."""
        self._unpacker = content_encoding.unpacker(content_encoding.encoding(event.headers))
        if self._unpacker is None:
            return event
        return replace(event, headers={name: one for name, one in event.headers.items() if name not in _OF_PACKED})

    def to_stage(self, event: Event) -> Iterator[Event]:
        """What the stage is shown in place of Envoy's message, behind the head."""
        if self._unpacker is None or not isinstance(event, ResponseBody | ResponseTrailers):
            yield event
            return
        if isinstance(event, ResponseBody):
            yield from self._plain(self._unpacker, event)
            return
        yield from self._end_of_body(self._unpacker, event.at, end=False)
        yield event

    def _plain(self, unpacker: content_encoding.Unpacker, event: ResponseBody) -> Iterator[Event]:
        try:
            for piece in () if self._is_spoilt else unpacker.feed(event.chunk):
                yield ResponseBody(piece, False, event.at)
        except UnreadableError as problem:
            yield self._spoilt(problem, event.at, end=event.end)
            return
        if event.end:
            yield from self._end_of_body(unpacker, event.at, end=True)

    def _end_of_body(self, unpacker: content_encoding.Unpacker, at: float, *, end: bool) -> Iterator[Event]:
        """The body's end."""
        try:
            if not self._is_spoilt:
                unpacker.end()
        except UnreadableError as problem:
            yield self._spoilt(problem, at, end=end)
            return
        if end:
            yield ResponseBody(b"", True, at)

    def _spoilt(self, problem: UnreadableError, at: float, *, end: bool) -> ResponseBody:
        self._is_spoilt = True
        return ResponseBody(b"", end, at, spoilt=str(problem))

    def to_envoy(self, answer: Answer) -> Answer:
        """What Envoy is told in place of the stage's answer."""
        match answer:
            case Continue(To.RESPONSE_HEAD) if self.is_packed:
                gone = tuple(name for name in _OF_PACKED if name not in answer.remove_headers)
                return replace(answer, remove_headers=(*answer.remove_headers, *gone))
            case _:
                return answer
