"""Promises about content that is kept back for a while, and about streams that fall silent."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.gateway import HOLD_ALL, ProviderTimeouts, Timeouts
from openclaw_extproc.model.facts import Failed
from openclaw_extproc.stages.attempt import retries, successful_response
from openclaw_extproc.stages.attempt.exchange import UNANSWERED_SECONDS
from openclaw_extproc.stages.entries import AttemptEntry, Outcome
from openclaw_extproc.stages.events import Deliver, Event, ResponseBody, TimerFired
from openclaw_extproc.wire import client_side
from openclaw_extproc.wire.streams import sse
from openclaw_extproc.wire.streams.chunks import MAX_WAITING_BYTES
from tests.stages.attempts import checked, every_same, every_way, good, last_words
from tests.stages.talking import (
    BEGAN,
    Received,
    Talk,
    answer_head,
    asking,
    attempt,
    chain,
    chunks,
    delivered,
    gateway,
    is_error_of,
    opening,
    received,
    understood,
)


def begin(client: str, provider: str, **limits: float) -> list[Event]:
    """A stream is asked for, and somebody else could be."""
    return opening(asking(client, stream=True), gateway(chain(provider, provider), **limits))


def pieces(body: bytes, n: int = 6) -> list[bytes]:
    size = -(-len(body) // n)
    return [body[at : at + size] for at in range(0, len(body), size)]


def late(body: bytes, seconds: float = 1.0, n: int = 6) -> Iterator[ResponseBody]:
    """A body in pieces, so far apart; the last one is marked."""
    parts = pieces(body, n)
    for at, part in enumerate(parts):
        yield ResponseBody(part, at == len(parts) - 1, BEGAN + 2 + at * seconds)


@every_way
def test_a_buffered_stream_goes_out_whole(client: str, provider: str) -> None:
    *firsts, last = late(good(provider, stream=True))
    talk = attempt(*begin(client, provider, hold_back_ms=HOLD_ALL), answer_head(streamed=True), *firsts)
    before = len(talk.answers)

    got = received(checked(talk.tell(last)))

    assert before == 2, "those to the request"
    assert understood(client, got, stream=True)
    assert talk.entry.outcome is Outcome.OK
    assert talk.entry.first_content_seconds is not None
    assert talk.entry.first_content_seconds < 7, "of the provider's content, not of ours"


@every_way
@pytest.mark.parametrize("how", ["cut", "garbled", "error"])
def test_whatever_breaks_in_a_buffered_stream_is_tried_elsewhere(client: str, provider: str, how: str) -> None:
    body = good(provider, stream=True)
    half = body[: body.rindex(b"\n\n", 0, 2 * len(body) // 3) + 2]
    fault = retries.STALLED_RESPONSE  # any fault will do
    ends = {"cut": b"", "garbled": b"data: {{{\n\n", "error": client_side(provider).encode_stream_error(fault)}

    talk = attempt(*begin(client, provider, hold_back_ms=HOLD_ALL), answer_head(streamed=True), *late(half + ends[how]))

    assert received(checked(talk)).retries
    assert talk.entry.outcome is Outcome.FAILED


@every_way
def test_content_is_held_for_its_time_and_no_longer(client: str, provider: str) -> None:
    talk = attempt(*begin(client, provider, hold_back_ms=1_500), answer_head(streamed=True))
    answered: list[tuple[float, int]] = []

    for event in late(good(provider, stream=True), n=8):
        talk.tell(event)
        answered.append((event.at, len(talk.answers)))

    first = next(at for at, n in answered if n > 2)
    content = BEGAN + 1 + (checked(talk).entry.first_content_seconds or 0)
    assert 1.5 <= first - content <= 2.5
    assert understood(client, received(talk), stream=True)


@every_same
def test_what_is_held_has_a_limit(client: str, provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(successful_response, "MAX_HELD_BYTES", len(good(provider, stream=True)) // 2)
    talk = attempt(*begin(client, provider, hold_back_ms=HOLD_ALL), answer_head(streamed=True))

    *firsts, last = late(good(provider, stream=True), n=10)
    talk.tell(*firsts)

    assert len(talk.answers) > 2
    assert received(checked(talk.tell(last))).body == good(provider, stream=True)


# -- silence --------------------------------------------------------------------------


def wakes_at(talk: Talk[AttemptEntry]) -> float | None:
    return talk.step.wake_at


def half_way(client: str, provider: str, **limits: float) -> Talk[AttemptEntry]:
    talk = attempt(*begin(client, provider, **limits), answer_head(streamed=True))
    *firsts, _ = late(good(provider, stream=True), n=3)
    return talk.tell(*firsts)


@every_way
def test_a_stream_that_falls_silent_ends_in_an_error_event_and_breaks(client: str, provider: str) -> None:
    talk = half_way(client, provider, idle_ms=700)
    said = len(talk.answers)

    due = wakes_at(talk)
    assert due == pytest.approx(BEGAN + 3.7, abs=0.001)
    assert talk.all_answered()
    talk.tell(TimerFired(due or 0.0))

    assert talk.broken
    (word,) = talk.answers[said:]
    assert isinstance(word, Deliver)
    assert not word.end
    facts = understood(client, Received(200, received(talk).headers, word.chunk), stream=True)
    assert isinstance(facts[-1], Failed)
    assert "fell silent" in facts[-1].fault.public
    assert talk.entry.outcome is Outcome.BROKEN
    assert talk.entry.fault
    assert talk.entry.fault.kind is FaultKind.UPSTREAM_SILENT
    assert wakes_at(talk) is None
    assert len(talk.hang_up().entries) == 1


ALIVE = [
    ("", b": keepalive\n\n"),
    ("", b"\n"),
    ("anthropic_messages", b'event: ping\ndata: {"type": "ping"}\n\n'),
    ("openai_responses", b'data: {"type":"keepalive"}\n\n'),
]


@every_way
@pytest.mark.parametrize(("of", "sign"), ALIVE)
def test_signs_of_life_are_silence(client: str, provider: str, of: str, sign: bytes) -> None:
    if of not in ("", provider):
        return  # to others it is an event that cannot be read
    begun = (*begin(client, provider, idle_ms=700), answer_head(streamed=True))
    talk = attempt(*begun, *chunks(up_to_an_event(provider), end=False))
    due = wakes_at(talk)

    talk.tell(*(ResponseBody(sign, False, BEGAN + 3 + n / 10) for n in range(1, 6)))

    assert wakes_at(talk) == due


@every_way
def test_a_translation_that_falls_silent_is_whole_up_to_its_error(client: str, provider: str) -> None:
    talk = half_way(client, provider, idle_ms=700).tell(TimerFired(BEGAN + 9))

    if client != provider:
        assert isinstance(understood(client, received(talk), stream=True)[-1], Failed)


def up_to_an_event(provider: str) -> bytes:
    body = good(provider, stream=True)
    return body[: body.rindex(b"\n\n", 0, 2 * len(body) // 3) + 2]


@every_same
@pytest.mark.parametrize("end", [TimerFired(BEGAN + 9), ResponseBody(b"", True, BEGAN + 9)], ids=["silent", "cut"])
def test_no_half_event_goes_out_before_an_error(client: str, provider: str, end: Event) -> None:
    whole = up_to_an_event(provider)
    talk = attempt(*begin(client, provider, idle_ms=700), answer_head(streamed=True), *chunks(whole, end=False))

    talk.tell(ResponseBody(b'data: {"half of', False, BEGAN + 4), end)

    got = delivered(talk)
    assert got.startswith(whole)
    assert b"half of" not in got
    assert len(sse.Reader().feed(got)) == len(sse.Reader().feed(whole)) + last_words(client)
    assert isinstance(understood(client, received(talk), stream=True)[-1], Failed)


def test_a_large_event_does_not_wait_for_its_end() -> None:
    whole, large = up_to_an_event("anthropic_messages"), b'data: {"large": "' + b"x" * MAX_WAITING_BYTES
    opening = begin("anthropic_messages", "anthropic_messages", idle_ms=700)

    talk = attempt(*opening, answer_head(streamed=True), *chunks(whole + large, (len(whole),), end=False))

    assert delivered(talk) == whole + large


@every_same
def test_what_had_said_that_it_failed_says_it_once(client: str, provider: str) -> None:
    talk = half_way(client, provider, idle_ms=700)
    failed = client_side(provider).encode_stream_error(Fault(FaultKind.OVERLOADED, "words of the provider"))
    told = delivered(talk.tell(ResponseBody(b"\n\n" + failed, False, BEGAN + 4)))

    talk.tell(TimerFired(BEGAN + 9))

    assert delivered(talk) == told
    assert talk.broken


@every_same
def test_what_had_said_all_gets_no_error_behind_it(client: str, provider: str) -> None:
    body = good(provider, stream=True)
    talk = attempt(*begin(client, provider, idle_ms=700), answer_head(streamed=True), *chunks(body, end=False))

    talk.tell(TimerFired(BEGAN + 9))

    # In Gemini's format only the end of the body says that it was all.
    assert delivered(talk).startswith(body) if provider == "gemini" else delivered(talk) == body


@every_way
def test_a_stream_that_falls_silent_while_it_is_held_is_tried_elsewhere(client: str, provider: str) -> None:
    talk = half_way(client, provider, idle_ms=700, hold_back_ms=HOLD_ALL)

    talk.tell(TimerFired(BEGAN + 3.7))

    assert not talk.broken
    assert received(talk).retries
    assert talk.all_answered()
    assert talk.entry.outcome is Outcome.FAILED


def test_a_provider_with_less_patience_of_its_own_is_given_up_sooner() -> None:
    hasty, usual = chain("openai_chat", "openai_chat")
    hasty = replace(hasty, provider=replace(hasty.provider, attempt_timeouts=ProviderTimeouts(first_token_ms=500)))
    talk = attempt(*opening(asking("openai_chat", stream=True), gateway((hasty, usual))), answer_head(streamed=True))

    assert wakes_at(talk) == pytest.approx(BEGAN + 1.5, abs=0.001)
    talk.tell(TimerFired(BEGAN + 1.5))

    assert received(talk).retries


def test_a_provider_with_less_patience_of_its_own_is_given_up_in_the_middle_of_a_whole_answer_too() -> None:
    hasty, usual = chain("openai_chat", "openai_chat")
    hasty = replace(hasty, provider=replace(hasty.provider, attempt_timeouts=ProviderTimeouts(answer_ms=500)))
    opened = opening(asking("openai_chat", stream=False), gateway((hasty, usual)))
    talk = attempt(*opened, answer_head(streamed=False), ResponseBody(b'{"half of', False, BEGAN + 1.2))

    assert wakes_at(talk) == pytest.approx(BEGAN + 1.5, abs=0.001)
    talk.tell(TimerFired(BEGAN + 1.5))

    assert received(talk).retries


# -- the whole call -------------------------------------------------------------------


@every_way
def test_a_stream_whose_call_has_no_time_left_ends_in_an_error_event_and_breaks(client: str, provider: str) -> None:
    talk = half_way(client, provider, idle_ms=60_000, total_ms=10_000)

    due = wakes_at(talk)
    assert due == pytest.approx(BEGAN + 9.8, abs=0.001), "the last word comes before Envoy's own end"
    talk.tell(TimerFired(due or 0.0))

    assert talk.broken
    facts = understood(client, received(talk), stream=True)
    assert isinstance(facts[-1], Failed)
    assert "time limit" in facts[-1].fault.public
    assert talk.entry.outcome is Outcome.GONE, "others may have taken its time"


def test_a_stream_that_falls_silent_before_its_call_is_over_has_failed() -> None:
    talk = half_way("gemini", "gemini", idle_ms=700, total_ms=10_000)

    due = wakes_at(talk)
    assert due == pytest.approx(BEGAN + 3.7, abs=0.001)
    talk.tell(TimerFired(due or 0.0))

    assert talk.entry.outcome is Outcome.BROKEN


def test_of_a_short_call_a_fifth_is_kept_for_its_last_word() -> None:
    assert wakes_at(half_way("gemini", "gemini", total_ms=4_000, idle_ms=60_000)) == pytest.approx(
        BEGAN + 3.8, abs=0.001
    )
    assert wakes_at(half_way("gemini", "gemini", total_ms=500, idle_ms=60_000)) == pytest.approx(BEGAN + 0.4, abs=0.001)


ENVOYS_MS = {"first_token_ms": 2_000, "connect_ms": 1_000}
BEHIND_ENVOY = BEGAN + 1 + (2_000 + 1_000) / 1000 + 1
"""The attempt began a second after the request; it may connect, be silent, and Envoy has a second to notice."""


def test_before_any_head_envoy_counts_and_is_given_time() -> None:
    assert wakes_at(attempt(*begin("openai_chat", "openai_chat", **ENVOYS_MS))) == pytest.approx(
        BEHIND_ENVOY, abs=0.001
    )


@every_way
def test_where_envoy_counts_no_more_the_client_has_its_error_in_time(client: str, provider: str) -> None:
    """Behind an interim answer, which no stage is shown."""
    talk = attempt(*begin(client, provider, **ENVOYS_MS))

    talk.tell(TimerFired(BEHIND_ENVOY))

    got = received(talk)
    assert "in time" in is_error_of(client, got)
    assert (got.status, got.headers["x-should-retry"], got.headers["retry-after"]) == (503, "true", "1")
    assert not got.retries, "Envoy asks nobody else then: the client's own retry does"
    assert talk.entry.retry_after == UNANSWERED_SECONDS
    assert talk.over
    assert talk.entry.outcome is Outcome.FAILED
    assert talk.entry.fault
    assert talk.entry.fault.kind is FaultKind.UPSTREAM_SILENT


@every_same
def test_where_nobody_stands_in_the_client_is_told_not_to_begin_again(client: str, provider: str) -> None:
    talk = attempt(*opening(asking(client, stream=True), gateway(chain(provider), **ENVOYS_MS)))

    talk.tell(TimerFired(BEHIND_ENVOY))

    assert received(talk).headers["x-should-retry"] == "false"
    assert talk.entry.retry_after is None


def test_who_may_take_longer_to_connect_is_given_more_time() -> None:
    (slow,) = chain("openai_chat")
    slow = replace(slow, provider=replace(slow.provider, attempt_timeouts=ProviderTimeouts(connect_ms=9_000)))

    talk = attempt(*opening(asking("openai_chat", stream=True), gateway((slow,), **ENVOYS_MS)))

    assert wakes_at(talk) == pytest.approx(BEHIND_ENVOY + 8, abs=0.001)


@every_way
def test_behind_a_head_too_there_is_an_end_to_waiting(client: str, provider: str) -> None:
    talk = attempt(*begin(client, provider, **ENVOYS_MS), answer_head(streamed=True))

    assert wakes_at(talk) == pytest.approx(BEHIND_ENVOY, abs=0.001)
    talk.tell(TimerFired(BEHIND_ENVOY))

    assert received(talk).status >= 500


def test_what_a_provider_says_of_itself_goes_before_what_all_have() -> None:
    provider = replace(chain("gemini")[0].provider, attempt_timeouts=ProviderTimeouts(idle_ms=5, hold_back_ms=7))

    limits = Timeouts(idle_ms=1, answer_ms=2).of(provider)

    assert (limits.idle_ms, limits.hold_back_ms, limits.answer_ms) == (5, 7, 2)
    assert limits.idle_seconds(reasons=True) == 3 * limits.idle_seconds(reasons=False)
