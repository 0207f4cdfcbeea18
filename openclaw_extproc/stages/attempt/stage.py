"""The attempt stage: once per attempt, inside the cluster Envoy chose.

    New --RequestHead--> Reading --RequestBody--> Sent --200--> HoldingBack --first content--> Answering --end--> Done
     |                                            |  |               |   (or, after `keepalive_ms`, KeepingAlive first)
     +--RequestHead of a decoded request----------+  +---not 2xx-----+--> ReadingError --end of its body--> Done

The answer's head is held back until the first content (of a whole answer: until its end), so that whatever goes wrong
before can still become an attempt somewhere else: the head then goes out with an error status and `RETRY`, and Envoy's
router tries the next group. Envoy may refuse to (its retry budget), so what follows such a head is always a proper
error in the client's format.

All transitions stand in `_transition`. What they do to a response is in `successful_response` and `failure_response`.
"""

from openclaw_extproc.faults import Fault, FaultError
from openclaw_extproc.model.requests import Ask
from openclaw_extproc.snapshots import Snapshots
from openclaw_extproc.stages.attempt.exchange import SentRequest, UpstreamResponse, entry
from openclaw_extproc.stages.attempt.failure_response import (
    deliver,
    end_of_error,
    fail,
    give_up_answers,
    on_error_body,
    on_error_head,
    reply,
    without_end,
)
from openclaw_extproc.stages.attempt.retries import MAX_ANSWER_BYTES, RESPONSE_TOO_LARGE, SILENT, STALLED_RESPONSE
from openclaw_extproc.stages.attempt.states import (
    Answering,
    BrokenOff,
    Done,
    HoldingBack,
    HoldingContent,
    KeepingAlive,
    New,
    PassingError,
    PassThrough,
    Reading,
    ReadingError,
    Sent,
    State,
    Transition,
    WithBody,
    ends,
)
from openclaw_extproc.stages.attempt.successful_response import (
    break_off,
    keep_alive,
    on_answer_body,
    on_awaited_body,
    on_awaited_timer,
    on_held_body,
    on_held_content,
    on_silence,
    on_success_head,
)
from openclaw_extproc.stages.attempt.upstream_request import (
    NO_PLAN,
    UNCONFIRMED_PLAN,
    BoundAttempt,
    UpstreamRequest,
    bind,
    prepare_parsed_request,
    prepare_upstream_request,
    upstream_request_step,
)
from openclaw_extproc.stages.decoded_requests import DecodedRequest, DecodedRequests
from openclaw_extproc.stages.entries import AttemptEntry, Outcome
from openclaw_extproc.stages.events import (
    Answer,
    Close,
    Closed,
    Continue,
    Deliver,
    Event,
    Overrun,
    Placement,
    Reply,
    RequestBody,
    RequestHead,
    ResponseBody,
    ResponseHead,
    ResponseTrailers,
    Step,
    TimerFired,
    To,
)
from openclaw_extproc.stages.headers import RETRY_SOON
from openclaw_extproc.stages.route import passthrough
from openclaw_extproc.wire import USUAL
from openclaw_extproc.wire.base import ClientRequest


class AttemptStage:
    def __init__(self, snapshots: Snapshots, decoded: DecodedRequests | None = None) -> None:
        """
        Args:
            snapshots: Say what the providers are that a plan names.
            decoded: The requests that were decoded in this process.
        """
        self._snapshots = snapshots
        self._decoded = DecodedRequests() if decoded is None else decoded
        self._state: State = New()
        self._received = 0
        """Bytes of the response's body."""

    def send(self, bound: BoundAttempt, body: RequestBody, asked: ClientRequest, ask: Ask) -> Step[AttemptEntry]:
        """Begin with an attempt that is bound already, and with its request, which was decoded before."""
        state, answers, left = _on_parsed(bound, asked, ask, body.at, To.REQUEST_BODY)
        self._state = state
        close = _close(state, answers, body)
        return Step(answers, left, None, state.wake_at, close, placed=Placement(bound.plan, (bound.target,)))

    def receive(self, event: Event) -> Step[AttemptEntry]:
        """Take Envoy's next message.

        Raises:
            AssertionError: the message cannot come now. The edge settles that as a bug.
        """
        if isinstance(event, ResponseBody):
            self._received += len(event.chunk)
        state, answers, left = self._transition(self._state, event)
        self._state = state
        close = _close(state, answers, event)
        match state:
            case Reading(bound):
                return Step(answers, left, close=close, placed=Placement(bound.plan, (bound.target,)))
            case Sent(request) if isinstance(event, RequestHead):
                placed = Placement(request.bound.plan, (request.bound.target,))
                return Step(answers, left, None, state.wake_at, close, placed)
            case Done(warning) if warning and isinstance(event, RequestHead):
                return Step(answers, left, close=close, warning=warning)
            case _:
                return Step(answers, left, None, state.wake_at, close)

    def _transition(self, state: State, event: Event) -> Transition:  # noqa: C901  # the one table of all transitions
        match state, event:
            case Answering(), ResponseBody():
                is_too_large = self._received > MAX_ANSWER_BYTES  # of a client that does not read, Envoy would keep all
                return break_off(state, event.at, RESPONSE_TOO_LARGE) if is_too_large else on_answer_body(state, event)
            case New(), RequestHead():
                return self._on_head(event)
            case Reading(bound), RequestBody(body, at):
                return _on_body(bound, body, at)
            case Sent(request), ResponseHead(headers, at, end):
                response = UpstreamResponse(request, headers, end)
                is_success = 200 <= response.status < 300
                return on_success_head(response, at) if is_success else on_error_head(response, at)
            case HoldingBack(), ResponseBody():
                return on_held_body(state, event)
            case HoldingContent(), ResponseBody():
                return on_held_content(state, event)
            case KeepingAlive(), ResponseBody():
                return on_awaited_body(state, event)
            case ReadingError(), ResponseBody():
                return on_error_body(state, event)
            case _, ResponseTrailers(at) if isinstance(state, WithBody):
                return _on_trailers(state, at)
            case PassingError(), ResponseBody(chunk, end):
                is_too_large = self._received > MAX_ANSWER_BYTES
                return (BrokenOff(), (), None) if is_too_large else (state, deliver(chunk, end=end), None)
            case ((Done() | BrokenOff()), ResponseBody()):
                return state, (), None
            case ((PassingError() | Done() | BrokenOff()), ResponseHead()):
                return state, (Continue(To.RESPONSE_HEAD),), None
            case ((PassingError() | Done() | BrokenOff()), ResponseTrailers()):
                return state, (Continue(To.RESPONSE_TRAILERS),), None
            case _, TimerFired(at):
                return _on_timer(state, at)
            case _, Overrun(at):
                return _on_overrun(state, at)
            case _, Closed(at, fault):
                return _on_closed(state, at, fault)
            case _:
                raise AssertionError(f"{type(event).__name__} while {type(state).__name__}")

    def _on_head(self, head: RequestHead) -> Transition:
        bound = bind(head, self._snapshots, self._decoded)
        if isinstance(bound, Fault):
            return _turn_away(bound)
        if bound.plan.passes:
            return PassThrough(), (passthrough.request(bound, head),), None
        if head.end:
            return _turn_away(NO_PLAN)
        if (known := bound.decoded) is not None:
            return _on_known_request(bound, known, head.at)
        return Reading(bound), (Continue(To.REQUEST_HEAD),), None


def _turn_away(fault: Fault) -> Transition:
    """Answers a request that belongs to no known call with a fault, and records no entry."""
    is_unconfirmed = fault is UNCONFIRMED_PLAN
    state = Done("it names what is not configured" if is_unconfirmed else "")
    return state, (reply(fault, USUAL, RETRY_SOON if is_unconfirmed else None),), None


def _on_known_request(bound: BoundAttempt, known: DecodedRequest, at: float) -> Transition:
    """The body has been decoded in this process, so the head is answered with the whole request."""
    return _on_parsed(bound, known.body, known.ask, at, To.REQUEST_HEAD)


def _on_parsed(bound: BoundAttempt, asked: ClientRequest, ask: Ask, at: float, to: To) -> Transition:
    try:
        prepared = prepare_parsed_request(bound, asked, ask)
    except FaultError as error:
        return _refuse(bound, error, at)
    return _send(bound, prepared, asked.raw, to)


def _on_body(bound: BoundAttempt, body: bytes, at: float) -> Transition:
    try:
        prepared = prepare_upstream_request(bound, body)
    except FaultError as error:
        return _refuse(bound, error, at)
    return _send(bound, prepared, body, To.REQUEST_BODY)


def _refuse(bound: BoundAttempt, error: FaultError, at: float) -> Transition:
    answer = reply(error.fault, bound.plan.client_format)
    return Done(), (answer,), entry(bound, at, Outcome.FAILED, error.fault)


def _send(bound: BoundAttempt, prepared: UpstreamRequest, body: bytes, to: To) -> Transition:
    request = SentRequest(bound, prepared.ask_without_words, prepared.encoded.losses)
    return Sent(request), (upstream_request_step(bound, prepared, body, to),), None


def _on_trailers(state: WithBody, at: float) -> Transition:
    """The body's end, when trailers follow it: the last chunk did not say that it was."""
    last = ResponseBody(b"", True, at)
    match state:
        case HoldingBack():
            after, answers, left = on_held_body(state, last)
        case HoldingContent():
            after, answers, left = on_held_content(state, last)
        case KeepingAlive():
            after, answers, left = on_awaited_body(state, last)
        case Answering():
            after, answers, left = on_answer_body(state, last)
        case ReadingError():
            after, answers, left = end_of_error(state, at, end=True)
    if answers and isinstance(answers[-1], Reply):
        return after, answers, left  # Envoy asks no more
    return after, (*without_end(answers), Continue(To.RESPONSE_TRAILERS)), left


def _on_timer(state: State, at: float) -> Transition:
    match state:
        case Sent(request):
            return Done(), give_up_answers(request, SILENT), request.given_up_entry(at, SILENT)
        case HoldingBack() if state.keepalive_at is not None and at < state.give_up_at:
            return keep_alive(state, at)
        case (HoldingBack() as held) | HoldingContent(held):
            return fail(held.to_failed(STALLED_RESPONSE), at)
        case KeepingAlive():
            return on_awaited_timer(state, at)
        case ReadingError():
            return end_of_error(state, at, end=False)
        case Answering():
            return on_silence(state, at)
        case New() | Reading() | PassThrough() | PassingError() | Done() | BrokenOff():
            return state, (), None


def _on_overrun(state: State, at: float) -> Transition:
    match state:
        case (HoldingBack() as held) | HoldingContent(held):
            return fail(held.to_failed(RESPONSE_TOO_LARGE), at)
        case (Answering() as answering) | KeepingAlive(answering):
            return break_off(answering, at, RESPONSE_TOO_LARGE)
        case PassingError():
            return BrokenOff(), (), None
        case New() | Reading() | PassThrough() | Sent() | ReadingError() | Done() | BrokenOff():
            return state, (), None


def _on_closed(state: State, at: float, fault: Fault | None) -> Transition:
    match state:
        case Reading(bound):
            return Done(), (), entry(bound, at, Outcome.NO_ANSWER, fault)
        case Sent(request):
            return Done(), (), request.entry(at, Outcome.NO_ANSWER, fault)
        case (HoldingBack() as held) | HoldingContent(held):
            return Done(), (), held.entry(at, Outcome.NO_ANSWER, fault)
        case ReadingError(response):
            return Done(), (), response.entry(at, Outcome.NO_ANSWER, fault)
        case (Answering() as answering) | KeepingAlive(answering):
            return Done(), (), answering.entry(at, Outcome.GONE if fault is None else Outcome.BROKEN, fault)
        case New() | PassThrough() | PassingError() | Done() | BrokenOff():
            return state, (), None


def _close(state: State, answers: tuple[Answer, ...], event: Event) -> Close | None:
    match state:
        case (
            Answering()
            | New()
            | Reading()
            | Sent()
            | HoldingBack()
            | HoldingContent()
            | KeepingAlive()
            | ReadingError()
        ):
            return None
        case PassThrough():
            return Close.DONE
        case BrokenOff():
            return Close.BROKEN
        case PassingError() | Done():
            last = answers[-1] if answers else None
            said_all = isinstance(last, Reply) or (isinstance(last, Deliver) and last.end)
            return Close.DONE if said_all or ends(event) else None
