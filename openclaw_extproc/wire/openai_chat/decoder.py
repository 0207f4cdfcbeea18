"""OpenAI Chat Completions: a provider's answer, read. See `openai_chat` for the source.

One reader serves streams and whole answers: a whole `message` is taken as one large delta. Besides OpenAI it reads what
compatible servers are known to send: content as a list of parts (Mistral), calls without index or id, a new call at an
index that is taken (Gemini), a first chunk without id and choices (Azure), usage on every chunk (vLLM).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from openclaw_extproc.faults import Fault, Kind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import (
    BlockEnded,
    Delta,
    Fact,
    Failed,
    Finished,
    Seen,
    Started,
    Stop,
    TextStarted,
    Thought,
    ToolStarted,
)
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.usage import Usage
from openclaw_extproc.wire import sse
from openclaw_extproc.wire.base import Decoder
from openclaw_extproc.wire.openai_chat.errors import fault_in_answer

_STOPS = {
    "stop": Stop.END,
    "length": Stop.LENGTH,
    "tool_calls": Stop.TOOL_USE,
    "content_filter": Stop.REFUSAL,
}
"""Every other word is an end like any other."""

_REASONING = ("reasoning_content", "reasoning")
"""Where compatible servers stream what a model thinks: DeepSeek and vLLM the first, OpenRouter and Groq the second."""


def decoder(streamed: bool) -> Decoder:
    return StreamDecoder() if streamed else WholeDecoder()


class StreamDecoder:
    def __init__(self) -> None:
        self._reader = sse.Reader()
        self._answer = _Answer()

    def feed(self, chunk: bytes) -> Iterator[Fact]:
        for event in self._reader.feed(chunk):
            if not self._answer.over:
                yield from self._event(event)

    def end(self) -> Iterator[Fact]:
        """Some servers leave out `[DONE]`, so a reason to finish is enough."""
        if not self._answer.over:
            yield from self._answer.finish() if self._answer.stopped else self._answer.fail(_BROKEN_OFF)

    def _event(self, event: sse.Event) -> Iterator[Fact]:
        if event.name == "error":
            yield from self._answer.fail(_named_error(event.data))
        elif event.data.strip() == "[DONE]":
            yield from self._answer.finish()
        else:
            yield from self._answer.take(j.parse(event.data, where="chunk"), "delta")


class WholeDecoder:
    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[Fact]:
        self._chunks.append(chunk)
        self._size += len(chunk)
        if self._size > sse.MAX_EVENT_BYTES:
            raise UnreadableError(f"answer longer than {sse.MAX_EVENT_BYTES} bytes")
        yield from ()

    def end(self) -> Iterator[Fact]:
        body = j.parse(b"".join(self._chunks), where="answer")
        if not body.get("error") and not j.an_array(body.get("choices"), at="choices"):
            raise UnreadableError("choices: expected an answer, found none")
        answer = _Answer()
        yield from answer.take(body, "message")
        if not answer.over:
            yield from answer.finish()


_BROKEN_OFF = Fault(Kind.UPSTREAM_GARBLED, "the provider's answer broke off")


def _named_error(data: str) -> Fault:
    """`event: error` is no habit of OpenAI's; servers put an error object, or only its inside, or a text there."""
    try:
        said = j.parse(data, where="error event")
    except UnreadableError:
        said = {}
    return fault_in_answer(said.get("error") or said)


class _Answer:
    """From chunks, or one whole body, to facts."""

    def __init__(self) -> None:
        self.over = False
        self.stopped = False
        self._started = False
        self._stop = Stop.END
        self._blocks = _Blocks()

    def take(self, body: Mapping[str, Json], key: Literal["delta", "message"]) -> Iterator[Fact]:
        """One chunk with a `delta`, or a whole answer with a `message`."""
        if error := body.get("error"):
            yield from self.fail(fault_in_answer(error))
            return
        choices = _array_or_none(body.get("choices"), at="choices")
        usage = _usage(body.get("usage"))
        if not self._started and (body.get("id") or choices or usage):
            self._started = True
            yield Started(*(_text_or_none(body.get(name), at=name) for name in ("id", "model")))
            self._blocks.answer_id = _text_or_none(body.get("id"), at="id")
        for n, item in enumerate(choices):
            yield from self._choice(j.an_object(item, at=f"choices[{n}]"), key, f"choices[{n}]")
        if usage:
            yield Seen(usage)

    def _choice(self, choice: Mapping[str, Json], key: str, at: str) -> Iterator[Fact]:
        if choice.get("index") not in (0, None):
            return
        delta = j.an_object(choice.get(key) or {}, at=f"{at}.{key}")
        if any(delta.get(name) for name in _REASONING):
            yield Thought()
        for name in ("content", "refusal"):
            yield from self._blocks.text("".join(_texts(delta.get(name), at=f"{at}.{key}.{name}")))
        for n, call in enumerate(_array_or_none(delta.get("tool_calls"), at=f"{at}.{key}.tool_calls")):
            here = f"{at}.{key}.tool_calls[{n}]"
            yield from self._blocks.call(j.an_object(call, at=here), here)
        if reason := _text_or_none(choice.get("finish_reason"), at=f"{at}.finish_reason"):
            self.stopped = True
            self._stop = _STOPS.get(reason, Stop.END)

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


@dataclass(slots=True)
class _Block:
    order: int
    """The index of the call; a text goes behind the calls that came before it."""
    call: bool = False
    id: str = ""
    name: str = ""
    said: list[str] = field(default_factory=list[str])
    """The arguments of a call as far as they were passed on."""
    waiting: list[str] = field(default_factory=list[str])
    closed: bool = False

    @property
    def start(self) -> TextStarted | ToolStarted:
        return ToolStarted(self.id, self.name) if self.call else TextStarted()

    def is_complete(self) -> bool:
        """Whether nothing more can follow: a text can be taken up again, arguments end with their JSON."""
        if not self.call:
            return True
        if not self.said or not self.said[-1].rstrip().endswith("}"):
            return False
        try:
            j.parse("".join(self.said), where="arguments")
        except UnreadableError:
            return False
        return True


class _Blocks:
    """Puts interleaved texts and calls one behind the other: what is not of the open block waits for its turn."""

    def __init__(self) -> None:
        self.calls = 0
        self.answer_id = ""
        self._open: _Block | None = None
        self._queue: list[_Block] = []
        self._by_index: dict[int, _Block] = {}
        self._latest = -1
        """Index of the call that came last."""

    def text(self, text: str) -> Iterator[Fact]:
        if not text:
            return
        last = self._queue[-1] if self._queue else self._open
        if last is None or last.call:
            last = self._add(_Block(self._latest))
        last.waiting.append(text)
        yield from self._flow()

    def call(self, call: Mapping[str, Json], at: str) -> Iterator[Fact]:
        function = j.an_object(call.get("function") or {}, at=f"{at}.function")
        id = _text_or_none(call.get("id"), at=f"{at}.id")
        name = _text_or_none(function.get("name"), at=f"{at}.function.name")
        block = self._find(None if call.get("index") is None else j.an_int(call["index"], at=f"{at}.index"), id, name)
        block.name = block.name or name
        if arguments := _text_or_none(function.get("arguments"), at=f"{at}.function.arguments"):
            if block.closed and arguments.strip():
                raise UnreadableError(f"{at}.function.arguments: more of them after their end")
            block.waiting.append(arguments)
        yield from self._flow()

    def _find(self, index: int | None, id: str, name: str) -> _Block:
        """The call that a delta is about, or a new one. Without an index, a name begins a call."""
        latest = self._by_index.get(self._latest)
        if index is None:
            index = self._latest if latest and (not name or id == latest.id) else self._latest + 1
        block = self._by_index.get(index)
        if block is None or (id and name and id != block.id):
            self.calls += 1
            made_up = f"call_{re.sub('[^A-Za-z0-9]', '', self.answer_id)[-24:]}_{self.calls - 1}"
            block = self._by_index[index] = self._add(_Block(index, call=True, id=id or made_up))
        self._latest = index
        return block

    def _add(self, block: _Block) -> _Block:
        self._queue.append(block)
        return block

    def finish(self) -> Iterator[Fact]:
        yield from self._flow(finished=True)

    def _flow(self, *, finished: bool = False) -> Iterator[Fact]:
        while True:
            if self._open is None:
                following = min(self._queue, key=lambda block: block.order, default=None)
                if following is None or (following.call and not following.name and not finished):
                    return
                yield from self._begin(following)
            block = self._open
            assert block is not None
            yield from self._say(block)
            if not finished and not (self._queue and block.is_complete()):
                return
            self._open, block.closed = None, True
            yield BlockEnded()

    def _begin(self, block: _Block) -> Iterator[Fact]:
        if block.call and not block.name:
            raise UnreadableError("tool_calls: a call without a name")
        self._queue.remove(block)
        self._open = block
        yield block.start

    def _say(self, block: _Block) -> Iterator[Fact]:
        pieces, block.waiting = block.waiting, []
        for piece in pieces:
            if block.call:
                block.said.append(piece)
            yield Delta(piece)


def _texts(content: Json, *, at: str) -> Iterator[str]:
    """Of a string, or of the text parts of a list."""
    if not isinstance(content, list):
        yield _text_or_none(content, at=at)
        return
    for n, item in enumerate(content):
        part = j.an_object(item, at=f"{at}[{n}]")
        if part.get("type") == "text":
            yield _text_or_none(part.get("text"), at=f"{at}[{n}].text")


def _usage(value: Json) -> Usage | None:
    """Counts that are no numbers say nothing; `prompt_tokens` has the cached ones in it."""
    if value is None:
        return None  # nearly every chunk of a stream
    usage = _object_or_empty(value)
    prompt = _object_or_empty(usage.get("prompt_tokens_details"))
    completion = _object_or_empty(usage.get("completion_tokens_details"))
    seen = Usage(
        input_tokens=_count(usage.get("prompt_tokens")),
        cached_tokens=_count(prompt.get("cached_tokens")),
        cache_written_tokens=_count(prompt.get("cache_write_tokens")),
        output_tokens=_count(usage.get("completion_tokens")),
        reasoning_tokens=_count(completion.get("reasoning_tokens")),
    )
    return None if seen == Usage() else seen


def _count(value: Json) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _object_or_empty(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _array_or_none(value: Json, *, at: str) -> list[Json]:
    return [] if value is None else j.an_array(value, at=at)


def _text_or_none(value: Json, *, at: str) -> str:
    return "" if value is None else j.a_string(value, at=at)
