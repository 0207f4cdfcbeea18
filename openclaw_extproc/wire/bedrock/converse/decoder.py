"""Answers of Bedrock's Converse and ConverseStream, to facts.

Source: botocore 1.44, service model of `bedrock-runtime` (read 2026-11-21), and public issues: a text block has no
`contentBlockStart` (maximhq/bifrost#4262); exceptions come as frames of their own and the usage comes behind the stop
(anomalyco/opencode#38712). A whole answer is read as the events that a stream would have brought.
Left out: citations, images and results of tools that run at the provider are swallowed, guardrail traces unread; which
model a prompt router chose. Neither the model nor an id is named in the answer.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import (
    BlockEnded,
    Delta,
    Fact,
    Failed,
    Finished,
    Grammar,
    Started,
    StateAttached,
    Stop,
    TextStarted,
    ThinkingProgress,
    ThoughtStarted,
    ToolStarted,
    Usage,
    UsageReported,
)
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import SealedState
from openclaw_extproc.wire.base import Decoder
from openclaw_extproc.wire.bedrock import service
from openclaw_extproc.wire.bedrock.converse import models
from openclaw_extproc.wire.streams.event_decoder import WholeDecoder

MAX_ANSWER_BYTES = 32 * 1024 * 1024
"""The size of a response that is no stream, and of all blocks that wait for another to end."""

_STOPS = {
    "end_turn": Stop.END,
    "stop_sequence": Stop.END,
    "tool_use": Stop.TOOL_USE,
    "max_tokens": Stop.LENGTH,
    "model_context_window_exceeded": Stop.LENGTH,
    "guardrail_intervened": Stop.REFUSAL,
    "content_filtered": Stop.REFUSAL,
}
_MALFORMED_STOPS = ("malformed_model_output", "malformed_tool_use")
"""The model wrote what nobody can use: no answer at all."""


def decoder(streamed: bool) -> Decoder:
    return StreamDecoder() if streamed else WholeDecoder(_whole, limit=MAX_ANSWER_BYTES)


class StreamDecoder:
    """Frames, up to `metadata`, which comes behind `messageStop`; what comes after is not ours to read."""

    def __init__(self) -> None:
        self._reader = service.Reader()
        self._answer = _Answer()

    def feed(self, chunk: bytes) -> Iterator[Fact]:
        if self._answer.over:
            return
        for frame in self._reader.feed(chunk):
            if frame.kind != "event":
                yield from self._answer.fail(service.fault_of(frame))
            else:
                yield from self._answer.read(frame.name, j.parse(frame.payload, where="the provider's event"))
            if self._answer.over:
                return

    def end(self) -> Iterator[Fact]:
        yield from self._answer.end()


def _whole(body: dict[str, Json]) -> Iterator[Fact]:
    answer = _Answer()
    for name, event in _as_events(body):
        yield from answer.read(name, event)
    yield from answer.end()


def _as_events(body: Mapping[str, Json]) -> Iterator[tuple[str, dict[str, Json]]]:
    message = j.an_object(j.an_object(body.get("output"), at="output").get("message"), at="output.message")
    blocks = j.an_array(message.get("content"), at="content")
    yield "messageStart", {}
    for n, item in enumerate(blocks):
        block = j.an_object(item, at=f"content[{n}]")
        for name, event in _block_events(block):
            yield name, {"contentBlockIndex": n, **event}
        yield "contentBlockStop", {"contentBlockIndex": n}
    yield "messageStop", {"stopReason": j.a_string(body.get("stopReason"), at="stopReason")}
    yield "metadata", {"usage": body.get("usage")}


def _block_events(block: Mapping[str, Json]) -> Iterator[tuple[str, dict[str, Json]]]:
    match block:
        case {"toolUse": dict(use)}:
            yield "contentBlockStart", {"start": {"toolUse": use}}
            args = use.get("input")
            yield "contentBlockDelta", {"delta": {"toolUse": {"input": j.text(args) if args else ""}}}
        case {"reasoningContent": {"reasoningText": dict(said)}}:
            for key in ("text", "signature"):
                yield "contentBlockDelta", {"delta": {"reasoningContent": {key: said.get(key)}}}
        case {"citationsContent": {"content": list(parts)}}:
            for part in parts:
                yield "contentBlockDelta", {"delta": j.an_object(part, at="citationsContent.content")}
        case _:
            yield "contentBlockDelta", {"delta": dict(block)}


class _Answer:
    """Events to facts, for one answer. Every fact has passed the grammar before it leaves."""

    def __init__(self) -> None:
        self.over = False
        self._grammar = Grammar()
        self._blocks: dict[int, _Block] = {}
        """The blocks whose facts are not all given yet, in their order; the first one is the open block."""
        self._waiting = 0
        """Characters that ever had to wait for a block's end."""
        self._used_tools = False
        self._stop: Stop | None = None

    def read(self, name: str, event: Mapping[str, Json]) -> Iterator[Fact]:
        for fact in self._facts(name, event):
            self._grammar.check(fact)
            self.over = isinstance(fact, Finished | Failed)
            yield fact

    def fail(self, fault: Fault) -> Iterator[Fact]:
        self.over = True
        yield Failed(fault)

    def end(self) -> Iterator[Fact]:
        if self.over:
            return
        if self._stop is None:
            yield from self.fail(Fault(FaultKind.UPSTREAM_GARBLED, "the provider's answer broke off"))
        else:  # only the usage is missing
            self.over = True
            yield Finished(self._stop)

    def _facts(self, name: str, event: Mapping[str, Json]) -> Iterator[Fact]:
        match name:
            case "messageStart":
                yield Started("", "")
            case "contentBlockStart":
                start = j.an_object(event.get("start"), at="start")
                yield from self._on_start(_index(event), start)
            case "contentBlockDelta":
                yield from self._on_delta(_index(event), j.an_object(event.get("delta"), at="delta"))
            case "contentBlockStop":
                yield from self._on_stop(_index(event))
            case "messageStop":
                yield from self._on_message_stop(j.a_string(event.get("stopReason"), at="stopReason"))
            case "metadata":
                yield from _read_usage(event.get("usage"))
                if self._stop is not None:
                    yield Finished(self._stop)
            case _:
                pass  # what comes later: the service adds events

    def _on_start(self, index: int, start: Mapping[str, Json]) -> Iterator[Fact]:
        if (use := start.get("toolUse")) is None:
            yield ThinkingProgress()
            return
        use = j.an_object(use, at="start.toolUse")
        self._used_tools = True
        id = j.a_string(use.get("toolUseId"), at="start.toolUse.toolUseId")
        name = j.a_string(use.get("name"), at="start.toolUse.name")
        yield from self._say(index, ToolStarted(id, name))

    def _on_delta(self, index: int, delta: Mapping[str, Json]) -> Iterator[Fact]:
        match delta:
            case {"text": said}:
                yield from self._more(index, TextStarted, said, at="delta.text")
            case {"toolUse": dict(use)}:
                yield from self._more(index, None, use.get("input"), at="delta.toolUse.input")
            case {"reasoningContent": dict(thought)}:
                yield from self._on_thought(index, thought)
            case _:
                yield ThinkingProgress()

    def _on_thought(self, index: int, thought: Mapping[str, Json]) -> Iterator[Fact]:
        at = "delta.reasoningContent"
        if (said := thought.get("text")) is not None:
            yield from self._more(index, ThoughtStarted, said, at=f"{at}.text")
        for key, mark in (("signature", ""), ("redactedContent", models.REDACTED_PREFIX)):
            if (seal := thought.get(key)) is not None and (text := j.a_string(seal, at=f"{at}.{key}")):
                if index not in self._blocks:
                    yield from self._say(index, ThoughtStarted())
                block = self._blocks[index]
                block.seal = (block.seal or mark) + text

    def _more(
        self, index: int, opening: type[TextStarted | ThoughtStarted] | None, said: Json, *, at: str
    ) -> Iterator[Fact]:
        """A piece of a block; texts and thoughts begin with their first piece."""
        if said is None or not (text := j.a_string(said, at=at)):
            return
        if index not in self._blocks:
            if opening is None:
                raise UnreadableError(f"{at}: of a block that did not begin")
            yield from self._say(index, opening())
        yield from self._say(index, Delta(text))

    def _say(self, index: int, fact: Fact) -> Iterator[Fact]:
        """Yields the fact now if its block is the open one, else keeps it until the blocks before it have ended."""
        block = self._blocks.setdefault(index, _Block())
        if index == next(iter(self._blocks)):
            yield fact
            return
        block.waiting.append(fact)
        self._waiting += len(fact.text) if isinstance(fact, Delta) else 1
        if self._waiting > MAX_ANSWER_BYTES:
            raise UnreadableError("blocks of the answer: too long to wait for another one's end")

    def _on_stop(self, index: int) -> Iterator[Fact]:
        if index not in self._blocks:
            return  # an empty text has neither beginning nor pieces
        self._blocks[index].ended = True
        while self._blocks and self._open_block().ended:
            block = self._blocks.pop(next(iter(self._blocks)))
            if block.seal:
                yield StateAttached(SealedState(models.BY, block.seal))
            yield BlockEnded()
            if self._blocks:
                yield from self._open_block().waiting
                self._open_block().waiting.clear()

    def _open_block(self) -> "_Block":
        return next(iter(self._blocks.values()))

    def _on_message_stop(self, reason: str) -> Iterator[Fact]:
        for index in list(self._blocks):
            yield from self._on_stop(index)
        if reason in _MALFORMED_STOPS:
            yield Failed(Fault(FaultKind.UPSTREAM_GARBLED, "the model wrote what is no answer", code=reason))
            return
        stop = _STOPS.get(reason, Stop.END)
        self._stop = Stop.TOOL_USE if stop is Stop.END and self._used_tools else stop


@dataclass(slots=True)
class _Block:
    waiting: list[Fact] = field(default_factory=list[Fact])
    """What it says, while another block is being told."""
    seal: str = ""
    """A thought's signature, as far as it came."""
    ended: bool = False


def _read_usage(usage: Json) -> Iterator[Fact]:
    """Input without what was read from a cache or written to one (the docs on prompt caching, from memory)."""
    if usage is None:
        return  # a later `metadata` may have metrics only
    said = j.an_object(usage, at="usage")
    fresh, read = _count(said, "inputTokens"), _count(said, "cacheReadInputTokens")
    written = _count(said, "cacheWriteInputTokens")
    yield UsageReported(
        Usage(
            input_tokens=None if fresh is None else fresh + (read or 0) + (written or 0),
            cached_tokens=read,
            cache_written_tokens=written,
            output_tokens=_count(said, "outputTokens"),
            cache_written_1h_tokens=_for_an_hour(said.get("cacheDetails")),
        )
    )


def _for_an_hour(details: Json) -> int | None:
    """botocore 1.44, `CacheDetailsList`: cache writes by lifetime."""
    found = [one for one in details if isinstance(one, dict)] if isinstance(details, list) else []
    counts = [_count(one, "inputTokens") or 0 for one in found if one.get("ttl") == "1h"]
    return sum(counts) if counts else None


def _count(usage: Mapping[str, Json], key: str) -> int | None:
    value = usage.get(key)
    return None if value is None else j.an_amount(value, at=f"usage.{key}")


def _index(event: Mapping[str, Json]) -> int:
    return j.an_int(event.get("contentBlockIndex"), at="contentBlockIndex")
