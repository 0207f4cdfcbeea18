"""Answers in Anthropic Messages as providers send them, to facts.

Source: the types of the official SDK (anthropic 2.11, read 2026-11-21), and from memory
https://platform.claude.com/docs/en/build-with-claude/streaming.
A whole answer is read as the events that a stream would have brought, so both are understood alike.
Left out: server tools with their results, citations, and block types yet to come are swallowed; which stop sequence
ended the answer, and why a turn was paused, are not told apart from its end.

Anthropic Messages: the one commonest event of a stream, more of its text, read for that alone.

Whatever is not as expected is left to `decoder`. Source: as there.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal

import msgspec

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.frozen import dataclass
from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import (
    BlockEnded,
    Delta,
    Fact,
    Failed,
    Finished,
    Grammar,
    OutOfOrderError,
    Started,
    StateAttached,
    Stop,
    TextStarted,
    ThinkingProgress,
    ThoughtStarted,
    ToolStarted,
    Usage,
    UsageReported,
    tier,
)
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import SealedState
from openclaw_extproc.wire.anthropic_messages import thinking as state
from openclaw_extproc.wire.anthropic_messages.errors import fault_of, string
from openclaw_extproc.wire.base import Decoder
from openclaw_extproc.wire.streams import sse
from openclaw_extproc.wire.streams.event_decoder import ContentEvents, EventDecoder, WholeDecoder, data_of

# -- text events -----------------------------------------------------------------------


_HEAD: Final = b"event: content_block_delta\ndata: "


class _Text(msgspec.Struct, gc=False):
    text: str
    type: Literal["text_delta"]


class _Event(msgspec.Struct, gc=False):
    delta: _Text
    index: int
    type: Literal["content_block_delta"]


_decode: Final = msgspec.json.Decoder(_Event).decode


def more_text(event: bytes, index: int) -> tuple[Delta] | tuple[()]:
    """The text of a `text_delta` of the block with that index; nothing for any other event."""
    data = data_of(event, _HEAD)
    if not data:
        return ()
    try:
        read = _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ()
    text = read.delta.text
    return (Delta(text),) if text and read.index == index else ()


# -- decoder ---------------------------------------------------------------------------


_STOPS = {
    "end_turn": Stop.END,
    "stop_sequence": Stop.END,
    "pause_turn": Stop.END,
    "max_tokens": Stop.LENGTH,
    "model_context_window_exceeded": Stop.LENGTH,
    "tool_use": Stop.TOOL_USE,
    "refusal": Stop.REFUSAL,
}


def decoder(streamed: bool) -> Decoder:
    return EventDecoder(_Events(), _CONTENT) if streamed else WholeDecoder(_whole)


_CONTENT = ContentEvents(
    kind=b'content_block_delta"', telling=(b'"usage"', b'"error"', b'"message_', b'"content_block_st')
)


class _Events:
    """Server-sent events, up to `message_stop` or `error`; what comes after those is not ours to read."""

    def __init__(self) -> None:
        self._answer = _Answer()

    @property
    def over(self) -> bool:
        return self._answer.over

    def read(self, event: sse.Event) -> Iterator[Fact]:
        body = j.parse(event.data, where="the provider's event")
        yield from self._answer.read(string(body.get("type")) or event.name, body)

    def read_quickly(self, event: bytes) -> Sequence[Fact]:
        index = self._answer.open_text
        return () if index is None else more_text(event, index)

    def end(self) -> Iterator[Fact]:
        if self._answer.only_lacks_its_stop:
            yield from self._answer.read("message_stop", {})
        elif not self._answer.over:
            yield from self._answer.fail(Fault(FaultKind.UPSTREAM_GARBLED, "the provider's answer broke off"))


def _whole(message: dict[str, Json]) -> Iterator[Fact]:
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
        self._has_stop_reason = False

    @property
    def only_lacks_its_stop(self) -> bool:
        """Whether the answer is whole but for `message_stop`: a stop reason came, and no block is open.

        Compatible servers and proxies leave `message_stop` out, as others leave out OpenAI's `[DONE]`.
        """
        return self._has_stop_reason and self._open is None and not self.over

    def read(self, name: str, event: Mapping[str, Json]) -> Iterator[Fact]:
        for fact in self._facts(name, event):
            self._grammar.check(fact)
            self.over = isinstance(fact, Finished | Failed)
            yield fact

    @property
    def open_text(self) -> int | None:
        """The index of the text block that is open."""
        return self._open.index if self._open is not None and self._open.delta == "text_delta" else None

    def fail(self, fault: Fault) -> Iterator[Fact]:
        self.over = True
        yield Failed(fault)

    def _facts(self, name: str, event: Mapping[str, Json]) -> Iterator[Fact]:
        match name:
            case "message_start":
                message = j.an_object(event.get("message"), at="message")
                yield Started(string(message.get("id")), string(message.get("model")))
                yield from self._read_usage(message.get("usage"))
            case "content_block_start":
                yield from self._on_start(_index(event), j.an_object(event.get("content_block"), at="content_block"))
            case "content_block_delta":
                yield from self._on_delta(_index(event), j.an_object(event.get("delta"), at="delta"))
            case "content_block_stop":
                yield from self._on_stop(_index(event))
            case "message_delta":
                reason = j.an_object(event.get("delta"), at="delta").get("stop_reason")
                self._stop = _STOPS.get(string(reason), Stop.END)
                self._has_stop_reason = self._has_stop_reason or bool(string(reason))
                yield from self._read_usage(event.get("usage"))
            case "message_stop":
                ended = self._stop is Stop.END and self._used_tools
                yield Finished(Stop.TOOL_USE if ended else self._stop)
            case "error":
                yield Failed(fault_of(event))
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
            case "thinking":
                signed = block.get("signature")
                sealed = "" if signed is None else j.a_string(signed, at="content_block.signature")
                self._open = _Open(index, "thinking_delta", "thinking", sealed=sealed)
                yield ThoughtStarted()
                yield from _delta(block.get("thinking"), at="content_block.thinking")
            case "redacted_thinking":
                hidden = state.state_of_redacted(j.a_string(block.get("data"), at="content_block.data"))
                self._open = _Open(index, "", "", sealed=hidden.text)
                yield ThoughtStarted()
            case _:
                self._swallowed.add(index)

    def _on_delta(self, index: int, delta: Mapping[str, Json]) -> Iterator[Fact]:
        if index in self._swallowed:
            yield ThinkingProgress()
            return
        block = self._block(index)
        if delta.get("type") == "signature_delta":
            block.sealed += j.a_string(delta.get("signature"), at="delta.signature")
        elif delta.get("type") == block.delta:
            block.whole = ""  # the input came in pieces after all
            yield from _delta(delta.get(block.key), at=f"delta.{block.key}")

    def _on_stop(self, index: int) -> Iterator[Fact]:
        if index in self._swallowed:
            return
        block = self._block(index)
        yield from _delta(block.whole, at="content_block.input")
        if block.sealed:
            yield StateAttached(SealedState(state.BY, block.sealed))
        self._open = None
        yield BlockEnded()

    def _block(self, index: int) -> "_Open":
        if self._open is None or self._open.index != index:
            raise OutOfOrderError("more of a content block that is not open")
        return self._open

    def _read_usage(self, usage: Json) -> Iterator[Fact]:
        if usage is not None:
            self._counts = self._counts.or_later(j.an_object(usage, at="usage"))
            yield UsageReported(self._counts.usage())


@dataclass(slots=True)
class _Open:
    """The content block whose pieces we pass on."""

    index: int
    delta: str
    """The type of its deltas, and the key they keep their piece under."""
    key: str
    whole: str = ""
    """A tool's input that came with the start. It counts only when no pieces follow."""
    sealed: str = ""
    """A thought's signature, as far as it came."""


@dataclass(frozen=True, slots=True)
class _Counts:
    """Tokens as Anthropic counts them: fresh, cached and newly cached input apart, running totals in each event."""

    fresh: int | None = None
    read: int | None = None
    written: int | None = None
    output: int | None = None
    thinking: int | None = None
    written_1h: int | None = None
    searches: int | None = None
    tier: str | None = None

    def or_later(self, usage: Mapping[str, Json]) -> "_Counts":
        thinking = _details(usage, "output_tokens_details")
        return _Counts(
            _count(usage, "input_tokens", self.fresh),
            _count(usage, "cache_read_input_tokens", self.read),
            _count(usage, "cache_creation_input_tokens", self.written),
            _count(usage, "output_tokens", self.output),
            _count(thinking, "thinking_tokens", self.thinking),
            _count(_details(usage, "cache_creation"), "ephemeral_1h_input_tokens", self.written_1h),
            _count(_details(usage, "server_tool_use"), "web_search_requests", self.searches),
            tier(usage.get("service_tier")) or self.tier,
        )

    def usage(self) -> Usage:
        return Usage(
            input_tokens=None if self.fresh is None else self.fresh + (self.read or 0) + (self.written or 0),
            cached_tokens=self.read,
            cache_written_tokens=self.written,
            output_tokens=self.output,
            reasoning_tokens=self.thinking,
            cache_written_1h_tokens=self.written_1h,
            searches=self.searches or None,
            tier=self.tier,
        )


def _details(usage: Mapping[str, Json], key: str) -> dict[str, Json]:
    value = usage.get(key)
    return {} if value is None else j.an_object(value, at=f"usage.{key}")


def _count(usage: Mapping[str, Json], key: str, known: int | None) -> int | None:
    value = usage.get(key)
    return known if value is None else j.an_amount(value, at=f"usage.{key}")


def _delta(value: Json, *, at: str) -> Iterator[Fact]:
    if value is not None and (text := j.a_string(value, at=at)):
        yield Delta(text)


def _index(event: Mapping[str, Json]) -> int:
    return j.an_int(event.get("index"), at="index")
