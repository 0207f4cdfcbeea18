"""Gemini: answers, written for a client. See the package for the source.

Every chunk has the shape of a whole answer (see `parts` for what stands in it). Without `alt=sse` a stream is one JSON
array, written object by object.

The parts of an answer for a client, made of facts. See the package for the source.

A function call goes out in one piece, so its arguments wait for the end of their block. Thoughts are shown to a client
that asked for them (`includeThoughts`). What their provider wants back of them goes with the call they led to, in its
`thoughtSignature`: a client has to send that back, thoughts it may drop.
"""

from typing import assert_never

from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import (
    BlockEnded,
    Delta,
    Embedded,
    Fact,
    Failed,
    Finished,
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
from openclaw_extproc.model.requests import Chat, SealedState, Thinking
from openclaw_extproc.wire.base import EVENT_STREAM, JSON, Encoder
from openclaw_extproc.wire.gemini import thinking
from openclaw_extproc.wire.gemini.client.requests import wants_events
from openclaw_extproc.wire.gemini.errors import encode_error, error
from openclaw_extproc.wire.streams import sse
from openclaw_extproc.wire.streams.event_decoder import PLACEHOLDER, Around, around

# -- parts -----------------------------------------------------------------------------


class Parts:
    def __init__(self, chat: Chat, *, at_once: bool) -> None:
        """`at_once`: texts go out as they come, and not when they are over."""
        self._visible = chat.reasoning is not None and chat.reasoning.visible is True
        self._at_once = at_once
        self._open: TextStarted | ThoughtStarted | ToolStarted = TextStarted()
        self._said: list[str] = []
        self._seal: SealedState | None = None
        self._thoughts: list[Thinking] = []
        """The thoughts that no call has carried yet."""
        self._called = False

    @property
    def is_in_text(self) -> bool:
        """Whether more of the open block is shown as a text."""
        return isinstance(self._open, TextStarted)

    def take(self, fact: Fact) -> dict[str, Json] | None:
        """The part that is to go out now; `None` for none."""
        match fact:
            case TextStarted() | ThoughtStarted() | ToolStarted():
                self._open, self._said, self._seal = fact, [], None
            case Delta(text):
                self._said.append(text)
                return self._text_part(text) if self._at_once else None
            case StateAttached(sealed):
                self._seal = sealed
            case BlockEnded():
                return self._end_part("".join(self._said))
            case ThinkingProgress() | Embedded() | Started() | UsageReported() | Finished() | Failed():
                pass
            case _ as never:
                assert_never(never)
        return None

    def _text_part(self, text: str) -> dict[str, Json] | None:
        """A text, or a thought that may be seen."""
        match self._open:
            case TextStarted():
                return {"text": text}
            case ThoughtStarted():
                return {"text": text, "thought": True} if self._visible else None
            case ToolStarted():
                return None

    def _end_part(self, said: str) -> dict[str, Json] | None:
        if isinstance(self._open, ToolStarted):
            return self._call(self._open, said)
        if isinstance(self._open, ThoughtStarted):
            self._thoughts.append(Thinking(said, self._seal))
        signature = thinking.own(self._seal)
        part = self._text_part("" if self._at_once else said)
        if part is None or (self._at_once and not signature):
            return None
        return part | _signature_field(signature)

    def _call(self, tool: ToolStarted, args: str) -> dict[str, Json]:
        thoughts, self._thoughts = self._thoughts, []
        call: Json = {"id": tool.id, "name": tool.name, "args": _arguments(args)}
        first, self._called = not self._called, True
        return {"functionCall": call, **_signature_field(thinking.carrying(thoughts, self._seal, first=first))}


def _signature_field(signature: str) -> dict[str, Json]:
    return {"thoughtSignature": signature} if signature else {}


def _arguments(text: str) -> dict[str, Json]:
    """A model may write anything; a client has to get an object."""
    try:
        return j.parse(text, where="tool arguments") if text.strip() else {}
    except UnreadableError:
        return {"_raw": text}


# -- encoder ---------------------------------------------------------------------------


_STOP_WORDS = {
    Stop.END: "STOP",
    Stop.LENGTH: "MAX_TOKENS",
    Stop.TOOL_USE: "STOP",
    Stop.REFUSAL: "SAFETY",
}


def encoder(chat: Chat, created: int) -> Encoder:
    if not chat.stream:
        return WholeEncoder(chat, created)
    return StreamEncoder(chat, created, EventFraming() if wants_events(chat) else ArrayFraming())


def content_type(chat: Chat) -> str:
    """A stream without `alt=sse` is one JSON array, written piece by piece."""
    return EVENT_STREAM if chat.stream and wants_events(chat) else JSON


class EventFraming:
    """Server-sent events."""

    def more(self, chunk: dict[str, Json]) -> bytes:
        return sse.write(sse.Event(j.text(chunk)))

    def last(self, chunk: dict[str, Json]) -> bytes:
        return self.more(chunk)


class ArrayFraming:
    """The framing of a stream as one JSON array."""

    def __init__(self) -> None:
        self._before = b"["

    def more(self, chunk: dict[str, Json]) -> bytes:
        before, self._before = self._before, b",\r\n"
        return before + j.dump(chunk)

    def last(self, chunk: dict[str, Json]) -> bytes:
        return self.more(chunk) + b"]"


class _Head:
    """What stands in every chunk and in the whole answer."""

    def __init__(self, chat: Chat, created: int) -> None:
        self._model = chat.model
        self._id = str(created)
        self._usage = Usage()

    def note(self, fact: Started | UsageReported) -> None:
        match fact:
            case Started(id, model):
                self._id, self._model = id or self._id, model or self._model
            case UsageReported(usage):
                self._usage = self._usage.or_later(usage)

    def answer(self, parts: list[Json], stop: Stop | None = None) -> dict[str, Json]:
        """What `parts` say, with everything that is known at the end when `stop` is given."""
        candidate: dict[str, Json] = {"content": {"parts": parts, "role": "model"}}
        usage: dict[str, Json] = {}
        if stop is not None:
            candidate["finishReason"] = _STOP_WORDS[stop]
            usage = {"usageMetadata": counted} if (counted := _usage_metadata(self._usage)) else {}
        candidate["index"] = 0
        return {"candidates": [candidate], **usage, "modelVersion": self._model, "responseId": self._id}


class StreamEncoder:
    """Calls that follow each other go out in one chunk: Google's SDKs send each chunk back as a turn of its own, and
    Gemini refuses calls of one answer in several turns (`chats` and automatic function calling of @google/genai 2).
    """

    def __init__(self, chat: Chat, created: int, framing: EventFraming | ArrayFraming) -> None:
        self._head = _Head(chat, created)
        self._framing = framing
        self._parts = Parts(chat, at_once=True)
        self._calls: list[Json] = []
        self._around: Around = ()
        """The bytes before and behind the text of an event of the open block, once the first one is written."""

    def feed(self, fact: Fact) -> bytes:
        if isinstance(fact, Delta):
            return self._more(fact)
        if not isinstance(fact, UsageReported | ThinkingProgress):
            self._around = ()
        match fact:
            case Started() | UsageReported():
                self._head.note(fact)
                return b""
            case Finished(stop):
                return self._call_chunk() + self._framing.last(self._head.answer([{"text": ""}], stop))
            case Embedded():
                raise AssertionError("no answer to a chat has vectors")
            case Failed(fault):
                return self._call_chunk() + self._framing.last(error(fault))
            case _:
                return self._content_chunk(self._parts.take(fact))

    def _more(self, delta: Delta) -> bytes:
        if self._around:
            before, after = self._around
            return before + j.dump(delta.text) + after
        written = self._content_chunk(self._parts.take(delta))
        if self._parts.is_in_text:
            self._around = around(self._framing.more(self._head.answer([{"text": PLACEHOLDER}])))
        return written

    def _content_chunk(self, part: dict[str, Json] | None) -> bytes:
        if part is None:
            return b""
        if "functionCall" in part:
            self._calls.append(part)
            return b""
        return self._call_chunk() + self._framing.more(self._head.answer([part]))

    def _call_chunk(self) -> bytes:
        calls, self._calls = self._calls, []
        return self._framing.more(self._head.answer(calls)) if calls else b""


class WholeEncoder:
    """Says nothing until the last fact."""

    def __init__(self, chat: Chat, created: int) -> None:
        self._head = _Head(chat, created)
        self._parts = Parts(chat, at_once=False)
        self._content_chunk: list[Json] = []

    def feed(self, fact: Fact) -> bytes:
        match fact:
            case Started() | UsageReported():
                self._head.note(fact)
            case Finished(stop):
                return j.dump(self._head.answer(self._content_chunk or [{"text": ""}], stop))
            case Embedded():
                raise AssertionError("no answer to a chat has vectors")
            case Failed(fault):
                return encode_error(fault)
            case _:
                part = self._parts.take(fact)
                self._content_chunk += [] if part is None else [part]
        return b""


def _usage_metadata(usage: Usage) -> dict[str, Json]:
    """What is known; Gemini has thoughts and the rest of the output apart."""
    said = usage.output_tokens
    counts = {
        "promptTokenCount": usage.input_tokens,
        "cachedContentTokenCount": usage.cached_tokens,
        "candidatesTokenCount": None if said is None else max(0, said - (usage.reasoning_tokens or 0)),
        "thoughtsTokenCount": usage.reasoning_tokens,
    }
    known: dict[str, Json] = {name: count for name, count in counts.items() if count is not None}
    return {**known, "totalTokenCount": (usage.input_tokens or 0) + (said or 0)} if known else {}
