"""OpenAI Chat Completions: answers, written for a client. See `openai_chat` for the source.

Two words are put right on the way: arguments of a tool that has none are `{}`, because clients parse them, and an
answer that calls tools never finishes with `stop`, because agents would end there (vercel/ai issue 12218).

Thoughts are written as `reasoning_content`, as DeepSeek and vLLM do; the official SDK keeps fields it does not know.
What a provider sealed goes into the ids of the calls (`calls`). A seal in a text has no place and is left out.

OpenAI Chat Completions: the state of providers, put into the ids of calls. See `translation/provider_state`.

A call's id carries the sealed thoughts since the call before it, over texts too: Anthropic thinks, says a word, then
calls, and wants its thoughts back at the front of that turn. Thoughts without a seal nobody asks for again.
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

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
from openclaw_extproc.model.requests import Chat, SealedState, Thinking
from openclaw_extproc.wire.base import Encoder
from openclaw_extproc.wire.openai.errors import encode_error, encode_stream_error
from openclaw_extproc.wire.openai.free_text import FreeText
from openclaw_extproc.wire.openai_chat.client.messages import REASONING
from openclaw_extproc.wire.openai_chat.client.requests import wants_usage
from openclaw_extproc.wire.openai_chat.fields import CUSTOM
from openclaw_extproc.wire.streams import sse
from openclaw_extproc.wire.streams.event_decoder import PLACEHOLDER, Around, around
from openclaw_extproc.wire.translation import provider_state

# -- calls -----------------------------------------------------------------------------


class Calls:
    """Hears an answer's facts and knows the id of the call that is open."""

    def __init__(self) -> None:
        self._thoughts: list[Thinking] = []
        self._thought: list[str] | None = None
        self._sealed: SealedState | None = None

    def hear(self, fact: Fact) -> None:
        match fact:
            case ThoughtStarted():
                self._thought, self._sealed = [], None
            case TextStarted() | ToolStarted():
                self._thought, self._sealed = None, None
            case Delta(text) if self._thought is not None:
                self._thought.append(text)
            case StateAttached(state):
                self._sealed = state
            case BlockEnded() if self._thought is not None and self._sealed is not None:
                self._thoughts.append(Thinking("".join(self._thought), self._sealed))
            case _:
                pass

    def id(self, call: ToolStarted) -> str:
        """Ask once for each call, when its seal is known."""
        thoughts, self._thoughts = tuple(self._thoughts), []
        return provider_state.token(provider_state.State(call.id, thoughts, self._sealed))


# -- encoder ---------------------------------------------------------------------------


NO_ARGUMENTS = "{}"

_STOP_WORDS = {
    Stop.END: "stop",
    Stop.LENGTH: "length",
    Stop.TOOL_USE: "tool_calls",
    Stop.REFUSAL: "content_filter",
}

_Kind: TypeAlias = Literal["text", "thought", "call"]


def encoder(chat: Chat, created: int) -> Encoder:
    return StreamEncoder(chat, created) if chat.stream else WholeEncoder(chat, created)


class StreamEncoder:
    """Holds the start of a call until its first word: the seal in its id comes before that."""

    def __init__(self, chat: Chat, created: int) -> None:
        self._head: dict[str, Json] = {"id": "", "object": "chat.completion.chunk", "created": created, "model": ""}
        self._asked_model = chat.model
        self._created = created
        self._tail: dict[str, Json] = {"usage": None} if wants_usage(chat) else {}
        self._tools = 0
        self._block: _Kind = "text"
        self._held: ToolStarted | None = None
        self._calls = Calls()
        self._customs = _custom_tools(chat)
        self._input: FreeText | None = None
        """Of the open call, where its tool takes free text."""
        self._said_arguments = False
        self._usage = Usage()
        self._around: Around | None = None
        """The bytes before and behind a piece of text; `None` until the first one is written."""

    def feed(self, fact: Fact) -> bytes:
        if isinstance(fact, Delta):
            return self._more(fact)
        self._calls.hear(fact)
        match fact:
            case Started(id, model):
                self._around = None
                self._head |= {"id": id or f"chatcmpl-{self._created}", "model": model or self._asked_model}
                return self._delta({"role": "assistant", "content": "", "refusal": None})
            case TextStarted():
                self._block = "text"
                return b""
            case ThoughtStarted():
                self._block = "thought"
                return b""
            case ToolStarted():
                self._block, self._held, self._said_arguments = "call", fact, False
                self._input = FreeText() if fact.name in self._customs else None
                return b""
            case BlockEnded():
                return self._end_call() if self._block == "call" else b""
            case UsageReported(usage):
                self._usage = self._usage.or_later(usage)
                return b""
            case ThinkingProgress() | StateAttached():
                return b""
            case Finished(stop):
                return self._finish(stop)
            case Embedded():
                raise AssertionError("no answer to a chat has vectors")
            case Failed(fault):
                return encode_stream_error(fault)

    def _more(self, delta: Delta) -> bytes:
        if self._block == "text":
            return self._text(delta.text)
        self._calls.hear(delta)
        return self._say(delta.text)

    def _say(self, text: str) -> bytes:
        match self._block:
            case "text":
                return self._text(text)
            case "thought":
                return self._delta({REASONING[0]: text})
            case "call":
                return self._start_tool() + self._arguments(text)

    def _text(self, text: str) -> bytes:
        if self._around is None:
            self._around = around(self._delta({"content": PLACEHOLDER}))
        if not self._around:
            return self._delta({"content": text})
        before, after = self._around
        return before + j.dump(text) + after

    def _start_tool(self) -> bytes:
        held, self._held = self._held, None
        if held is None:
            return b""
        self._tools += 1
        called = _called(held.name, "", is_custom=self._input is not None)
        return self._delta({"tool_calls": [{"index": self._tools - 1, "id": self._calls.id(held), **called}]})

    def _arguments(self, text: str) -> bytes:
        self._said_arguments = True
        if self._input is not None:
            return self._more_input(self._input.feed(text))
        return self._delta({"tool_calls": [{"index": self._tools - 1, "function": {"arguments": text}}]})

    def _more_input(self, text: str) -> bytes:
        return self._delta({"tool_calls": [{"index": self._tools - 1, CUSTOM: {"input": text}}]}) if text else b""

    def _end_call(self) -> bytes:
        if self._input is not None:
            return self._start_tool() + self._more_input(self._input.end())
        return b"" if self._said_arguments else self._say(NO_ARGUMENTS)

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
    kind: _Kind
    tool: ToolStarted | None = None
    id: str = ""
    """The id of the call, with the provider's state in it."""
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
        self._calls = Calls()
        self._customs = _custom_tools(chat)
        self._usage = Usage()

    def feed(self, fact: Fact) -> bytes:
        self._calls.hear(fact)
        match fact:
            case Started():
                self._started = fact
            case TextStarted():
                self._blocks.append(_Block("text"))
            case ThoughtStarted():
                self._blocks.append(_Block("thought"))
            case ToolStarted():
                self._blocks.append(_Block("call", fact))
            case Delta(text):
                self._blocks[-1].said.append(text)
            case BlockEnded():
                block = self._blocks[-1]
                block.id = self._calls.id(block.tool) if block.tool else ""
            case ThinkingProgress() | StateAttached():
                pass
            case UsageReported(usage):
                self._usage = self._usage.or_later(usage)
            case Finished(stop):
                return j.dump(self._completion(stop))
            case Embedded():
                raise AssertionError("no answer to a chat has vectors")
            case Failed(fault):
                return encode_error(fault)
        return b""

    def _text(self, kind: _Kind) -> str:
        return "".join(block.text for block in self._blocks if block.kind == kind)

    def _message(self, calls: list[Json]) -> dict[str, Json]:
        text, thought = self._text("text"), self._text("thought")
        message: dict[str, Json] = {"role": "assistant", "content": text if text or not calls else None}
        message |= {REASONING[0]: thought} if thought else {}
        message |= {"refusal": None, **({"tool_calls": calls} if calls else {})}
        return message

    def _call(self, tool: ToolStarted, block: _Block) -> Json:
        if tool.name not in self._customs:
            return {"id": block.id, **_called(tool.name, block.text or NO_ARGUMENTS, is_custom=False)}
        written = FreeText()
        text = written.feed(block.text) + written.end()
        return {"id": block.id, **_called(tool.name, text, is_custom=True)}

    def _completion(self, stop: Stop) -> dict[str, Json]:
        calls = [self._call(block.tool, block) for block in self._blocks if block.tool]
        finish_reason = _stop_word(stop, called=bool(calls))
        choice: Json = {
            "index": 0,
            "message": self._message(calls),
            "logprobs": None,
            "finish_reason": finish_reason,
        }
        usage = _usage(self._usage)
        return {
            "id": self._started.id or f"chatcmpl-{self._created}",
            "object": "chat.completion",
            "created": self._created,
            "model": self._started.model or self._asked_model,
            "choices": [choice],
            **({"usage": usage} if usage else {}),
        }


def _custom_tools(chat: Chat) -> frozenset[str]:
    """Names of tools that take free text."""
    return frozenset(tool.name for tool in chat.tools if tool.native.get("type") == CUSTOM)


def _called(name: str, given: str, *, is_custom: bool) -> dict[str, Json]:
    if is_custom:
        return {"type": CUSTOM, CUSTOM: {"name": name, "input": given}}
    return {"type": "function", "function": {"name": name, "arguments": given}}


def _stop_word(stop: Stop, *, called: bool) -> str:
    return _STOP_WORDS[Stop.TOOL_USE if called and stop is Stop.END else stop]


def _usage(usage: Usage) -> dict[str, Json] | None:
    """`None` when the upstream never said: a zero would be a lie, and the SDK's type allows for none."""
    if usage.input_tokens is None and usage.output_tokens is None:
        return None
    given, said = usage.input_tokens or 0, usage.output_tokens or 0
    counted: dict[str, Json] = {"prompt_tokens": given, "completion_tokens": said, "total_tokens": given + said}
    prompt = _known_counts(cached_tokens=usage.cached_tokens, cache_write_tokens=usage.cache_written_tokens)
    completion = _known_counts(reasoning_tokens=usage.reasoning_tokens)
    details: dict[str, dict[str, Json]] = {"prompt_tokens_details": prompt, "completion_tokens_details": completion}
    counted.update({name: counts for name, counts in details.items() if counts})
    return counted


def _known_counts(**counts: int | None) -> dict[str, Json]:
    return {name: count for name, count in counts.items() if count is not None}
