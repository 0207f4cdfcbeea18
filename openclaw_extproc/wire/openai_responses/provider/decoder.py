"""OpenAI Responses: a provider's answer, read. See `openai_responses` for the source.

One reader serves streams and whole answers: the items of a whole one are taken as done. Items and events that we do not
know (searches, images, what is yet to come) are a sign of work and no more. Besides OpenAI it reads what compatible
servers leave out: item events without deltas, deltas without items, a last event with all of the answer in it.
"""

from collections.abc import Iterator, Mapping, Sequence

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import Fact, Failed, Finished, Started, Stop, ThinkingProgress, UsageReported
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.base import Decoder
from openclaw_extproc.wire.openai import api
from openclaw_extproc.wire.openai.errors import fault_in_answer
from openclaw_extproc.wire.openai_responses.client.response import ItemNumbers
from openclaw_extproc.wire.openai_responses.fields import array, thing
from openclaw_extproc.wire.openai_responses.provider.output import Output
from openclaw_extproc.wire.streams import sse
from openclaw_extproc.wire.streams.event_decoder import ContentEvents, EventDecoder, WholeDecoder

_BROKEN_OFF = Fault(FaultKind.UPSTREAM_GARBLED, "the provider's answer broke off")


def decoder(streamed: bool) -> Decoder:
    return EventDecoder(_Events(), _CONTENT) if streamed else WholeDecoder(_whole)


_CONTENT = ContentEvents(kind=b'.delta"', telling=(b'"error"', b'"response"', b'"usage"', b'"item"'))


class _Events:
    """The decoder of a streamed response."""

    def __init__(self) -> None:
        self._answer = _Answer()

    @property
    def over(self) -> bool:
        return self._answer.over

    def read(self, event: sse.Event) -> Iterator[Fact]:
        if event.data.strip() == "[DONE]":
            return
        said = j.parse(event.data, where="event")
        yield from self._answer.event(_text(said.get("type"), "type") or event.name, said)

    def read_quickly(self, event: bytes) -> Sequence[Fact]:  # noqa: ARG002  # every event is read in full
        return ()

    def end(self) -> Iterator[Fact]:
        """Ends the stream. Only a last event completes a response: Codex, too, takes a stream without one for
        broken."""
        if not self._answer.over:
            yield from self._answer.fail(_BROKEN_OFF)


def _whole(body: dict[str, Json]) -> Iterator[Fact]:
    status = body.get("status") or ("failed" if body.get("error") else "completed")
    if status in ("queued", "in_progress"):
        raise UnreadableError("status: the answer is not there yet")
    if status not in ("failed", "cancelled") and body.get("output") is None:
        raise UnreadableError("output: expected an array, found nothing")
    ending = f"response.{status}" if status in ("incomplete", "failed", "cancelled") else "response.completed"
    yield from _Answer().event(ending, {"response": body})


class _Answer:
    """The conversion of events to facts."""

    def __init__(self) -> None:
        self.over = False
        self._started = False
        self._output = Output()
        self._numbers = ItemNumbers()

    def event(self, kind: str, said: Mapping[str, Json]) -> Iterator[Fact]:
        if kind == "error" or (said.get("error") and "response" not in said):
            yield from self.fail(fault_in_answer(said.get("error") or _flat(said)))
            return
        if not kind.startswith("response."):
            return  # some gateways send pings of their own
        response = thing(said.get("response"), at="response")
        yield from self._start(response)
        place = self._numbers.number(_place(said, "output_index"), said)
        match kind:
            case "response.completed" | "response.incomplete":
                yield from self._finish(response)
            case "response.failed" | "response.cancelled":
                yield from self.fail(fault_in_answer(response.get("error")))
            case "response.output_item.added":
                yield from self._output.add_item(place, thing(said.get("item"), at="item"))
            case "response.output_item.done":
                yield from self._output.finish_item(place, thing(said.get("item"), at="item"), "item")
            case "response.created" | "response.in_progress" | "response.queued":
                pass
            case _:
                yield from self._inside(kind, place, said)

    def _inside(self, kind: str, place: int, said: Mapping[str, Json]) -> Iterator[Fact]:
        """What happens within an item."""
        part = _place(said, "content_index")
        match kind:
            case "response.output_text.delta":
                yield from self._output.text(place, part, _text(said.get("delta"), "delta"))
            case "response.output_text.done":
                yield from self._output.text_is(place, part, _text(said.get("text"), "text"))
            case "response.refusal.delta":
                yield from self._output.refusal(place, part, _text(said.get("delta"), "delta"))
            case "response.refusal.done":
                yield from self._output.refusal_is(place, part, _text(said.get("refusal"), "refusal"))
            case "response.function_call_arguments.delta":
                yield from self._output.arguments(place, _text(said.get("delta"), "delta"))
            case "response.function_call_arguments.done":
                yield from self._output.arguments_are(place, _text(said.get("arguments"), "arguments"))
            case "response.reasoning_summary_text.delta":
                summary = _place(said, "summary_index")
                yield from self._output.thought(place, summary, _text(said.get("delta"), "delta"))
            case "response.reasoning_text.delta":
                yield from self._output.thought(place, part, _text(said.get("delta"), "delta"))
            case "response.content_part.added" | "response.content_part.done":
                pass  # the text comes in events of its own
            case _:
                yield ThinkingProgress()

    def _start(self, response: Mapping[str, Json]) -> Iterator[Fact]:
        if not self._started:
            self._started = True
            yield Started(*(_text(response.get(name), f"response.{name}") for name in ("id", "model")))

    def _finish(self, response: Mapping[str, Json]) -> Iterator[Fact]:
        if not self._output.items:
            for n, item in enumerate(array(response.get("output"), at="output")):
                yield from self._output.finish_item(n, j.an_object(item, at=f"output[{n}]"), f"output[{n}]")
        yield from self._output.finish()
        if usage := api.usage(response.get("usage"), "input_tokens", "output_tokens", response.get("service_tier")):
            yield UsageReported(usage)
        self.over = True
        yield Finished(self._stop(response))

    def _stop(self, response: Mapping[str, Json]) -> Stop:
        """Whatever else cuts an answer short, it is not complete."""
        details = thing(response.get("incomplete_details"), at="incomplete_details")
        if details.get("reason") == "content_filter":
            return Stop.REFUSAL
        if response.get("status") == "incomplete" or details.get("reason"):
            return Stop.LENGTH
        if self._output.refused:
            return Stop.REFUSAL
        return Stop.TOOL_USE if self._output.calls else Stop.END

    def fail(self, fault: Fault) -> Iterator[Fact]:
        self.over = True
        yield Failed(fault)


def _flat(said: Mapping[str, Json]) -> Json:
    """An error event as the reference has it; the API itself puts all of it into `error`."""
    return {key: said.get(key) for key in ("code", "message", "param")}


def _place(said: Mapping[str, Json], key: str) -> int:
    value = said.get(key)
    return 0 if value is None else j.an_int(value, at=key)


def _text(value: Json, at: str) -> str:
    return "" if value is None else j.a_string(value, at=at)
