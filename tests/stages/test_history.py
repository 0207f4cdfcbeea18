"""Promises about what attempts note for those behind them, and what is told of all of them at the end."""

from dataclasses import replace

import pytest

from openclaw_extproc.faults import FaultKind
from openclaw_extproc.gateway import Emergency, Timeouts
from openclaw_extproc.plan import Plan
from openclaw_extproc.stages.attempt import retries
from openclaw_extproc.stages.attempt.history import (
    MAX_WORDS_CHARS,
    STALE,
    TOLD_BY_ENVOY,
    FailedAttempt,
    history,
    noted_ahead,
    noted_failure,
    noted_start,
)
from openclaw_extproc.stages.entries import AttemptEntry
from openclaw_extproc.stages.events import Continue, RequestHead, ResponseHead, TimerFired, To
from tests.samples import PROVIDERS
from tests.stages.attempts import begin, checked, error_body, error_head, every_way, last_or_not
from tests.stages.talking import (
    BEGAN,
    Talk,
    asking,
    attempt,
    chain,
    chunks,
    gateway,
    is_error_of,
    opening,
    received,
    routed,
)

A, B, C = chain(*(PROVIDERS * 3)[:3])


def plan(*groups: tuple[object, ...], first_token_ms: int = 60_000) -> Plan:
    limits = Timeouts(first_token_ms=first_token_ms)
    planned = tuple(tuple(one for one in (A, B, C) if one in group) for group in groups)
    return Plan("r", "openai_chat", "/p", "", "m", planned, BEGAN, first_token_ms, limits, Emergency())


THREE = plan((A,), (B,), (C,))


def test_what_attempts_note_is_what_the_next_one_reads() -> None:
    notes = {
        **noted_start(1, A.provider.cluster, BEGAN),
        **noted_failure(1, FailedAttempt(A, "overloaded", "too many")),
        **noted_start(2, B.provider.cluster, BEGAN + 1),
        **noted_failure(2, FailedAttempt(B, "rate_limited")),
    }

    told = history(THREE, 3, notes, BEGAN + 2)

    assert told.failed == (FailedAttempt(A, "overloaded", "too many"), FailedAttempt(B, "rate_limited"))
    assert told.fallbacks() == (f"{A.provider.name}:overloaded", f"{B.provider.name}:rate_limited")
    assert told.text == f"{A.provider.name}: overloaded: too many; {B.provider.name}: rate limited"


@pytest.mark.parametrize(("waited", "reason"), [(0.1, "connection"), (0.8, "connection"), (1.0, "timeout")])
def test_an_attempt_that_left_no_failure_was_never_answered(waited: float, reason: str) -> None:
    quick = plan((A,), (B,), first_token_ms=1_000)
    notes = noted_start(1, A.provider.cluster, BEGAN)

    assert history(quick, 2, notes, BEGAN + waited).failed == (FailedAttempt(A, reason),)


@pytest.mark.parametrize(("waited", "reason"), [(0.1, STALE), (1.5, "connection"), (60, "timeout")])
def test_a_kept_connection_that_ends_at_once_was_stale(waited: float, reason: str) -> None:
    notes = noted_start(1, A.provider.cluster, BEGAN, is_reused=True)

    assert history(THREE, 2, notes, BEGAN + waited).failed == (FailedAttempt(A, reason),)


def test_the_last_one_too_is_told_to_have_been_stale() -> None:
    target = chain("openai_chat")[0]
    talk = routed(asking("openai_chat", stream=False), gateway((target,), max_retries=0))
    notes = noted_start(1, target.provider.cluster, BEGAN + 3, is_reused=True)
    head = {":status": "503", "x-envoy-attempt-count": "1"}

    talk.tell(ResponseHead(head, BEGAN + 3.1, details="upstream_reset{connection_termination}", notes=notes))

    assert talk.entry.reasons == (f"p0-openai_chat:{STALE}",)


def test_an_attempt_notes_that_its_connection_was_kept() -> None:
    case = asking("openai_chat", stream=False)
    first, body = opening(case, gateway(chain("openai_chat")))
    assert isinstance(first, RequestHead)

    sent = attempt(replace(first, is_reused=True), body).last

    assert isinstance(sent, Continue)
    assert sent.notes["try-1"].endswith(" reused")


def test_the_wait_ends_where_the_next_attempt_begins() -> None:
    quick = plan((A,), (B,), (C,), first_token_ms=1_000)
    notes = noted_start(1, A.provider.cluster, BEGAN) | noted_start(2, B.provider.cluster, BEGAN + 0.2)

    assert history(quick, 3, notes, BEGAN + 5).failed == (FailedAttempt(A, "connection"), FailedAttempt(B, "timeout"))


def test_an_attempt_that_noted_nothing_is_still_counted() -> None:
    assert history(THREE, 2, {}, BEGAN).failed == (FailedAttempt(A, "connection"),)
    assert history(THREE, 1, {}, BEGAN).failed == ()


def test_a_chosen_target_of_a_group_is_told_by_its_cluster() -> None:
    both = plan((A, B), (C,))

    assert history(both, 2, noted_start(1, B.provider.cluster, BEGAN), BEGAN).failed[0].target == B


def test_who_comes_by_a_changed_plan_is_known_before_they_say_so() -> None:
    """The route stage has only the first plan, and who is refused a connection has no time to note anything."""
    left = replace(THREE, groups=((A,), (C,)))
    notes = noted_failure(1, FailedAttempt(A, "credential_refused")) | noted_ahead(1, left)

    assert history(THREE, 3, notes, BEGAN).failed[1] == FailedAttempt(C, "connection")


def test_words_that_are_noted_are_few_and_said_once() -> None:
    notes = noted_failure(1, FailedAttempt(A, "overloaded", "w" * 9_999)) | noted_failure(2, FailedAttempt(A, "x", "y"))
    same = plan((A,), (A,), (A,))
    notes |= noted_failure(2, FailedAttempt(A, "overloaded", "w" * 9_999))

    told = history(same, 3, notes, BEGAN)

    assert len(told.failed) == 2
    assert told.text == f"{A.provider.name}: overloaded: " + "w" * MAX_WORDS_CHARS


# -- what the caller is told -------------------------------------------------------


def failing(client: str, provider: str, status: int, kind: FaultKind) -> Talk[AttemptEntry]:
    talk = attempt(*begin(client, provider, stream=False, last=False), error_head(status))
    assert not talk.answers[2:], "its words are waited for"
    return checked(talk.tell(*chunks(error_body(provider, kind))))


@every_way
def test_when_all_fail_each_ones_words_are_told(client: str, provider: str) -> None:
    first = failing(client, provider, 429, FaultKind.RATE_LIMITED).last_head
    asked = asking(client, stream=False)
    behind = gateway(chain(provider, provider), max_retries=0)
    opened = opening(asked, behind, attempt=2, notes={**first.notes, **first.metadata})

    talk = checked(attempt(*opened, error_head(503), *chunks(error_body(provider, FaultKind.OVERLOADED))))

    message = is_error_of(client, received(talk))
    assert "2 attempts" in message
    assert message.count("words of the provider") == 2
    assert f"; before: p0-{provider}: rate limited: words of the provider" in message


@every_way
def test_envoy_has_the_words_for_the_message_that_it_writes_itself(client: str, provider: str) -> None:
    """The next one may give no answer at all."""
    head = failing(client, provider, 429, FaultKind.RATE_LIMITED).last_head

    assert head.metadata[TOLD_BY_ENVOY] == f" (before: p0-{provider}: rate limited: words of the provider)"


@every_way
def test_what_an_operator_has_to_mend_is_not_told_in_words(client: str, provider: str) -> None:
    head = failing(client, provider, 403, FaultKind.FORBIDDEN).last_head

    assert "words of the provider" not in repr((head.notes, head.metadata))
    assert "credential refused" in head.metadata[TOLD_BY_ENVOY]


@every_way
def test_words_that_do_not_come_are_not_waited_for(client: str, provider: str) -> None:
    talk = attempt(*begin(client, provider, stream=False, last=False), error_head(503))
    due = talk.step.wake_at
    assert due == pytest.approx(BEGAN + 2 + retries.WORDS_SECONDS, abs=0.001)

    talk.tell(TimerFired(due or 0.0))

    assert received(talk).retries
    assert talk.entry.fault
    assert talk.entry.fault.kind is FaultKind.OVERLOADED


@every_way
def test_words_without_an_end_are_cut(client: str, provider: str) -> None:
    opened = begin(client, provider, stream=False, last=False)

    talk = attempt(*opened, error_head(503), *chunks(b"x" * (retries.MAX_WORDS_BYTES + 1), end=False))

    assert received(talk).retries


def test_a_status_that_says_try_again_is_believed_before_words_that_blame_the_request() -> None:
    body = b'{"error": {"code": 500, "message": "no", "status": "INVALID_ARGUMENT"}}'

    talk = checked(attempt(*begin("gemini", "gemini", stream=False, last=False), error_head(500), *chunks(body)))

    assert received(talk).retries
    assert talk.entry.fault
    assert talk.entry.fault.kind is FaultKind.UPSTREAM_ERROR


@pytest.mark.parametrize(
    ("status", "kind"), [(503, FaultKind.OVERLOADED), (529, FaultKind.OVERLOADED), (500, FaultKind.UPSTREAM_ERROR)]
)
@every_way
def test_what_failed_is_told_by_the_status_as_before(client: str, provider: str, status: int, kind: FaultKind) -> None:
    """Of an overload the model is ill, of an internal error its provider."""
    talk = failing(client, provider, status, FaultKind.UPSTREAM_ERROR)

    assert talk.entry.fault
    assert talk.entry.fault.kind is kind
    assert talk.entry.fault.public == "words of the provider"


def test_an_empty_account_is_known_also_where_somebody_stands_in() -> None:
    """OpenAI says so with the status of a rate limit."""
    body = b'{"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}'

    talk = checked(
        attempt(*begin("openai_chat", "openai_chat", stream=False, last=False), error_head(429), *chunks(body))
    )

    assert received(talk).retries
    assert talk.entry.alert == "quota_exhausted"


@last_or_not
def test_the_route_stage_tells_all_who_failed(*, last: bool) -> None:
    """Also where Envoy answers, because the last one did not."""
    targets = chain("openai_chat", "gemini", "openai_chat")
    talk = routed(asking("openai_chat", stream=False), gateway(targets, max_retries=0))
    notes = noted_failure(1, FailedAttempt(targets[0], "rate_limited", "words"))
    head = {":status": "503", "x-envoy-attempt-count": "3" if last else "2"}

    talk.tell(ResponseHead(head, BEGAN + 3, details="upstream_reset{remote_connection_failure}", notes=notes))

    between = ("p1-gemini:connection",) if last else ()
    names = ("p0-openai_chat:rate_limited", *between, "p2-openai_chat:connection" if last else "p1-gemini:connection")
    assert talk.entry.reasons == names
    assert isinstance(talk.last, Continue)
    assert talk.last.to is To.RESPONSE_HEAD
    assert talk.last.set_headers["x-openclaw-fallbacks"] == ",".join(names)
