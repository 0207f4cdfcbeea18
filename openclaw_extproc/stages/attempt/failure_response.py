"""What Envoy and the caller are told when an attempt fails before any content has gone out."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypedDict

from openclaw_extproc import plan as plans
from openclaw_extproc.faults import Fault, FaultKind, kind_of_status
from openclaw_extproc.model.json import without_mark
from openclaw_extproc.stages.attempt import retries
from openclaw_extproc.stages.attempt.exchange import Exchange
from openclaw_extproc.stages.attempt.failure_table import Failure, Remedy
from openclaw_extproc.stages.attempt.history import (
    MAX_WORDS_CHARS,
    TOLD_BY_ENVOY,
    FailedAttempt,
    noted_ahead,
    noted_failure,
)
from openclaw_extproc.stages.attempt.upstream_request import HTTP_ERROR, BoundAttempt, exhausted_fault
from openclaw_extproc.stages.events import Answer, Continue, Deliver, Event, Reply, ResponseBody, ResponseTrailers, To
from openclaw_extproc.wire import client_side
from openclaw_extproc.wire.base import JSON

_JSON = {"content-type": JSON}


def failure_answers(call: Exchange, fault: Fault) -> tuple[Answer, ...]:
    """On to the next attempt, or the error that the client gets."""
    plan, attempt, failure = call.bound.plan, call.bound.attempt, call.judged(fault)
    again = call.onward(failure)
    is_exhausted = _is_exhausted(call.bound, failure)
    final = exhausted_fault(call.bound, fault) if is_exhausted else fault
    farewell = call.farewell() if is_exhausted or final.kind is FaultKind.RATE_LIMITED else {}
    body = call.bound.client.encode_error(final)
    if again is None and not call.held:
        # A reply of ours has to say itself what the router says of other answers.
        headers = {**call.told(), **farewell, "x-envoy-attempt-count": str(attempt)}
        return (reply(final, plan.client_format, headers),)
    head = Continue(
        To.RESPONSE_HEAD,
        {
            ":status": str(final.status),
            **_JSON,
            **call.told(),
            **(again.headers if again else farewell),
        },
        call.gone("content-length", "content-encoding"),
        groups=again.plan.groups if again and again.plan else (),
        **_noted(call.bound, failure, fault, again),
    )
    return (head,) if call.bodiless else (head, Deliver(body, end=True))


def refusal(call: Exchange) -> Fault:
    """What an answer with an error status says, as far as it is here. Notes how long it asks to wait."""
    status = int(call.head.get(":status", "0"))
    if status < HTTP_ERROR:
        return Fault(FaultKind.UPSTREAM_GARBLED, f"the provider answered {status}")
    body, provider = without_mark(b"".join(call.held)), call.bound.provider
    fault, wait = provider.decode_error(status, body), provider.retry_after(body)
    call.asked_wait = "" if wait is None else str(math.ceil(wait))
    if call.words_until is not None:  # its status says that others may help, and of whom it speaks
        fault = replace(fault, kind=kind_of_status(status))
        return replace(fault, code="") if call.judged(fault).remedy is Remedy.NOBODY else fault
    return without_quote(fault) if fault.kind is FaultKind.UNAUTHENTICATED and not call.bound.forwards else fault


def in_own_words(call: Exchange, fault: Fault) -> bool:
    """Whether this error, should it be the last, is told in the provider's own words to its own client."""
    foreign = call.bound.translates or call.bound.provider.foreign_errors or call.is_packed
    ours = fault.kind is FaultKind.UNAUTHENTICATED and not call.bound.forwards
    return not foreign and not ours and call.judged(fault).remedy is not Remedy.ANYBODY


def give_up_answers(call: Exchange, fault: Fault) -> tuple[Reply, ...]:
    """The error that the client gets of an attempt that Envoy waits for without an end (`Exchange.given_up_at`)."""
    bound = call.bound
    headers = {**call.told(), **call.farewell(), "x-envoy-attempt-count": str(bound.attempt)}
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


class _Noted(TypedDict):
    """Of a `Continue`."""

    metadata: Mapping[str, str]
    notes: Mapping[str, str]


def _noted(bound: BoundAttempt, failure: Failure, fault: Fault, again: retries.NextAttempt | None) -> _Noted:
    """What the next attempt has to know of this one, and what Envoy may have to say by itself."""
    told = FailedAttempt(bound.target, failure.reason, "" if failure.alerts else fault.public[:MAX_WORDS_CHARS])
    metadata: dict[str, str] = {}
    notes = noted_failure(bound.attempt, told)
    if again is not None:
        metadata[TOLD_BY_ENVOY] = f" (before: {bound.history.and_then(told).text})"
    if again is not None and again.plan is not None:
        metadata["plan"] = plans.write(again.plan)
        notes |= noted_ahead(bound.attempt, again.plan)
    return {"metadata": metadata, "notes": notes}


def reply(fault: Fault, client_format: str, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(fault.status, {**_JSON, **(headers or {})}, client_side(client_format).encode_error(fault))


def deliver(chunk: bytes, *, end: bool) -> tuple[Deliver, ...]:
    return (Deliver(chunk, end),) if chunk or end else ()


def rest(event: Event, *, passes: bool) -> tuple[Answer, ...]:
    """To what still comes behind the last word of an attempt."""
    match event:
        case ResponseBody(chunk, end):
            return deliver(chunk, end=end) if passes else ()
        case ResponseTrailers():
            return (Continue(To.RESPONSE_TRAILERS),)
        case _:
            return (Continue(To.RESPONSE_HEAD),)


def without_end(answers: Sequence[Answer]) -> list[Answer]:
    """The same, before trailers: they are the end."""
    found: list[Answer] = []
    for answer in answers:
        match answer:
            case Deliver(chunk):
                found += deliver(chunk, end=False)
            case _:
                found.append(answer)
    return found
