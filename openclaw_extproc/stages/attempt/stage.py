"""The attempt stage: once per attempt, inside the cluster Envoy chose.

    New --RequestHead--> Reading --RequestBody--> Sent --200--> Holding --first content--> Answering --end--> Over
                                                    |              |
                                                    +--not 2xx-----+--> Refusing --end of its body--> Over

The answer's head is held back until the first content (of a whole answer: until its end), so that whatever goes wrong
before can still become an attempt somewhere else: the head then goes out with an error status and `RETRY`, and Envoy's
router tries the next group. Envoy may refuse to (its retry budget), so what follows such a head is always a proper
error in the client's format.
"""

from collections.abc import Sequence
from dataclasses import replace

from openclaw_extproc.faults import Fault, FaultError, FaultKind, kind_of_status
from openclaw_extproc.model.facts import CONTENT, Failed
from openclaw_extproc.snapshots import Snapshots
from openclaw_extproc.stages.attempt import retries
from openclaw_extproc.stages.attempt.binding import NO_PLAN, UNCONFIRMED, bind
from openclaw_extproc.stages.attempt.exchange import Exchange, entry
from openclaw_extproc.stages.attempt.failure_response import (
    deliver,
    failure_answers,
    give_up_answers,
    in_own_words,
    refusal,
    reply,
    rest,
    without_end,
    without_quote,
)
from openclaw_extproc.stages.attempt.failure_table import Remedy
from openclaw_extproc.stages.attempt.states import (
    Answering,
    Done,
    HoldingBack,
    New,
    PassThrough,
    Reading,
    ReadingError,
    Sent,
    State,
    Step,
    ends,
)
from openclaw_extproc.stages.attempt.upstream_request import (
    BoundAttempt,
    prepare_upstream_request,
    upstream_request_step,
)
from openclaw_extproc.stages.entries import AttemptEntry, Outcome
from openclaw_extproc.stages.events import (
    Answer,
    Closed,
    Continue,
    Deliver,
    Event,
    Overrun,
    Reply,
    RequestBody,
    RequestHead,
    ResponseBody,
    ResponseHead,
    ResponseTrailers,
    StateEvent,
    TimerFired,
    To,
)
from openclaw_extproc.stages.route import passthrough
from openclaw_extproc.wire import USUAL

MAX_HELD_BYTES = 32 * 1024 * 1024
"""Of an answer held back, by us alone: Envoy keeps nothing of it."""
MAX_ERROR_BYTES = 1024 * 1024
"""Of an error's body that are waited for, for its message."""
MAX_WORDS_BYTES = 64 * 1024
WORDS_SECONDS = 0.1
"""What an error's body may take that is waited for only to tell it, should all others fail as well: the next attempt
waits for it."""
MAX_ANSWER_BYTES = 40 * 1024 * 1024
"""Of one answer, as the provider sends it and as the client gets it. Envoy's buffers are larger (decision 21)."""


_LATER = {"retry-after": "1", "x-should-retry": "true"}
_SILENT = Fault(FaultKind.UPSTREAM_SILENT, "the provider began no answer in time")
_STALLED = Fault(FaultKind.UPSTREAM_SILENT, "the provider fell silent in the middle of its answer")
_TOO_LONG = Fault(FaultKind.UPSTREAM_SILENT, "the call has reached its time limit in the middle of its answer")
_TOO_LARGE = Fault(FaultKind.UPSTREAM_GARBLED, f"the answer is larger than {MAX_ANSWER_BYTES} bytes, or too fast")


class AttemptStage:
    def __init__(self, snapshots: Snapshots) -> None:
        """`snapshots`: say what the providers are that a plan names."""
        self._snapshots = snapshots
        self._state: State = New()
        self.bound: BoundAttempt | None = None
        """From the first message on: where this attempt goes, if it is a model call."""
        self.refused = False
        """It came with a plan that no snapshot confirms."""
        self.over = False
        """Envoy has nothing more to ask."""
        self.broken = False
        """Its answer has begun and cannot be ended: the client must see it break off."""
        self._received = 0
        self._delivered = 0
        """Bytes of bodies."""

    @property
    def wakes_at(self) -> float | None:
        """When `TimerFired` is to come if nothing else does: seconds since the epoch."""
        match self._state:
            case Sent(call):
                return call.given_up_at
            case HoldingBack(call):
                return call.wakes_at
            case ReadingError(call):
                return call.words_until
            case Answering(call):
                return min((at for at in (call.wakes_at, call.over_at) if at is not None), default=None)
            case _:
                return None

    def receive(self, event: Event) -> Step:
        """Take Envoy's next message.

        Raises:
            AssertionError: the message cannot come now. The edge settles that as a bug.
        """
        if isinstance(event, Overrun):
            step = self._on_overrun(event.at)
        else:
            step = self._stop(event.at) if self._is_too_large(event) else self._step(event)
        self._delivered += sum(len(one.chunk) for one in step.answers if isinstance(one, Deliver))
        last = step.answers[-1] if step.answers else None
        said_all = isinstance(last, Reply) or (isinstance(last, Deliver) and last.end)
        self.over = isinstance(self._state, PassThrough) or (
            isinstance(self._state, Done) and (said_all or ends(event))
        )
        return step

    def _is_too_large(self, event: Event) -> bool:
        """Whether an answer that has begun ends here: of a client that does not read it, Envoy would keep all of it."""
        if not isinstance(event, ResponseBody):
            return False
        self._received += len(event.chunk)
        return self._received > MAX_ANSWER_BYTES and (
            isinstance(self._state, Answering) or self._state == Done(passes=True)
        )

    def _stop(self, at: float) -> Step:
        """End an answer that we pass on no further, whatever its provider still sends."""
        if isinstance(self._state, Answering):
            return self._break_off(self._state.call, at, _TOO_LARGE)
        self._state, self.broken = Done(), True
        return Step()

    def _on_overrun(self, at: float) -> Step:
        match self._state:
            case HoldingBack(call):
                return self._fail(call, _TOO_LARGE, at)
            case Answering() | Done(passes=True):
                return self._stop(at)
            case _:
                return Step()

    def _step(self, event: StateEvent) -> Step:  # noqa: C901  # the one table of all transitions
        match self._state, event:
            case New(), RequestHead():
                return self._on_head(event)
            case Reading(bound), RequestBody(body):
                return self._on_body(bound, body, event.at)
            case Sent(call), ResponseHead():
                return self._on_response_head(call, event)
            case HoldingBack(call), ResponseBody():
                return self._on_held(call, event)
            case Answering(call), ResponseBody():
                return self._on_chunk(call, event)
            case ReadingError(call), ResponseBody():
                return self._on_error_body(call, event)
            case (HoldingBack() | Answering() | ReadingError()) as state, ResponseTrailers(at):
                return self._on_trailers(state, at)
            case Done(passes), ResponseBody() | ResponseTrailers() | ResponseHead():
                return Step(rest(event, passes=passes))
            case ((New() | Done() | PassThrough()), Closed()):
                return Step()
            case state, TimerFired(at):
                return self._on_woken(state, at)
            case Reading(bound), Closed(at, fault):
                return self._settled((), entry(bound, at, Outcome.NO_ANSWER, fault))
            case ((Sent(call) | HoldingBack(call) | ReadingError(call)), Closed(at, fault)):
                return self._settled((), call.entry(at, Outcome.NO_ANSWER, fault))
            case Answering(call), Closed(at, fault):
                outcome = Outcome.GONE if fault is None else Outcome.BROKEN
                return self._settled((), call.entry(at, outcome, fault))
            case state, _:
                raise AssertionError(f"{type(event).__name__} while {type(state).__name__}")

    def _on_woken(self, state: State, at: float) -> Step:
        match state:
            case Sent(call):
                return self._settled(give_up_answers(call, _SILENT), call.entry(at, Outcome.FAILED, _SILENT))
            case HoldingBack(call):
                return self._fail(call, _STALLED, at)
            case ReadingError(call):
                return self._refuse(call, at, end=False)
            case Answering(call):
                is_over = call.over_at is not None and at >= call.over_at
                return self._break_off(call, at, _TOO_LONG if is_over else _STALLED)
            case New() | Reading() | PassThrough() | Done():
                return Step()

    # -- the request -------------------------------------------------------

    def _on_head(self, head: RequestHead) -> Step:
        bound = bind(head, self._snapshots)
        if isinstance(bound, Fault):
            return self._turn_away(bound)
        if bound.plan.passes:
            self._state = PassThrough()
            return Step((passthrough.request(bound, head),))
        if head.end:
            return self._turn_away(NO_PLAN)
        self._state, self.bound = Reading(bound), bound
        return Step((Continue(To.REQUEST_HEAD),))

    def _turn_away(self, fault: Fault) -> Step:
        """Whose it is nobody knows, so no entry."""
        self._state, self.refused = Done(), fault is UNCONFIRMED
        return Step((reply(fault, USUAL, _LATER if self.refused else None),))

    def _on_body(self, bound: BoundAttempt, body: bytes, at: float) -> Step:
        try:
            prepared = prepare_upstream_request(bound, body)
        except FaultError as error:
            answer = reply(error.fault, bound.plan.client_format)
            return self._settled((answer,), entry(bound, at, Outcome.FAILED, error.fault))
        self._state = Sent(Exchange(bound, prepared.ask_without_words, prepared.encoded.losses))
        return Step((upstream_request_step(bound, prepared, body),))

    # -- the answer's head -------------------------------------------------

    def _on_response_head(self, call: Exchange, event: ResponseHead) -> Step:
        call.head = event.headers
        status = int(event.headers.get(":status", "0"))
        if not 200 <= status < 300:
            return self._on_error_head(call, status, event)
        call.bodiless = event.end
        if event.end:
            return self._fail(call, Fault(FaultKind.UPSTREAM_GARBLED, "the provider answered nothing"), event.at)
        if why := call.listen(event.at):
            return self._fail(call, Fault(FaultKind.UPSTREAM_GARBLED, why), event.at)
        self._state = HoldingBack(call)
        return Step()

    def _on_error_head(self, call: Exchange, status: int, event: ResponseHead) -> Step:
        call.bodiless = event.end
        fault = Fault(kind_of_status(status), f"the provider answered {status}", status)
        if status < 400:
            fault = Fault(FaultKind.UPSTREAM_GARBLED, f"the provider answered {status}")
        if call.bound.refuses_ours(status):
            return self._fail(call, without_quote(fault), event.at)
        if event.end:
            return self._fail(call, fault, event.at)
        if call.judged(fault).remedy is Remedy.ANYBODY and call.goes_on:
            call.words_until = event.at + WORDS_SECONDS
        elif in_own_words(call, fault) and retries.is_alone(call.bound.plan, call.bound.attempt, call.bound.target):
            return self._pass_error(call, fault, event.at)
        self._state = ReadingError(call)
        return Step()

    def _pass_error(self, call: Exchange, fault: Fault, at: float, *, end: bool = False) -> Step:
        """Every byte of it, also of the chunks that are still to come."""
        head = Continue(To.RESPONSE_HEAD, call.told(), call.gone())
        step = self._settled((head, *deliver(b"".join(call.held), end=end)), call.entry(at, Outcome.FAILED, fault))
        self._state = Done(passes=True)
        return step

    # -- the answer's body -------------------------------------------------

    def _on_held(self, call: Exchange, event: ResponseBody) -> Step:
        event = replace(event, chunk=call.beginning.feed(event.chunk, end=event.end))
        call.hold(event.chunk)
        return self._decide(call, event)

    def _decide(self, call: Exchange, event: ResponseBody) -> Step:
        """Hold on, let go, or fail: by the first fact that a client would notice."""
        facts, written = call.hear(event)
        at, end = event.at, event.end
        call.written.append(written)
        if call.listening.fault is not None and not (call.streamed and call.ask.stream):
            # Of a whole answer nothing has gone out, however much of it could be read.
            return self._fail(call, call.listening.fault, at)
        decisive = next((fact for fact in facts if isinstance(fact, (*CONTENT, Failed))), None)
        call.has_content = call.has_content or isinstance(decisive, CONTENT)
        if not end and not call.ask.stream:
            decisive = None  # an answer in one piece goes out in one piece
        if call.content_at is None and isinstance(decisive, CONTENT):
            call.content_at = at
        if call.content_at is not None and call.keeps:
            return self._keep(call, at, end=end)
        match decisive:
            case Failed(fault):
                return self._fail(call, fault, at)
            case None if end and not call.has_content:
                return self._fail(call, Fault(FaultKind.UPSTREAM_GARBLED, "the provider answered nothing"), at)
            case None if end:
                return self._let_go(call, at, end=end)
            case None if call.held_bytes <= MAX_HELD_BYTES:
                return Step()
            case None if call.listening.rewrites:
                fault = Fault(FaultKind.UPSTREAM_GARBLED, "the provider's answer is too long to be translated")
                return self._fail(call, fault, at)
            case _:
                return self._let_go(call, at, end=end)

    def _keep(self, call: Exchange, at: float, *, end: bool) -> Step:
        """Content is here and stays here for a while: what fails meanwhile can still be tried elsewhere."""
        if call.listening.fault is not None:
            return self._fail(call, call.listening.fault, at)
        if not end and call.still_keeps(at) and call.held_bytes <= MAX_HELD_BYTES:
            return Step()
        return self._let_go(call, at, end=end)

    def _let_go(self, call: Exchange, at: float, *, end: bool) -> Step:
        """The first content is here: from now on this attempt is the answer."""
        call.content_at = at if call.content_at is None else call.content_at
        call.last_at = at
        call.first_content_seconds = call.content_at - call.bound.began
        reshapes = call.listening.reshapes
        *earlier, last = (call.written if reshapes else call.held) or [b""]
        body = call.whole_events(b"".join(earlier), end=False) + self._sound(call, last, end=end)
        if len(body) > MAX_ANSWER_BYTES:
            return self._fail(call, _TOO_LARGE, at)
        call.held, call.written = [], []
        length = str(len(body)) if end and reshapes else ""
        # A stream may grow by the word that it broke off; a translated body has another length, told when it is known.
        regrown = call.streamed or reshapes or call.beginning.had_mark
        gone = call.gone(*(("content-length",) if regrown and not length else ()))
        head = Continue(To.RESPONSE_HEAD, call.told() | call.kind_of_body(length), gone)
        answers: tuple[Answer, ...] = (head, *deliver(body, end=end))
        self._state = Answering(call)
        return self._settled(answers, call.ended(at)) if end else Step(answers)

    def _on_chunk(self, call: Exchange, event: ResponseBody) -> Step:
        _, written = call.hear(event)
        body = self._sound(call, written if call.listening.reshapes else event.chunk, end=event.end)
        if self._delivered + len(body) > MAX_ANSWER_BYTES:
            return self._break_off(call, event.at, _TOO_LARGE)
        answers = deliver(body, end=event.end)
        return self._settled(answers, call.ended(event.at)) if event.end else Step(answers)

    def _sound(self, call: Exchange, chunk: bytes, *, end: bool) -> bytes:
        """What the client gets for a chunk: of its own format, after a stream that broke off, the word that it did.

        What cannot be read is not passed on: an SDK would stumble over it with an error that is not its own. (A
        translation says by itself that it broke off.)
        """
        fault = call.listening.fault
        if (
            call.listening.rewrites
            or fault is None
            or not call.streamed
            or fault.kind is not FaultKind.UPSTREAM_GARBLED
        ):
            return call.whole_events(chunk, end=end)  # or the provider said itself that it failed
        if call.told_broken:
            return b""
        call.told_broken = True
        return (call.whole_events(chunk, end=False) if call.listening.at_end else b"") + call.pieces.break_off(fault)

    def _break_off(self, call: Exchange, at: float, why: Fault) -> Step:
        """In the middle of an answer: the client's error event, and then the connection breaks."""
        self.broken = True
        earlier = call.listening.fault
        fault = call.listening.fault = earlier or why
        told = earlier is not None or call.listening.complete or not call.streamed
        words = b"" if told else call.silenced(fault)
        # Whose time is up because others took it has not failed, nor who says more than we pass on.
        is_ours = fault in (_TOO_LONG, _TOO_LARGE)
        left = call.entry(at, Outcome.GONE, fault) if is_ours else call.ended(at)
        return self._settled(deliver(words, end=False), left)

    def _on_trailers(self, state: HoldingBack | Answering | ReadingError, at: float) -> Step:
        """The body's end, when trailers follow it: the last chunk did not say that it was."""
        call = state.call
        match state:
            case HoldingBack():
                step = self._on_held(call, ResponseBody(b"", True, at))
            case ReadingError():
                step = self._refuse(call, at, end=True)
            case Answering():
                step = self._on_chunk(call, ResponseBody(b"", True, at))
        if step.answers and isinstance(step.answers[-1], Reply):
            return step  # Envoy asks no more
        return Step((*without_end(step.answers), Continue(To.RESPONSE_TRAILERS)), step.entry)

    # -- failures ----------------------------------------------------------

    def _fail(self, call: Exchange, fault: Fault, at: float) -> Step:
        """No content has gone out: go on to the next attempt, or tell the client."""
        return self._settled(failure_answers(call, fault), call.entry(at, Outcome.FAILED, fault))

    def _on_error_body(self, call: Exchange, event: ResponseBody) -> Step:
        call.hold(event.chunk)
        if event.end or call.held_bytes > (MAX_ERROR_BYTES if call.words_until is None else MAX_WORDS_BYTES):
            return self._refuse(call, event.at, end=event.end)
        return Step()

    def _refuse(self, call: Exchange, at: float, *, end: bool) -> Step:
        fault = refusal(call)
        if in_own_words(call, fault) and call.onward(call.judged(fault)) is None:
            return self._pass_error(call, fault, at, end=end)
        return self._fail(call, fault, at)

    def _settled(self, answers: Sequence[Answer], entry: AttemptEntry) -> Step:
        self._state = Done()
        return Step(tuple(answers), entry)
