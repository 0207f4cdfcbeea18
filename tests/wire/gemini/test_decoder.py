"""Promises of the Gemini format: answers of providers, read."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import (
    BlockEnded,
    Delta,
    Failed,
    Finished,
    Started,
    StateAttached,
    Stop,
    TextStarted,
    ThoughtStarted,
    ToolStarted,
    Usage,
    UsageReported,
)
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import SealedState
from tests.wire.gemini.saying import CASES, JSONS, PROVIDER, ROOT, answer, candidate, facts, gist, sse


@pytest.mark.parametrize("case", CASES)
def test_a_streamed_answer_means_the_same_as_a_whole_one(case: str) -> None:
    streamed = facts(True, (ROOT / case / "response.sse").read_bytes())
    whole = facts(False, (ROOT / case / "response.json").read_bytes())

    assert gist(streamed) == gist(whole)


@pytest.mark.parametrize("case", CASES)
def test_a_stream_means_the_same_wherever_the_network_cuts_it(case: str) -> None:
    body = (ROOT / case / "response.sse").read_bytes()
    whole = facts(True, body)

    for cut in range(len(body) + 1):
        assert facts(True, body[:cut], body[cut:]) == whole
    assert facts(True, *(body[at : at + 1] for at in range(len(body)))) == whole


@pytest.mark.parametrize("case", CASES)
def test_an_array_means_the_same_as_events_wherever_it_is_cut(case: str) -> None:
    body = (ROOT / case / "response.sse").read_bytes()
    chunks = [line.removeprefix(b"data: ") for line in body.split(b"\r\n") if line]
    array = b"[" + b"\n,\r\n".join(chunks) + b"\n]\n"
    whole = facts(True, body)

    for cut in range(len(array) + 1):
        assert facts(False, array[:cut], array[cut:]) == whole
    assert facts(False, *(array[at : at + 1] for at in range(len(array)))) == whole


def test_an_array_is_read_as_it_grows() -> None:
    decoder = PROVIDER.decoder(False)

    first = list(decoder.feed(b'[{"responseId":"1","candidates":[{"content":{"parts":[{"text":"}{\\"\\\\"}]}}]}'))
    second = list(decoder.feed(b',{"candidates":[{"finishReason":"STOP"}]}]'))

    assert first == [Started("1", ""), TextStarted(), Delta('}{"\\')]
    assert (second, list(decoder.end())) == ([], [BlockEnded(), Finished(Stop.END)])


@given(st.lists(st.text(), min_size=1, max_size=4), st.data())
def test_any_text_survives_any_cut(texts: list[str], data: st.DataObject) -> None:
    chunks = [candidate({"text": text}) for text in texts]
    body = j.dump([*chunks])
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=8)))

    told = facts(False, *(body[a:b] for a, b in pairwise([0, *cuts, len(body)])))

    assert "".join(fact.text for fact in told if isinstance(fact, Delta)) == "".join(texts)


def test_a_function_call_is_told_in_facts() -> None:
    usage = Usage(input_tokens=80, output_tokens=43, reasoning_tokens=12)

    assert gist(facts(True, (ROOT / "function_call" / "response.sse").read_bytes())) == [
        Started("kt8eaY-0C5Wp1MkPqr2s2QE", "gemini-2.5-flash"),
        TextStarted(),
        Delta("Let me look."),
        BlockEnded(),
        ToolStarted("call_kt8eaY_0C5Wp1MkPqr2s2QE_0", "get_weather"),
        StateAttached(SealedState("gemini", "CpcBAdHtim9q")),
        Delta('{"location":"Paris","days":[1,2]}'),
        BlockEnded(),
        ToolStarted("call_kt8eaY_0C5Wp1MkPqr2s2QE_1", "get_time"),
        Delta("{}"),
        BlockEnded(),
        UsageReported(usage),
        Finished(Stop.TOOL_USE),
    ]


def test_thoughts_are_told_and_counted_as_output() -> None:
    told = facts(True, (ROOT / "thinking" / "response.sse").read_bytes())

    assert gist(told)[1:-2] == [
        ThoughtStarted(),
        Delta("**Counting**\n\ns-t-r…"),
        BlockEnded(),
        TextStarted(),
        Delta("Three r's."),
        StateAttached(SealedState("gemini", "CpcBAdHtim9q")),
        BlockEnded(),
    ]
    assert gist(told)[-2] == UsageReported(Usage(input_tokens=11, output_tokens=68, reasoning_tokens=64))


def test_cached_tokens_are_part_of_the_input() -> None:
    told = facts(True, (ROOT / "text" / "response.sse").read_bytes())

    assert gist(told)[-2] == UsageReported(Usage(input_tokens=14, cached_tokens=8, output_tokens=9))


def test_a_blocked_prompt_is_a_refusal() -> None:
    told = facts(False, (ROOT / "blocked" / "response.json").read_bytes())

    assert [fact for fact in told if not isinstance(fact, UsageReported)] == [
        Started("A-8eac2wFf-91MkPwqOJ0Aw", "gemini-2.5-flash"),
        Finished(Stop.REFUSAL),
    ]


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("STOP", Stop.END),
        ("MAX_TOKENS", Stop.LENGTH),
        *((reason, Stop.REFUSAL) for reason in ("SAFETY", "RECITATION", "LANGUAGE", "OTHER", "BLOCKLIST", "SPII")),
        *((reason, Stop.REFUSAL) for reason in ("PROHIBITED_CONTENT", "IMAGE_SAFETY", "MODEL_ARMOR")),
        ("FINISH_REASON_UNSPECIFIED", Stop.END),
        ("INVENTED_LATER", Stop.END),
    ],
)
def test_every_reason_to_finish_has_its_word(reason: str, stop: Stop) -> None:
    assert answer(candidate({"text": "a"}, reason=reason))[-1] == Finished(stop)


@pytest.mark.parametrize("reason", ["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "MALFORMED_RESPONSE"])
def test_an_answer_that_came_to_nothing_failed(reason: str) -> None:
    fault = Fault(FaultKind.UPSTREAM_ERROR, f"the provider ended its answer with {reason}", code=reason)

    assert answer(candidate(reason=reason), candidate({"text": "more"}))[1:] == [Failed(fault)]


def test_a_reason_in_every_chunk_does_not_end_the_answer() -> None:
    told = answer(candidate({"text": "a"}), candidate({"text": "b"}), {"usageMetadata": {"promptTokenCount": 1}})

    assert gist(told)[2:] == [Delta("ab"), BlockEnded(), UsageReported(Usage(input_tokens=1)), Finished(Stop.END)]


def test_a_limit_hit_in_the_middle_of_tools_stays_a_limit() -> None:
    call: Json = {"functionCall": {"name": "f", "id": "x"}}

    assert answer(candidate(call, reason="MAX_TOKENS"))[-1] == Finished(Stop.LENGTH)
    assert ToolStarted("x", "f") in answer(candidate(call))


def test_text_around_a_call_is_two_blocks() -> None:
    told = answer(candidate({"text": "a"}, {"functionCall": {"name": "f", "args": None}}, {"text": "b"}))

    assert told[1:] == [
        TextStarted(),
        Delta("a"),
        BlockEnded(),
        ToolStarted("call_r_1_0", "f"),
        Delta("{}"),
        BlockEnded(),
        TextStarted(),
        Delta("b"),
        BlockEnded(),
        Finished(Stop.TOOL_USE),
    ]


def test_a_call_in_pieces_is_one_call() -> None:
    """Vertex AI sends them to clients that ask for `streamFunctionCallArguments`; we only listen then."""
    told = answer(
        candidate({"functionCall": {"name": "f", "willContinue": True}}, reason=None),
        candidate({"functionCall": {"partialArgs": [{"jsonPath": "$.a"}], "willContinue": True}}, reason=None),
        candidate({"functionCall": {}}),
    )

    assert sum(isinstance(fact, ToolStarted) for fact in told) == 1


def test_other_candidates_are_not_heard() -> None:
    second: Json = {"index": 1, "content": {"parts": [{"text": "no"}]}}
    first: Json = {"index": 0, "content": {"parts": [{"text": "yes"}]}, "finishReason": "STOP"}

    assert Delta("no") not in answer({"candidates": [second, first]})


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (
            {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"},
            Fault(FaultKind.OVERLOADED, "The model is overloaded.", code="UNAVAILABLE"),
        ),
        (
            {"code": 429, "message": "Slow down.", "status": "RESOURCE_EXHAUSTED"},
            Fault(FaultKind.RATE_LIMITED, "Slow down.", code="RESOURCE_EXHAUSTED"),
        ),
        ({"code": 404}, Fault(FaultKind.NOT_FOUND, "the provider's answer ended in an error")),
        ("odd", Fault(FaultKind.UPSTREAM_ERROR, "odd")),
    ],
)
def test_an_error_in_the_stream_ends_it(error: Json, fault: Fault) -> None:
    told = answer(candidate({"text": "a"}, reason=None), {"error": error}, candidate({"text": "b"}))

    assert told[1:] == [TextStarted(), Delta("a"), Failed(fault)]


BROKEN_OFF = Failed(Fault(FaultKind.UPSTREAM_GARBLED, "the provider's answer broke off"))


@pytest.mark.parametrize("streamed", [True, False])
def test_an_answer_without_a_reason_to_finish_broke_off(streamed: bool) -> None:
    body = sse(candidate({"text": "a"}, reason=None)) if streamed else j.dump([candidate({"text": "a"}, reason=None)])

    assert facts(streamed, body)[-1] == BROKEN_OFF
    assert facts(streamed) == [BROKEN_OFF]
    assert facts(streamed, body[:-20]) == [BROKEN_OFF]


@pytest.mark.parametrize(
    "body",
    [
        b"<html>busy</html>",
        b'"text"',
        b"[1]",
        b'{"candidates":{}}',
        b'{"candidates":[{"content":{"parts":[{"text":1}]}}]}',
        b'{"candidates":[{"content":{"parts":[{"functionCall":{}}]}}]}',
        b'{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":[]}}]}}]}',
        b'{"candidates":]}',
        b"}{",
    ],
)
def test_an_answer_that_makes_no_sense_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableError):
        facts(False, body)


@given(st.binary(max_size=60), st.booleans())
def test_garbage_is_unreadable_or_broke_off_and_never_crashes(body: bytes, streamed: bool) -> None:
    with suppress(UnreadableError):
        assert facts(streamed, body)[-1] == BROKEN_OFF


@given(st.sampled_from(["candidates", "promptFeedback", "usageMetadata", "responseId", "parts"]), JSONS)
def test_an_awkward_answer_never_crashes(key: str, value: Json) -> None:
    with suppress(UnreadableError):
        answer(candidate(value) if key == "parts" else candidate({"text": "a"}, **{key: value}))
