"""A successful response: held back until its first content, then on its way to the client, and its end."""

from collections.abc import Sequence

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.model.facts import CONTENT, Failed
from openclaw_extproc.stages.attempt.answer_reader import answer_reader
from openclaw_extproc.stages.attempt.exchange import FailedResponse, UpstreamResponse
from openclaw_extproc.stages.attempt.failure_response import deliver, fail
from openclaw_extproc.stages.attempt.retries import (
    MAX_ANSWER_BYTES,
    MAX_HELD_BYTES,
    OUT_OF_TIME,
    RESPONSE_TOO_LARGE,
    SILENT,
    STALLED_RESPONSE,
)
from openclaw_extproc.stages.attempt.states import (
    Answering,
    BrokenOff,
    Done,
    HoldingBack,
    HoldingContent,
    KeepingAlive,
    Transition,
)
from openclaw_extproc.stages.decision_output import cost_headers
from openclaw_extproc.stages.entries import Outcome
from openclaw_extproc.stages.events import Answer, Continue, Deliver, ResponseBody, To
from openclaw_extproc.wire.streams.chunks import EVENT_ENDS

_NOTHING = Fault(FaultKind.UPSTREAM_GARBLED, "the provider answered nothing")
_TOO_LONG_TO_TRANSLATE = Fault(FaultKind.UPSTREAM_GARBLED, "the provider's answer is too long to be translated")


def on_success_head(response: UpstreamResponse, at: float) -> Transition:
    """The head of a response with a status of success is here: seconds since the epoch."""
    request = response.request
    reader = _NOTHING if response.is_bodiless else answer_reader(response, at)
    if isinstance(reader, Fault):
        return fail(FailedResponse(response, reader, request.losses), at)
    return HoldingBack(response, reader, request.response_timeout_at, request.keepalive_at(at)), (), None


def on_held_body(held: HoldingBack, event: ResponseBody) -> Transition:
    """Hold on, let go, or fail: by the first fact that a client would notice."""
    answer, at, end = held.answer, event.at, event.end
    wants_stream = held.response.request.ask.stream
    facts, written = answer.feed(event, held.hold(event))
    held.written.append(written)
    if answer.fault is not None and not (answer.streamed and wants_stream):
        # Of a whole answer nothing has gone out, however much of it could be read.
        return fail(held.to_failed(answer.fault), at)
    decisive = next((fact for fact in facts if isinstance(fact, (*CONTENT, Failed))), None)
    held.has_content = held.has_content or isinstance(decisive, CONTENT)
    if not end and not wants_stream:
        decisive = None  # an answer in one piece goes out in one piece
    match decisive:
        case Failed(fault):
            return fail(held.to_failed(fault), at)
        case None if not end and held.held_bytes <= MAX_HELD_BYTES:
            return held, (), None
        case None if end and not held.has_content:
            return fail(held.to_failed(_NOTHING), at)
        case None if not end and answer.rewrites:
            return fail(held.to_failed(_TOO_LONG_TO_TRANSLATE), at)
        case None:
            return _let_go(held, at, at, end=end)
        case _ if answer.streamed and held.response.request.timeouts.hold_back_ms > 0:
            return _hold_on(HoldingContent(held, at), at, end=end)
        case _:
            return _let_go(held, at, at, end=end)


def on_held_content(held: HoldingContent, event: ResponseBody) -> Transition:
    """Takes more of a stream whose first content is held back."""
    holding = held.holding
    _, written = holding.answer.feed(event, holding.hold(event))
    holding.written.append(written)
    return _hold_on(held, event.at, end=event.end)


def _hold_on(held: HoldingContent, at: float, *, end: bool) -> Transition:
    """Content is here and stays here for a while: what fails meanwhile can still be tried elsewhere."""
    holding = held.holding
    if holding.answer.fault is not None:
        return fail(holding.to_failed(holding.answer.fault), at)
    is_early = (at - held.content_at) * 1000 < holding.response.request.timeouts.hold_back_ms
    if not end and is_early and holding.held_bytes <= MAX_HELD_BYTES:
        return held, (), None
    return _let_go(holding, held.content_at, at, end=end)


def _let_go(held: HoldingBack, content_at: float | None, at: float, *, end: bool) -> Transition:
    """Sends what was held back: from now on this attempt is the response. `content_at`: when its first content arrived;
    `None`: it has none yet."""
    response, answer, request = held.response, held.answer, held.response.request
    reshapes = answer.reshapes
    *earlier, last = (held.written if reshapes else held.held) or (b"",)
    body = answer.whole_events(b"".join(earlier), end=False) + answer.for_client(last, end=end)
    if len(body) > MAX_ANSWER_BYTES:
        return fail(held.to_failed(RESPONSE_TOO_LARGE), at)
    length = str(len(body)) if end and reshapes else ""
    # A stream may grow by the word that it broke off; a translated body has another length, told when it is known.
    regrown = answer.streamed or reshapes or held.beginning.had_mark
    removed = response.removed_headers(*(("content-length",) if regrown and not length else ()))
    answer.last_at = at
    answer.lighten()
    answering = Answering(
        response,
        answer,
        first_content_seconds=None if content_at is None else content_at - request.bound.began,
        idle_seconds=request.timeouts.idle_seconds(reasons=request.ask.reasons),
        call_timeout_at=request.call_timeout_at if answer.streamed else None,
        delivered_bytes=len(body),
    )
    ended = answering.end_entry(at) if end else None
    cost = {} if ended is None or ended.charge is None else cost_headers(ended.charge)
    told = request.answered_headers(answer.losses) | answer.body_headers(length) | cost
    answers: tuple[Answer, ...] = (Continue(To.RESPONSE_HEAD, told, removed), *deliver(body, end=end))
    return (answering if ended is None else Done()), answers, ended


# -- without content, and kept alive ---------------------------------------------------------------


def keep_alive(held: HoldingBack, at: float) -> Transition:
    """Let the head go, and what there is, before any content: from now on nobody else can answer."""
    held.keepalive_at = held.response.request.keepalive_at(at)
    if not held.answer.keepalive() or held.keepalive_at is None or held.has_content:
        return held, (), None
    after, answers, left = _let_go(held, None, at, end=False)
    if not isinstance(after, Answering):
        return after, answers, left
    between = _is_between_events(answers, before=True)
    give_up_at = min(held.give_up_at, held.response.request.silence_ends_at)
    waiting = KeepingAlive(after, give_up_at, held.keepalive_at, between, has_body=bool(held.held))
    return waiting, (*answers, *_sign(waiting)), None


def on_awaited_body(state: KeepingAlive, event: ResponseBody) -> Transition:
    """Takes more of a stream that has had no content. With its first content it becomes an ordinary stream."""
    answering = state.answering
    state.has_body = True
    facts, written = answering.answer.feed(event, event.chunk)
    if any(isinstance(fact, CONTENT) for fact in facts):
        answering.first_content_seconds = event.at - answering.response.request.bound.began
        return _pass_on(answering, event, written)
    after, answers, left = _pass_on(answering, event, written)
    if after is not answering:
        return after, answers, left
    state.between_events = _is_between_events(answers, before=state.between_events)
    return state, answers, left


def on_awaited_timer(state: KeepingAlive, at: float) -> Transition:
    """The next sign of life, or the end of all patience."""
    answering = state.answering
    if answering.call_timeout_at is not None and at >= answering.call_timeout_at:
        after, answers, left = break_off(answering, at, OUT_OF_TIME)
        return after, answers if state.has_body else (), left
    if at >= state.give_up_at and not state.has_body:
        return BrokenOff(), (), answering.entry(at, Outcome.BROKEN, SILENT)
    if at >= state.give_up_at:
        return break_off(answering, at, STALLED_RESPONSE)
    if at < state.keepalive_at:
        return state, (), None
    state.keepalive_at = answering.response.request.keepalive_at(at) or state.give_up_at
    return state, _sign(state), None


def _sign(state: KeepingAlive) -> tuple[Deliver, ...]:
    may_be_sent = state.between_events and state.has_body
    return deliver(state.answering.answer.keepalive(), end=False) if may_be_sent else ()


def _is_between_events(answers: Sequence[Answer], *, before: bool) -> bool:
    """Whether the client has whole events alone after these answers."""
    sent = b"".join(answer.chunk for answer in answers if isinstance(answer, Deliver))
    return sent.endswith(EVENT_ENDS) if sent else before


# -- on its way ----------------------------------------------------------------------------------


def on_answer_body(state: Answering, event: ResponseBody) -> Transition:
    answer, chunk = state.answer, event.chunk
    _, written = answer.feed(event, chunk)
    return _pass_on(state, event, written)


def _pass_on(state: Answering, event: ResponseBody, written: bytes) -> Transition:
    answer = state.answer
    body = answer.for_client(written if answer.reshapes else event.chunk, end=event.end)
    delivered = state.delivered_bytes + len(body)
    if delivered > MAX_ANSWER_BYTES:
        return break_off(state, event.at, RESPONSE_TOO_LARGE)
    state.delivered_bytes = delivered
    return (
        (Done(), deliver(body, end=True), state.end_entry(event.at))
        if event.end
        else (state, deliver(body, end=False), None)
    )


def on_silence(state: Answering, at: float) -> Transition:
    """Ends a stream that has been silent for too long, or whose call has to be over."""
    is_over = state.call_timeout_at is not None and at >= state.call_timeout_at
    return break_off(state, at, OUT_OF_TIME if is_over else STALLED_RESPONSE)


def break_off(state: Answering, at: float, why: Fault) -> Transition:
    """Ends a response in the middle: with an error event of the client's format, then a broken connection."""
    fault = state.answer.fault or why
    # Whose time is up because others took it has not failed, nor who says more than we pass on.
    outcome = Outcome.GONE if fault in (OUT_OF_TIME, RESPONSE_TOO_LARGE) else Outcome.BROKEN
    return BrokenOff(), deliver(state.answer.break_off(why), end=False), state.entry(at, outcome, fault)
