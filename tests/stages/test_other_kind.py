"""Promises about answers of the wrong kind in the client's own format: a stream for one answer, and the other way."""

import json

import pytest

from openclaw_extproc.faults import FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import Finished
from openclaw_extproc.stages.entries import Outcome
from openclaw_extproc.stages.events import Event, ResponseTrailers, TimerFired
from tests.samples import Case, gist
from tests.stages.attempts import begin, both_kinds, checked, every_same, good
from tests.stages.talking import (
    BEGAN,
    answer_head,
    answering,
    asking,
    attempt,
    chain,
    chunks,
    delivered,
    gateway,
    opening,
    received,
    understood,
)

HALVES = [(), (150,), tuple(range(0, 4000, 37))]


@every_same
@both_kinds
@pytest.mark.parametrize("cuts", HALVES, ids=len)
@pytest.mark.parametrize("trailers", [False, True])
def test_the_client_gets_the_kind_it_asked_for(
    client: str, provider: str, cuts: tuple[int, ...], *, stream: bool, trailers: bool
) -> None:
    """`stream`: what is asked for. The other one comes."""
    ends = [ResponseTrailers(BEGAN + 9)] if trailers else []
    talk = checked(
        attempt(
            *begin(client, provider, stream=stream),
            answer_head(streamed=not stream),
            *chunks(good(provider, stream=not stream), cuts, end=not trailers),
            *ends,
        )
    )

    got = received(talk)
    facts = understood(client, got, stream=stream)
    said = gist(answering(provider).facts(streamed=not stream))
    assert isinstance(facts[-1], Finished)
    assert (gist(facts).text, len(gist(facts).calls)) == (said.text, len(said.calls))
    assert talk.entry.outcome is Outcome.OK
    assert talk.entry.usage.output_tokens
    assert "answer: came as" in got.headers["x-openclaw-warnings"]


@every_same
def test_a_stream_that_breaks_off_is_no_whole_answer(client: str, provider: str) -> None:
    half = good(provider, stream=True)
    half = half[: half.index(b"\n\n", len(half) // 2) + 2]
    opened = begin(client, provider, stream=False, last=False)

    talk = checked(attempt(*opened, answer_head(streamed=True), *chunks(half, (100, 300))))

    assert received(talk).retries
    assert talk.entry.fault
    assert talk.entry.fault.kind is FaultKind.UPSTREAM_GARBLED


def test_what_cannot_be_converted_is_asked_of_the_next() -> None:
    """Several answers have no place in what all formats share."""
    case = asking("openai_chat", stream=True)
    body = j.patch(case.request, {"n": 2})
    targets = chain("openai_chat", "openai_chat")

    talk = checked(
        attempt(
            *opening(case, gateway(targets, max_retries=0), body=body),
            answer_head(streamed=False),
            *chunks(good("openai_chat", stream=False)),
        )
    )

    assert received(talk).retries
    assert talk.entry.fault
    assert "not asked for" in talk.entry.fault.public


# -- a stream that is one JSON array ---------------------------------------------


def array_case() -> Case:
    """Gemini's, without `alt=sse`."""
    return ArrayCase(asking("gemini", stream=True).folder)


class ArrayCase(Case):
    @property
    def target(self) -> str:
        return super().target.partition("?")[0]


def elements() -> list[bytes]:
    events = good("gemini", stream=True).split(b"\n\n")
    return [event.removeprefix(b"data: ") for event in events if event.startswith(b"data: ")]


def array() -> bytes:
    return b"[" + b"\r\n,\r\n".join(elements()) + b"\r\n]\r\n"


@pytest.mark.parametrize("cuts", HALVES, ids=len)
@pytest.mark.parametrize("before", [b"", b"\r\n ", b"\xef\xbb\xbf"], ids=["", "white-space", "mark"])
def test_one_object_for_who_wants_an_array_becomes_one(cuts: tuple[int, ...], before: bytes) -> None:
    """Both are `application/json`: only the first byte tells."""
    body = before + good("gemini", stream=False)

    talk = checked(attempt(*begun(), answer_head(streamed=False), *chunks(body, cuts)))

    got = received(talk)
    assert len(j.an_array(json.loads(got.body), at="answer")) >= 1
    assert talk.entry.outcome is Outcome.OK
    assert talk.entry.usage.output_tokens
    assert got.headers["x-openclaw-warnings"] == "answer: came as one object"


@pytest.mark.parametrize("cuts", [*HALVES, (1, 2)], ids=str)
@pytest.mark.parametrize("before", [b"", b"\r\n ", b"\xef\xbb\xbf"], ids=["", "white-space", "mark"])
def test_an_array_for_who_wants_one_object_becomes_one(cuts: tuple[int, ...], before: bytes) -> None:
    opened = begin("gemini", "gemini", stream=False)

    talk = checked(attempt(*opened, answer_head(streamed=False), *chunks(before + array(), cuts)))

    got = received(talk)
    said = gist(understood("gemini", got, stream=False))
    assert said.text == gist(answering("gemini").facts(streamed=True)).text
    assert isinstance(json.loads(got.body), dict)
    assert got.headers["x-openclaw-warnings"] == "answer: came as an array"


def test_an_array_that_is_cut_is_no_object() -> None:
    opened = begin("gemini", "gemini", stream=False, last=False)
    body = b"[" + elements()[0]

    talk = checked(attempt(*opened, answer_head(streamed=False), *chunks(body)))

    assert received(talk).retries


@pytest.mark.parametrize("stream", [True, False])
def test_an_error_of_the_other_shape_is_an_error(*, stream: bool) -> None:
    """With status 200: it is asked for elsewhere."""
    error = b'{"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}'
    targets = chain("gemini", "gemini")
    asked = array_case() if stream else asking("gemini", stream=False)
    opened = opening(asked, gateway(targets, max_retries=0))

    talk = checked(attempt(*opened, answer_head(streamed=False), *chunks(error if stream else b"[" + error + b"]")))

    assert received(talk).retries
    assert talk.entry.fault
    assert talk.entry.fault.kind is FaultKind.OVERLOADED


def begun(**limits: float) -> list[Event]:
    targets = chain("gemini")
    return opening(array_case(), gateway(targets, max_retries=0, **limits))


@pytest.mark.parametrize("cuts", HALVES, ids=len)
def test_an_array_that_is_whole_passes_byte_for_byte(cuts: tuple[int, ...]) -> None:
    talk = checked(attempt(*begun(), answer_head(streamed=False), *chunks(array(), cuts)))

    assert received(talk).body == array()
    assert talk.entry.outcome is Outcome.OK
    assert talk.entry.streamed


@pytest.mark.parametrize("cuts", HALVES, ids=len)
@pytest.mark.parametrize("behind", [b"", b"\r\n,", b'\r\n,\r\n{"candidates": [{"con'], ids=["", "comma", "half"])
def test_an_array_that_is_cut_ends_in_its_error(cuts: tuple[int, ...], behind: bytes) -> None:
    body = b"[" + b"\r\n,\r\n".join(elements()[:1]) + behind
    talk = checked(attempt(*begun(), answer_head(streamed=False), *chunks(body, cuts)))

    *said, last = j.an_array(json.loads(received(talk).body), at="answer")
    assert [j.dump(one) for one in said] == [j.dump(j.parse(one, where="chunk")) for one in elements()[:1]]
    assert "error" in j.an_object(last, at="last")
    assert talk.entry.outcome is Outcome.BROKEN


def test_an_array_that_is_closed_too_early_has_its_error_too() -> None:
    body = b"[" + elements()[0] + b"]"
    talk = checked(attempt(*begun(), answer_head(streamed=False), *chunks(body)))

    assert "error" in j.an_object(j.an_array(json.loads(received(talk).body), at="answer")[-1], at="last")


def test_an_array_that_falls_silent_has_its_error_and_breaks() -> None:
    talk = attempt(*begun(idle_ms=700), answer_head(streamed=False), *chunks(b"[" + elements()[0], end=False))

    talk.tell(TimerFired(BEGAN + 9))

    assert "error" in j.an_object(j.an_array(json.loads(delivered(talk)), at="answer")[-1], at="last")
    assert talk.broken


def test_events_for_who_wants_an_array_become_one() -> None:
    talk = checked(attempt(*begun(), answer_head(streamed=True), *chunks(good("gemini", stream=True), (200,))))

    got = received(talk)
    assert got.headers["content-type"] == "application/json"
    assert len(j.an_array(json.loads(got.body), at="answer")) > 1
