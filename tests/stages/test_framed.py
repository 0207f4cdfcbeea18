"""Providers whose streams come in frames: told by their own media type, passed on as events, failed in the client's
words."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_extproc.model.facts import Failed, Finished
from openclaw_extproc.stages.entries import Outcome
from openclaw_extproc.stages.events import ResponseBody, ResponseHead
from openclaw_extproc.wire.bedrock.service import CONTENT_TYPE
from tests.frames import exception
from tests.samples import CLIENTS
from tests.stages.attempts import begin, checked, error_head
from tests.stages.spoiling import spoilt
from tests.stages.talking import BEGAN, OK, answering, attempt, is_error_of, received, understood
from tests.wire.test_bedrock_anthropic import framed

FRAMED = ResponseHead({**OK, "content-type": CONTENT_TYPE}, BEGAN + 2.0)
each_provider = pytest.mark.parametrize("provider", ["bedrock_converse", "bedrock_anthropic"])
each_client = pytest.mark.parametrize("client", CLIENTS)


def good(provider: str) -> bytes:
    if provider == "bedrock_converse":
        return answering(provider).answer(streamed=True)
    return framed(answering("anthropic_messages").answer(streamed=True))


def in_pieces(body: bytes, size: int = 100) -> list[ResponseBody]:
    pieces = [body[n : n + size] for n in range(0, len(body), size)]
    return [ResponseBody(piece, n == len(pieces) - 1, BEGAN + 3.0) for n, piece in enumerate(pieces)]


@each_client
@each_provider
def test_a_stream_of_frames_is_a_stream_to_the_client(client: str, provider: str) -> None:
    talk = checked(attempt(*begin(client, provider, stream=True), FRAMED, *in_pieces(good(provider))))

    facts = understood(client, received(talk), stream=True)
    assert isinstance(facts[-1], Finished)
    assert talk.entry.streamed
    assert talk.entry.outcome is Outcome.OK


@each_client
@each_provider
def test_an_exception_after_the_first_word_is_told_in_the_clients_words(client: str, provider: str) -> None:
    body = good(provider)[: len(good(provider)) // 2]
    cut = _whole_frames(body)
    failing = cut + exception("modelStreamErrorException", "the model fell over")

    talk = checked(attempt(*begin(client, provider, stream=True), FRAMED, *in_pieces(failing)))

    last = understood(client, received(talk), stream=True)[-1]
    assert isinstance(last, Failed)
    assert "the model fell over" in last.fault.public
    assert talk.entry.outcome is Outcome.BROKEN


@each_client
@each_provider
@pytest.mark.parametrize("rest", [b"", b"no frame, whatever follows, and more of it"], ids=["cut", "garbage"])
@pytest.mark.parametrize("size", [40, 100_000], ids=["pieces", "at once"])
def test_a_stream_that_breaks_off_is_told_so(client: str, provider: str, rest: bytes, size: int) -> None:
    body = good(provider)[: len(good(provider)) * 2 // 3]
    body = _whole_frames(body) + rest if rest else body

    talk = checked(attempt(*begin(client, provider, stream=True), FRAMED, *in_pieces(body, size)))

    facts = understood(client, received(talk), stream=True)
    assert isinstance(facts[-1], Failed)
    assert any(word in received(talk).body for word in (b"unreadable", b"broke off"))  # said, not only left open
    assert sum(isinstance(fact, Failed) for fact in facts) == 1
    assert talk.entry.outcome is Outcome.BROKEN


@each_client
@each_provider
def test_no_bytes_of_a_provider_can_break_an_attempt(client: str, provider: str) -> None:
    @given(spoilt(good(provider)), st.integers(20, 500))
    def check(body: bytes, size: int) -> None:
        talk = attempt(*begin(client, provider, stream=True), FRAMED, *in_pieces(body or b"x", size))

        assert talk.replied or talk.all_answered()
        talk.hang_up()
        assert len(talk.entries) == 1

    check()


@each_client
@each_provider
def test_a_refusal_is_in_the_clients_words_even_without_translation(client: str, provider: str) -> None:
    refusal = ResponseBody(json.dumps({"message": "no such model"}).encode(), True, BEGAN + 3.0)

    talk = checked(attempt(*begin(client, provider, stream=True), error_head(404), refusal))

    assert is_error_of(client, received(talk)) == "no such model"


@each_provider
def test_an_object_in_the_place_of_a_stream_is_no_stream(provider: str) -> None:
    head = ResponseHead({**OK, "content-type": "application/json"}, BEGAN + 2.0)
    body = ResponseBody(b'{"message":"so it is"}', True, BEGAN + 3.0)

    talk = checked(attempt(*begin("openai_chat", provider, stream=True), head, body))

    assert received(talk).status >= 500
    assert not talk.entry.streamed


def _whole_frames(body: bytes) -> bytes:
    at = 0
    while at + 4 <= len(body) and (end := at + int.from_bytes(body[at : at + 4])) <= len(body):
        at = end
    return body[:at]
