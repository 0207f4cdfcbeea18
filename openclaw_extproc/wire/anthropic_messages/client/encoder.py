"""Answers in Anthropic Messages as clients read them, from facts.

Source: as `decoder`. The order of events and the fields of each are what the official SDK takes.
Left out: `ping`, which clients ignore; `stop_sequence`, which no fact tells; the seal of a text, which has no place.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

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
from openclaw_extproc.wire.anthropic_messages import native_tools, thinking
from openclaw_extproc.wire.anthropic_messages.errors import encode_error, encode_stream_error
from openclaw_extproc.wire.base import Encoder
from openclaw_extproc.wire.streams import sse
from openclaw_extproc.wire.streams.event_decoder import PLACEHOLDER, Around, around
from openclaw_extproc.wire.translation import provider_state

_STOP_WORDS = {
    Stop.END: "end_turn",
    Stop.LENGTH: "max_tokens",
    Stop.TOOL_USE: "tool_use",
    Stop.REFUSAL: "refusal",
}


def encoder(chat: Chat, created: int) -> Encoder:
    return StreamEncoder(chat, created) if chat.stream else WholeEncoder(chat, created)


class StreamEncoder:
    """Anthropic's events. `message_start` waits for the next fact but usage, so that it can say what is known; the
    start of a call or a thought waits for the first thing in it, because what seals it decides how it begins.
    """

    def __init__(self, chat: Chat, created: int) -> None:
        self._asked = chat.model
        self._created = created
        self._natives = {tool.name: tool.native for tool in chat.tools if tool.native}
        self._waiting: Started | None = None
        self._index = 0
        self._open: _Block | None = None
        self._usage = Usage()
        self._around: Around = ()
        """The bytes before and behind the text of an event of the open block, once the first one is written."""

    def feed(self, fact: Fact) -> bytes:
        if self._around and isinstance(fact, Delta):
            before, after = self._around
            return before + j.dump(fact.text) + after
        match fact:
            case Started():
                self._waiting = fact
                return b""
            case UsageReported(usage):
                self._usage = self._usage.or_later(usage)
                return b""
            case ThinkingProgress():
                return b""
            case Embedded():
                raise AssertionError("no answer to a chat has vectors")
            case Failed(fault):
                return encode_stream_error(fault)
            case _:
                return self._head() + self._write(fact)

    def _head(self) -> bytes:
        if self._waiting is None:
            return b""
        started, self._waiting = self._waiting, None
        message = _message(started, self._asked, self._created, [], None, self._usage)
        return _event("message_start", {"message": message})

    def _write(
        self, fact: TextStarted | ToolStarted | ThoughtStarted | Delta | StateAttached | BlockEnded | Finished
    ) -> bytes:
        match fact:
            case TextStarted() | ToolStarted() | ThoughtStarted():
                self._open, self._around = _Block(fact, _native_of(fact, self._natives)), ()
                return self._start_events() if isinstance(fact, TextStarted) else b""
            case StateAttached(seal):
                assert self._open is not None, "the grammar lets no seal stand outside a block"
                self._open.seal = seal
                return b""
            case Delta(text):
                return self._start_events() + self._more(text)
            case BlockEnded():
                return self._end_events()
            case Finished(stop):
                delta: dict[str, Json] = {"stop_reason": _STOP_WORDS[stop], "stop_sequence": None}
                last = _event("message_delta", {"delta": delta, "usage": _tokens(self._usage)})
                return last + _event("message_stop", {})

    def _start_events(self) -> bytes:
        block = self._open
        assert block is not None, "the grammar lets nothing stand outside a block"
        if block.begun:
            return b""
        block.begun = True
        return _event("content_block_start", {"index": self._index, "content_block": block.start()})

    def _more(self, text: str) -> bytes:
        block = self._open
        assert block is not None, "the grammar lets nothing stand outside a block"
        if isinstance(block.fact, TextStarted):
            self._around = around(self._delta(block.delta(PLACEHOLDER)))
        return self._delta(block.delta(text))

    def _end_events(self) -> bytes:
        block, self._around = self._open, ()
        assert block is not None, "the grammar lets no block end twice"
        if block.empty:
            return b""
        written = self._start_events()
        if block.signs:
            written += self._delta({"type": "signature_delta", "signature": thinking.signature(block.seal)})
        written += _event("content_block_stop", {"index": self._index})
        self._index += 1
        return written

    def _delta(self, delta: dict[str, Json]) -> bytes:
        return _event("content_block_delta", {"index": self._index, "delta": delta})


_Natives: TypeAlias = Mapping[str, Mapping[str, Json]]
"""How tools that are no functions were declared, by the functions that stand for them."""


@dataclass(slots=True)
class _Block:
    """The block that is being written."""

    fact: TextStarted | ToolStarted | ThoughtStarted
    native: Mapping[str, Json] = field(default_factory=dict[str, Json])
    """Of the tool that is called, as in its `ToolSpec`."""
    seal: SealedState | None = None
    begun: bool = False

    @property
    def empty(self) -> bool:
        """A thought in which nothing is, not even a seal."""
        return isinstance(self.fact, ThoughtStarted) and self.seal is None and not self.begun

    @property
    def signs(self) -> bool:
        """A thought whose signature has to be told at its end."""
        return isinstance(self.fact, ThoughtStarted) and thinking.redacted_data(self.seal) is None

    def start(self) -> dict[str, Json]:
        match self.fact:
            case TextStarted():
                return {"type": "text", "text": ""}
            case ToolStarted(id, name):
                called = native_tools.native_call(self.native, name)
                return {"type": "tool_use", "id": _call_id(id, self.seal), **called, "input": {}}
            case ThoughtStarted():
                data = thinking.redacted_data(self.seal)
                if data is None:
                    return {"type": "thinking", "thinking": "", "signature": ""}
                return {"type": "redacted_thinking", "data": data}

    def delta(self, text: str) -> dict[str, Json]:
        match self.fact:
            case TextStarted():
                return {"type": "text_delta", "text": text}
            case ToolStarted():
                return {"type": "input_json_delta", "partial_json": text}
            case ThoughtStarted():
                return {"type": "thinking_delta", "thinking": text}

    def whole(self, text: str) -> list[Json]:
        match self.fact:
            case TextStarted():
                # Anthropic takes no empty text back in the next turn (anthropics/anthropic-sdk-python#461).
                return [{"type": "text", "text": text}] if text else []
            case ToolStarted(id, name):
                called = native_tools.native_call(self.native, name)
                return [{"type": "tool_use", "id": _call_id(id, self.seal), **called, "input": _arguments(text)}]
            case ThoughtStarted():
                return [thinking.block(Thinking(text, self.seal))] if text or self.seal else []


def _native_of(fact: TextStarted | ToolStarted | ThoughtStarted, natives: _Natives) -> Mapping[str, Json]:
    return natives.get(fact.name, {}) if isinstance(fact, ToolStarted) else {}


def _call_id(id: str, seal: SealedState | None) -> str:
    """A call's id. Its seal has no other place here: it travels inside (see `translation/provider_state`)."""
    return provider_state.token(provider_state.State(id, sealed=seal))


class WholeEncoder:
    """The encoder of a response in one JSON body, which is written when the last fact is known."""

    def __init__(self, chat: Chat, created: int) -> None:
        self._asked = chat.model
        self._created = created
        self._natives = {tool.name: tool.native for tool in chat.tools if tool.native}
        self._started = Started("", "")
        self._open = _Block(TextStarted())
        self._deltas: list[str] = []
        self._content: list[Json] = []
        self._usage = Usage()

    def feed(self, fact: Fact) -> bytes:
        match fact:
            case Started():
                self._started = fact
            case TextStarted() | ToolStarted() | ThoughtStarted():
                self._open, self._deltas = _Block(fact, _native_of(fact, self._natives)), []
            case Delta(text):
                self._deltas.append(text)
            case StateAttached(seal):
                self._open.seal = seal
            case BlockEnded():
                self._content += self._open.whole("".join(self._deltas))
            case UsageReported(usage):
                self._usage = self._usage.or_later(usage)
            case ThinkingProgress():
                pass
            case Finished(stop):
                word = _STOP_WORDS[stop]
                return j.dump(_message(self._started, self._asked, self._created, self._content, word, self._usage))
            case Embedded():
                raise AssertionError("no answer to a chat has vectors")
            case Failed(fault):
                return encode_error(fault)
        return b""


def _arguments(text: str) -> dict[str, Json]:
    """A model may write anything; a client has to get an object."""
    try:
        return j.parse(text, where="tool arguments") if text.strip() else {}
    except UnreadableError:
        return {"_raw": text}


def _message(
    started: Started, asked: str, created: int, content: list[Json], stop: str | None, usage: Usage
) -> dict[str, Json]:
    return {
        "id": started.id or f"msg_{created}",
        "type": "message",
        "role": "assistant",
        "model": started.model or asked,
        "content": content,
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": _tokens(usage),
    }


def _tokens(usage: Usage) -> dict[str, Json]:
    """Anthropic's way of counting. The format has no word for "not known", and clients add these up: so it is zero."""
    read, written = usage.cached_tokens or 0, usage.cache_written_tokens or 0
    thought = usage.reasoning_tokens
    details: dict[str, Json] = {} if thought is None else {"output_tokens_details": {"thinking_tokens": thought}}
    if (hour := usage.cache_written_1h_tokens) is not None:
        short = max(0, written - hour)
        details["cache_creation"] = {"ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": hour}
    return {
        "input_tokens": max(0, (usage.input_tokens or 0) - read - written),
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "output_tokens": usage.output_tokens or 0,
        **details,
    }


def _event(name: str, body: dict[str, Json]) -> bytes:
    return sse.write(sse.Event(j.text({"type": name, **body}), name))
