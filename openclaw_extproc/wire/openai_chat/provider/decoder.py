"""OpenAI Chat Completions: a provider's answer, read. See `openai_chat` for the source.

One reader serves streams and whole answers: a whole `message` is taken as one large delta. Besides OpenAI it reads what
compatible servers are known to send: thoughts (`reasoning_content`: DeepSeek, vLLM, llama.cpp; `reasoning`: OpenRouter,
Groq, Ollama), content as a list of parts with thoughts in it (Mistral), calls without index or id, a new call at a
taken index (Gemini), a first chunk without id and choices (Azure), usage on every chunk (vLLM).

OpenAI Chat Completions: the one commonest event of a stream, more of its text, read for that alone.

Typed decoding looks at the few fields that could say something else; whatever is there of them that is not as expected,
or not known here, is left to `decoder`. See `openai_chat` for the source.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal

import msgspec

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import Delta, Fact, Failed, Finished, Started, Stop, ThinkingProgress, UsageReported
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.base import Decoder
from openclaw_extproc.wire.openai import api
from openclaw_extproc.wire.openai.errors import fault_in_answer
from openclaw_extproc.wire.openai_chat.client.messages import REASONING
from openclaw_extproc.wire.openai_chat.provider.blocks import Blocks
from openclaw_extproc.wire.streams import sse
from openclaw_extproc.wire.streams.event_decoder import ContentEvents, EventDecoder, WholeDecoder, data_of

# -- text events -----------------------------------------------------------------------


class _Delta(msgspec.Struct, gc=False):
    content: str
    role: str | None = None
    refusal: None = None
    reasoning_content: None = None
    reasoning: None = None
    tool_calls: None = None


class _Choice(msgspec.Struct, gc=False):
    delta: _Delta
    index: Literal[0] | None = None
    finish_reason: None = None


class _Chunk(msgspec.Struct, gc=False):
    choices: tuple[_Choice]
    usage: None = None
    error: None = None


_decode: Final = msgspec.json.Decoder(_Chunk).decode


def more_text(event: bytes) -> tuple[Delta] | tuple[()]:
    """The text of an event that has nothing but that; nothing for any other."""
    data = data_of(event, b"data: ")
    if not data:
        return ()
    try:
        text = _decode(data).choices[0].delta.content
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ()
    return (Delta(text),) if text else ()


# -- decoder ---------------------------------------------------------------------------


_STOPS = {
    "stop": Stop.END,
    "length": Stop.LENGTH,
    "tool_calls": Stop.TOOL_USE,
    "content_filter": Stop.REFUSAL,
    "function_call": Stop.TOOL_USE,
    "model_length": Stop.LENGTH,  # Mistral
    "max_tokens": Stop.LENGTH,
    "tool_use": Stop.TOOL_USE,
    "refusal": Stop.REFUSAL,
    "safety": Stop.REFUSAL,
}
"""OpenAI's words, then those that others let through. Every other word is an end like any other."""

_BREAKS = {
    "error": FaultKind.UPSTREAM_ERROR,  # OpenRouter and Mistral
    "abort": FaultKind.UPSTREAM_ERROR,  # vLLM
    "insufficient_system_resource": FaultKind.OVERLOADED,  # DeepSeek
}
"""Reasons that are none to finish: the answer is not complete."""


def decoder(streamed: bool) -> Decoder:
    return EventDecoder(_Events(), _CONTENT) if streamed else WholeDecoder(_whole)


_CONTENT = ContentEvents(
    telling=(b'"name"', b"event:"),  # a call begins with a name; only errors have one of their event
    null=(b'"usage"', b'"finish_reason"', b'"error"'),
)


class _Events:
    """The decoder of a streamed response."""

    def __init__(self) -> None:
        self._answer = _Answer()

    @property
    def over(self) -> bool:
        return self._answer.over

    def read_quickly(self, event: bytes) -> Sequence[Fact]:
        return more_text(event) if self._answer.is_in_text else ()

    def end(self) -> Iterator[Fact]:
        """Ends the stream. Some servers leave out `[DONE]`, so a finish reason is enough."""
        if not self._answer.over:
            yield from self._answer.finish() if self._answer.stopped else self._answer.fail(_BROKEN_OFF)

    def read(self, event: sse.Event) -> Iterator[Fact]:
        if event.name == "error":
            yield from self._answer.fail(_named_error(event.data))
        elif event.data.strip() == "[DONE]":
            yield from self._answer.finish()
        else:
            yield from self._answer.take(j.parse(event.data, where="chunk"), "delta")


def _whole(body: dict[str, Json]) -> Iterator[Fact]:
    if not body.get("error") and not j.an_array(body.get("choices"), at="choices"):
        raise UnreadableError("choices: expected an answer, found none")
    answer = _Answer()
    yield from answer.take(body, "message")
    if not answer.over:
        yield from answer.finish()


_BROKEN_OFF = Fault(FaultKind.UPSTREAM_GARBLED, "the provider's answer broke off")


def _named_error(data: str) -> Fault:
    """`event: error` is no habit of OpenAI's; servers put an error object, or only its inside, or a text there."""
    try:
        said = j.parse(data, where="error event")
    except UnreadableError:
        said = {}
    return fault_in_answer(said.get("error") or said)


class _Answer:
    """The conversion of chunks, or of one whole body, to facts."""

    def __init__(self) -> None:
        self.over = False
        self.stopped = False
        self._started = False
        self._stop = Stop.END
        self._blocks = Blocks()

    @property
    def is_in_text(self) -> bool:
        """Whether the next piece of a text is told as it comes."""
        return self._blocks.is_in_text

    def take(self, body: Mapping[str, Json], key: Literal["delta", "message"]) -> Iterator[Fact]:
        """Takes one chunk with a `delta`, or a whole response with a `message`."""
        if error := body.get("error"):
            yield from self.fail(fault_in_answer(error))
            return
        choices = _array_or_none(body.get("choices"), at="choices")
        usage = api.usage(body.get("usage"), "prompt_tokens", "completion_tokens", body.get("service_tier"))
        if not self._started and (body.get("id") or choices or usage):
            self._started = True
            yield Started(*(_text_or_none(body.get(name), at=name) for name in ("id", "model")))
            self._blocks.answer_id = _text_or_none(body.get("id"), at="id")
        for n, item in enumerate(choices):
            if self.over:
                return
            yield from self._choice(j.an_object(item, at=f"choices[{n}]"), key, f"choices[{n}]")
        if usage and not self.over:
            yield UsageReported(usage)

    def _choice(self, choice: Mapping[str, Json], key: str, at: str) -> Iterator[Fact]:
        if choice.get("index") not in (0, None):
            return
        delta = j.an_object(choice.get(key) or {}, at=f"{at}.{key}")
        yield from self._thought(delta)
        for name in ("content", "refusal"):
            for kind, text in _texts(delta.get(name), at=f"{at}.{key}.{name}"):
                yield from self._blocks.say(kind, text)
        for n, call in enumerate(_array_or_none(delta.get("tool_calls"), at=f"{at}.{key}.tool_calls")):
            here = f"{at}.{key}.tool_calls[{n}]"
            yield from self._blocks.call(j.an_object(call, at=here), here)
        if reason := _text_or_none(choice.get("finish_reason"), at=f"{at}.finish_reason"):
            yield from self._finish_reason(reason)

    def _thought(self, delta: Mapping[str, Json]) -> Iterator[Fact]:
        """The first of the fields that says something: some servers say the same in both."""
        for name in REASONING:
            if thought := delta.get(name):
                yield from self._blocks.say("thought", thought) if isinstance(thought, str) else [ThinkingProgress()]
                return

    def _finish_reason(self, reason: str) -> Iterator[Fact]:
        word = reason.partition(":")[0].strip().lower()  # Google: `content_filter: PROHIBITED_CONTENT`
        if word in _BREAKS:
            yield from self.fail(Fault(_BREAKS[word], "the provider broke its answer off", code=word))
            return
        self.stopped = True
        self._stop = _STOPS.get(word, Stop.END)

    def finish(self) -> Iterator[Fact]:
        if not self._started:
            yield from self.fail(_BROKEN_OFF)
            return
        yield from self._blocks.finish()
        self.over = True
        stop = self._stop
        if stop in (Stop.END, Stop.TOOL_USE):  # "stop" although tools were called is common: vercel/ai issue 12218
            stop = Stop.TOOL_USE if self._blocks.calls else Stop.END
        yield Finished(stop)

    def fail(self, fault: Fault) -> Iterator[Fact]:
        self.over = True
        yield Failed(fault)


def _texts(content: Json, *, at: str) -> Iterator[tuple[Literal["text", "thought"], str]]:
    """Yields the texts of a string, or of the parts of a list."""
    if not isinstance(content, list):
        yield "text", _text_or_none(content, at=at)
        return
    for n, item in enumerate(content):
        part = j.an_object(item, at=f"{at}[{n}]")
        match part.get("type"):
            case "text":
                yield "text", _text_or_none(part.get("text"), at=f"{at}[{n}].text")
            case "thinking":
                inner = _texts(part.get("thinking"), at=f"{at}[{n}].thinking")
                yield "thought", "".join(text for _, text in inner)
            case _:
                pass  # references and what comes later


def _array_or_none(value: Json, *, at: str) -> list[Json]:
    return [] if value is None else j.an_array(value, at=at)


def _text_or_none(value: Json, *, at: str) -> str:
    return "" if value is None else j.a_string(value, at=at)
