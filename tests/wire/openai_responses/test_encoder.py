"""Promises of the OpenAI Responses format: answers for clients, written."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses import Response

from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import (
    BlockEnded,
    Delta,
    Fact,
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
from openclaw_extproc.model.requests import Chat, JsonObject, Reasoning, SealedState, Thinking, ToolChoice, ToolSpec
from openclaw_extproc.wire.translation import provider_state
from tests import samples
from tests.samples import ANSWERS, Case
from tests.wire.openai_responses import grammar
from tests.wire.openai_responses.saying import (
    BEGUN,
    CLIENT,
    CREATED,
    FOREIGN,
    NATIVE,
    chat,
    events_in,
    facts_of,
    joined,
    read,
    saying,
    sdk_answering,
    thinking,
    write,
)

GEMINI = SealedState("gemini", "c2ln")


def whole(*facts: Fact, request: Chat | None = None) -> dict[str, Any]:
    body = write(request or chat(stream=False), facts)
    Response.model_validate(j.parse(body, where="body"))
    return dict(j.parse(body, where="body"))


def calling(id: str, args: str = "", seal: SealedState | None = None) -> list[Fact]:
    signed: list[Fact] = [StateAttached(seal)] if seal else []
    said: list[Fact] = [Delta(args)] if args else []
    return [ToolStarted(id, "f"), *signed, *said, BlockEnded()]


ALL: list[Fact] = [
    BEGUN,
    *thinking("hm", FOREIGN),
    UsageReported(Usage(input_tokens=10, cached_tokens=4)),
    *saying("Hi"),
    *calling("c1", '{"a":1}'),
    *calling("c2"),
    UsageReported(Usage(output_tokens=7, reasoning_tokens=3)),
    Finished(Stop.END),
]


# -- streams ---------------------------------------------------------------------------


@pytest.mark.parametrize(("case", "streamed"), ANSWERS, ids=samples.answer_name)
def test_every_answer_of_every_provider_makes_a_stream_that_the_api_could_have_sent(
    case: Case, *, streamed: bool
) -> None:
    grammar.check(events_in(write(chat(), case.facts(streamed=streamed))))


text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)
seals = st.sampled_from([None, NATIVE, FOREIGN, GEMINI])


@st.composite
def blocks(draw: st.DrawFn) -> list[Fact]:
    kind = draw(st.sampled_from(["text", "thought", "call"]))
    deltas: list[Fact] = [Delta(piece) for piece in draw(st.lists(text, max_size=3))]
    seal = draw(seals)
    signed: list[Fact] = [StateAttached(seal)] if seal else []
    if kind == "call":
        return [ToolStarted(draw(text), "f"), *signed, *deltas, BlockEnded()]
    if kind == "thought":
        return [ThoughtStarted(), *deltas, *signed, BlockEnded()]
    return [TextStarted(), *deltas, *signed, BlockEnded()]


@given(st.lists(blocks(), max_size=5), st.sampled_from(Stop), st.text(max_size=90))
def test_any_answer_makes_a_stream_that_the_api_could_have_sent(several: list[list[Fact]], stop: Stop, id: str) -> None:
    facts = [Started(id, "m"), *(fact for block in several for fact in block), ThinkingProgress(), Finished(stop)]

    stream = events_in(write(chat(), facts))

    grammar.check(stream)
    assert stream[-1]["response"] == j.parse(write(chat(stream=False), facts), where="whole")


def test_the_sdks_own_reader_makes_the_same_of_a_stream_as_of_a_whole_answer() -> None:
    stream, body = write(chat(), ALL), write(chat(stream=False), ALL)

    with (
        sdk_answering(stream) as client,
        client.responses.stream(model="m", input="x") as answer,
    ):
        final = answer.get_final_response()
    with sdk_answering(body, content_type="application/json") as client:
        created = client.responses.create(model="m", input="x")

    assert final.output_text == created.output_text == "Hi"
    assert [item.type for item in final.output] == ["reasoning", "message", "function_call", "function_call"]
    assert final.usage == created.usage
    assert final.usage is not None
    assert (final.usage.input_tokens, final.usage.total_tokens) == (10, 17)


def test_a_stream_begins_with_what_was_asked_for() -> None:
    request = Chat(
        "asked", (), tools=(ToolSpec("f", "d", {"type": "object"}),), tool_choice=ToolChoice("named", "f"),
        parallel_tool_calls=False, max_output_tokens=5, temperature=0.5, top_p=0.1, output=JsonObject(),
        verbosity="low", reasoning=Reasoning("low", visible=True), prompt_cache_key="k", tags={"a": "b"}, user="u",
        stream=True,
    )  # fmt: skip

    created: Any = events_in(write(request, [Started("", "")]))[0]["response"]

    assert (created["id"], created["model"], created["created_at"]) == (f"resp_{CREATED}", "asked", CREATED)
    assert created["tools"][0]["name"] == "f"
    assert created["tool_choice"] == {"type": "function", "name": "f"}
    assert (created["parallel_tool_calls"], created["max_output_tokens"]) == (False, 5)
    assert (created["temperature"], created["top_p"]) == (0.5, 0.1)
    assert created["text"] == {"format": {"type": "json_object"}, "verbosity": "low"}
    assert created["reasoning"] == {"effort": "low", "summary": "auto"}
    assert (created["prompt_cache_key"], created["metadata"], created["user"]) == ("k", {"a": "b"}, "u")
    assert created["store"] is False


# -- items ---------------------------------------------------------------------------------


def test_a_whole_answer_has_openais_very_items() -> None:
    said = whole(*ALL)

    assert said["output"] == [
        {
            "id": "rs_100",
            "type": "reasoning",
            "summary": [{"type": "summary_text", "text": "hm"}],
            "encrypted_content": provider_state.token(provider_state.State(sealed=FOREIGN)),
        },
        {
            "id": "msg_101",
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Hi", "annotations": [], "logprobs": []}],
        },
        {
            "id": "fc_102",
            "type": "function_call",
            "status": "completed",
            "call_id": "c1",
            "name": "f",
            "arguments": '{"a":1}',
        },
        {
            "id": "fc_103",
            "type": "function_call",
            "status": "completed",
            "call_id": "c2",
            "name": "f",
            "arguments": "{}",
        },
    ]
    assert said["usage"] == {
        "input_tokens": 10,
        "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 0},
        "output_tokens": 7,
        "output_tokens_details": {"reasoning_tokens": 3},
        "total_tokens": 17,
    }


def test_usage_that_nobody_knows_is_not_zero() -> None:
    assert whole(BEGUN, Finished(Stop.END))["usage"] is None


@pytest.mark.parametrize(
    ("stop", "status", "reason"),
    [
        (Stop.END, "completed", None),
        (Stop.TOOL_USE, "completed", None),
        (Stop.LENGTH, "incomplete", "max_output_tokens"),
        (Stop.REFUSAL, "incomplete", "content_filter"),
    ],
)
def test_every_stop_has_a_word_and_the_last_item_says_so_too(stop: Stop, status: str, reason: str | None) -> None:
    facts = [BEGUN, *calling("c", "{}"), *saying("a"), Finished(stop)]

    answer = whole(*facts)

    assert answer["status"] == status
    assert answer["incomplete_details"] == ({"reason": reason} if reason else None)
    assert [item["status"] for item in answer["output"]] == ["completed", status]
    assert events_in(write(chat(), facts))[-1]["type"] == f"response.{status}"


def test_a_block_without_anything_in_it_is_no_item() -> None:
    assert whole(BEGUN, TextStarted(), BlockEnded(), *thinking(""), Finished(Stop.END))["output"] == []


# -- state -----------------------------------------------------------------------------------


def test_openais_own_state_goes_to_the_client_as_it_is() -> None:
    (item,) = whole(BEGUN, *thinking("", NATIVE), Finished(Stop.END))["output"]

    assert item == {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "gAAAAopaque"}


@pytest.mark.parametrize("seal", [None, NATIVE, FOREIGN, GEMINI], ids=str)
@pytest.mark.parametrize("shown", ["", "hm"])
def test_a_thought_comes_back_with_its_state(seal: SealedState | None, shown: str) -> None:
    facts = [BEGUN, *thinking(shown, seal), *saying("a"), Finished(Stop.END)]

    for output in (whole(*facts)["output"], _done(write(chat(), facts))):
        parts = read(input=output).turns[0].parts
        thoughts = [part for part in parts if isinstance(part, Thinking)]
        assert thoughts == ([Thinking(shown, seal)] if shown or seal else [])


@pytest.mark.parametrize("seal", [FOREIGN, GEMINI], ids=str)
def test_the_seal_of_a_call_travels_in_its_id(seal: SealedState) -> None:
    facts = [BEGUN, *calling("c1", '{"a":1}', seal), Finished(Stop.TOOL_USE)]

    for output in (whole(*facts)["output"], _done(write(chat(), facts))):
        result: Json = {"type": "function_call_output", "call_id": output[0]["call_id"], "output": "x"}
        assistant, user = read(input=[*output, result]).turns
        assert [(getattr(p, "id", None), getattr(p, "sealed", None)) for p in assistant.parts] == [("c1", seal)]
        assert [getattr(p, "tool_use_id", None) for p in user.parts] == ["c1"]


def test_a_call_without_a_seal_keeps_its_id() -> None:
    assert whole(BEGUN, *calling("toolu_01"), Finished(Stop.TOOL_USE))["output"][0]["call_id"] == "toolu_01"


def test_a_seal_that_comes_late_changes_no_id_that_was_told() -> None:
    facts: list[Fact] = [
        BEGUN, ToolStarted("c", "f"), Delta("{}"), StateAttached(GEMINI), BlockEnded(), Finished(Stop.TOOL_USE)
    ]  # fmt: skip

    grammar.check(events_in(write(chat(), facts)))


def _done(stream: bytes) -> list[Any]:
    return [event["item"] for event in events_in(stream) if event["type"] == "response.output_item.done"]


# -- there and back ------------------------------------------------------------------------------


@pytest.mark.parametrize(("case", "streamed"), ANSWERS, ids=samples.answer_name)
def test_what_was_written_is_read_again(case: Case, *, streamed: bool) -> None:
    facts = [fact for fact in samples.named(case.facts(streamed=streamed)) if not isinstance(fact, ThinkingProgress)]

    stream = write(chat(), facts)

    assert CLIENT.content_type(chat()) == "text/event-stream; charset=utf-8"
    again = [fact for fact in facts_of(stream) if not isinstance(fact, ThinkingProgress)]
    assert samples.gist(again) == samples.gist(facts)
    assert isinstance(joined(again)[0], Started)
