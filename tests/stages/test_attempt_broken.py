"""Promises of the attempt stage, told as scripts: what goes wrong later, or at the end."""

from itertools import product

import pytest

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.model.facts import Failed, Finished, Usage
from openclaw_extproc.stages.entries import Outcome
from openclaw_extproc.stages.events import ResponseTrailers
from openclaw_extproc.wire import client_side
from openclaw_extproc.wire.streams import sse
from tests.samples import CLIENTS, PROVIDERS, gist
from tests.stages.attempts import (
    begin,
    both_kinds,
    checked,
    error_body,
    error_head,
    every_same,
    every_translation,
    every_way,
    good,
    last_or_not,
    last_words,
)
from tests.stages.talking import (
    BEGAN,
    Received,
    answer_head,
    answering,
    attempt,
    chunks,
    is_error_of,
    received,
    understood,
)

# -- compressed ------------------------------------------------------------------


@every_way
@last_or_not
@both_kinds
def test_an_answer_that_is_compressed_in_an_unknown_way_is_none(
    client: str, provider: str, *, last: bool, stream: bool
) -> None:
    talk = checked(
        attempt(
            *begin(client, provider, stream=stream, last=last),
            answer_head(streamed=stream, content_encoding="compress"),
            *chunks(b"\x1f\x8b\x08 something", (3,)),
        )
    )

    got = received(talk)
    assert "content-encoding" not in got.headers
    assert got.retries is not last
    is_error_of(client, got)


# -- it fails after content has gone out -----------------------------------------


def after_content(provider: str) -> list[tuple[str, bytes]]:
    stream = good(provider, stream=True)
    half = stream[: stream.index(b"\n\n", len(stream) // 2) + 2]
    fault = Fault(FaultKind.OVERLOADED, "words of the provider")
    return [
        ("broken off", half),
        ("broken off in an event", half + b"data: {"),
        ("garbled", half + b"data: {{{\n\n" + half),
        ("error event", half + client_side(provider).encode_stream_error(fault)),
    ]


FAILURES = [name for name, _ in after_content(CLIENTS[0])]
every_failure = pytest.mark.parametrize("number", range(len(FAILURES)), ids=[n.replace(" ", "-") for n in FAILURES])
CUTS = [(), (900,), tuple(range(0, 4000, 33))]


@every_way
@every_failure
@last_or_not
def test_a_stream_that_fails_after_content_ends_in_an_error_event(
    client: str, provider: str, number: int, *, last: bool
) -> None:
    ends_in_an_error_event(client, provider, number, CUTS[1], last=last)


@pytest.mark.parametrize("provider", PROVIDERS)
@every_failure
def test_a_stream_that_fails_after_content_ends_in_an_error_event_wherever_it_is_cut(
    provider: str, number: int
) -> None:
    for client, cuts in product({CLIENTS[0], provider}, CUTS):
        ends_in_an_error_event(client, provider, number, cuts, last=False)


def ends_in_an_error_event(client: str, provider: str, number: int, cuts: tuple[int, ...], *, last: bool) -> None:
    name, body = after_content(provider)[number]

    talk = checked(
        attempt(*begin(client, provider, stream=True, last=last), answer_head(streamed=True), *chunks(body, cuts))
    )

    got = received(talk)
    assert not got.retries
    assert talk.entry.outcome is Outcome.BROKEN
    assert talk.entry.fault
    assert talk.entry.first_content_seconds is not None
    assert got.body.endswith(b"\n\n")
    events = sse.Reader().feed(got.body)
    last_event = sse.write(events[-1])
    facts = understood(client, Received(200, got.headers, last_event), stream=True)
    assert isinstance(facts[-1], Failed), name
    if client != provider:
        whole = understood(client, got, stream=True)
        assert isinstance(whole[-1], Failed)
        assert not any(isinstance(fact, Finished) for fact in whole)


def test_the_error_event_of_a_broken_stream_needs_room_for_itself() -> None:
    """Same format: bytes are added, so a length that was promised before would be wrong."""
    client = CLIENTS[0]
    _, body = after_content(client)[0]

    got = received(
        attempt(
            *begin(client, client, stream=True),
            answer_head(streamed=True, content_length=str(len(body))),
            *chunks(body, (900,)),
        )
    )

    assert got.headers.get("content-length", str(len(got.body))) == str(len(got.body))


@every_same
def test_nothing_unreadable_is_passed_to_a_client_and_nothing_after_it(client: str, provider: str) -> None:
    """An SDK would stumble over it with an error that is not its own."""
    stream = good(provider, stream=True)
    middle = stream.index(b"\n\n", len(stream) // 2) + 2
    cut = b'data: {"cut": "of'
    body = stream[:middle] + cut + b"\n\n" + stream[middle:]

    talk = checked(
        attempt(
            *begin(client, provider, stream=True),
            answer_head(streamed=True),
            *chunks(body, (middle, middle + len(cut) + 2, middle + len(cut) + 40)),
        )
    )

    got = received(talk)
    assert got.body.startswith(stream[:middle])
    assert cut not in got.body
    assert len(sse.Reader().feed(got.body)) == len(sse.Reader().feed(stream[:middle])) + last_words(client)
    assert isinstance(understood(client, got, stream=True)[-1], Failed)


@every_same
def test_what_a_provider_counted_before_it_said_that_it_failed_is_not_billed(client: str, provider: str) -> None:
    fault = Fault(FaultKind.OVERLOADED, "words of the provider")
    stream = good(provider, stream=True)
    opening = stream[: stream.index(b"\n\n") + 2] if provider == "anthropic_messages" else b""
    body = opening + client_side(provider).encode_stream_error(fault)

    talk = checked(attempt(*begin(client, provider, stream=True), answer_head(streamed=True), *chunks(body, ())))

    assert talk.entry.outcome is Outcome.FAILED
    assert talk.entry.usage == Usage()


@every_translation
@last_or_not
def test_a_whole_answer_that_fails_half_way_is_a_failed_attempt(client: str, provider: str, *, last: bool) -> None:
    """Its content has not gone out, so the client must not see a 200."""
    body = HALF_GOOD[provider]

    talk = checked(
        attempt(*begin(client, provider, stream=False, last=last), answer_head(streamed=False), *chunks(body, (9,)))
    )

    got = received(talk)
    assert got.status != 200
    assert got.retries is not last
    assert talk.entry.outcome is Outcome.FAILED


HALF_GOOD = {
    "openai_responses": (
        b'{"id":"a","model":"m","status":"completed","output":[{"type":"message","role":"assistant",'
        b'"content":[{"type":"output_text","text":"Hello"}]},{"type":"function_call","call_id":"c","name":7}]}'
    ),
    "openai_chat": (
        b'{"id":"a","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hello",'
        b'"tool_calls":[{"id":"c","type":"function","function":{"name":7}}]},"finish_reason":"tool_calls"}]}'
    ),
    "anthropic_messages": (
        b'{"id":"a","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"Hello"},'
        b'{"type":"tool_use","id":"t","name":7,"input":{}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{}}'
    ),
    "gemini": (
        b'{"responseId":"a","modelVersion":"m","candidates":[{"index":0,"finishReason":"STOP","content":{"role":"model",'
        b'"parts":[{"text":"Hello"},{"functionCall":{"name":7}}]}}]}'
    ),
}
"""Whole answers whose first block can be read and whose second cannot."""


# -- trailers --------------------------------------------------------------------


@every_way
@both_kinds
def test_trailers_end_an_answer_as_well(client: str, provider: str, *, stream: bool) -> None:
    body = good(provider, stream=stream)

    talk = checked(
        attempt(
            *begin(client, provider, stream=stream),
            answer_head(streamed=stream),
            *chunks(body, (200, 900), end=False),
            ResponseTrailers(BEGAN + 9),
        )
    )

    told = gist(understood(client, received(talk), stream=stream))
    meant = gist(answering(provider).facts(streamed=stream))
    assert (told.text, told.calls) == (meant.text, meant.calls)
    assert told.stop == meant.stop
    assert talk.entry.outcome is Outcome.OK


@every_way
def test_a_stream_that_breaks_off_before_its_trailers_ends_in_an_error_event(client: str, provider: str) -> None:
    _, body = after_content(provider)[0]

    talk = checked(
        attempt(
            *begin(client, provider, stream=True),
            answer_head(streamed=True),
            *chunks(body, (900,), end=False),
            ResponseTrailers(BEGAN + 9),
        )
    )

    assert talk.entry.outcome is Outcome.BROKEN
    last = sse.write(sse.Reader().feed(received(talk).body)[-1])
    assert isinstance(understood(client, Received(200, received(talk).headers, last), stream=True)[-1], Failed)


@every_way
@last_or_not
@pytest.mark.parametrize("status", [400, 429, 500])
def test_trailers_end_an_error_as_well(client: str, provider: str, status: int, *, last: bool) -> None:
    kind = {400: FaultKind.MALFORMED, 429: FaultKind.RATE_LIMITED, 500: FaultKind.UPSTREAM_ERROR}[status]

    talk = checked(
        attempt(
            *begin(client, provider, stream=True, last=last),
            error_head(status),
            *chunks(error_body(provider, kind), (9,), end=False),
            ResponseTrailers(BEGAN + 9),
        )
    )

    got = received(talk)
    assert got.status >= 400
    if not got.retries:
        is_error_of(client, got)


@every_way
@pytest.mark.parametrize("status", [200, 429])
def test_trailers_without_a_body_are_a_failed_attempt(client: str, provider: str, status: int) -> None:
    talk = checked(
        attempt(*begin(client, provider, stream=True, last=False), error_head(status), ResponseTrailers(BEGAN + 9))
    )

    assert received(talk).retries
    assert talk.entry.outcome is Outcome.FAILED


@every_translation
@pytest.mark.parametrize("status", [200, 400, 429])
def test_nothing_is_said_behind_a_reply(client: str, provider: str, status: int) -> None:
    talk = checked(attempt(*begin(client, provider, stream=True), error_head(status), ResponseTrailers(BEGAN + 9)))

    is_error_of(client, received(talk))
    assert talk.entry.outcome is Outcome.FAILED
