"""Promises of the attempt stage, told as scripts: what Envoy says, what it gets, what is left behind."""

import pytest

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.gateway import Target
from openclaw_extproc.model.json import parse
from openclaw_extproc.stages.entries import Outcome, Selection
from openclaw_extproc.stages.events import Closed, Continue, HeaderCredential, Reply, RequestHead
from tests.samples import CLIENTS, cut, gist
from tests.stages.attempts import begin, both_kinds, checked, every_same, every_translation, every_way, good
from tests.stages.talking import (
    BEGAN,
    OK,
    answer_head,
    answering,
    asking,
    attempt,
    attempting,
    chain,
    chunks,
    delivered,
    gateway,
    is_error_of,
    opening,
    received,
    understood,
)

# -- all goes well ---------------------------------------------------------------


@every_way
@both_kinds
@pytest.mark.parametrize("cuts", [(), (1,), (5, 70, 71, 400), tuple(range(0, 4000, 40))], ids=len)
def test_the_answer_reaches_the_client_in_its_own_words(
    client: str, provider: str, cuts: tuple[int, ...], *, stream: bool
) -> None:
    body = good(provider, stream=stream)

    talk = checked(attempt(*begin(client, provider, stream=stream), answer_head(streamed=stream), *chunks(body, cuts)))

    got = received(talk)
    told = gist(understood(client, got, stream=stream))
    meant = gist(answering(provider).facts(streamed=stream))
    assert (told.id, told.model, told.text, told.calls, told.stop) == (
        (meant.id, meant.model, meant.text, meant.calls, meant.stop)
    )
    assert talk.entry.outcome is Outcome.OK
    assert talk.entry.fault is None
    assert talk.entry.usage.input_tokens == meant.tokens[0]
    assert talk.entry.usage.output_tokens == meant.tokens[2]
    assert talk.entry.streamed is stream
    assert talk.entry.request_id == "r-1"
    if client == provider:
        assert got.body == body


@every_same
@both_kinds
def test_the_same_format_passes_every_byte(client: str, provider: str, *, stream: bool) -> None:
    talk = attempt(
        *begin(client, provider, stream=stream),
        answer_head(streamed=stream, content_length="7"),
        *chunks(good(provider, stream=stream), (20, 300)),
    )

    assert delivered(talk) == good(provider, stream=stream)
    # A stream that breaks off is given an error event, so it must not promise its length before all of it is here.
    whole = str(len(good(provider, stream=stream)))
    assert received(talk).headers.get("content-length") in ((None, whole) if stream else ("7",))


@every_way
def test_a_stream_is_not_held_back_longer_than_to_its_first_content(client: str, provider: str) -> None:
    body = good(provider, stream=True)
    pieces = chunks(body, range(0, len(body), 10))
    talk = attempt(*begin(client, provider, stream=True), answer_head(streamed=True))

    released = next(n for n, piece in enumerate(pieces) if talk.tell(piece).all_answered())

    assert 0 < released < len(pieces) * 0.8
    assert not talk.entries
    for piece in pieces[released + 1 :]:
        talk.tell(piece)
        assert talk.all_answered()
    assert talk.entry.first_content_seconds is not None
    assert talk.entry.first_content_seconds < talk.entry.seconds


@every_way
def test_a_whole_answer_is_held_back_to_its_end(client: str, provider: str) -> None:
    *pieces, last = chunks(good(provider, stream=False), (10, 20, 30))

    talk = attempt(*begin(client, provider, stream=False), answer_head(streamed=False), *pieces)

    assert len(talk.answers) == 2
    checked(talk.tell(last))


@every_translation
def test_a_whole_translation_says_its_length(client: str, provider: str) -> None:
    body = good(provider, stream=False)

    got = received(
        attempt(
            *begin(client, provider, stream=False),
            answer_head(streamed=False, content_length=str(len(body))),
            *chunks(body, (10, 20)),
        )
    )

    assert got.headers["content-length"] == str(len(got.body))


@every_translation
def test_a_streamed_translation_promises_no_length(client: str, provider: str) -> None:
    got = received(
        attempt(
            *begin(client, provider, stream=True),
            answer_head(streamed=True, content_length="1234"),
            *chunks(good(provider, stream=True), range(0, 3000, 50)),
        )
    )

    assert "content-length" not in got.headers


@every_way
@both_kinds
def test_the_client_is_told_who_answered(client: str, provider: str, *, stream: bool) -> None:
    notes = {"try-1": f"cluster-p0-{provider} 0.0", "why-1": "rate_limited"}
    targets = chain(provider, provider)
    first = opening(asking(client, stream=stream), gateway(targets), attempt=2, notes=notes)

    talk = attempt(*first, answer_head(streamed=stream), *chunks(good(provider, stream=stream)))

    headers = received(talk).headers
    assert headers["x-openclaw-provider"] == f"p1-{provider}"
    assert headers["x-openclaw-model"] == "m1"
    assert headers["x-openclaw-requested-model"] == asking(client, stream=stream).chat().model
    assert headers["x-openclaw-fallbacks"] == f"p0-{provider}:rate_limited"
    assert talk.entry.selection is Selection.FALLBACK
    assert talk.entry.previous == targets[0]
    assert talk.entry.previous_reason == "rate_limited"


@every_translation
def test_losses_are_told(client: str, provider: str) -> None:
    case = asking(client, stream=True)
    body = case.request.rstrip()[:-1] + b', "madeup": 1}'

    talk = attempt(
        *opening(case, gateway(chain(provider)), body=body),
        answer_head(streamed=True),
        *chunks(good(provider, stream=True)),
    )

    assert "madeup" in received(talk).headers["x-openclaw-warnings"]
    assert "madeup" in talk.entry.losses


def test_the_same_target_once_more_is_a_retry() -> None:
    client = CLIENTS[0]
    first = opening(asking(client, stream=True), gateway(chain(client), max_retries=2), attempt=2)

    entry = attempt(*first).hang_up().entry

    assert (entry.selection, entry.attempt) == (Selection.RETRY, 2)


# -- the client leaves, or we break ----------------------------------------------


@every_way
@both_kinds
def test_hanging_up_after_any_step_leaves_one_entry(client: str, provider: str, *, stream: bool) -> None:
    script = [
        *begin(client, provider, stream=stream),
        answer_head(streamed=stream),
        *chunks(good(provider, stream=stream), range(0, 1000, 100)),
    ]

    for after in range(1, len(script) + 1):
        talk = attempt(*script[:after]).hang_up()

        entry = talk.entry
        whole = after == len(script)
        assert entry.outcome in ({Outcome.OK} if whole else {Outcome.NO_ANSWER, Outcome.GONE})
        released = len(talk.answers) > 2
        assert whole or entry.outcome is (Outcome.GONE if released else Outcome.NO_ANSWER)


def test_hanging_up_before_anything_leaves_no_entry() -> None:
    assert attempting().hang_up().entries == []


def test_when_we_break_the_entry_says_so() -> None:
    bug = Fault(FaultKind.BUG, "we broke")
    client = CLIENTS[0]
    script = [
        *begin(client, client, stream=True),
        answer_head(streamed=True),
        *chunks(good(client, stream=True), (900,)),
    ]

    for after, outcome in ((1, Outcome.NO_ANSWER), (2, Outcome.NO_ANSWER), (3, Outcome.NO_ANSWER), (4, Outcome.BROKEN)):
        broken = attempting().stage
        for event in script[:after]:
            broken.receive(event)
        entry = broken.receive(Closed(BEGAN + 9, bug)).entry

        assert entry is not None
        assert (entry.fault, entry.outcome) == (bug, outcome)


def test_a_message_out_of_turn_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="ResponseHead while New"):
        attempting().stage.receive(answer_head(streamed=True))


# -- the request -----------------------------------------------------------------


@every_way
@both_kinds
def test_the_request_goes_to_the_providers_path_with_its_model(client: str, provider: str, *, stream: bool) -> None:
    case = asking(client, stream=stream)

    sent = attempt(*opening(case, gateway(chain(provider)))).last

    assert isinstance(sent, Continue)
    path = sent.set_headers[":path"]
    body = case.request if sent.body is None else sent.body
    assert "m0" in path or parse(body, where="sent")["model"] == "m0"
    assert sent.set_headers["accept-encoding"] == "identity"
    assert sent.set_headers["content-type"] == "application/json"
    assert sent.notes == {"try-1": f"cluster-p0-{provider} {BEGAN + 1:.3f}"}
    assert isinstance(sent.credential, HeaderCredential)
    assert sent.credential.name == "KEY"


@every_same
def test_a_request_that_needs_no_change_keeps_every_byte(client: str, provider: str) -> None:
    case = asking(client, stream=True)
    targets = chain(provider)
    own = gateway([Target(targets[0].provider, case.chat().model)])

    sent = attempt(*opening(case, own)).last

    assert isinstance(sent, Continue)
    assert sent.body is None


@pytest.mark.parametrize(
    ("metadata", "cluster"),
    [({}, "c"), ({"plan": "{"}, "c"), ({"plan": "{}"}, "c"), ({"plan": "[]"}, "c"), (None, "a-cluster-of-nobody")],
)
def test_without_a_plan_for_it_nothing_is_sent(metadata: dict[str, str] | None, cluster: str) -> None:
    first = begin(CLIENTS[0], CLIENTS[0], stream=True)[0]
    assert isinstance(first, RequestHead)
    event = RequestHead(
        first.headers, BEGAN, cluster=cluster, metadata=first.metadata if metadata is None else metadata
    )

    talk = attempt(event)

    assert isinstance(talk.last, Reply)
    assert talk.last.status == 500
    assert talk.hang_up().entries == []


@every_way
def test_a_body_that_another_stage_let_through_by_mistake_is_refused(client: str, provider: str) -> None:
    first, body = begin(client, provider, stream=True)

    talk = attempt(first, type(body)(b'{"model": 7}', BEGAN))  # type: ignore[call-arg,arg-type]  # it is a RequestBody

    got = received(checked(talk))
    assert got.status == 400
    is_error_of(client, got)


def test_the_pieces_of_a_script_are_the_whole() -> None:
    assert b"".join(cut(b"abcdef", (2, 2, 9))) == b"abcdef"
    assert OK[":status"] == "200"
