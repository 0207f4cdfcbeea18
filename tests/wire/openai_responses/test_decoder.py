"""Promises of the OpenAI Responses format: a provider's answer, read."""

import json
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
    Failed,
    Finished,
    Started,
    StateAttached,
    Stop,
    ThinkingProgress,
    ThoughtStarted,
    ToolStarted,
    Usage,
    UsageReported,
)
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import SealedState
from tests import samples
from tests.wire.openai_responses import grammar
from tests.wire.openai_responses.saying import (
    NATIVE,
    PROVIDER,
    ROOT,
    events_in,
    every_case,
    facts_of,
    joined,
    saying,
    stream_of,
    thinking,
)

CREATED: dict[str, Json] = {"type": "response.created", "response": {"id": "r", "model": "m"}}
COMPLETED: dict[str, Json] = {"type": "response.completed", "response": {"id": "r", "status": "completed"}}


def content(*facts: Fact) -> list[Fact]:
    return [fact for fact in facts if not isinstance(fact, ThinkingProgress)]


def told(*events: dict[str, Json]) -> list[Fact]:
    """What is between the first and the last fact."""
    first, *facts, last = content(*facts_of(stream_of(CREATED, *events, COMPLETED)))
    assert first == Started("r", "m")
    assert isinstance(last, Finished)
    return facts


def event(kind: str, place: int = 0, **more: Json) -> dict[str, Json]:
    return {"type": f"response.{kind}", "output_index": place, **more}


def message(*content: Json) -> Json:
    return {"type": "message", "id": "msg_1", "role": "assistant", "content": list(content)}


def output_text(text: str) -> Json:
    return {"type": "output_text", "text": text, "annotations": []}


def call(arguments: str = "", name: str = "f", call_id: str = "c") -> Json:
    return {"type": "function_call", "id": "fc_1", "call_id": call_id, "name": name, "arguments": arguments}


def reasoning(*summary: str, **more: Json) -> Json:
    return {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": s} for s in summary],
        **more,
    }


# -- the fixtures ---------------------------------------------------------------------


@every_case
def test_the_fixtures_are_what_the_sdk_would_read(case: str) -> None:
    events = events_in((ROOT / case / "response.sse").read_bytes())

    for one in events:
        grammar.EVENTS.validate_python(one)
    Response.model_validate_json((ROOT / case / "response.json").read_bytes())


@every_case
def test_a_stream_and_a_whole_answer_are_the_same_facts(case: str) -> None:
    streamed = content(*facts_of((ROOT / case / "response.sse").read_bytes()))
    body = content(*facts_of((ROOT / case / "response.json").read_bytes(), streamed=False))

    assert joined(streamed) == joined(body)


def test_reasoning_is_a_thought_with_openais_state() -> None:
    facts = content(*facts_of((ROOT / "codex" / "response.sse").read_bytes()))

    state = json.dumps(
        {"id": "rs_68a0code01", "encrypted_content": "gAAAAABoXcodexOpaqueReasoning_02=="}, separators=(",", ":")
    )
    assert joined(facts)[1:5] == [
        ThoughtStarted(),
        Delta("**Reading**\n\n**Answering**"),
        StateAttached(SealedState("openai", state)),
        BlockEnded(),
    ]


# -- what servers leave out --------------------------------------------------------------


@pytest.mark.parametrize(
    "events",
    [
        [event("output_item.done", item=message(output_text("Hi")))],
        [event("output_text.delta", delta="Hi")],
        [event("output_text.delta", delta="H"), event("output_text.done", text="Hi")],
        [event("output_text.delta", delta="H"), event("output_item.done", item=message(output_text("Hi")))],
        [event("output_item.added", item=message()), event("content_part.added", part=output_text("")),
         event("output_text.done", text="Hi"), event("content_part.done", part=output_text("Hi")),
         event("output_item.done", item=message(output_text("Hi")))],
        [{"type": "response.output_text.delta", "delta": "Hi"}],
    ],
    ids=["item", "deltas", "text-done", "rest", "no-deltas", "no-place"],
)  # fmt: skip
def test_a_text_is_read_in_every_form(events: list[dict[str, Json]]) -> None:
    assert joined([*told(*events), Finished(Stop.END)])[:-2] == saying("Hi")


@pytest.mark.parametrize(
    "events",
    [
        [event("output_item.done", item=call("{}"))],
        [event("output_item.added", item=call()), event("function_call_arguments.delta", delta="{"),
         event("function_call_arguments.delta", delta="}"), event("output_item.done", item=call("{}"))],
        [event("output_item.added", item=call()), event("function_call_arguments.done", arguments="{}")],
        [event("function_call_arguments.delta", delta="{}"), event("output_item.done", item=call("{}"))],
    ],
    ids=["item", "deltas", "arguments-done", "name-last"],
)  # fmt: skip
def test_a_call_is_read_in_every_form(events: list[dict[str, Json]]) -> None:
    assert joined([*told(*events), Finished(Stop.END)])[:-2] == [ToolStarted("c", "f"), Delta("{}"), BlockEnded()]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([event("output_item.done", item=reasoning("a", "b", encrypted_content="gAAAAopaque"))],
         thinking("a\n\nb", NATIVE)),
        ([event("reasoning_summary_text.delta", summary_index=0, delta="a"),
          event("reasoning_summary_text.delta", summary_index=1, delta="b"),
          event("output_item.done", item=reasoning("a", "b", encrypted_content="gAAAAopaque"))],
         thinking("a\n\nb", NATIVE)),
        ([event("reasoning_text.delta", content_index=0, delta="hm"), event("output_item.done", item=reasoning())],
         thinking("hm")),
        ([event("output_item.done", item=reasoning(content=[{"type": "reasoning_text", "text": "hm"}]))],
         thinking("hm")),
        ([event("output_item.added", item=reasoning()), event("output_item.done", item=reasoning())], []),
    ],
    ids=["item", "deltas", "open-model", "open-model-item", "kept-there"],
)  # fmt: skip
def test_a_thought_is_read_in_every_form(events: list[dict[str, Json]], expected: list[Fact]) -> None:
    assert joined([*told(*events), Finished(Stop.END)])[:-2] == expected


def test_a_last_event_may_bring_all_of_the_answer() -> None:
    response: Json = {"id": "r", "model": "m", "output": [message(output_text("Hi")), call("{}")]}

    facts = facts_of(stream_of({"type": "response.completed", "response": response}))

    assert facts == [
        Started("r", "m"),
        *saying("Hi"),
        ToolStarted("c", "f"),
        Delta("{}"),
        BlockEnded(),
        Finished(Stop.TOOL_USE),
    ]


def test_items_that_grow_at_once_are_told_one_behind_the_other() -> None:
    facts = told(
        event("output_item.added", 0, item=call(call_id="c0")),
        event("output_item.added", 1, item=call(call_id="c1")),
        event("function_call_arguments.delta", 1, delta="{1"),
        event("function_call_arguments.delta", 0, delta="{0}"),
        event("output_item.done", 0, item=call("{0}", call_id="c0")),
        event("function_call_arguments.delta", 1, delta="}"),
    )

    assert facts == [
        *[ToolStarted("c0", "f"), Delta("{0}"), BlockEnded()],
        *[ToolStarted("c1", "f"), Delta("{1"), Delta("}"), BlockEnded()],
    ]


def test_parts_of_a_message_are_texts_of_their_own() -> None:
    facts = told(event("output_item.done", item=message(output_text("a"), output_text("b"))))

    assert facts == [*saying("a"), *saying("b")]


@pytest.mark.parametrize("kind", ["web_search_call", "image_generation_call", "custom_tool_call", "of_tomorrow"])
def test_what_we_do_not_know_is_a_sign_of_work(kind: str) -> None:
    item: Json = {"type": kind, "id": "x"}

    facts = facts_of(
        stream_of(CREATED, event("output_item.added", item=item), event(f"{kind}.searching"),
                  event("output_item.done", item=item), COMPLETED)
    )  # fmt: skip

    assert facts == [Started("r", "m"), ThinkingProgress(), ThinkingProgress(), ThinkingProgress(), Finished(Stop.END)]


@pytest.mark.parametrize("strange", [{}, {"type": "ping"}, {"type": "keepalive", "sequence_number": 3}])
def test_what_is_no_event_of_the_api_is_nothing(strange: dict[str, Json]) -> None:
    assert facts_of(stream_of(strange, CREATED, strange, COMPLETED)) == [Started("r", "m"), Finished(Stop.END)]


# -- the end ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("response", "stop"),
    [
        ({"status": "completed"}, Stop.END),
        ({"status": "completed", "output": [call("{}")]}, Stop.TOOL_USE),
        ({"output": [message({"type": "refusal", "refusal": "No."})]}, Stop.REFUSAL),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, Stop.LENGTH),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, Stop.REFUSAL),
        ({"status": "incomplete", "incomplete_details": None}, Stop.LENGTH),
        ({"status": "incomplete", "output": [call('{"a')]}, Stop.LENGTH),
    ],
)
def test_every_end_is_understood(response: dict[str, Any], stop: Stop) -> None:
    body = j.dump({"id": "r", "model": "m", "output": [], **response})
    kind = f"response.{response.get('status', 'completed')}"

    assert facts_of(body, streamed=False)[-1] == Finished(stop)
    assert facts_of(stream_of({"type": kind, "response": {"id": "r", **response}}))[-1] == Finished(stop)


def test_a_stream_without_its_last_event_is_broken() -> None:
    facts = facts_of(
        stream_of(CREATED, event("output_item.done", item=message(output_text("Hi")))) + b"data: [DONE]\n\n"
    )

    assert isinstance(facts[-1], Failed)


@pytest.mark.parametrize(
    "body",
    [{}, {"id": "r"}, {"output": 7}, {"output": [7]}, {"status": "queued", "output": []}, {"output": [call(name="")]}],
)
def test_a_whole_answer_that_is_none_is_unreadable(body: dict[str, Json]) -> None:
    with pytest.raises(UnreadableError):
        facts_of(j.dump(body), streamed=False)


def test_more_of_an_item_after_its_end_is_unreadable() -> None:
    with pytest.raises(UnreadableError):
        told(event("output_item.done", item=call("{}")), event("function_call_arguments.delta", delta="{}"))


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (
            {"input_tokens": 5, "input_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 1},
             "output_tokens": 3, "output_tokens_details": {"reasoning_tokens": 1}},
            Usage(5, 2, 1, 3, 1),
        ),
        ({"input_tokens": 5, "output_tokens": -1, "input_tokens_details": "none"}, Usage(5)),
    ],
)  # fmt: skip
def test_usage_is_read(usage: Json, expected: Usage) -> None:
    assert UsageReported(expected) in facts_of(j.dump({"output": [], "usage": usage}), streamed=False)


KINDS = st.sampled_from(
    [
        *("output_item.added", "output_item.done", "output_text.delta", "output_text.done", "refusal.delta"),
        *("function_call_arguments.delta", "function_call_arguments.done", "reasoning_summary_text.delta"),
        *("created", "completed", "incomplete", "failed", "of_tomorrow"),
    ]
)
AWKWARD: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["type", "content", "id"]), inner),
    max_leaves=5,
)
ITEMS = st.sampled_from([message(output_text("a")), call("{}"), call("", ""), reasoning("a"), {"type": "x"}])


@given(
    st.lists(
        st.fixed_dictionaries(
            {"type": KINDS.map(lambda kind: f"response.{kind}")},
            optional={
                "output_index": st.integers(0, 2) | AWKWARD,
                "item": ITEMS | AWKWARD,
                "delta": st.text(max_size=3) | AWKWARD,
                "text": st.text(max_size=3) | AWKWARD,
                "response": AWKWARD | st.fixed_dictionaries({"output": st.lists(ITEMS) | AWKWARD}),
            },
        ),
        max_size=8,
    )
)
def test_any_events_are_facts_in_order_or_unreadable(events: list[dict[str, Json]]) -> None:
    facts = samples.heard(PROVIDER, stream_of(*events), streamed=True)

    assert isinstance(facts[-1], Finished | Failed)
