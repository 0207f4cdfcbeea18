"""Cohere's answers, to facts.

Source: `v2/types/v2chat_response`, `v2/types/v2chat_stream_response` and the types of their events (cohere 7.0), and
the streams on the pages "Streaming" and "Streaming for tool use". A whole answer is read as the events that a stream
would have brought. The plan that a model writes before it calls tools (`tool_plan`) is a text: `requests` gives it back
as a plan.
Left out: citations, log probabilities, the prompt in a `debug` event.

Cohere's errors, read: `{"message": "…"}` with a status.

Source: `errors/` and `v2/raw_client` of the official SDK (cohere 7.0) for the statuses, Cohere's OpenAPI description
for what 498 and 499 mean, and its page on errors for the messages.
"""

from collections.abc import Iterator, Mapping

from openclaw_extproc.faults import Fault, FaultKind, kind_of_status
from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import (
    BlockEnded,
    Delta,
    Fact,
    Failed,
    Finished,
    Grammar,
    Started,
    State,
    Stop,
    TextStarted,
    ThinkingProgress,
    ThoughtStarted,
    ToolStarted,
    Usage,
    UsageReported,
)
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.base import Decoder
from openclaw_extproc.wire.streams import sse
from openclaw_extproc.wire.streams.event_decoder import WholeDecoder
from openclaw_extproc.wire.translation import error_words

# -- errors ----------------------------------------------------------------------------


MAX_MESSAGE_CHARS = 2_000
"""The length to which a provider's error message is cut: enough for its longest, too little to fill a log."""

_STATUSES = {499: FaultKind.UPSTREAM_ERROR}
"""A cancelled request. Cohere says so of a generation that it gave up itself too ("streaming error"), and to try it
again."""
_DENIED_STATUS = 498
"""The SDK calls it an invalid token. It is no credential: the prompt or the answer has a word that Cohere denies."""


def decode_error(status: int, body: bytes) -> Fault:
    """Returns the fault of an HTTP error; the body may be anything."""
    try:
        said = message_of(j.parse(body, where="the provider's error").get("message"))
    except UnreadableError:
        said = ""
    kind = _STATUSES.get(status) or kind_of_status(status)
    code = error_words.code(error_words.CONTENT_FILTER if status == _DENIED_STATUS else "", said, status)
    return Fault(kind, said or f"the provider answered {status}", status, code)


def fault_in_answer(said: Json, kind: FaultKind = FaultKind.UPSTREAM_ERROR, code: str = "") -> Fault:
    """The fault of an answer that began with status 200, from the message in it."""
    message = message_of(said)
    return Fault(kind, message or "the provider failed while answering", code=error_words.code(code, message, None))


def message_of(said: Json) -> str:
    """The message of an error, cut; empty where there is none."""
    return said[:MAX_MESSAGE_CHARS] if isinstance(said, str) and said.strip() else ""


# -- decoder ---------------------------------------------------------------------------


_STOPS = {
    "COMPLETE": Stop.END,
    "STOP_SEQUENCE": Stop.END,
    "MAX_TOKENS": Stop.LENGTH,
    "TOOL_CALL": Stop.TOOL_USE,
    "ERROR_TOXIC": Stop.REFUSAL,
}
"""`types/chat_finish_reason` (cohere 7.0), and `ERROR_TOXIC` of `types/finish_reason`, the older API's. Every other
word is an end like any other."""

_BREAKS = {"ERROR": FaultKind.UPSTREAM_ERROR, "TIMEOUT": FaultKind.UPSTREAM_SILENT}
"""Reasons that are none to finish: the answer is not complete."""


def decoder(streamed: bool) -> Decoder:
    """The reader of one answer: a stream of events, or one JSON body."""
    return StreamDecoder() if streamed else WholeDecoder(_whole)


class StreamDecoder:
    """Reads events up to `message-end`; what comes after (`[DONE]`) is not read."""

    def __init__(self) -> None:
        self._reader = sse.Reader()
        self._answer = _Answer()

    def feed(self, chunk: bytes) -> Iterator[Fact]:
        for event in self._reader.feed(chunk):
            if not self._answer.over:
                yield from self._answer.read(j.parse(event.data, where="the provider's event"))

    def end(self) -> Iterator[Fact]:
        yield from self._answer.end()


def _whole(body: dict[str, Json]) -> Iterator[Fact]:
    answer = _Answer()
    for event in _as_events(body):
        yield from answer.read(event)
    yield from answer.end()


def _as_events(body: Mapping[str, Json]) -> Iterator[dict[str, Json]]:
    if isinstance(body.get("message"), str):  # an error that came with status 200
        yield {"message": body["message"]}
        return
    message = j.an_object(body.get("message"), at="message")
    yield {"type": "message-start", "id": body.get("id")}
    for n, item in enumerate(_list_of(message, "content")):
        content = j.an_object(item, at=f"message.content[{n}]")
        yield {"type": "content-start", "index": n, "delta": {"message": {"content": content}}}
        yield {"type": "content-end", "index": n}
    yield {"type": "tool-plan-delta", "delta": {"message": {"tool_plan": message.get("tool_plan")}}}
    for n, call in enumerate(_list_of(message, "tool_calls")):
        yield {"type": "tool-call-start", "index": n, "delta": {"message": {"tool_calls": call}}}
        yield {"type": "tool-call-end", "index": n}
    yield {
        "type": "message-end",
        "delta": {"finish_reason": body.get("finish_reason"), "usage": body.get("usage"), "error": body.get("error")},
    }


def _list_of(message: Mapping[str, Json], name: str) -> list[Json]:
    value = message.get(name)
    return [] if value is None else j.an_array(value, at=f"message.{name}")


class _Answer:
    """Reads the events of one answer. Every fact has passed the grammar before it leaves."""

    def __init__(self) -> None:
        self.over = False
        self._grammar = Grammar()
        self._open: type[Fact] | None = None
        """The fact that the open block began with; `None`: no block is open."""
        self._call: int | None = None
        """The index of the open call."""
        self._used_tools = False

    def read(self, event: Mapping[str, Json]) -> Iterator[Fact]:
        for fact in self._facts(event):
            self._grammar.check(fact)
            self.over = isinstance(fact, Finished | Failed)
            yield fact

    def end(self) -> Iterator[Fact]:
        if not self.over:
            self.over = True
            yield Failed(Fault(FaultKind.UPSTREAM_GARBLED, "the provider's answer broke off"))

    def _facts(self, event: Mapping[str, Json]) -> Iterator[Fact]:
        kind = event.get("type")
        message = _message(event)
        match kind:
            case "message-start":
                yield Started(_text(event, "id"), "")
            case "content-start" | "content-delta":
                yield from self._on_content(_object(message.get("content"), "content"))
            case "tool-plan-delta":
                yield from self._say(TextStarted, _text(message, "tool_plan"))
            case "tool-call-start":
                yield from self._on_call(event.get("index"), _object(message.get("tool_calls"), "tool_calls"))
            case "tool-call-delta":
                yield from self._on_arguments(event.get("index"), _object(message.get("tool_calls"), "tool_calls"))
            case "content-end" | "tool-call-end":
                yield from self._close()
            case "message-end":
                yield from self._on_end(_object(event.get("delta"), "delta"))
            case None if isinstance(event.get("message"), str):
                yield Failed(fault_in_answer(event["message"]))
            case _:
                if self._grammar.state is not State.FRESH:  # citations, and events that come later
                    yield ThinkingProgress()

    def _on_content(self, content: Mapping[str, Json]) -> Iterator[Fact]:
        """A piece of a text or a thought; the first one may be empty."""
        yield from self._say(ThoughtStarted, _text(content, "thinking"))
        yield from self._say(TextStarted, _text(content, "text"))

    def _say(self, opening: type[TextStarted | ThoughtStarted], said: str) -> Iterator[Fact]:
        if not said:
            return
        if self._open is not opening:
            yield from self._close()
            self._open = opening
            yield opening()
        yield Delta(said)

    def _on_call(self, index: Json, call: Mapping[str, Json]) -> Iterator[Fact]:
        yield from self._close()
        function = _object(call.get("function"), "tool_calls.function")
        name = j.a_string(function.get("name"), at="tool_calls.function.name")
        self._open, self._call, self._used_tools = ToolStarted, j.an_int(index, at="index"), True
        yield ToolStarted(j.a_string(call.get("id"), at="tool_calls.id"), name)
        if arguments := _text(function, "arguments"):
            yield Delta(arguments)

    def _on_arguments(self, index: Json, call: Mapping[str, Json]) -> Iterator[Fact]:
        if self._open is not ToolStarted or index != self._call:
            raise UnreadableError("tool-call-delta: of a call that is not open")
        if arguments := _text(_object(call.get("function"), "tool_calls.function"), "arguments"):
            yield Delta(arguments)

    def _close(self) -> Iterator[Fact]:
        if self._open is not None:
            self._open = self._call = None
            yield BlockEnded()

    def _on_end(self, delta: Mapping[str, Json]) -> Iterator[Fact]:
        reason = j.a_string(delta.get("finish_reason"), at="finish_reason")
        yield from self._close()
        if (usage := _usage(delta.get("usage"))) != Usage():
            yield UsageReported(usage)
        if reason in _BREAKS:
            yield Failed(fault_in_answer(delta.get("error"), _BREAKS[reason], reason))
            return
        stop = _STOPS.get(reason, Stop.END)
        yield Finished(Stop.TOOL_USE if stop is Stop.END and self._used_tools else stop)


def _usage(value: Json) -> Usage:
    """Tokens as they are billed: the prompt that Cohere puts around the client's is not, and is in `tokens` alone.

    Cached tokens are counted as `tokens` are, so they are known only where those are all there is.
    """
    usage = value if isinstance(value, dict) else {}
    billed, all_tokens = _counts(usage.get("billed_units")), _counts(usage.get("tokens"))
    if billed != (None, None):
        return Usage(input_tokens=billed[0], output_tokens=billed[1])
    cached = _count(usage.get("cached_tokens")) if all_tokens[0] is not None else None
    return Usage(input_tokens=all_tokens[0], cached_tokens=cached, output_tokens=all_tokens[1])


def _counts(value: Json) -> tuple[int | None, int | None]:
    counted = value if isinstance(value, dict) else {}
    return _count(counted.get("input_tokens")), _count(counted.get("output_tokens"))


def _count(value: Json) -> int | None:
    """A count, which the SDK's types call a decimal; `None` for what is none."""
    return j.a_count(int(value) if isinstance(value, float) and value.is_integer() else value)


def _message(event: Mapping[str, Json]) -> dict[str, Json]:
    """The message in an event's delta; empty where it has none."""
    delta = event.get("delta")
    message = delta.get("message") if isinstance(delta, dict) else None
    return message if isinstance(message, dict) else {}


def _object(value: Json, at: str) -> dict[str, Json]:
    return {} if value is None else j.an_object(value, at=at)


def _text(of: Mapping[str, Json], name: str) -> str:
    value = of.get(name)
    return "" if value is None else j.a_string(value, at=name)
