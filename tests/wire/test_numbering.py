"""Promises about servers that number all parallel calls 0: they are told apart, translated or not."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.model.facts import Delta, ToolStarted
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Chat, Text, ToolSpec, Turn
from openclaw_extproc.wire import client_side
from tests import samples
from tests.samples import provider_side

ASKED = Chat("m", (Turn("user", (Text("x"),)),), tools=(ToolSpec("f", "", {}),), stream=True)
CALLS = {"c0": '{"a":1}', "c1": '{"b":2}', "c2": "{}"}


def written(events: Sequence[Json]) -> bytes:
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)


def chat_delta(index: int, **call: Json) -> Json:
    numbered: Json = {"index": index, **call}
    delta: Json = {"tool_calls": [numbered]}
    choice: Json = {"index": 0, "delta": delta}
    return {"id": "r", "object": "chat.completion.chunk", "model": "m", "choices": [choice]}


def chat_stream(numbers: Sequence[int]) -> bytes:
    events: list[Json] = []
    for number, (id, arguments) in zip(numbers, CALLS.items(), strict=True):
        events += [
            chat_delta(number, id=id, type="function", function={"name": "f", "arguments": ""}),
            chat_delta(number, function={"arguments": arguments[:3]}),
            chat_delta(number, function={"arguments": arguments[3:]}),
        ]
    over: Json = {"id": "r", "model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}
    return written([*events, over]) + b"data: [DONE]\n\n"


def responses_stream(numbers: Sequence[int]) -> bytes:
    head: dict[str, Json] = {"id": "r", "model": "m", "status": "in_progress", "output": []}
    events: list[Json] = [{"type": "response.created", "response": head}]
    for number, (id, arguments) in zip(numbers, CALLS.items(), strict=True):
        at: dict[str, Json] = {"output_index": number, "item_id": f"fc_{id}"}
        item: dict[str, Json] = {"type": "function_call", "id": f"fc_{id}", "call_id": id, "name": "f", "arguments": ""}
        whole: Json = {**item, "arguments": arguments}
        told: tuple[Json, ...] = (
            {"type": "response.output_item.added", "output_index": number, "item": item},
            {"type": "response.function_call_arguments.delta", **at, "delta": arguments[:3]},
            {"type": "response.function_call_arguments.delta", **at, "delta": arguments[3:]},
            {"type": "response.output_item.done", "output_index": number, "item": whole},
        )
        events += told
    return written([*events, {"type": "response.completed", "response": {**head, "status": "completed"}}])


STREAMS = {"openai_chat": chat_stream, "openai_responses": responses_stream}
every_format = pytest.mark.parametrize("name", STREAMS)


def passed(name: str, *chunks: bytes) -> bytes:
    trimming = client_side(name).trim(ASKED)
    assert trimming is not None
    return b"".join([*map(trimming.feed, chunks), trimming.end()])


@every_format
def test_a_translation_tells_them_apart(name: str) -> None:
    facts = samples.decode(provider_side(name), STREAMS[name]([0, 0, 0]), streamed=True)

    calls: dict[str, str] = {}
    latest = ""
    for fact in facts:
        match fact:
            case ToolStarted(id):
                latest = id
                calls[id] = ""
            case Delta(text):
                calls[latest] += text
            case _:
                pass
    assert calls == CALLS


@every_format
@given(cuts=st.lists(st.integers(0, 2_000), max_size=8))
def test_a_client_of_the_same_format_gets_them_numbered(name: str, cuts: list[int]) -> None:
    wrong, right = STREAMS[name]([0, 0, 0]), STREAMS[name]([0, 1, 2])
    edges = sorted(min(cut, len(wrong)) for cut in cuts)
    chunks = [wrong[a:b] for a, b in zip([0, *edges], [*edges, len(wrong)], strict=True)]

    got = passed(name, *chunks)

    assert data(got) == data(right)


@every_format
def test_what_is_numbered_well_passes_as_it_came(name: str) -> None:
    right = STREAMS[name]([0, 1, 2])

    assert passed(name, right) == right


def data(stream: bytes) -> list[object]:
    lines = [line.removeprefix(b"data: ") for line in stream.split(b"\n") if line.startswith(b"data: {")]
    return [json.loads(line) for line in lines]
