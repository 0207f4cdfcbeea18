"""OpenAI Responses: answers, written for a client. See `openai_responses` for the source.

An item is closed only when the next fact has come: one that the model did not finish has to say so.
"""

import re
from collections.abc import Iterator
from typing import Protocol

from openclaw_extproc.faults import Fault
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
from openclaw_extproc.wire.openai.errors import encode_error
from openclaw_extproc.wire.openai_responses.client import compaction_summaries, response
from openclaw_extproc.wire.openai_responses.client.response import failing
from openclaw_extproc.wire.openai_responses.client.response_items import Event, Item, Message, Reasoning, call_of
from openclaw_extproc.wire.openai_responses.compactions import CompactingAnswer
from openclaw_extproc.wire.streams import sse

MAX_ID_CHARS = 40
"""The length that our ids of items take over from the response's id; OpenAI accepts 64 in all."""


def encoder(chat: Chat, created: int) -> Encoder:
    answer = CompactingAnswer if compaction_summaries.MARK in chat.extras else _Answer
    return StreamEncoder(answer(chat, created)) if chat.stream else WholeEncoder(answer(chat, created))


class Events(Protocol):
    """The conversion of facts to events without their numbers."""

    def take(self, fact: Fact) -> Iterator[Event]: ...


class StreamEncoder:
    def __init__(self, answer: Events) -> None:
        self._answer = answer
        self._number = 0

    def feed(self, fact: Fact) -> bytes:
        return b"".join([self._write(event) for event in self._answer.take(fact)])

    def _write(self, event: Event) -> bytes:
        numbered: Json = {**event, "sequence_number": self._number}
        self._number += 1
        return sse.write(sse.Event(j.text(numbered), str(event["type"])))


class WholeEncoder:
    """Says nothing until the last fact."""

    def __init__(self, answer: Events) -> None:
        self._answer = answer

    def feed(self, fact: Fact) -> bytes:
        if isinstance(fact, Failed):
            return encode_error(fact.fault)
        events = list(self._answer.take(fact))
        return j.dump(events[-1]["response"]) if isinstance(fact, Finished) else b""


class _Answer:
    """The conversion of facts to events of a response with output items."""

    def __init__(self, chat: Chat, created: int) -> None:
        self._chat = chat
        self._created = created
        self._natives = {tool.name: tool.native for tool in chat.tools if tool.native}
        self._head: dict[str, Json] | None = None
        self._output: list[Json] = []
        self._item: Item | None = None
        self._open = False
        self._usage = Usage()

    def take(self, fact: Fact) -> Iterator[Event]:
        match fact:
            case Started():
                self._head = response.head(self._chat, self._created, fact)
                yield {"type": "response.created", "response": dict(self._head)}
                yield {"type": "response.in_progress", "response": dict(self._head)}
            case TextStarted() | ToolStarted() | ThoughtStarted():
                yield from self._close("completed")
                self._item = self._new_item(fact)
            case Delta() | StateAttached() | BlockEnded():
                yield from self._within(fact)
            case UsageReported(usage):
                self._usage = self._usage.or_later(usage)
            case ThinkingProgress():
                pass
            case Finished(stop):
                yield from self._finish(stop)
            case Embedded():
                raise AssertionError("no answer to a chat has vectors")
            case Failed(fault):
                yield from self._fail(fault)

    def _within(self, fact: Delta | StateAttached | BlockEnded) -> Iterator[Event]:
        """A text or a thought without anything in it is no item; a call is one."""
        item = self._item
        match item, fact:
            case None, _:
                pass
            case _, Delta(text):
                yield from self._open_item(item)
                yield from self._with_output_index(item.more(text))
            case _, StateAttached(sealed):
                item.sign(sealed)
                if not isinstance(item, Message):
                    yield from self._open_item(item)
            case Message() | Reasoning(), BlockEnded():
                pass
            case _, BlockEnded():
                yield from self._open_item(item)

    def _fail(self, fault: Fault) -> Iterator[Event]:
        """Items that are not closed stay out: nobody may call a tool that was broken off."""
        yield from failing(fault, self._head, self._output)

    def _finish(self, stop: Stop) -> Iterator[Event]:
        assert self._head is not None
        complete = stop in (Stop.END, Stop.TOOL_USE)
        yield from self._close("completed" if complete else "incomplete")
        whole = response.finished_response(self._head, self._output, self._usage, stop)
        yield {"type": f"response.{whole['status']}", "response": whole}

    def _new_item(self, fact: TextStarted | ToolStarted | ThoughtStarted) -> Item:
        assert self._head is not None
        letters = re.sub(r"[^A-Za-z0-9]", "", str(self._head["id"]).removeprefix("resp_"))
        id = f"{letters[-MAX_ID_CHARS:]}{len(self._output):02}"
        match fact:
            case TextStarted():
                return Message(id)
            case ThoughtStarted():
                return Reasoning(id)
            case ToolStarted(call_id, name):
                return call_of(id, call_id, name, self._natives.get(name, {}))

    def _open_item(self, item: Item) -> Iterator[Event]:
        if not self._open:
            self._open = True
            yield from self._with_output_index(item.opening())

    def _close(self, status: str) -> Iterator[Event]:
        if self._item and self._open:
            yield from self._with_output_index(self._item.closing(status))
            self._output.append(self._item.item(status))
        self._item, self._open = None, False

    def _with_output_index(self, events: Iterator[Event]) -> Iterator[Event]:
        for event in events:
            yield {**event, "output_index": len(self._output)}
