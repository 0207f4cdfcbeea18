"""Gemini: a provider's answer, read. See the package for the source.

Gemini has no marks for the beginning and end of a block, and no last event: blocks are told apart by their kind, and
the answer is over when its body is, provided that a reason to finish was given. (The first Gemini models gave one in
every chunk.) A whole answer is a stream of one chunk.
A signature closes its block, because a block has no more than one. One that stands on nothing (an empty text in an
answer without text) belongs to nothing that a client could send back, and is left out.
Left out: images, code execution, citations and grounding are swallowed, all candidates but the first too.
Arguments in pieces (`partialArgs`) come only to clients that asked for them, so they are not put together.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.frozen import dataclass
from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import (
    BlockEnded,
    Delta,
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
from openclaw_extproc.model.requests import SealedState
from openclaw_extproc.wire.base import Decoder
from openclaw_extproc.wire.gemini import streams
from openclaw_extproc.wire.gemini.api import usual_base64
from openclaw_extproc.wire.gemini.errors import fault_in_answer
from openclaw_extproc.wire.gemini.streams import Tokens, text_and_tokens
from openclaw_extproc.wire.gemini.thinking import BY
from openclaw_extproc.wire.streams import sse
from openclaw_extproc.wire.streams.event_decoder import ContentEvents, EventDecoder

_STOPS = {
    "FINISH_REASON_UNSPECIFIED": Stop.END,
    "STOP": Stop.END,
    "MAX_TOKENS": Stop.LENGTH,
    "CONTINUATION": Stop.LENGTH,
    "SAFETY": Stop.REFUSAL,
    "RECITATION": Stop.REFUSAL,
    "LANGUAGE": Stop.REFUSAL,
    "OTHER": Stop.REFUSAL,
    "BLOCKLIST": Stop.REFUSAL,
    "PROHIBITED_CONTENT": Stop.REFUSAL,
    "SPII": Stop.REFUSAL,
    "MODEL_ARMOR": Stop.REFUSAL,
    "ESCALATION": Stop.REFUSAL,
    "PUP_LIMITED_DISABLED": Stop.REFUSAL,
    "IMAGE_SAFETY": Stop.REFUSAL,
    "IMAGE_PROHIBITED_CONTENT": Stop.REFUSAL,
    "IMAGE_RECITATION": Stop.REFUSAL,
    "IMAGE_OTHER": Stop.REFUSAL,
    "NO_IMAGE": Stop.REFUSAL,
}
"""The finish reasons with a meaning of their own; every other one is an ordinary end. The words are those of
google-genai 3.4."""

_SPOILT = frozenset(
    {"MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MALFORMED_RESPONSE"}
    | {"MISSING_THOUGHT_SIGNATURE"}
)
"""The model's answer came to nothing. Called an end, it would stop an agent in the middle of its work."""

_BROKEN_OFF = Fault(FaultKind.UPSTREAM_GARBLED, "the provider's answer broke off")


def decoder(streamed: bool) -> Decoder:
    return EventDecoder(_Events(), _CONTENT) if streamed else _ObjectsDecoder()


_CONTENT = ContentEvents(
    telling=(b'"usageMetadata"', b'"finishReason"', b'"functionCall"', b'"promptFeedback"', b'"error"')
)


class _Events:
    """The decoder of a response that comes as server-sent events."""

    def __init__(self) -> None:
        self._answer = _Answer()

    @property
    def over(self) -> bool:
        return self._answer.over

    def read(self, event: sse.Event) -> Iterator[Fact]:
        yield from self._answer.take(j.parse(event.data, where="the provider's answer"))

    def read_quickly(self, event: bytes) -> Sequence[Fact]:
        return self._answer.more_text(event)

    def end(self) -> Iterator[Fact]:
        if not self._answer.over:
            yield from self._answer.finish()


class _ObjectsDecoder:
    """The decoder of a response that comes as one object, or as an array of them."""

    def __init__(self) -> None:
        self._reader = streams.Reader()
        self._answer = _Answer()

    def feed(self, chunk: bytes) -> Iterator[Fact]:
        for text in self._reader.feed(chunk):
            if not self._answer.over:
                yield from self._answer.take(j.parse(text, where="the provider's answer"))

    def end(self) -> Iterator[Fact]:
        if not self._answer.over:
            yield from self._answer.finish()


class _Answer:
    """The conversion of chunks to facts."""

    def __init__(self) -> None:
        self.over = False
        self._id: str | None = None
        self._open: _Kind | None = None
        self._calls = 0
        self._more_of_a_call = False
        self._stop: Stop | None = None
        self._counts = _Counts()

    def take(self, chunk: Mapping[str, Json]) -> Iterator[Fact]:
        if error := chunk.get("error"):
            yield from self._fail(fault_in_answer(error))
            return
        if self._id is None:
            self._id = _text(chunk.get("responseId"), at="responseId")
            yield Started(self._id, _text(chunk.get("modelVersion"), at="modelVersion"))
        candidates = _array(chunk.get("candidates"), at="candidates")
        if not candidates and _object(chunk.get("promptFeedback"), at="promptFeedback").get("blockReason"):
            self._stop = Stop.REFUSAL
        yield from self._read_usage(_object(chunk.get("usageMetadata"), at="usageMetadata"))
        for n, candidate in enumerate(candidates):
            yield from self._candidate(j.an_object(candidate, at=f"candidates[{n}]"), f"candidates[{n}]")

    def _candidate(self, candidate: Mapping[str, Json], at: str) -> Iterator[Fact]:
        if candidate.get("index") not in (0, None):
            return
        content = _object(candidate.get("content"), at=f"{at}.content")
        for n, part in enumerate(_array(content.get("parts"), at=f"{at}.content.parts")):
            here = f"{at}.content.parts[{n}]"
            yield from self._part(j.an_object(part, at=here), here)
        reason = _text(candidate.get("finishReason"), at=f"{at}.finishReason")
        if reason in _SPOILT:
            fault = Fault(FaultKind.UPSTREAM_ERROR, f"the provider ended its answer with {reason}", code=reason)
            yield from self._fail(fault)
        elif reason:
            self._stop = _STOPS.get(reason, Stop.END)

    def _part(self, part: Mapping[str, Json], at: str) -> Iterator[Fact]:
        signature = _text(part.get("thoughtSignature"), at=f"{at}.thoughtSignature")
        kind: _Kind = "thought" if part.get("thought") is True else "text"
        text = _text(part.get("text"), at=f"{at}.text")
        if text:
            yield from self._in(kind)
            yield Delta(text)
        if part.get("functionCall") is not None:
            call = j.an_object(part["functionCall"], at=f"{at}.functionCall")
            yield from self._call(call, signature, f"{at}.functionCall")
        elif signature:
            yield from self._attach_signature(kind, signature)
        elif kind == "thought" and not text:
            yield ThinkingProgress()

    def _in(self, kind: "_Kind") -> Iterator[Fact]:
        if self._open != kind:
            yield from self._end_block()
            yield TextStarted() if kind == "text" else ThoughtStarted()
            self._open = kind

    def _attach_signature(self, kind: "_Kind", signature: str) -> Iterator[Fact]:
        if kind == "thought":
            yield from self._in(kind)
        if self._open == kind:
            yield _seal(signature)
            yield from self._end_block()

    def _call(self, call: Mapping[str, Json], signature: str, at: str) -> Iterator[Fact]:
        continued, self._more_of_a_call = self._more_of_a_call, call.get("willContinue") is True
        if continued and not call.get("name"):
            return
        name = j.a_string(call.get("name"), at=f"{at}.name")
        args = _object(call.get("args"), at=f"{at}.args")
        yield from self._end_block()
        yield ToolStarted(_text(call.get("id"), at=f"{at}.id") or self._made_up_id(), name)
        if signature:
            yield _seal(signature)
        yield Delta(j.text(args))
        yield BlockEnded()
        self._calls += 1

    def _made_up_id(self) -> str:
        """Returns an id for a call that has none. It contains the response's own id, because Anthropic wants the ids of
        a whole conversation to differ."""
        return "_".join(["call", *re.findall("[A-Za-z0-9]+", self._id or ""), str(self._calls)])

    def _end_block(self) -> Iterator[Fact]:
        if self._open is not None:
            self._open = None
            yield BlockEnded()

    def _read_usage(self, usage: Mapping[str, Json]) -> Iterator[Fact]:
        self._counts = self._counts.or_later(usage)
        if usage and (seen := self._counts.usage()) != Usage():
            yield UsageReported(seen)

    def more_text(self, event: bytes) -> Sequence[Fact]:
        """Reads one event of the usual form; see `EventAnswer.read_quickly`."""
        if self._open != "text" or (read := text_and_tokens(event)) is None:
            return ()
        text, tokens = read
        if tokens is None:
            return (Delta(text),)
        self._counts = self._counts.or_these(tokens)
        return (UsageReported(self._counts.usage()), Delta(text))

    def finish(self) -> Iterator[Fact]:
        if self._stop is None:
            yield from self._fail(_BROKEN_OFF)
            return
        self.over = True
        yield from self._end_block()
        yield Finished(Stop.TOOL_USE if self._calls and self._stop is Stop.END else self._stop)

    def _fail(self, fault: Fault) -> Iterator[Fact]:
        if not self.over:
            self.over = True
            yield Failed(fault)


_Kind: TypeAlias = Literal["text", "thought"]
"""The kind of a block that more parts can belong to."""


def _seal(signature: str) -> StateAttached:
    return StateAttached(SealedState(BY, usual_base64(signature)))


@dataclass(frozen=True, slots=True)
class _Counts:
    """Tokens as Gemini counts them: running totals, thoughts and the results of its own tools apart."""

    prompt: int | None = None
    """Cached tokens included."""
    own_tools: int | None = None
    cached: int | None = None
    said: int | None = None
    thoughts: int | None = None
    heard: int | None = None
    """Sounds, and pictures, of the prompt and of the answer."""
    seen: int | None = None
    spoken: int | None = None
    painted: int | None = None
    watched: int | None = None
    """Films of the prompt and of the answer."""
    filmed: int | None = None
    heard_before: int | None = None
    """Sounds, and pictures, that were in the cache."""
    seen_before: int | None = None

    def or_later(self, usage: Mapping[str, Json]) -> "_Counts":
        return _Counts(
            _count(usage.get("promptTokenCount"), self.prompt),
            _count(usage.get("toolUsePromptTokenCount"), self.own_tools),
            _count(usage.get("cachedContentTokenCount"), self.cached),
            _count(usage.get("candidatesTokenCount"), self.said),
            _count(usage.get("thoughtsTokenCount"), self.thoughts),
            _of_kind(usage.get("promptTokensDetails"), "AUDIO", self.heard),
            _of_kind(usage.get("promptTokensDetails"), "IMAGE", self.seen),
            _of_kind(usage.get("candidatesTokensDetails"), "AUDIO", self.spoken),
            _of_kind(usage.get("candidatesTokensDetails"), "IMAGE", self.painted),
            _of_kind(usage.get("promptTokensDetails"), "VIDEO", self.watched),
            _of_kind(usage.get("candidatesTokensDetails"), "VIDEO", self.filmed),
            _of_kind(usage.get("cacheTokensDetails"), "AUDIO", self.heard_before),
            _of_kind(usage.get("cacheTokensDetails"), "IMAGE", self.seen_before),
        )

    def or_these(self, tokens: Tokens) -> "_Counts":
        prompt, own_tools = tokens.prompt_token_count, tokens.tool_use_prompt_token_count
        cached, thoughts = tokens.cached_content_token_count, tokens.thoughts_token_count
        return _Counts(
            self.prompt if prompt is None else prompt,
            self.own_tools if own_tools is None else own_tools,
            self.cached if cached is None else cached,
            tokens.candidates_token_count,
            self.thoughts if thoughts is None else thoughts,
            *(self.heard, self.seen, self.spoken, self.painted),
            *(self.watched, self.filmed, self.heard_before, self.seen_before),
        )

    def usage(self) -> Usage:
        return Usage(
            input_tokens=_sum(self.prompt, self.own_tools),
            cached_tokens=self.cached,
            output_tokens=_sum(self.said, self.thoughts),
            reasoning_tokens=self.thoughts,
            input_audio_tokens=self.heard,
            input_image_tokens=self.seen,
            output_audio_tokens=self.spoken,
            output_image_tokens=self.painted,
            input_video_tokens=self.watched,
            output_video_tokens=self.filmed,
            cached_audio_tokens=self.heard_before,
            cached_image_tokens=self.seen_before,
        )


def _of_kind(details: Json, modality: str, known: int | None) -> int | None:
    found = [one for one in details if isinstance(one, dict)] if isinstance(details, list) else []
    return next((_count(one.get("tokenCount"), known) for one in found if one.get("modality") == modality), known)


def _sum(*counts: int | None) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _count(value: Json, known: int | None) -> int | None:
    """Counts that are no numbers say nothing."""
    count = j.a_count(value)
    return known if count is None else count


def _text(value: Json, *, at: str) -> str:
    return "" if value is None else j.a_string(value, at=at)


def _object(value: Json, *, at: str) -> dict[str, Json]:
    return {} if value is None else j.an_object(value, at=at)


def _array(value: Json, *, at: str) -> list[Json]:
    return [] if value is None else j.an_array(value, at=at)
