"""Promises about streams that are kept alive before their first content: `hold.keepalive_ms`."""

import pytest

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.model.facts import Failed
from openclaw_extproc.stages.entries import AttemptEntry, Outcome
from openclaw_extproc.stages.events import Continue, Deliver, Event, ResponseBody, ResponseTrailers, TimerFired
from openclaw_extproc.wire import client_side
from tests.stages.attempts import checked, every_same, every_way, good
from tests.stages.talking import (
    BEGAN,
    Talk,
    answer_head,
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

HEAD_AT = BEGAN + 2.0
EVERY = 1.5


FIRST = b": processing\n\n"
"""What the provider sends at once, and says nothing by it."""


LIMITS: dict[str, float] = {"keepalive_ms": EVERY * 1000, "first_token_ms": 10_000, "answer_ms": 10_000}


def begun(client: str, provider: str, first: bytes = FIRST, **limits: float) -> Talk[AttemptEntry]:
    """The provider has sent its head and `first`, and somebody else could be asked."""
    asked = opening(asking(client, stream=True), gateway(chain(provider, provider), **{**LIMITS, **limits}))
    talk = attempt(*asked, answer_head(streamed=True))
    return talk.tell(ResponseBody(first, False, HEAD_AT + 0.5)) if first else talk


def waited(client: str, provider: str, times: int = 1, first: bytes = FIRST, **limits: float) -> Talk[AttemptEntry]:
    return begun(client, provider, first, **limits).tell(
        *(TimerFired(HEAD_AT + EVERY * n) for n in range(1, times + 1))
    )


def sign(client: str) -> bytes:
    own = {"anthropic_messages": b'event: ping\ndata: {"type": "ping"}\n\n', "gemini": b"\n\n"}
    return own.get(client, b": keep-alive\n\n")


def passed(client: str, provider: str) -> bytes:
    """What a client sees of `FIRST`: a translation has no word for it."""
    return FIRST if client == provider else b""


@every_way
def test_a_silent_stream_gets_its_head_and_signs_of_life(client: str, provider: str) -> None:
    talk = begun(client, provider)
    assert talk.step.wake_at == pytest.approx(HEAD_AT + EVERY, abs=0.001)

    talk.tell(TimerFired(HEAD_AT + EVERY), TimerFired(HEAD_AT + 2 * EVERY))

    assert received(talk).status == 200
    assert delivered(talk) == passed(client, provider) + sign(client) * 2
    assert not talk.entries
    assert talk.step.wake_at == pytest.approx(HEAD_AT + 3 * EVERY, abs=0.001)


@every_way
def test_the_answer_behind_them_is_the_same(client: str, provider: str) -> None:
    body = good(provider, stream=True)
    usual = checked(begun(client, provider).tell(*chunks(body, range(40, len(body), 40))))

    late = checked(waited(client, provider, 2).tell(*chunks(body, range(40, len(body), 40))))

    assert understood(client, received(late), stream=True) == understood(client, received(usual), stream=True)
    before = passed(client, provider)
    assert delivered(late) == before + sign(client) * 2 + delivered(usual).removeprefix(before)
    assert late.entry.outcome is Outcome.OK
    assert late.entry.usage == usual.entry.usage
    assert late.entry.first_content_seconds == usual.entry.first_content_seconds


@every_way
@pytest.mark.parametrize("how", ["silent", "cut", "trailers", "told"])
def test_what_fails_then_is_the_formats_error_event(client: str, provider: str, how: str) -> None:
    told = client_side(provider).encode_stream_error(Fault(FaultKind.OVERLOADED, "words of the provider"))
    ends: dict[str, Event] = {
        "silent": TimerFired(BEGAN + 30),
        "cut": ResponseBody(b"", True, HEAD_AT + 3),
        "trailers": ResponseTrailers(HEAD_AT + 3),
        "told": ResponseBody(told, True, HEAD_AT + 3),
    }

    talk = waited(client, provider).tell(ends[how])

    got = received(talk)
    assert not got.retries
    assert got.body.startswith(passed(client, provider) + sign(client))
    assert isinstance(understood(client, got, stream=True)[-1], Failed)
    assert talk.entry.outcome is Outcome.BROKEN
    assert len(talk.hang_up().entries) == 1


@every_way
def test_what_fails_before_is_tried_elsewhere(client: str, provider: str) -> None:
    talk = begun(client, provider).tell(ResponseBody(b"", True, HEAD_AT + 1))

    assert received(talk).retries


@every_way
def test_before_the_providers_first_byte_the_head_is_all(client: str, provider: str) -> None:
    """Envoy takes no body of ours before: it breaks the stream off."""
    body = good(provider, stream=True)
    usual = checked(begun(client, provider, first=b"").tell(*chunks(body)))

    talk = waited(client, provider, 2, first=b"")

    assert received(talk).status == 200
    assert not delivered(talk)
    assert delivered(checked(talk.tell(*chunks(body)))) == delivered(usual)

    silent = waited(client, provider, 2, first=b"").tell(TimerFired(BEGAN + 30))
    assert silent.broken
    assert not delivered(silent)
    assert silent.entry.outcome is Outcome.BROKEN


@every_way
def test_an_answer_in_one_piece_waits_as_ever(client: str, provider: str) -> None:
    asked = opening(asking(client, stream=False), gateway(chain(provider, provider), **LIMITS))
    talk = attempt(*asked, answer_head(streamed=False))

    assert talk.step.wake_at is not None
    assert talk.step.wake_at > HEAD_AT + EVERY
    assert len(talk.answers) == 2, "those to the request"


@every_same
def test_no_sign_stands_within_an_event(client: str, provider: str) -> None:
    large = b'data: {"large": "' + b"x" * 70_000
    talk = begun(client, provider, first=large).tell(TimerFired(HEAD_AT + EVERY))
    before = delivered(talk)

    talk.tell(TimerFired(HEAD_AT + 2 * EVERY))

    if before == large:
        assert delivered(talk) == large
    else:  # only whole events go out, as each has its number: between them a sign may stand
        assert client == "openai_responses"
        assert b"large" not in delivered(talk)


@every_way
def test_without_the_key_nothing_goes_out_before_the_content(client: str, provider: str) -> None:
    asked = opening(asking(client, stream=True), gateway(chain(provider, provider)))
    talk = attempt(*asked, answer_head(streamed=True), TimerFired(HEAD_AT + EVERY))

    assert not any(isinstance(answer, Deliver) for answer in talk.answers) or received(talk).retries


@every_way
def test_the_providers_time_for_its_first_content_is_what_it_was(client: str, provider: str) -> None:
    """Envoy counts it no more once the client has a head."""
    talk = waited(client, provider, first_token_ms=2_900)

    assert talk.step.wake_at == pytest.approx(BEGAN + 1 + 2.9, abs=0.001)


def test_the_whole_call_keeps_its_limit() -> None:
    talk = waited("openai_chat", "anthropic_messages", total_ms=6_000)
    due = talk.step.wake_at
    assert due is not None
    talk.tell(TimerFired(BEGAN + 5.9))

    assert talk.broken
    assert b"time limit" in delivered(talk)


def test_signs_wait_for_nobody_who_hangs_up() -> None:
    talk = waited("anthropic_messages", "openai_chat")

    assert isinstance(talk.last, Deliver)
    assert isinstance(talk.last_head, Continue)
    assert talk.hang_up().entry.outcome is Outcome.GONE
