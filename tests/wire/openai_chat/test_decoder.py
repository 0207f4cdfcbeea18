"""Promises of the OpenAI Chat Completions format: answers of providers, read."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import (
    BlockEnded,
    Delta,
    Fact,
    Failed,
    Finished,
    Started,
    Stop,
    TextStarted,
    ThinkingProgress,
    ThoughtStarted,
    ToolStarted,
    Usage,
    UsageReported,
)
from openclaw_extproc.model.json import Json, UnreadableError
from tests.wire.openai_chat.saying import AWKWARD, PROVIDER, ROOT, chunk, every_case, facts_of, joined


def streamed(*events: Json, done: bool = True) -> list[Fact]:
    body = b"".join(b"data: " + j.dump(event) + b"\n\n" for event in events) + b"data: [DONE]\n\n" * done
    return facts_of(PROVIDER.decoder(True), [body])


def whole(body: Json) -> list[Fact]:
    return facts_of(PROVIDER.decoder(False), [j.dump(body)])


def tool_delta(arguments: str | None = None, **more: Json) -> Json:
    """`more` may have `index`, `id` and `name`."""
    function: dict[str, Json] = {"name": more.pop("name", None), "arguments": arguments}
    return {"tool_calls": [{**more, "function": function}]}


@every_case
def test_streamed_and_whole_answers_tell_the_same(case: str) -> None:
    stream, body = (ROOT / case / "response.sse").read_bytes(), (ROOT / case / "response.json").read_bytes()

    told = joined(facts_of(PROVIDER.decoder(True), [stream]))

    assert told == joined(facts_of(PROVIDER.decoder(False), [body]))


@every_case
def test_an_answer_means_the_same_wherever_the_network_cuts_it(case: str) -> None:
    body = (ROOT / case / "response.sse").read_bytes()
    uncut = facts_of(PROVIDER.decoder(True), [body])

    @given(st.lists(st.integers(0, len(body)), max_size=8))
    def check(cuts: list[int]) -> None:
        edges = [0, *sorted(cuts), len(body)]
        assert facts_of(PROVIDER.decoder(True), [body[a:b] for a, b in pairwise(edges)]) == uncut

    check()
    for ending in (b"\n", b"\r\n", b"\r"):
        foreign = body.replace(b"\n", ending)
        assert facts_of(PROVIDER.decoder(True), [bytes([byte]) for byte in foreign]) == uncut


@every_case
def test_an_answer_that_ends_early_is_finished_or_failed_at_every_byte(case: str) -> None:
    body = (ROOT / case / "response.sse").read_bytes()
    reason_said = body.index(b"\n\n", body.rindex(b'"finish_reason":"')) + 2

    for end in range(len(body)):
        last = facts_of(PROVIDER.decoder(True), [body[:end]])[-1]

        assert isinstance(last, Finished if end >= reason_said else Failed)
        if isinstance(last, Failed):
            assert last.fault == Fault(FaultKind.UPSTREAM_GARBLED, "the provider's answer broke off")


def test_parallel_calls_are_read_with_their_arguments_and_usage() -> None:
    body = (ROOT / "tool_calls" / "response.sse").read_bytes()

    assert joined(facts_of(PROVIDER.decoder(True), [body])) == [
        Started("chatcmpl-BtExT0002", "gpt-4.1-mini-2025-04-14"),
        ToolStarted("call_paris01", "get_weather"),
        Delta('{"city": "Paris"}'),
        BlockEnded(),
        ToolStarted("call_bogota02", "get_weather"),
        Delta('{"city": "Bogotá", "unit": "c"}'),
        BlockEnded(),
        ToolStarted("call_time03", "get_time"),
        Delta("{}"),
        BlockEnded(),
        UsageReported(Usage(input_tokens=112, cached_tokens=0, output_tokens=57, reasoning_tokens=0)),
        Finished(Stop.TOOL_USE),
    ]


def test_interleaved_calls_come_out_one_after_the_other() -> None:
    facts = streamed(
        chunk(tool_delta('{"a"', index=0, id="x", name="f")),
        chunk(tool_delta('{"c"', index=2, id="z", name="h")),
        chunk(tool_delta('{"b"', index=1, id="y", name="g")),
        chunk(tool_delta(":2}", index=1)),
        chunk({"content": "and a text"}),
        chunk(tool_delta(":3}", index=2)),
        chunk(tool_delta(":1}", index=0)),
        chunk(None, "tool_calls"),
    )

    assert joined(facts)[1:-2] == [
        *(ToolStarted("x", "f"), Delta('{"a":1}'), BlockEnded()),
        *(ToolStarted("y", "g"), Delta('{"b":2}'), BlockEnded()),
        *(TextStarted(), Delta("and a text"), BlockEnded()),
        *(ToolStarted("z", "h"), Delta('{"c":3}'), BlockEnded()),
    ]


def test_a_call_whose_arguments_are_whole_does_not_hold_up_the_next() -> None:
    decoder = PROVIDER.decoder(True)
    begun = [
        chunk(tool_delta('{"a":1}', index=0, id="x", name="f")),
        chunk(tool_delta('{"b', index=1, id="y", name="g")),
    ]

    facts = [fact for event in begun for fact in decoder.feed(b"data: " + j.dump(event) + b"\n\n")]

    assert facts[-3:] == [BlockEnded(), ToolStarted("y", "g"), Delta('{"b')]


def test_arguments_after_their_end_are_unreadable_unless_blank() -> None:
    begun = [chunk(tool_delta("{}", index=0, id="x", name="f")), chunk(tool_delta("{", index=1, id="y", name="g"))]

    assert streamed(*begun, chunk(tool_delta("\n", index=0)), chunk({}, "length"))[-1] == Finished(Stop.LENGTH)
    with pytest.raises(UnreadableError, match="more of them after their end"):
        streamed(*begun, chunk(tool_delta(",", index=0)))


@given(st.data())
def test_calls_survive_any_interleaving(data: st.DataObject) -> None:
    pieces = {n: data.draw(st.lists(st.sampled_from(['{"', "}", "a", '":', "1"]), max_size=4)) for n in range(3)}
    waiting = {n: list(said) for n, said in pieces.items()}
    events = [chunk(tool_delta("", index=n, id=f"c{n}", name="f")) for n in pieces]
    while any(waiting.values()):
        index = data.draw(st.sampled_from([n for n, left in waiting.items() if left]))
        events.append(chunk(tool_delta(waiting[index].pop(0), index=index)))

    facts = joined(streamed(*events, chunk(None, "tool_calls")))

    starts = [n for n, fact in enumerate(facts) if isinstance(fact, ToolStarted)]
    told = {n: facts[start + 1] for n, start in enumerate(starts)}
    assert told == {n: Delta("".join(said)) if said else BlockEnded() for n, said in pieces.items()}


@pytest.mark.parametrize(
    "deltas",
    [
        [tool_delta("{}", name="f"), tool_delta("{}", name="g")],
        [tool_delta("{", name="f"), tool_delta("}"), tool_delta("{}", name="g")],
        [tool_delta("{}", index=0, name="f"), tool_delta("{}", index=1, name="g")],
        [tool_delta(None, index=0), tool_delta("{}", index=0, name="f"), tool_delta("{}", index=1, name="g")],
    ],
)
def test_a_missing_index_or_id_is_made_up_the_same_each_time(deltas: list[Json]) -> None:
    facts = streamed(*(chunk(delta) for delta in deltas), chunk({}, "tool_calls"))

    assert joined(facts)[1:-2] == [
        *(ToolStarted("call_chatcmpl1_0", "f"), Delta("{}"), BlockEnded()),
        *(ToolStarted("call_chatcmpl1_1", "g"), Delta("{}"), BlockEnded()),
    ]


def test_a_new_call_at_an_index_that_is_taken_is_a_call_of_its_own() -> None:
    facts = streamed(
        chunk(tool_delta("{}", index=0, id="x", name="f")),
        chunk(tool_delta("{}", index=0, id="y", name="f")),
        chunk({}, "stop"),
    )

    assert [fact for fact in facts if isinstance(fact, ToolStarted)] == [ToolStarted("x", "f"), ToolStarted("y", "f")]


def test_a_call_without_a_name_is_unreadable() -> None:
    with pytest.raises(UnreadableError, match="without a name"):
        streamed(chunk(tool_delta("{}", index=0, id="x")), chunk({}, "tool_calls"))


TEXTS: list[tuple[list[Json], str]] = [
    ([{"content": None}, {"content": "a"}, {"content": ""}, {"content": "b", "tool_calls": None}], "ab"),
    ([{"content": [{"type": "thinking", "thinking": []}, {"type": "text", "text": "a"}]}], "a"),
    ([{"refusal": "n"}, {"refusal": "o"}], "no"),
]


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_thoughts_are_heard_before_the_text(name: str) -> None:
    facts = streamed(chunk({name: "hm"}), chunk({"content": "a", name: None}), chunk(None, "stop"))

    thought: list[Fact] = [ThoughtStarted(), Delta("hm"), BlockEnded()]
    assert joined(facts)[1:-2] == [*thought, TextStarted(), Delta("a"), BlockEnded()]


def test_thoughts_of_a_whole_answer_come_first() -> None:
    message: Json = {"role": "assistant", "content": "a", "reasoning": "hm", "tool_calls": []}

    facts = whole({"id": "x", "choices": [{"message": message, "finish_reason": "stop"}]})

    assert facts[1:4] == [ThoughtStarted(), Delta("hm"), BlockEnded()]


def test_thoughts_in_both_fields_are_told_once() -> None:
    facts = streamed(chunk({"reasoning_content": "hm", "reasoning": "hm"}), chunk({"content": "a"}, "stop"))

    assert [fact for fact in facts if isinstance(fact, Delta)] == [Delta("hm"), Delta("a")]


def test_thoughts_that_are_no_text_are_a_sign_of_work() -> None:
    assert ThinkingProgress() in streamed(chunk({"reasoning": {"tokens": 3}}), chunk({"content": "a"}, "stop"))


def test_thoughts_among_the_parts_of_a_content_are_told_apart() -> None:
    parts: Json = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "a"}]

    facts = joined(streamed(chunk({"content": parts}), chunk(None, "stop")))

    assert facts[1:-2] == [ThoughtStarted(), Delta("hm"), BlockEnded(), TextStarted(), Delta("a"), BlockEnded()]


def test_thoughts_before_between_and_after_calls_are_blocks_of_their_own() -> None:
    facts = streamed(
        chunk({"reasoning_content": "first"}),
        chunk(tool_delta("{}", index=0, id="x", name="f")),
        chunk({"reasoning_content": "second"}),
        chunk(tool_delta("{}", index=1, id="y", name="g")),
        chunk(None, "tool_calls"),
    )

    assert joined(facts)[1:-2] == [
        *(ThoughtStarted(), Delta("first"), BlockEnded()),
        *(ToolStarted("x", "f"), Delta("{}"), BlockEnded()),
        *(ThoughtStarted(), Delta("second"), BlockEnded()),
        *(ToolStarted("y", "g"), Delta("{}"), BlockEnded()),
    ]


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("model_length", Stop.LENGTH),
        ("function_call", Stop.END),  # no call is in the answer
        ("content_filter: PROHIBITED_CONTENT", Stop.REFUSAL),
        ("SAFETY", Stop.REFUSAL),
        ("eos", Stop.END),
        ("whatever comes next", Stop.END),
    ],
)
def test_words_of_other_servers_for_an_end_are_known_or_harmless(reason: str, stop: Stop) -> None:
    assert streamed(chunk({"content": "a"}), chunk({}, reason))[-1] == Finished(stop)


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("error", FaultKind.UPSTREAM_ERROR),
        ("abort", FaultKind.UPSTREAM_ERROR),
        ("insufficient_system_resource", FaultKind.OVERLOADED),
    ],
)
def test_a_reason_that_is_none_to_finish_fails_the_answer(reason: str, kind: FaultKind) -> None:
    usage: Json = {"prompt_tokens": 1}
    broken = Failed(Fault(kind, "the provider broke its answer off", code=reason))

    assert streamed(chunk({"content": "a"}), chunk({}, reason, usage=usage))[-1] == broken
    assert whole({"id": "x", "choices": [{"message": {"content": "a"}, "finish_reason": reason}]})[-1] == broken


@pytest.mark.parametrize(("deltas", "text"), TEXTS)
def test_text_is_read_in_every_shape_it_was_seen_in(deltas: list[Json], text: str) -> None:
    facts = streamed(*(chunk(delta) for delta in deltas), chunk(None, "stop"))

    assert joined(facts)[1:-2] == [TextStarted(), Delta(text), BlockEnded()]
    assert facts[-1] == Finished(Stop.END)


@pytest.mark.parametrize(
    ("reason", "without_calls", "with_calls"),
    [
        ("stop", Stop.END, Stop.TOOL_USE),
        ("length", Stop.LENGTH, Stop.LENGTH),
        ("tool_calls", Stop.END, Stop.TOOL_USE),
        ("content_filter", Stop.REFUSAL, Stop.REFUSAL),
        ("function_call", Stop.END, Stop.TOOL_USE),
        ("eos", Stop.END, Stop.TOOL_USE),
    ],
)
def test_every_reason_to_finish_has_a_meaning(reason: str, without_calls: Stop, with_calls: Stop) -> None:
    calling = chunk(tool_delta("{}", index=0, id="x", name="f"))

    assert streamed(chunk({"content": "a"}), chunk({}, reason))[-1] == Finished(without_calls)
    assert streamed(calling, chunk({}, reason))[-1] == Finished(with_calls)


def test_usage_is_heard_on_every_chunk_and_after_the_end() -> None:
    facts = streamed(
        chunk({"content": "a"}, usage={"prompt_tokens": 5, "completion_tokens": 1, "prompt_tokens_details": None}),
        chunk({}, "stop", usage=None),
        {
            "choices": [],
            "usage": {"prompt_tokens": 5, "completion_tokens": 9, "prompt_tokens_details": {"cached_tokens": 4}},
        },
    )

    assert [fact for fact in facts if isinstance(fact, UsageReported)] == [
        UsageReported(Usage(input_tokens=5, output_tokens=1)),
        UsageReported(Usage(input_tokens=5, cached_tokens=4, output_tokens=9)),
    ]
    assert isinstance(facts[-1], Finished)


def test_counts_that_are_no_counts_say_nothing() -> None:
    odd: Json = {"prompt_tokens": "5", "completion_tokens": None, "completion_tokens_details": [], "total_tokens": True}

    facts = streamed(chunk({"content": "a"}, "stop", usage=odd))

    assert not [fact for fact in facts if isinstance(fact, UsageReported)]


def test_a_first_chunk_that_says_nothing_does_not_begin_the_answer() -> None:
    azure: Json = {"id": "", "model": "", "object": "", "choices": [], "prompt_filter_results": []}

    facts = streamed(azure, chunk({"content": "a"}, "stop"))

    assert facts[0] == Started("chatcmpl-1", "gpt")


def test_only_the_first_choice_is_read() -> None:
    second: Json = {"index": 1, "delta": {"content": "b"}, "finish_reason": "length"}

    facts = streamed(chunk({"content": "a"}, "stop"), {"id": "chatcmpl-1", "choices": [second]})

    assert joined(facts)[1:-2] == [TextStarted(), Delta("a"), BlockEnded()]
    assert facts[-1] == Finished(Stop.END)


def test_a_stream_without_done_is_finished_when_a_reason_was_given() -> None:
    assert streamed(chunk({"content": "a"}, "stop"), done=False)[-1] == Finished(Stop.END)


def test_nothing_after_done_is_heard() -> None:
    body = b"data: " + j.dump(chunk({"content": "a"}, "stop")) + b"\n\ndata: [DONE]\n\ndata: {}}\n\n"

    assert facts_of(PROVIDER.decoder(True), [body])[-1] == Finished(Stop.END)


@pytest.mark.parametrize("body", [b"", b"data: [DONE]\n\n", b": ping\n\n"])
def test_a_stream_that_says_nothing_is_a_failure(body: bytes) -> None:
    (only,) = facts_of(PROVIDER.decoder(True), [body])

    assert isinstance(only, Failed)
    assert only.fault.kind is FaultKind.UPSTREAM_GARBLED


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (
            {"message": "slow down", "type": "tokens", "code": "rate_limit_exceeded"},
            FaultKind.RATE_LIMITED,
            "rate_limit_exceeded",
        ),
        (
            {"message": "slow down", "type": "insufficient_quota", "code": None},
            FaultKind.RATE_LIMITED,
            "insufficient_quota",
        ),
        ({"message": "slow down", "type": "server_error"}, FaultKind.UPSTREAM_ERROR, "server_error"),
        ({"message": "slow down", "type": "overloaded_error"}, FaultKind.OVERLOADED, "overloaded_error"),
        ({"message": "slow down", "type": "BadRequestError", "code": 400}, FaultKind.MALFORMED, "BadRequestError"),
        ({"message": "slow down", "code": "429"}, FaultKind.RATE_LIMITED, "429"),
        ({"message": "slow down", "code": 503}, FaultKind.OVERLOADED, ""),
        ({"message": "slow down", "code": True}, FaultKind.UPSTREAM_ERROR, ""),
        ("slow down", FaultKind.UPSTREAM_ERROR, ""),
    ],
)
def test_an_error_inside_an_answer_fails_it(error: Json, kind: FaultKind, code: str) -> None:
    failed = Failed(Fault(kind, "slow down", code=code))

    assert streamed(chunk({"content": "a"}), {"error": error}, chunk({"content": "b"}))[-1] == failed
    assert whole({"error": error}) == [failed]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ('{"error": {"message": "slow down"}}', "slow down"),
        ('{"message": "slow down"}', "slow down"),
        ("upstream reset", "the provider's answer ended in an error"),
    ],
)
def test_an_event_named_error_fails_the_answer(data: str, message: str) -> None:
    body = f"event: error\ndata: {data}\n\n".encode()

    assert facts_of(PROVIDER.decoder(True), [body]) == [Failed(Fault(FaultKind.UPSTREAM_ERROR, message))]


def test_a_malformed_chunk_is_unreadable_after_the_facts_before_it() -> None:
    decoder = PROVIDER.decoder(True)
    facts: list[Fact] = []

    with pytest.raises(UnreadableError, match="chunk: not valid JSON"):
        facts.extend(decoder.feed(b"data: " + j.dump(chunk({"content": "a"})) + b"\n\ndata: {oops\n\n"))

    assert facts == [Started("chatcmpl-1", "gpt"), TextStarted(), Delta("a")]


@pytest.mark.parametrize(
    "body", [b"", b"<html>Bad gateway</html>", b"[]", b"{}", b'{"choices": []}', b'{"choices": [1]}']
)
def test_a_whole_body_without_an_answer_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableError):
        facts_of(PROVIDER.decoder(False), [body])


@given(st.lists(AWKWARD, max_size=3), AWKWARD)
def test_awkward_chunks_make_an_answer_or_are_unreadable(deltas: list[Json], usage: Json) -> None:
    events = [chunk(delta, usage=usage) for delta in deltas]

    try:
        facts = streamed(*events, chunk({}, "stop"))
    except UnreadableError:
        return
    assert isinstance(facts[-1], Finished)
