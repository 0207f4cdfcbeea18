"""Answers in Anthropic Messages as clients read them, from facts; and errors for them.

Source: as `decoder`. The order of events and the fields of each are what the official SDK takes.
Left out: `ping`, which clients ignore.
"""

from typing import assert_never

from openclaw_extproc.faults import Fault, Kind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.chat import Chat
from openclaw_extproc.model.facts import (
    BlockEnded,
    Delta,
    Fact,
    Failed,
    Finished,
    Seen,
    Signed,
    Started,
    Stop,
    TextStarted,
    Thought,
    ThoughtStarted,
    ToolStarted,
)
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.usage import Usage
from openclaw_extproc.wire import sse
from openclaw_extproc.wire.base import Encoder

_STOP_WORDS = {
    Stop.END: "end_turn",
    Stop.LENGTH: "max_tokens",
    Stop.TOOL_USE: "tool_use",
    Stop.REFUSAL: "refusal",
}


def encoder(chat: Chat, created: int) -> Encoder:
    return StreamEncoder(chat, created) if chat.stream else WholeEncoder(chat, created)


class StreamEncoder:
    """Anthropic's events. `message_start` waits for the next fact but usage, so that it can say what is known."""

    def __init__(self, chat: Chat, created: int) -> None:
        self._asked = chat.model
        self._created = created
        self._waiting: Started | None = None
        self._block = -1
        self._in_tool = False
        self._usage = Usage()

    def feed(self, fact: Fact) -> bytes:
        match fact:
            case Started():
                self._waiting = fact
                return b""
            case Seen(usage):
                self._usage = self._usage.or_later(usage)
                return b""
            case Thought() | ThoughtStarted() | Signed():
                return b""
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

    def _write(self, fact: TextStarted | ToolStarted | Delta | BlockEnded | Finished) -> bytes:
        match fact:
            case TextStarted():
                return self._start({"type": "text", "text": ""}, tool=False)
            case ToolStarted(id, name):
                return self._start({"type": "tool_use", "id": id, "name": name, "input": {}}, tool=True)
            case Delta(text) if self._in_tool:
                return self._more({"type": "input_json_delta", "partial_json": text})
            case Delta(text):
                return self._more({"type": "text_delta", "text": text})
            case BlockEnded():
                return _event("content_block_stop", {"index": self._block})
            case Finished(stop):
                delta: dict[str, Json] = {"stop_reason": _STOP_WORDS[stop], "stop_sequence": None}
                last = _event("message_delta", {"delta": delta, "usage": _tokens(self._usage)})
                return last + _event("message_stop", {})

    def _start(self, block: dict[str, Json], *, tool: bool) -> bytes:
        self._block, self._in_tool = self._block + 1, tool
        return _event("content_block_start", {"index": self._block, "content_block": block})

    def _more(self, delta: dict[str, Json]) -> bytes:
        return _event("content_block_delta", {"index": self._block, "delta": delta})


class WholeEncoder:
    """One message, written when the last fact is known."""

    def __init__(self, chat: Chat, created: int) -> None:
        self._asked = chat.model
        self._created = created
        self._started = Started("", "")
        self._open: TextStarted | ToolStarted = TextStarted()
        self._deltas: list[str] = []
        self._content: list[Json] = []
        self._usage = Usage()

    def feed(self, fact: Fact) -> bytes:
        match fact:
            case Started():
                self._started = fact
            case TextStarted() | ToolStarted():
                self._open, self._deltas = fact, []
            case Delta(text):
                self._deltas.append(text)
            case BlockEnded():
                self._content += self._block("".join(self._deltas))
            case Seen(usage):
                self._usage = self._usage.or_later(usage)
            case Thought() | ThoughtStarted() | Signed():
                pass
            case Finished(stop):
                word = _STOP_WORDS[stop]
                return j.dump(_message(self._started, self._asked, self._created, self._content, word, self._usage))
            case Failed(fault):
                return encode_error(fault)
        return b""

    def _block(self, text: str) -> list[Json]:
        match self._open:
            case TextStarted():
                # Anthropic takes no empty text back in the next turn (anthropics/anthropic-sdk-python#461).
                return [{"type": "text", "text": text}] if text else []
            case ToolStarted(id, name):
                return [{"type": "tool_use", "id": id, "name": name, "input": _arguments(text)}]


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
    return {
        "input_tokens": max(0, (usage.input_tokens or 0) - read - written),
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "output_tokens": usage.output_tokens or 0,
    }


def _event(name: str, body: dict[str, Json]) -> bytes:
    return sse.write(sse.Event(j.text({"type": name, **body}), name))


def encode_error(fault: Fault) -> bytes:
    return j.dump({"type": "error", "error": {"type": _error_word(fault.kind), "message": fault.public}})


def encode_stream_error(fault: Fault) -> bytes:
    return sse.write(sse.Event(encode_error(fault).decode(), "error"))


def _error_word(kind: Kind) -> str:
    match kind:
        case Kind.MALFORMED | Kind.UNSUPPORTED | Kind.ABANDONED:
            return "invalid_request_error"
        case Kind.UNAUTHENTICATED:
            return "authentication_error"
        case Kind.FORBIDDEN:
            return "permission_error"
        case Kind.NOT_FOUND:
            return "not_found_error"
        case Kind.TOO_LARGE:
            return "request_too_large"
        case Kind.RATE_LIMITED:
            return "rate_limit_error"
        case Kind.OVERLOADED | Kind.EXHAUSTED:
            return "overloaded_error"
        case Kind.UPSTREAM_SILENT:
            return "timeout_error"
        case Kind.UPSTREAM_ERROR | Kind.UPSTREAM_GARBLED | Kind.BUG:
            return "api_error"
        case _ as never:
            assert_never(never)
