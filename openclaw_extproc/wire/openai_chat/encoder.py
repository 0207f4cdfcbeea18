"""OpenAI Chat Completions: answers, written for a client. See `openai_chat` for the source.

Two words are put right on the way: arguments of a tool that has none are `{}`, because clients parse them, and an
answer that calls tools never finishes with `stop`, because agents would end there (vercel/ai issue 12218).
"""

from dataclasses import dataclass, field

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
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.usage import Usage
from openclaw_extproc.wire import sse
from openclaw_extproc.wire.base import Encoder
from openclaw_extproc.wire.openai_chat.errors import encode_error, encode_stream_error
from openclaw_extproc.wire.openai_chat.requests import wants_usage

NO_ARGUMENTS = "{}"

_STOP_WORDS = {
    Stop.END: "stop",
    Stop.LENGTH: "length",
    Stop.TOOL_USE: "tool_calls",
    Stop.REFUSAL: "content_filter",
}


def encoder(chat: Chat, created: int) -> Encoder:
    return StreamEncoder(chat, created) if chat.stream else WholeEncoder(chat, created)


class StreamEncoder:
    def __init__(self, chat: Chat, created: int) -> None:
        self._head: dict[str, Json] = {"id": "", "object": "chat.completion.chunk", "created": created, "model": ""}
        self._asked_model = chat.model
        self._created = created
        self._tail: dict[str, Json] = {"usage": None} if wants_usage(chat) else {}
        self._tools = 0
        self._in_tool = False
        self._said_arguments = False
        self._usage = Usage()

    def feed(self, fact: Fact) -> bytes:
        match fact:
            case Started(id, model):
                self._head |= {"id": id or f"chatcmpl-{self._created}", "model": model or self._asked_model}
                return self._delta({"role": "assistant", "content": "", "refusal": None})
            case TextStarted():
                self._in_tool = False
                return b""
            case ThoughtStarted() | Signed():
                return b""
            case ToolStarted(id, name):
                return self._start_tool(id, name)
            case Delta(text):
                return self._arguments(text) if self._in_tool else self._delta({"content": text})
            case BlockEnded():
                return self._arguments(NO_ARGUMENTS) if self._in_tool and not self._said_arguments else b""
            case Seen(usage):
                self._usage = self._usage.or_later(usage)
                return b""
            case Thought():
                return b""
            case Finished(stop):
                return self._finish(stop)
            case Failed(fault):
                return encode_stream_error(fault)

    def _start_tool(self, id: str, name: str) -> bytes:
        self._in_tool, self._said_arguments = True, False
        self._tools += 1
        function: Json = {"name": name, "arguments": ""}
        return self._delta(
            {"tool_calls": [{"index": self._tools - 1, "id": id, "type": "function", "function": function}]}
        )

    def _arguments(self, text: str) -> bytes:
        self._said_arguments = True
        return self._delta({"tool_calls": [{"index": self._tools - 1, "function": {"arguments": text}}]})

    def _finish(self, stop: Stop) -> bytes:
        last = self._delta({}, _stop_word(stop, called=self._tools > 0))
        counted = _usage(self._usage) if self._tail else None
        usage = self._chunk([], {"usage": counted}) if counted else b""
        return last + usage + sse.write(sse.Event("[DONE]"))

    def _delta(self, delta: dict[str, Json], finish_reason: str | None = None) -> bytes:
        choice: Json = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return self._chunk([choice], self._tail)

    def _chunk(self, choices: list[Json], tail: dict[str, Json]) -> bytes:
        return sse.write(sse.Event(j.text({**self._head, "choices": choices, **tail})))


@dataclass(slots=True)
class _Block:
    """A text, or the arguments of the tool it names."""

    tool: ToolStarted | None = None
    said: list[str] = field(default_factory=list[str])

    @property
    def text(self) -> str:
        return "".join(self.said)


class WholeEncoder:
    """Says nothing until the last fact."""

    def __init__(self, chat: Chat, created: int) -> None:
        self._asked_model = chat.model
        self._created = created
        self._started = Started("", "")
        self._blocks: list[_Block] = []
        self._usage = Usage()

    def feed(self, fact: Fact) -> bytes:
        match fact:
            case Started():
                self._started = fact
            case TextStarted():
                self._blocks.append(_Block())
            case ToolStarted():
                self._blocks.append(_Block(fact))
            case Delta(text):
                self._blocks[-1].said.append(text)
            case BlockEnded() | Thought() | ThoughtStarted() | Signed():
                pass
            case Seen(usage):
                self._usage = self._usage.or_later(usage)
            case Finished(stop):
                return j.dump(self._completion(stop))
            case Failed(fault):
                return encode_error(fault)
        return b""

    def _completion(self, stop: Stop) -> dict[str, Json]:
        calls: list[Json] = [_call(block.tool, block.text) for block in self._blocks if block.tool]
        text = "".join(block.text for block in self._blocks if not block.tool)
        message: dict[str, Json] = {"role": "assistant", "content": text if text or not calls else None}
        message |= {"refusal": None, **({"tool_calls": calls} if calls else {})}
        finish_reason = _stop_word(stop, called=bool(calls))
        choice: Json = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason}
        usage = _usage(self._usage)
        return {
            "id": self._started.id or f"chatcmpl-{self._created}",
            "object": "chat.completion",
            "created": self._created,
            "model": self._started.model or self._asked_model,
            "choices": [choice],
            **({"usage": usage} if usage else {}),
        }


def _call(tool: ToolStarted, arguments: str) -> Json:
    function: Json = {"name": tool.name, "arguments": arguments or NO_ARGUMENTS}
    return {"id": tool.id, "type": "function", "function": function}


def _stop_word(stop: Stop, *, called: bool) -> str:
    return _STOP_WORDS[Stop.TOOL_USE if called and stop is Stop.END else stop]


def _usage(usage: Usage) -> dict[str, Json] | None:
    """`None` when the upstream never said: a zero would be a lie, and the SDK's type allows for none."""
    if usage.input_tokens is None and usage.output_tokens is None:
        return None
    given, said = usage.input_tokens or 0, usage.output_tokens or 0
    counted: dict[str, Json] = {"prompt_tokens": given, "completion_tokens": said, "total_tokens": given + said}
    prompt = _known(cached_tokens=usage.cached_tokens, cache_write_tokens=usage.cache_written_tokens)
    completion = _known(reasoning_tokens=usage.reasoning_tokens)
    details: dict[str, dict[str, Json]] = {"prompt_tokens_details": prompt, "completion_tokens_details": completion}
    counted.update({name: counts for name, counts in details.items() if counts})
    return counted


def _known(**counts: int | None) -> dict[str, Json]:
    return {name: count for name, count in counts.items() if count is not None}
