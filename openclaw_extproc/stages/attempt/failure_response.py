"""A response that failed before any content has gone out: what Envoy and the caller are told, and what comes next."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypedDict

from openclaw_extproc import plan as plans
from openclaw_extproc.faults import Fault, FaultKind, kind_of_status
from openclaw_extproc.model.json import without_mark
from openclaw_extproc.stages.attempt import retries
from openclaw_extproc.stages.attempt.exchange import FailedResponse, SentRequest, UpstreamResponse
from openclaw_extproc.stages.attempt.history import (
    MAX_WORDS_CHARS,
    TOLD_BY_ENVOY,
    FailedAttempt,
    noted_ahead,
    noted_failure,
)
from openclaw_extproc.stages.attempt.retries import (
    MAX_ERROR_BYTES,
    MAX_WORDS_BYTES,
    WORDS_SECONDS,
    Failure,
    Remedy,
    classify_failure,
)
from openclaw_extproc.stages.attempt.states import Done, PassingError, ReadingError, Transition
from openclaw_extproc.stages.attempt.upstream_request import HTTP_ERROR, BoundAttempt, exhausted_fault
from openclaw_extproc.stages.events import Answer, Continue, Deliver, Reply, ResponseBody, To
from openclaw_extproc.stages.headers import RETRY_SOON
from openclaw_extproc.wire import client_side
from openclaw_extproc.wire.base import JSON

_JSON = {"content-type": JSON}


def fail(failed: FailedResponse, at: float) -> Transition:
    """Ends an attempt that has sent no content: with the next attempt, or with an error to the client. `at`: seconds
    since the epoch."""
    return Done(), failure_answers(failed), failed.entry(at)


def on_error_head(response: UpstreamResponse, at: float) -> Transition:
    """The head of a response with any status but one of success is here."""
    status, bound = response.status, response.request.bound
    fault = Fault(kind_of_status(status), f"the provider answered {status}", status)
    if status < 400:
        fault = Fault(FaultKind.UPSTREAM_GARBLED, f"the provider answered {status}")
    is_refused = bound.refuses_ours(status)
    failed = FailedResponse(response, without_quote(fault) if is_refused else fault, response.request.losses)
    if is_refused or response.is_bodiless:
        return fail(failed, at)
    if failed.failure.remedy is Remedy.ANYBODY and failed.may_retry_now:
        return ReadingError(response, at + WORDS_SECONDS), (), None
    if failed.is_told_in_own_words and retries.is_alone(bound.plan, bound.attempt, bound.target):
        return _pass_error(failed, b"", at, end=False)
    return ReadingError(response, None), (), None


def on_error_body(state: ReadingError, event: ResponseBody) -> Transition:
    state.hold(event.chunk)
    if event.end or state.held_bytes > (MAX_ERROR_BYTES if state.wake_at is None else MAX_WORDS_BYTES):
        return end_of_error(state, event.at, end=event.end)
    return state, (), None


def end_of_error(state: ReadingError, at: float, *, end: bool) -> Transition:
    """Acts on an error response whose body has arrived as far as it is waited for. `end`: the body is complete."""
    failed = read_error(state.response, state.held, is_retried=state.wake_at is not None)
    if failed.is_told_in_own_words and failed.next_attempt is None:
        return _pass_error(failed, b"".join(state.held), at, end=end)
    return fail(failed, at)


def _pass_error(failed: FailedResponse, body: bytes, at: float, *, end: bool) -> Transition:
    """Passes an error body on unchanged, with the chunks that are still to come."""
    return PassingError(), own_words_answers(failed, body, end=end), failed.entry(at)


# -- what is told ----------------------------------------------------------------------------


def failure_answers(failed: FailedResponse) -> tuple[Answer, ...]:
    """Returns what Envoy is told after a failure: the retry, or the error that the client gets."""
    bound, fault, failure, request = failed.bound, failed.fault, failed.failure, failed.response.request
    following = failed.next_attempt
    is_exhausted = _is_exhausted(bound, failure)
    final = exhausted_fault(bound, fault) if is_exhausted else fault
    gives_up = is_exhausted or final.kind is FaultKind.RATE_LIMITED
    last_word = request.give_up_headers(failed.retry_after) if gives_up else {}
    body = bound.client.encode_error(final)
    answered = request.answered_headers(failed.losses)
    if following is None and not failed.has_body:
        # A reply of ours has to say itself what the router says of other answers.
        headers = {**answered, **last_word, "x-envoy-attempt-count": str(bound.attempt)}
        return (reply(final, bound.plan.client_format, headers),)
    head = Continue(
        To.RESPONSE_HEAD,
        {
            ":status": str(final.status),
            **_JSON,
            **answered,
            **(following.headers if following else last_word),
        },
        failed.response.removed_headers("content-length", "content-encoding"),
        groups=following.plan.groups if following and following.plan else (),
        **_note_fields(bound, failure, fault, following),
    )
    return (head,) if failed.response.is_bodiless else (head, Deliver(body, end=True))


def own_words_answers(failed: FailedResponse, body: bytes, *, end: bool) -> tuple[Answer, ...]:
    """The provider's own error, as far as it is here."""
    response = failed.response
    told = response.request.answered_headers(failed.losses)
    return (Continue(To.RESPONSE_HEAD, told, response.removed_headers()), *deliver(body, end=end))


def read_error(response: UpstreamResponse, held: Sequence[bytes], *, is_retried: bool) -> FailedResponse:
    """What a response with an error status says, as far as its body is here.

    `is_retried`: its status says that others may help, and of whom it speaks; the body is read for its words alone.
    """
    losses, has_body = response.request.losses, bool(held)
    if response.status < HTTP_ERROR:
        fault = Fault(FaultKind.UPSTREAM_GARBLED, f"the provider answered {response.status}")
        return FailedResponse(response, fault, losses, has_body)
    bound, body = response.request.bound, without_mark(b"".join(held))
    fault, wait = bound.provider.decode_error(response.status, body), bound.provider.retry_after(body)
    asked = "" if wait is None else str(math.ceil(wait))
    if is_retried:
        fault = replace(fault, kind=kind_of_status(response.status))
        if classify_failure(fault, forwards=bound.forwards).remedy is Remedy.NOBODY:
            fault = replace(fault, code="")
    elif fault.kind is FaultKind.UNAUTHENTICATED and not bound.forwards:
        fault = without_quote(fault)
    return FailedResponse(response, fault, losses, has_body, asked)


def give_up_answers(request: SentRequest, fault: Fault) -> tuple[Reply, ...]:
    """The error that the client gets of an attempt that Envoy waits for without an end (`SentRequest.give_up_at`).

    Envoy asks nobody else then; where somebody stands in, the client's own retry finds them (`UNANSWERED_SECONDS`).
    """
    bound = request.bound
    headers = {
        **request.answered_headers(request.losses),
        **(RETRY_SOON if request.has_stand_in else request.give_up_headers()),
        "x-envoy-attempt-count": str(bound.attempt),
    }
    return (reply(exhausted_fault(bound, fault), bound.plan.client_format, headers),)


def without_quote(fault: Fault) -> Fault:
    """The key is ours, so the caller can do nothing about it; and the provider's words may quote the key."""
    return replace(fault, public="the provider refuses the gateway's credential")


def _is_exhausted(bound: BoundAttempt, failure: Failure) -> bool:
    """Whether the caller is told that nobody could answer, and not what the last one said.

    What an operator has to mend is the caller's news only where nobody else was asked: behind others that failed it
    would be taken for the caller's own mistake.
    """
    return failure.remedy is Remedy.ANYBODY or (failure.alerts and bool(bound.history.failed))


class _NoteFields(TypedDict):
    """The fields of a `Continue` that carry notes."""

    metadata: Mapping[str, str]
    notes: Mapping[str, str]


def _note_fields(
    bound: BoundAttempt, failure: Failure, fault: Fault, following: retries.NextAttempt | None
) -> _NoteFields:
    """What the next attempt has to know of this one, and what Envoy may have to say by itself."""
    told = FailedAttempt(bound.target, failure.reason, "" if failure.alerts else fault.public[:MAX_WORDS_CHARS])
    metadata: dict[str, str] = {}
    notes = noted_failure(bound.attempt, told)
    if following is not None:
        metadata[TOLD_BY_ENVOY] = f" (before: {bound.history.and_then(told).text})"
    if following is not None and following.plan is not None:
        metadata["plan"] = plans.write(following.plan)
        notes |= noted_ahead(bound.attempt, following.plan)
    return {"metadata": metadata, "notes": notes}


def reply(fault: Fault, client_format: str, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(fault.status, {**_JSON, **(headers or {})}, client_side(client_format).encode_error(fault))


def deliver(chunk: bytes, *, end: bool) -> tuple[Deliver, ...]:
    return (Deliver(chunk, end),) if chunk or end else ()


def without_end(answers: Sequence[Answer]) -> list[Answer]:
    """Returns the same answers without the end of the body, because trailers follow and end it."""
    found: list[Answer] = []
    for answer in answers:
        match answer:
            case Deliver(chunk):
                found += deliver(chunk, end=False)
            case _:
                found.append(answer)
    return found
