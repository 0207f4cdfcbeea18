"""The order in which a stream of the Responses API may tell of an answer, and that its events agree with each other.

Source: https://platform.openai.com/docs/api-reference/responses-streaming and the SDK's types of the events.
"""

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

Event: TypeAlias = dict[str, Any]  # a test's view of foreign JSON

EVENTS: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)  # a union of 50 models; only checked against

LAST = {"response.completed": "completed", "response.incomplete": "incomplete"}


def check(events: Iterable[Event]) -> None:
    told = list(events)
    for n, event in enumerate(told):
        EVENTS.validate_python(event)
        assert event["sequence_number"] == n
    rest = iter(told)
    id = _begin(rest)
    items: list[Event] = []
    for event in rest:
        if event["type"] == "response.output_item.added":
            assert event["output_index"] == len(items)
            items.append(_item(event["item"], rest, len(items)))
            continue
        answer = event["response"]
        assert answer["status"] == LAST[event["type"]]
        assert (answer["id"], answer["output"]) == (id, items)
        assert list(rest) == []
        return
    raise AssertionError("no last event")


def _begin(rest: Iterator[Event]) -> str:
    created, in_progress = next(rest), next(rest)
    assert (created["type"], in_progress["type"]) == ("response.created", "response.in_progress")
    assert created["response"] == in_progress["response"]
    assert (created["response"]["status"], created["response"]["output"]) == ("in_progress", [])
    return str(created["response"]["id"])


def _item(added: Event, rest: Iterator[Event], place: int) -> Event:
    inner = {"message": _message, "function_call": _call, "reasoning": _reasoning}[added["type"]]
    done = inner(added, _within(added["id"], rest, place))
    assert done["item"]["id"] == added["id"]
    assert done["item"].get("status", "completed") in ("completed", "incomplete")
    assert len(done["item"]["id"]) <= 64
    item: Event = done["item"]
    return item


def _within(id: str, rest: Iterator[Event], place: int) -> Iterator[Event]:
    for event in rest:
        assert event["output_index"] == place
        assert event.get("item_id", id) == id
        yield event


def _grown(events: Iterator[Event], kind: str) -> tuple[str, Event]:
    """The deltas of one text, and the event that ends it."""
    text = ""
    for event in events:
        if event["type"] != f"{kind}.delta":
            assert event["type"] == f"{kind}.done"
            return text, event
        assert event["delta"]
        text += event["delta"]
    raise AssertionError(f"{kind} without an end")


def _message(added: Event, events: Iterator[Event]) -> Event:
    assert (added["id"][:4], added["content"], added["status"]) == ("msg_", [], "in_progress")
    part = next(events)
    assert (part["type"], part["part"]["text"]) == ("response.content_part.added", "")
    text, done = _grown(events, "response.output_text")
    part_done, item_done = next(events), next(events)
    assert (part_done["type"], item_done["type"]) == ("response.content_part.done", "response.output_item.done")
    assert text == done["text"] == part_done["part"]["text"]
    assert item_done["item"]["content"] == [part_done["part"]]
    return item_done


def _call(added: Event, events: Iterator[Event]) -> Event:
    assert (added["id"][:3], added["arguments"], added["status"]) == ("fc_", "", "in_progress")
    text, done = _grown(events, "response.function_call_arguments")
    item_done = next(events)
    assert item_done["type"] == "response.output_item.done"
    assert text == done["arguments"] == item_done["item"]["arguments"]
    assert item_done["item"]["call_id"] == added["call_id"]
    assert item_done["item"]["name"] == added["name"] == done["name"]
    return item_done


def _reasoning(added: Event, events: Iterator[Event]) -> Event:
    assert (added["id"][:3], added["summary"]) == ("rs_", [])
    event = next(events)
    if event["type"] == "response.reasoning_summary_part.added":
        text, done = _grown(events, "response.reasoning_summary_text")
        part_done, event = next(events), next(events)
        assert part_done["type"] == "response.reasoning_summary_part.done"
        assert text == done["text"] == part_done["part"]["text"] == event["item"]["summary"][0]["text"]
    assert event["type"] == "response.output_item.done"
    assert event["item"]["encrypted_content"]
    return event
