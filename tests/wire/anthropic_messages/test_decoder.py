"""Promises of the Anthropic Messages format: answers of providers, read."""

from collections.abc import Iterator, Mapping
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
    StateAttached,
    Stop,
    TextStarted,
    ThinkingProgress,
    ThoughtStarted,
    ToolStarted,
    Usage,
    UsageReported,
)
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import SealedState
from tests.wire.anthropic_messages.saying import CASES, PROVIDER, ROOT, block, facts, gist


def sse(*events: Mapping[str, Json]) -> bytes:
    return b"".join(b"event: %s\ndata: %s\n\n" % (str(e["type"]).encode(), j.dump(dict(e))) for e in events)


def answer(*events: Mapping[str, Json]) -> list[Fact]:
    start: dict[str, Json] = {"id": "msg_1", "model": "claude", "usage": {"input_tokens": 5, "output_tokens": 1}}
    return facts(True, sse({"type": "message_start", "message": start}, *events))


def over(reason: Json = "end_turn") -> Iterator[dict[str, Json]]:
    yield {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": 7}}
    yield {"type": "message_stop"}


@pytest.mark.parametrize("case", CASES)
def test_a_streamed_and_a_whole_answer_mean_the_same(case: str) -> None:
    streamed = facts(True, (ROOT / case / "response.sse").read_bytes())
    whole = facts(False, (ROOT / case / "response.json").read_bytes())

    assert gist(streamed) == gist(whole)
    assert isinstance(streamed[-1], Finished)


@pytest.mark.parametrize("case", CASES)
def test_a_stream_means_the_same_wherever_it_is_cut(case: str) -> None:
    body = (ROOT / case / "response.sse").read_bytes()
    whole = facts(True, body)

    for at in range(len(body) + 1):
        assert facts(True, body[:at], body[at:]) == whole
    assert facts(True, *(body[n : n + 1] for n in range(len(body)))) == whole


@given(st.sampled_from(CASES), st.lists(st.floats(0, 1), max_size=8), st.sampled_from([b"\n", b"\r", b"\r\n"]))
def test_a_stream_means_the_same_with_any_line_ending(case: str, cuts: list[float], ending: bytes) -> None:
    body = (ROOT / case / "response.sse").read_bytes()
    other = body.replace(b"\n", ending)
    edges = [0, *sorted(int(cut * len(other)) for cut in cuts), len(other)]

    assert facts(True, *(other[a:b] for a, b in pairwise(edges))) == facts(True, body)


@pytest.mark.parametrize("case", CASES)
def test_a_stream_that_breaks_off_is_never_an_end(case: str) -> None:
    body = (ROOT / case / "response.sse").read_bytes()

    for at in range(_with_stop_reason(body)):
        last = facts(True, body[:at])[-1]
        assert last == Failed(Fault(FaultKind.UPSTREAM_GARBLED, "the provider's answer broke off"))


@pytest.mark.parametrize("case", CASES)
def test_a_stream_that_lacks_nothing_but_message_stop_is_an_answer(case: str) -> None:
    body = (ROOT / case / "response.sse").read_bytes()

    assert facts(True, body[: _with_stop_reason(body)]) == facts(True, body)


def _with_stop_reason(body: bytes) -> int:
    """The length of a stream up to the end of its `message_delta` event."""
    return body.index(b"\n\n", body.index(b"event: message_delta")) + 2


def test_parallel_tools_with_split_arguments_are_told_block_by_block() -> None:
    told = facts(True, (ROOT / "tool_use" / "response.sse").read_bytes())

    assert gist(told) == [
        Started("msg_01Tool", "claude-sonnet-4-5"),
        TextStarted(),
        Delta("Let me look."),
        BlockEnded(),
        ToolStarted("toolu_01A", "get_weather"),
        Delta('{"location":"Paris"}'),
        BlockEnded(),
        ToolStarted("toolu_01B", "get_time"),
        BlockEnded(),
        UsageReported(Usage(input_tokens=592, cached_tokens=100, cache_written_tokens=20, output_tokens=89)),
        Finished(Stop.TOOL_USE),
    ]


def test_thoughts_are_told_with_their_seals_and_server_tools_are_swallowed() -> None:
    told = facts(True, (ROOT / "thinking" / "response.sse").read_bytes())

    assert ThinkingProgress() in told
    assert gist(told) == [
        Started("msg_01Think", "claude-sonnet-4-5"),
        ThoughtStarted(),
        Delta("27 * 453 is 12,231."),
        StateAttached(SealedState("anthropic", "EqQBCgIYAhIM1gbcDa9GJwZA2b3h")),
        BlockEnded(),
        ThoughtStarted(),
        StateAttached(SealedState("anthropic", "redacted_thinking:EmwKAhgBEgy3va3pzix")),
        BlockEnded(),
        TextStarted(),
        Delta("Yes: 12,231."),
        BlockEnded(),
        UsageReported(Usage(41, 0, 0, 60, reasoning_tokens=38)),
        Finished(Stop.END),
    ]


def test_usage_is_a_running_total_of_which_the_last_word_counts() -> None:
    told = answer(
        {"type": "message_delta", "delta": {}, "usage": {"output_tokens": 3}},
        {"type": "message_delta", "delta": {}, "usage": {"cache_read_input_tokens": 50, "input_tokens": None}},
        {"type": "message_delta", "delta": {}, "usage": {"input_tokens": 6, "output_tokens": 9}},
        {"type": "message_stop"},
    )

    assert [fact.usage for fact in told if isinstance(fact, UsageReported)] == [
        Usage(input_tokens=5, output_tokens=1),
        Usage(input_tokens=5, output_tokens=3),
        Usage(input_tokens=55, cached_tokens=50, output_tokens=3),
        Usage(input_tokens=56, cached_tokens=50, output_tokens=9),
    ]


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("end_turn", Stop.END),
        ("stop_sequence", Stop.END),
        ("pause_turn", Stop.END),
        ("max_tokens", Stop.LENGTH),
        ("model_context_window_exceeded", Stop.LENGTH),
        ("tool_use", Stop.TOOL_USE),
        ("refusal", Stop.REFUSAL),
        ("invented_later", Stop.END),
        (None, Stop.END),
    ],
)
def test_every_stop_reason_has_a_meaning(reason: Json, stop: Stop) -> None:
    assert answer(*over(reason))[-1] == Finished(stop)


def test_an_answer_with_tools_never_just_ends() -> None:
    """vercel/ai#12218: an agent that reads "end" does not run its tools."""
    tool: dict[str, Json] = {"type": "tool_use", "id": "t", "name": "f", "input": {}}

    assert answer(*block(tool), *over("end_turn"))[-1] == Finished(Stop.TOOL_USE)
    assert answer(*block(tool), *over("max_tokens"))[-1] == Finished(Stop.LENGTH)


def test_tool_input_that_came_whole_is_told_unless_pieces_follow() -> None:
    tool: dict[str, Json] = {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}}
    pieces: dict[str, Json] = {"type": "input_json_delta", "partial_json": '{"a":2}'}

    assert Delta('{"a":1}') in answer(*block(tool), *over())
    assert [fact for fact in answer(*block(tool, pieces), *over()) if isinstance(fact, Delta)] == [Delta('{"a":2}')]


def test_events_and_deltas_nobody_knows_yet_are_passed_over() -> None:
    told = answer(
        {"type": "ping"},
        {"type": "weather_report", "index": "?"},
        *block(
            {"type": "text", "text": "A"}, {"type": "citations_delta", "citation": {}}, {"type": "later", "text": "B"}
        ),
        *block({"type": "later"}, {"type": "text_delta", "text": "no"}, index=1),
        *over(),
    )

    assert [fact for fact in told if isinstance(fact, Delta)] == [Delta("A")]


@pytest.mark.parametrize(
    "disorder",
    [
        [*over()],
        [*list(block({"type": "text", "text": ""}))[1:]],
        [*list(block({"type": "text"}))[:1], *block({"type": "text"}, index=1)],
        [*list(block({"type": "text"}))[:1], *over()],
        [{"type": "content_block_delta", "index": 0, "delta": {}}],
        [{"type": "content_block_start", "index": "0", "content_block": {}}],
        [{"type": "message_delta", "delta": {}, "usage": {"output_tokens": "7"}}],
    ],
    ids=["no start", "stop unopened", "interleaved", "unclosed", "delta unopened", "index", "usage"],
)
def test_disorder_is_unreadable_and_never_told(disorder: list[dict[str, Json]]) -> None:
    started: dict[str, Json] = {"type": "message_start", "message": {}}
    events = disorder if disorder == [*over()] else [started, *disorder]
    decoder = PROVIDER.decoder(True)

    with pytest.raises(UnreadableError):
        list(decoder.feed(sse(*events)))


@pytest.mark.parametrize("data", [b"{oops", b"[1]", b"[DONE]", b"\xff"])
def test_an_event_that_is_no_object_is_unreadable(data: bytes) -> None:
    with pytest.raises(UnreadableError):
        facts(True, b"data: " + data + b"\n\n")


def test_facts_before_broken_json_are_still_told() -> None:
    stream = PROVIDER.decoder(True).feed(sse({"type": "message_start", "message": {}}) + b"data: {oops\n\n")

    assert next(stream) == Started("", "")
    with pytest.raises(UnreadableError):
        next(stream)


@pytest.mark.parametrize("body", [b"", b"<html>504</html>", b"[]", b"{}", b'{"content":"x"}', b'{"content":[1]}'])
def test_a_whole_body_that_is_no_answer_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableError):
        facts(False, body)


@pytest.mark.parametrize(
    ("word", "kind", "status"),
    [
        ("overloaded_error", FaultKind.OVERLOADED, 529),
        ("rate_limit_error", FaultKind.RATE_LIMITED, 429),
        ("api_error", FaultKind.UPSTREAM_ERROR, 500),
        ("authentication_error", FaultKind.UNAUTHENTICATED, 401),
        ("invalid_request_error", FaultKind.MALFORMED, 400),
        ("not_found_error", FaultKind.NOT_FOUND, 404),
        ("permission_error", FaultKind.FORBIDDEN, 403),
        ("request_too_large", FaultKind.TOO_LARGE, 413),
        ("timeout_error", FaultKind.UPSTREAM_SILENT, 504),
        ("invented_later", FaultKind.UPSTREAM_ERROR, 500),
    ],
)
def test_an_error_in_an_answer_fails_it_with_the_providers_words(word: str, kind: FaultKind, status: int) -> None:
    error: dict[str, Json] = {"type": "error", "error": {"type": word, "message": "So sorry"}}
    fault = Fault(kind, "So sorry", status, word)

    assert answer(error, *over())[-1] == Failed(fault)
    assert facts(True, sse(error)) == [Failed(fault)]
    assert facts(False, j.dump(error)) == [Failed(fault)]


EVENTS = (ROOT / "tool_use" / "response.sse").read_bytes()


@given(st.integers(0, len(EVENTS) - 1), st.binary(max_size=4))
def test_garbled_bytes_are_unreadable_or_told_in_order_and_never_crash(at: int, noise: bytes) -> None:
    try:
        told = facts(True, EVENTS[:at] + noise + EVENTS[at + 1 :])
    except UnreadableError:
        return

    assert isinstance(told[-1], Finished | Failed)
