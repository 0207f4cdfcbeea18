"""Promises of the attempt stage, told as scripts: the attempt fails before any content."""

from itertools import product

import pytest

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.stages.attempt import failure_response, successful_response
from openclaw_extproc.stages.entries import Outcome
from openclaw_extproc.stages.events import Event, ResponseBody, ResponseTrailers
from openclaw_extproc.wire import client_side
from tests.samples import CLIENTS, PROVIDERS
from tests.stages.attempts import (
    TRANSLATED,
    WAYS,
    begin,
    both_kinds,
    checked,
    error_body,
    error_head,
    every_way,
    good,
    last_or_not,
)
from tests.stages.talking import BEGAN, Received, answer_head, attempt, chunks, is_error_of, received

RETRIABLE = [
    (429, FaultKind.RATE_LIMITED),
    (500, FaultKind.UPSTREAM_ERROR),
    (502, FaultKind.UPSTREAM_ERROR),
    (503, FaultKind.OVERLOADED),
    (504, FaultKind.UPSTREAM_SILENT),
    (529, FaultKind.OVERLOADED),
]
FINAL = [
    (400, FaultKind.MALFORMED),
    (422, FaultKind.MALFORMED),
]
OTHER_PROVIDERS = [
    (405, FaultKind.REFUSED, ""),
    (409, FaultKind.REFUSED, ""),
    (413, FaultKind.TOO_LARGE, ""),
    (401, FaultKind.UNAUTHENTICATED, "credential_refused"),
    (402, FaultKind.FORBIDDEN, "credential_refused"),
    (403, FaultKind.FORBIDDEN, "credential_refused"),
    (404, FaultKind.NOT_FOUND, "model_not_found"),
]
"""Alone the caller is told, with another to ask it is asked. Where there is a word, an operator is told in any case."""


def is_exhausted(client: str, got: Received, *, provider: str, kind: FaultKind, status: int = 0) -> None:
    """The client is told that nobody is left, and when to come back; its SDK is not to begin again.

    `status`: of the one provider there was; 0: it had no error status.
    """
    assert got.status == (status or (429 if kind is FaultKind.RATE_LIMITED else 503))
    assert not got.retries
    message = is_error_of(client, got)
    assert f"p0-{provider}: {kind.value.replace('_', ' ')}" in message
    assert got.headers["x-should-retry"] == "false"
    assert int(got.headers["retry-after"]) > 0


@every_way
@both_kinds
@last_or_not
def test_an_error_that_may_go_better_elsewhere(client: str, provider: str, *, stream: bool, last: bool) -> None:
    goes_on_elsewhere(client, provider, 503, FaultKind.OVERLOADED, stream=stream, last=last)


@pytest.mark.parametrize("provider", PROVIDERS)
@last_or_not
@pytest.mark.parametrize(("status", "kind"), RETRIABLE)
def test_an_error_status_that_may_go_better_elsewhere(
    provider: str, status: int, kind: FaultKind, *, last: bool
) -> None:
    goes_on_elsewhere(CLIENTS[0], provider, status, kind, stream=True, last=last)


def goes_on_elsewhere(client: str, provider: str, status: int, kind: FaultKind, *, stream: bool, last: bool) -> None:
    talk = checked(
        attempt(
            *begin(client, provider, stream=stream, last=last),
            error_head(status, content_length="7"),
            *chunks(error_body(provider, kind), (10,)),
        )
    )

    got = received(talk)
    assert talk.entry.outcome is Outcome.FAILED
    assert talk.entry.fault
    assert talk.entry.fault.kind is kind
    assert talk.entry.fault.upstream_status == status
    if last:
        is_exhausted(client, got, provider=provider, kind=kind, status=status)
        assert "words of the provider" in is_error_of(client, got)
    else:
        assert got.retries
        # Envoy may refuse to go on: then this is what the client gets.
        assert got.status >= 429
        is_error_of(client, got)
    assert "content-length" not in got.headers


@every_way
@last_or_not
@pytest.mark.parametrize(("status", "kind"), FINAL)
def test_an_error_status_of_the_request_itself_is_told_at_once(
    client: str, provider: str, status: int, kind: FaultKind, *, last: bool
) -> None:
    body = error_body(provider, kind)

    talk = checked(
        attempt(
            *begin(client, provider, stream=True, last=last),
            error_head(status, content_length=str(len(body))),
            *chunks(body, (10,)),
        )
    )

    got = received(talk)
    assert (got.status, got.retries) == (status, False)
    assert is_error_of(client, got) == "words of the provider"
    assert talk.entry.outcome is Outcome.FAILED
    assert talk.entry.fault
    assert talk.entry.fault.kind is kind
    if client == provider:
        assert got.body == body
        assert got.headers["content-length"] == str(len(body))


@every_way
@last_or_not
@pytest.mark.parametrize(("status", "kind", "alert"), OTHER_PROVIDERS)
def test_what_this_provider_refuses_is_asked_of_another_one(
    client: str, provider: str, status: int, kind: FaultKind, alert: str, *, last: bool
) -> None:
    body = error_body(provider, kind)

    talk = checked(
        attempt(
            *begin(client, provider, stream=True, last=last),
            error_head(status, content_length=str(len(body))),
            *chunks(body, (10,)),
        )
    )

    got = received(talk)
    # The key is ours: the provider's words may quote it.
    told = "the provider refuses the gateway's credential" if status == 401 else "words of the provider"
    assert (got.status, got.retries) == (status, not last)
    assert is_error_of(client, got) == told
    assert talk.entry.fault
    assert (talk.entry.fault.kind, talk.entry.alert) == (kind, alert)
    if client == provider and status != 401 and last:
        assert got.body == body
        assert got.headers["content-length"] == str(len(body))


@every_way
@last_or_not
@pytest.mark.parametrize("status", [200, 204, 301, 400, 429, 500])
def test_an_answer_without_a_body(client: str, provider: str, status: int, *, last: bool) -> None:
    talk = checked(attempt(*begin(client, provider, stream=True, last=last), error_head(status, end=True)))

    got = received(talk)
    assert talk.entry.outcome is Outcome.FAILED
    assert got.status >= 400
    if last or status == 400:
        is_error_of(client, got)
        assert not got.retries
    else:
        assert got.retries


@every_way
@last_or_not
def test_a_status_that_is_neither_answer_nor_error_is_the_providers_fault(
    client: str, provider: str, *, last: bool
) -> None:
    talk = checked(
        attempt(*begin(client, provider, stream=True, last=last), error_head(301), *chunks(b"<html>moved</html>"))
    )

    got = received(talk)
    assert talk.entry.fault
    assert talk.entry.fault.kind is FaultKind.UPSTREAM_GARBLED
    assert got.retries is not last
    if last:
        is_exhausted(client, got, provider=provider, kind=FaultKind.UPSTREAM_GARBLED)


def no_content(provider: str) -> list[tuple[str, bytes, bool]]:
    """Bodies of a 200 that make no answer: name, body, and whether they come as a stream."""
    fault = Fault(FaultKind.OVERLOADED, "words of the provider")
    side = client_side(provider)
    stream, whole = good(provider, stream=True), good(provider, stream=False)
    first = stream[: stream.index(b"\n\n") + 2]
    return [
        ("empty stream", b"", True),
        ("empty whole", b"", False),
        ("blank stream", b"\n\n", True),
        ("comments only", b": ping\n\n: ping\n\n", True),
        ("error first", side.encode_stream_error(fault), True),
        ("error whole", side.encode_error(fault), False),
        ("garbled first", b"data: {{{\n\n", True),
        ("not json", b"<html>oops</html>", False),
        ("an array", b"[1]", False),
        ("empty object", b"{}", False),
        ("cut whole", whole[: len(whole) // 2], False),
        ("cut before its end", whole.rstrip()[:-1], False),
        ("cut in the first event", stream[:30], True),
        ("no utf-8", b'data: {"\xff\xfe": 1}\n\n', True),
        ("first then cut", first[:-1], True),
    ]


NOTHING = [(name, number) for number, (name, _, _) in enumerate(no_content(CLIENTS[0]))]
every_nothing = pytest.mark.parametrize("number", [n for _, n in NOTHING], ids=[name for name, _ in NOTHING])
ENDS: dict[str, list[Event]] = {
    "marked": [],
    "trailers": [ResponseTrailers(BEGAN + 8)],
    "empty-chunk": [ResponseBody(b"", True, BEGAN + 8)],
}


@every_way
@every_nothing
def test_a_200_without_content_is_a_failed_attempt(client: str, provider: str, number: int) -> None:
    _, body, streamed = no_content(provider)[number]

    for last in (True, False):
        fails_without_content(client, provider, chunks(body), streamed=streamed, last=last)


@pytest.mark.parametrize(("client", "provider"), [WAYS[0], TRANSLATED[0]])
@every_nothing
def test_a_200_without_content_is_a_failed_attempt_however_it_is_cut_and_ends(
    client: str, provider: str, number: int
) -> None:
    _, body, streamed = no_content(provider)[number]

    for cuts, end, last in product([(), (3, 9)], ENDS, (True, False)):
        events = [*chunks(body, cuts, end=end == "marked"), *ENDS[end]]
        fails_without_content(client, provider, events, streamed=streamed, last=last)


def fails_without_content(client: str, provider: str, body: list[Event], *, streamed: bool, last: bool) -> None:
    talk = checked(
        attempt(
            *begin(client, provider, stream=streamed, last=last),
            answer_head(streamed=streamed, content_length="99"),
            *body,
        )
    )

    got = received(talk)
    assert talk.entry.outcome is Outcome.FAILED
    assert talk.entry.fault
    assert talk.entry.fault.kind in {FaultKind.UPSTREAM_GARBLED, FaultKind.OVERLOADED}
    assert talk.entry.first_content_seconds is None
    assert "content-length" not in got.headers
    assert got.retries is not last
    is_error_of(client, got)
    if last:
        status = talk.entry.fault.upstream_status or 0
        is_exhausted(client, got, provider=provider, kind=talk.entry.fault.kind, status=status)


@every_way
@last_or_not
def test_a_beginning_without_content_and_then_an_error_is_a_failed_attempt(
    client: str, provider: str, *, last: bool
) -> None:
    """The provider says hello, then fails: the client has seen nothing of it, so another can still answer."""
    body = _hello(provider) + client_side(provider).encode_stream_error(Fault(FaultKind.OVERLOADED, "too much"))

    talk = checked(
        attempt(
            *begin(client, provider, stream=True, last=last),
            answer_head(streamed=True),
            *chunks(body, range(0, len(body), 50)),
        )
    )

    got = received(talk)
    assert got.retries is not last
    is_error_of(client, got)
    assert talk.entry.fault
    assert talk.entry.fault.kind is FaultKind.OVERLOADED


def _hello(provider: str) -> bytes:
    """The events of a stream before its first content."""
    stream = good(provider, stream=True)
    at, held = 0, b""
    while True:
        at = stream.index(b"\n\n", at) + 2
        talk = attempt(*begin(provider, provider, stream=True), answer_head(streamed=True))
        if talk.tell(ResponseBody(stream[:at], False, BEGAN)).all_answered():
            return held
        held = stream[:at]


@every_way
@last_or_not
def test_what_follows_a_failed_attempt_is_thrown_away(client: str, provider: str, *, last: bool) -> None:
    talk = attempt(
        *begin(client, provider, stream=True, last=last),
        answer_head(streamed=True),
        ResponseBody(b"data: {{{\n\n", False, BEGAN + 3),
        *chunks(good(provider, stream=True), (500,)),
    )

    got = received(checked(talk))
    assert not got.retries if last else got.retries
    is_error_of(client, got)


@every_way
@last_or_not
def test_an_answer_that_never_gets_to_its_content_is_not_held_for_ever(
    client: str, provider: str, monkeypatch: pytest.MonkeyPatch, *, last: bool
) -> None:
    monkeypatch.setattr(successful_response, "MAX_HELD_BYTES", 1_000)
    talk = attempt(*begin(client, provider, stream=True, last=last), answer_head(streamed=True))

    for _ in range(200):
        talk.tell(ResponseBody(b": still thinking\n\n", False, BEGAN + 3))
    talk.tell(*chunks(good(provider, stream=True)))

    got = received(checked(talk))
    if client == provider:
        assert got.body.endswith(good(provider, stream=True))
    else:
        assert got.retries is not last
        is_error_of(client, got)


def test_a_long_error_body_is_read_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failure_response, "MAX_ERROR_BYTES", 1_000)
    client = CLIENTS[0]

    talk = attempt(*begin(client, client, stream=True), error_head(500))
    talk.tell(*chunks(b"x" * 100_000, range(0, 100_000, 500)))

    is_exhausted(client, received(checked(talk)), provider=client, kind=FaultKind.UPSTREAM_ERROR, status=500)
