"""Answers in Anthropic Messages as providers send them, to facts; and their errors.

Source: the types of the official SDK (anthropic 2.11, read 2026-11-21), and from memory
https://platform.claude.com/docs/en/build-with-claude/streaming and .../api/errors (the statuses).
A whole answer is read as the events that a stream would have brought, so both are understood alike.
Left out: thinking, redacted thinking, server tools with their results, citations, and block types yet to come are
swallowed; which stop sequence ended the answer, and why a turn was paused, are not told apart from its end.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from openclaw_extproc.faults import Fault, Kind, kind_of_status
from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import (
    BlockEnded,
    Delta,
    Fact,
    Failed,
    Finished,
    Grammar,
    OutOfOrderError,
    Seen,
    Started,
    Stop,
    TextStarted,
    Thought,
    ToolStarted,
)
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.usage import Usage
from openclaw_extproc.wire import sse
from openclaw_extproc.wire.base import Decoder

MAX_MESSAGE = 2_000
"""Characters of a provider's own error message: enough for its longest, too few to fill a log."""
MAX_CODE = 64
"""Characters of its error word, three times the longest documented one."""

_STOPS = {
    "end_turn": Stop.END,
    "stop_sequence": Stop.END,
    "pause_turn": Stop.END,
    "max_tokens": Stop.LENGTH,
    "model_context_window_exceeded": Stop.LENGTH,
    "tool_use": Stop.TOOL_USE,
    "refusal": Stop.REFUSAL,
}
_ERRORS = {
    "invalid_request_error": (Kind.MALFORMED, 400),
    "authentication_error": (Kind.UNAUTHENTICATED, 401),
    "billing_error": (Kind.FORBIDDEN, 402),
    "permission_error": (Kind.FORBIDDEN, 403),
    "not_found_error": (Kind.NOT_FOUND, 404),
    "request_too_large": (Kind.TOO_LARGE, 413),
    "rate_limit_error": (Kind.RATE_LIMITED, 429),
    "api_error": (Kind.UPSTREAM_ERROR, 500),
    "timeout_error": (Kind.UPSTREAM_SILENT, 504),
    "overloaded_error": (Kind.OVERLOADED, 529),
}
"""What an error word means, and the status it comes with where it is not in a stream."""


def decoder(streamed: bool) -> Decoder:
    return StreamDecoder() if streamed else WholeDecoder()


class StreamDecoder:
    """Server-sent events, up to `message_stop` or `error`; what comes after those is not ours to read."""

    def __init__(self) -> None:
        self._reader = sse.Reader()
        self._answer = _Answer()

    def feed(self, chunk: bytes) -> Iterator[Fact]:
        for event in self._reader.feed(chunk):
            if not self._answer.over:
                body = j.parse(event.data, where="the provider's event")
                yield from self._answer.read(_string(body.get("type")) or event.name, body)

    def end(self) -> Iterator[Fact]:
        if not self._answer.over:
            yield from self._answer.fail(Fault(Kind.UPSTREAM_GARBLED, "the provider's answer broke off"))


class WholeDecoder:
    """One JSON body, kept until it is complete."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[Fact]:
        self._chunks.append(chunk)
        self._size += len(chunk)
        if self._size > sse.MAX_EVENT_BYTES:
            raise UnreadableError(f"the provider's answer: longer than {sse.MAX_EVENT_BYTES} bytes")
        return iter(())

    def end(self) -> Iterator[Fact]:
        message = j.parse(b"".join(self._chunks), where="the provider's answer")
        answer = _Answer()
        for event in _as_events(message):
            yield from answer.read(str(event["type"]), event)


def _as_events(message: dict[str, Json]) -> Iterator[dict[str, Json]]:
    if message.get("type") == "error":
        yield message
        return
    blocks = j.an_array(message.get("content"), at="content")
    yield {"type": "message_start", "message": message}
    for n, block in enumerate(blocks):
        yield {"type": "content_block_start", "index": n, "content_block": block}
        yield {"type": "content_block_stop", "index": n}
    yield {"type": "message_delta", "delta": {"stop_reason": message.get("stop_reason")}}
    yield {"type": "message_stop"}


class _Answer:
    """Events to facts, for one answer. Every fact has passed the grammar before it leaves."""

    def __init__(self) -> None:
        self.over = False
        self._grammar = Grammar()
        self._open: _Open | None = None
        self._swallowed: set[int] = set()
        self._used_tools = False
        self._counts = _Counts()
        self._stop = Stop.END

    def read(self, name: str, event: Mapping[str, Json]) -> Iterator[Fact]:
        for fact in self._facts(name, event):
            self._grammar.check(fact)
            self.over = isinstance(fact, Finished | Failed)
            yield fact

    def fail(self, fault: Fault) -> Iterator[Fact]:
        self.over = True
        yield Failed(fault)

    def _facts(self, name: str, event: Mapping[str, Json]) -> Iterator[Fact]:
        match name:
            case "message_start":
                message = j.an_object(event.get("message"), at="message")
                yield Started(_string(message.get("id")), _string(message.get("model")))
                yield from self._seen(message.get("usage"))
            case "content_block_start":
                yield from self._on_start(_index(event), j.an_object(event.get("content_block"), at="content_block"))
            case "content_block_delta":
                yield from self._on_delta(_index(event), j.an_object(event.get("delta"), at="delta"))
            case "content_block_stop":
                yield from self._on_stop(_index(event))
            case "message_delta":
                reason = j.an_object(event.get("delta"), at="delta").get("stop_reason")
                self._stop = _STOPS.get(_string(reason), Stop.END)
                yield from self._seen(event.get("usage"))
            case "message_stop":
                ended = self._stop is Stop.END and self._used_tools
                yield Finished(Stop.TOOL_USE if ended else self._stop)
            case "error":
                yield Failed(_fault(event))
            case _:
                pass  # `ping`, and whatever comes later: the API promises new event types

    def _on_start(self, index: int, block: Mapping[str, Json]) -> Iterator[Fact]:
        match block.get("type"):
            case "text":
                self._open = _Open(index, "text_delta", "text")
                yield TextStarted()
                yield from _delta(block.get("text"), at="content_block.text")
            case "tool_use":
                given = block.get("input")
                args = j.an_object({} if given is None else given, at="content_block.input")
                self._open = _Open(index, "input_json_delta", "partial_json", j.text(args) if args else "")
                self._used_tools = True
                id = j.a_string(block.get("id"), at="content_block.id")
                yield ToolStarted(id, j.a_string(block.get("name"), at="content_block.name"))
            case _:
                self._swallowed.add(index)

    def _on_delta(self, index: int, delta: Mapping[str, Json]) -> Iterator[Fact]:
        if index in self._swallowed:
            yield Thought()
            return
        block = self._block(index)
        if delta.get("type") == block.delta:
            block.whole = ""  # the input came in pieces after all
            yield from _delta(delta.get(block.key), at=f"delta.{block.key}")

    def _on_stop(self, index: int) -> Iterator[Fact]:
        if index in self._swallowed:
            return
        yield from _delta(self._block(index).whole, at="content_block.input")
        self._open = None
        yield BlockEnded()

    def _block(self, index: int) -> "_Open":
        if self._open is None or self._open.index != index:
            raise OutOfOrderError("more of a content block that is not open")
        return self._open

    def _seen(self, usage: Json) -> Iterator[Fact]:
        if usage is not None:
            self._counts = self._counts.or_later(j.an_object(usage, at="usage"))
            yield Seen(self._counts.usage())


@dataclass(slots=True)
class _Open:
    """The content block whose pieces we pass on."""

    index: int
    delta: str
    """The type of its deltas, and the key they keep their piece under."""
    key: str
    whole: str = ""
    """A tool's input that came with the start. It counts only when no pieces follow."""


@dataclass(frozen=True, slots=True)
class _Counts:
    """Tokens as Anthropic counts them: fresh, cached and newly cached input apart, running totals in each event."""

    fresh: int | None = None
    read: int | None = None
    written: int | None = None
    output: int | None = None
    thinking: int | None = None

    def or_later(self, usage: Mapping[str, Json]) -> "_Counts":
        details = usage.get("output_tokens_details")
        thinking = {} if details is None else j.an_object(details, at="usage.output_tokens_details")
        return _Counts(
            _count(usage, "input_tokens", self.fresh),
            _count(usage, "cache_read_input_tokens", self.read),
            _count(usage, "cache_creation_input_tokens", self.written),
            _count(usage, "output_tokens", self.output),
            _count(thinking, "thinking_tokens", self.thinking),
        )

    def usage(self) -> Usage:
        return Usage(
            input_tokens=None if self.fresh is None else self.fresh + (self.read or 0) + (self.written or 0),
            cached_tokens=self.read,
            cache_written_tokens=self.written,
            output_tokens=self.output,
            reasoning_tokens=self.thinking,
        )


def _count(usage: Mapping[str, Json], key: str, known: int | None) -> int | None:
    value = usage.get(key)
    return known if value is None else j.an_int(value, at=f"usage.{key}")


def _delta(value: Json, *, at: str) -> Iterator[Fact]:
    if value is not None and (text := j.a_string(value, at=at)):
        yield Delta(text)


def _index(event: Mapping[str, Json]) -> int:
    return j.an_int(event.get("index"), at="index")


def _string(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _fault(body: Mapping[str, Json]) -> Fault:
    """From an `error` event, or a body of that shape."""
    error = body.get("error")
    error = error if isinstance(error, dict) else {}
    word = _string(error.get("type"))
    kind, status = _ERRORS.get(word, _ERRORS["api_error"])
    message = _string(error.get("message"))[:MAX_MESSAGE]
    return Fault(kind, message or "the provider failed while answering", status, word[:MAX_CODE])


def decode_error(status: int, body: bytes) -> Fault:
    try:
        parsed = j.parse(body, where="the provider's error")
    except UnreadableError:
        parsed = {}
    error = parsed.get("error")
    error = error if isinstance(error, dict) else {}
    word = _string(error.get("type"))
    # Vendors with OpenAI's shape call everything an invalid request: the word counts only in Anthropic's own shape.
    ours = parsed.get("type") == "error" and word in _ERRORS
    kind = _ERRORS[word][0] if ours else kind_of_status(status)
    message = _string(error.get("message"))[:MAX_MESSAGE]
    return Fault(kind, message or f"the provider answered {status}", status, word[:MAX_CODE])
