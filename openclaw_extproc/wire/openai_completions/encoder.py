"""OpenAI's legacy completions: answers, written for a client. See the package for the source.

Only texts can be said: there were no tools to call, and nobody asked for thoughts.
"""

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
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Chat
from openclaw_extproc.wire.base import Encoder
from openclaw_extproc.wire.openai.errors import encode_error, encode_stream_error
from openclaw_extproc.wire.openai_completions.requests import wants_usage
from openclaw_extproc.wire.streams import sse

_STOP_WORDS = {Stop.END: "stop", Stop.LENGTH: "length", Stop.TOOL_USE: "stop", Stop.REFUSAL: "content_filter"}


def encoder(chat: Chat, created: int) -> Encoder:
    return _StreamEncoder(chat, created) if chat.stream else _WholeEncoder(chat, created)


class _ChunkHead:
    """What every chunk and the whole answer have in common, and where in the answer we are."""

    def __init__(self, chat: Chat, created: int) -> None:
        self._created = created
        self._started = Started("", chat.model)
        self._in_text = False
        self._usage = Usage()

    def text(self, fact: Fact) -> str:
        """What this fact adds to the text."""
        match fact:
            case Started(id, model):
                self._started = Started(id, model or self._started.model)
            case TextStarted():
                self._in_text = True
            case ToolStarted() | ThoughtStarted():
                self._in_text = False
            case Delta(text) if self._in_text:
                return text
            case UsageReported(usage):
                self._usage = self._usage.or_later(usage)
            case Delta() | BlockEnded() | StateAttached() | ThinkingProgress() | Finished() | Failed():
                pass
            case Embedded():
                raise AssertionError("no answer to a prompt has vectors")
        return ""

    def to_body(self, choices: list[Json]) -> dict[str, Json]:
        return {
            "id": self._started.id or f"cmpl-{self._created}",
            "object": "text_completion",
            "created": self._created,
            "model": self._started.model,
            "choices": choices,
        }

    def usage(self) -> dict[str, Json] | None:
        """`None` when the upstream never said."""
        usage = self._usage
        if usage.input_tokens is None and usage.output_tokens is None:
            return None
        given, said = usage.input_tokens or 0, usage.output_tokens or 0
        return {"prompt_tokens": given, "completion_tokens": said, "total_tokens": given + said}


def _choice(text: str, stop: Stop | None) -> Json:
    return {"text": text, "index": 0, "logprobs": None, "finish_reason": None if stop is None else _STOP_WORDS[stop]}


class _StreamEncoder:
    def __init__(self, chat: Chat, created: int) -> None:
        self._said = _ChunkHead(chat, created)
        self._tail: dict[str, Json] = {"usage": None} if wants_usage(chat) else {}

    def feed(self, fact: Fact) -> bytes:
        text = self._said.text(fact)
        match fact:
            case Finished(stop):
                return (
                    self._chunk([_choice("", stop)], self._tail) + self._usage_chunk() + sse.write(sse.Event("[DONE]"))
                )
            case Failed(fault):
                return encode_stream_error(fault)
            case _:
                return self._chunk([_choice(text, None)], self._tail) if text else b""

    def _usage_chunk(self) -> bytes:
        usage = self._said.usage() if self._tail else None
        return self._chunk([], {"usage": usage}) if usage else b""

    def _chunk(self, choices: list[Json], tail: dict[str, Json]) -> bytes:
        return sse.write(sse.Event(j.text({**self._said.to_body(choices), **tail})))


class _WholeEncoder:
    """Says nothing until the last fact."""

    def __init__(self, chat: Chat, created: int) -> None:
        self._said = _ChunkHead(chat, created)
        self._texts: list[str] = []

    def feed(self, fact: Fact) -> bytes:
        self._texts.append(self._said.text(fact))
        match fact:
            case Finished(stop):
                usage = self._said.usage()
                written = self._said.to_body([_choice("".join(self._texts), stop)])
                return j.dump({**written, **({"usage": usage} if usage else {})})
            case Failed(fault):
                return encode_error(fault)
            case _:
                return b""
