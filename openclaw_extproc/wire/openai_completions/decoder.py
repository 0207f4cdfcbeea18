"""OpenAI's legacy completions: a provider's answer, read for its usage and for breaks. See the package for the source.

It always goes to a client of the same format as it is, so of several answers only the first is told.
"""

from collections.abc import Iterator, Mapping, Sequence

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import (
    BlockEnded,
    Delta,
    Fact,
    Failed,
    Finished,
    Started,
    Stop,
    TextStarted,
    Usage,
    UsageReported,
)
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.base import Decoder
from openclaw_extproc.wire.openai.api import count, text
from openclaw_extproc.wire.openai.errors import fault_in_answer
from openclaw_extproc.wire.streams import sse
from openclaw_extproc.wire.streams.event_decoder import ContentEvents, EventDecoder, WholeDecoder

_STOPS = {"length": Stop.LENGTH, "content_filter": Stop.REFUSAL}
"""The finish reasons with a meaning of their own; every other one is an ordinary end."""
_BROKEN_OFF = Fault(FaultKind.UPSTREAM_GARBLED, "the provider's answer broke off")


def decoder(streamed: bool) -> Decoder:
    return EventDecoder(_Events(), _CONTENT) if streamed else WholeDecoder(_whole)


_CONTENT = ContentEvents(telling=(), null=(b'"usage"', b'"finish_reason"', b'"error"'))


class _Events:
    """The decoder of a streamed response."""

    def __init__(self) -> None:
        self._answer = _Answer()

    @property
    def over(self) -> bool:
        return self._answer.over

    def read(self, event: sse.Event) -> Iterator[Fact]:
        if event.data.strip() == "[DONE]":
            yield from self._answer.finish()
        else:
            yield from self._answer.take(j.parse(event.data, where="chunk"))

    def read_quickly(self, event: bytes) -> Sequence[Fact]:  # noqa: ARG002  # every event is read in full
        return ()

    def end(self) -> Iterator[Fact]:
        """Ends the stream. Some servers leave out `[DONE]`, so a finish reason is enough."""
        if not self._answer.over:
            yield from self._answer.finish()


def _whole(body: dict[str, Json]) -> Iterator[Fact]:
    if not body.get("error") and not j.an_array(body.get("choices"), at="choices"):
        raise UnreadableError("choices: expected an answer, found none")
    answer = _Answer(whole=True)
    yield from answer.take(body)
    if not answer.over:
        yield from answer.finish()


class _Answer:
    """The conversion of chunks, or of one whole body, to the facts of one text."""

    def __init__(self, *, whole: bool = False) -> None:
        self.over = False
        self._stop = Stop.END if whole else None
        self._started = False
        self._in_text = False

    def take(self, body: Mapping[str, Json]) -> Iterator[Fact]:
        if error := body.get("error"):
            self.over = True
            yield Failed(fault_in_answer(error))
            return
        if not self._started:
            self._started = True
            yield Started(text(body, "id") or "", text(body, "model") or "")
        choices = body.get("choices")
        for n, item in enumerate([] if choices is None else j.an_array(choices, at="choices")):
            yield from self._choice(j.an_object(item, at=f"choices[{n}]"))
        if usage := _usage(body.get("usage")):
            yield UsageReported(usage)

    def _choice(self, choice: Mapping[str, Json]) -> Iterator[Fact]:
        if choice.get("index") not in (0, None):
            return
        if said := text(choice, "text"):
            if not self._in_text:
                self._in_text = True
                yield TextStarted()
            yield Delta(said)
        if reason := text(choice, "finish_reason"):
            self._stop = _STOPS.get(reason, Stop.END)

    def finish(self) -> Iterator[Fact]:
        self.over = True
        if not self._started or self._stop is None:
            yield Failed(_BROKEN_OFF)
            return
        if self._in_text:
            yield BlockEnded()
        yield Finished(self._stop)


def _usage(value: Json) -> Usage | None:
    """Counts that are no numbers say nothing."""
    if not isinstance(value, dict):
        return None
    seen = Usage(input_tokens=count(value.get("prompt_tokens")), output_tokens=count(value.get("completion_tokens")))
    return None if seen == Usage() else seen
