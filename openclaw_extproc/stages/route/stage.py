"""The route stage: once per request, before Envoy's router knows where to.

    New --RequestHead--> Reading --RequestBody--> Planned --ResponseHead--> Done
                            |                        ^  |
                            +--RequestBody--> Asking +  +--ResponseHead of what is passed on--> PassingThrough, Lasting

It reads the body, decides, and answers with the plan; or it answers the client itself. The response's head is looked
at for the one entry every request leaves behind: the router's own replies (nobody there, time is up) pass here too. Of
what is passed on it also sees the answer's body, for our credential, and stays where a model is counted.
"""

from collections.abc import Callable, Mapping
from hmac import compare_digest
from typing import Protocol, TypeAlias

from openclaw_extproc.callers import ANONYMOUS, CallerIdentity
from openclaw_extproc.faults import Fault, FaultError, FaultKind
from openclaw_extproc.frozen import replace
from openclaw_extproc.gateway import Gateway
from openclaw_extproc.model.json import UnreadableError, weight
from openclaw_extproc.policy.passthrough import decide_passthrough
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.policy.trace import RefusedError
from openclaw_extproc.record import DecisionRecord
from openclaw_extproc.stages import decision_output
from openclaw_extproc.stages import pipeline as ways
from openclaw_extproc.stages.decoded_requests import DecodedRequest, DecodedRequests
from openclaw_extproc.stages.entries import RequestEntry
from openclaw_extproc.stages.events import (
    Answer,
    Close,
    Closed,
    Continue,
    Event,
    ExtendTimeout,
    Overrun,
    Placement,
    QuestionAnswered,
    Relay,
    Reply,
    RequestBody,
    RequestHead,
    ResponseBody,
    ResponseHead,
    ResponseTrailers,
    Step,
    To,
)
from openclaw_extproc.stages.headers import NO_RETRY, RETRY_SOON
from openclaw_extproc.stages.route import envoy_timeouts, local_responses, passthrough, request_entry, side_requests
from openclaw_extproc.stages.route.identification import CHALLENGE, ClientOfKey, Identification, identify, nobody
from openclaw_extproc.stages.route.request_checks import (
    MAX_BODY_BYTES,
    NO_UPGRADE,
    TOO_LARGE,
    UNKNOWN_PACKING,
    is_call,
    length,
    objection,
    plain_body,
    refuses_upgrade,
    request_id,
    without_packing,
)
from openclaw_extproc.stages.route.reservation import AskBudget, retry_after
from openclaw_extproc.stages.route.side_requests import Question
from openclaw_extproc.stages.route.states import (
    Asking,
    Done,
    Lasting,
    New,
    PassingThrough,
    PlannedRequest,
    Reading,
    State,
)
from openclaw_extproc.wire import api_path_of
from openclaw_extproc.wire.base import JSON, ClientRequest
from openclaw_extproc.wire.http.model_names import model_name, reads_body
from openclaw_extproc.wire.http.passthrough import Rule
from openclaw_extproc.wire.streams import content_encoding

ENVOY_WAITS_MS = 5_000
"""The time that Envoy waits for an answer of ours: `message_timeout` in its configuration."""
MAX_MESSAGE_TIMEOUT_MS = 120_000
"""We may tell Envoy to wait for less than this: `max_message_timeout` in the Envoy configuration."""
SPARE_MS = 2_000
"""The difference between our timeout for a side request and Envoy's for our answer."""


class Busy(Protocol):
    def __call__(self, size: int, *, is_here: bool) -> str: ...


Reserve: TypeAlias = Callable[[AskBudget], str]


def _never_busy(size: int, *, is_here: bool) -> str:  # noqa: ARG001  # as the protocol has it
    return ""


OVERLOAD = Fault(FaultKind.OVERLOADED, "the gateway has too much to do; try again", 503)
"""The fault of an overloaded gateway. It has status 503, because not all clients know Anthropic's 529."""
LOST_CALL = Fault(FaultKind.BUG, "the gateway lost this call; try again", 503)
_DONE = Done()


def _kept_bytes(body: bytes, unpacked: bytes | None) -> int:
    """What is kept of a body that was read, beside the body that came: its texts, and itself where it came packed."""
    return weight(body) + (0 if unpacked is None else len(unpacked))


class RouteStage:
    def __init__(
        self,
        gateway: Gateway,
        situation: RuntimeState,
        recall: ways.Recall | None = None,
        secret: str = "",
        busy: Busy = _never_busy,
        client_of: ClientOfKey = nobody,
        decoded: DecodedRequests | None = None,
        reserve: Reserve | None = None,
    ) -> None:
        """
        Args:
            gateway: As it is when the request begins.
            situation: Of whatever request.
            recall: Once a request is read, with what is remembered of such requests.
            secret: Has to stand in a header of the requests that are our own questions; empty: there are none.
            busy: Why a request of so many bytes cannot be taken now; empty: it can.
            client_of: Whose key something is.
            decoded: Keeps the request for the attempts of this process.
            reserve: Answers a reservation at once; `None`: the books are elsewhere, and are asked as others are.
        """
        self._decoded = DecodedRequests() if decoded is None else decoded
        self._plan_text = ""
        """Of the request that is kept there; empty: none is."""
        self._client_of = client_of
        self._reserve = reserve
        self._identity = ANONYMOUS
        """The verified identity of the caller, once the request's head was looked at."""
        self._busy = busy
        self._secret = secret
        self._gateway = gateway
        self._recall: ways.Recall = recall or (lambda _: situation)
        self._state: State = New()
        self._took = 0.0

    @property
    def identity(self) -> CallerIdentity:
        """Who sends the request, once its head was looked at."""
        return self._identity

    def resume(self, planned: PlannedRequest, identity: CallerIdentity) -> None:
        """Go on with a request that was planned elsewhere: what comes next is the head of its answer."""
        self._state, self._identity = planned, identity

    def took(self, seconds: float) -> None:
        """Records how long the last message kept us busy, as the edge measured it."""
        match self._state:
            case New() | Reading() | Asking():
                self._took += seconds
            case PlannedRequest(took=0.0) as planned:
                self._state = replace(planned, took=self._took + seconds)
            case PlannedRequest() | PassingThrough() | Lasting() | Done():
                pass

    def leaves_with(self, event: Event) -> bool:
        """Whether this piece of an answer is the last that we look at; what follows passes unseen."""
        match self._state, event:
            case PassingThrough(left), ResponseBody(chunk, end):
                return end or len(chunk) >= left
            case _:
                return False

    def receive(self, event: Event) -> Step[RequestEntry]:  # noqa: C901  # the one table of all transitions
        """Take Envoy's next message.

        Raises:
            AssertionError: the message cannot come now. The edge settles that as a bug.
        """
        match self._state, event:
            case New(), RequestHead():
                return self._on_head(event)
            case Reading() as reading, RequestBody(body, at):
                return self._on_body(reading, body, at)
            case Asking() as asking, QuestionAnswered(text, at):
                way = ways.continue_after_answer(asking.arrived, asking.planned, text, self._recall, self._gateway)
                return self._go(asking.reading, asking.arrived, way, at)
            case (Reading() as reading, ResponseHead(headers, at)) | (Asking(reading), ResponseHead(headers, at)):
                return self._on_envoys_reply(reading, headers, at)
            case PlannedRequest() as planned, ResponseHead():
                return self._on_response_head(planned, event)
            case PassingThrough(left), ResponseBody(chunk):
                self._state = Done() if self.leaves_with(event) else PassingThrough(left - len(chunk))
                return self._step(Relay(chunk))
            case ((New() | Done()), ResponseHead()):  # Envoy's own reply to a bad request, or ours on its way out
                return self._step(Continue(To.RESPONSE_HEAD))
            case Lasting(), ResponseTrailers():
                self._state = Done()
                return self._step(Continue(To.RESPONSE_TRAILERS))
            case _, Overrun():
                return self._step()  # Envoy waits for our answer to each piece
            case ((New() | PassingThrough() | Lasting() | Done()), Closed()):
                return self._step()
            case ((Reading(head, spoken) | Asking(Reading(head, spoken))), Closed(at, fault)):
                gone = RequestEntry(request_id(head), spoken.format, None, None, fault, seconds=at - head.at)
                return self._settle((), gone)
            case PlannedRequest() as planned, Closed(at, fault):
                entry = request_entry.entry(planned.plan, planned.user, planned.took, at, status=None, fault=fault)
                return self._settle((), passthrough.with_attempt(entry, {}, at))
            case _:
                raise AssertionError(f"{type(event).__name__} while {type(self._state).__name__}")

    def _on_head(self, head: RequestHead) -> Step[RequestEntry]:
        inside = self._is_inside(head)
        known = Identification(head) if inside else identify(head, self._gateway.callers, self._client_of)
        head, self._identity = known.head, known.identity
        spoken = api_path_of(head.headers.get(":path", ""), head.headers)
        reading = Reading(head, spoken, known)
        if known.fault is not None:
            return self._refuse(reading, known.fault, head.at)
        if refuses_upgrade(head, spoken):
            return self._refuse(reading, NO_UPGRADE, head.at)
        if local_responses.asks_for_models(head, spoken):
            return self._list(reading)
        if self._busy(length(head), is_here=False):
            return self._refuse(reading, OVERLOAD, head.at)
        if not is_call(head, spoken):
            rule = passthrough.rule_of(head, spoken, self._gateway)
            if isinstance(rule, Fault):
                return self._refuse(reading, rule, head.at)
            reading = Reading(head, spoken, known, rule)
            if not reads_body(rule):
                return self._pass_on(reading, rule, None, head.at)
        if fault := objection(head):
            return self._refuse(reading, fault, head.at)
        self._state = reading
        return self._step(known.without_keys(Continue(To.REQUEST_HEAD, reads=True)), awaited_bytes=length(head))

    def _list(self, reading: Reading) -> Step[RequestEntry]:
        try:
            body = local_responses.models(reading.spoken, self._gateway)
        except FaultError as error:
            return self._refuse(reading, error.fault, reading.head.at)
        return self._answer(reading, {"content-type": JSON}, body, reading.head.at)

    def _answer(self, reading: Reading, headers: Mapping[str, str], body: bytes, at: float) -> Step[RequestEntry]:
        """Answers the request itself, without any attempt."""
        head, ok = reading.head, 200
        entry = RequestEntry(request_id(head), reading.spoken.format, None, ok, seconds=at - head.at)
        return self._settle((Reply(ok, {**headers, **self._record_headers(entry)}, body),), entry)

    def _pass_on(self, reading: Reading, rule: Rule, body: bytes | None, at: float) -> Step[RequestEntry]:
        """`body`: where the model's name is in it; `None`: the body is not read, and passes by."""
        head, spoken, gateway = reading.head, reading.spoken, self._gateway
        sent = passthrough.sent_request(head, spoken, body or b"")
        try:
            model = model_name(rule, sent)
            seen = passthrough.features_of(head, spoken, model, reading.known.identity, gateway.callers)
            owners = passthrough.owners(gateway, spoken)
            found = decide_passthrough(seen, owners, self._recall(seen), gateway, is_billed=rule.is_billed)
            sent = passthrough.for_target(rule, sent, found.target)
        except UnreadableError as problem:
            return self._refuse(reading, Fault(FaultKind.MALFORMED, str(problem)), at)
        except FaultError as error:
            return self._refuse(reading, error.fault, at, error.record if isinstance(error, RefusedError) else None)
        user = ways.user_label(seen)
        plan = replace(passthrough.plan(head, spoken, sent, model, found, gateway), user=user)
        self._state = PlannedRequest(plan, user, 0.0, head.headers)
        answer = passthrough.directives(plan, user, head, None if body is None else sent.body)
        if reading.unpacked is not None:
            answer = envoy_timeouts.with_body(answer, sent.body)
        placed = Placement(plan, plan.groups[0])
        return self._step(reading.known.without_keys(answer) if body is None else answer, placed=placed)

    def _on_body(self, reading: Reading, body: bytes, at: float) -> Step[RequestEntry]:
        if len(body) > MAX_BODY_BYTES:  # sent in chunks, so its head did not say
            return self._refuse(reading, TOO_LARGE, at)
        if self._busy(max(0, weight(body) - length(reading.head)), is_here=True):  # which counts already
            return self._refuse(reading, OVERLOAD, at)
        plain = plain_body(reading.head, body)
        if isinstance(plain, Fault):
            return self._refuse(reading, plain, at)
        if plain is not body:
            if self._busy(weight(plain), is_here=True):
                return self._refuse(reading, OVERLOAD, at)
            reading, body = replace(reading, head=without_packing(reading.head), unpacked=plain), plain
        if reading.rule is not None:
            return self._pass_on(reading, reading.rule, body, at)
        inside = self._is_inside(reading.head)
        arrived = ways.IncomingRequest(
            reading.head.headers, reading.spoken, body, reading.head.at, inside, reading.known.identity
        )
        return self._go(reading, arrived, ways.route(arrived, self._recall, self._gateway), at)

    def _is_inside(self, head: RequestHead) -> bool:
        said = head.headers.get(side_requests.INSIDE, "")
        return bool(self._secret) and compare_digest(said.encode("latin-1", "replace"), self._secret.encode())

    def _go(self, reading: Reading, arrived: ways.IncomingRequest, way: ways.Way, at: float) -> Step[RequestEntry]:
        match way:
            case ways.RejectedRequest(fault, _, record):
                return self._refuse(reading, fault, at, record)
            case ways.TokenCount(_, headers, counted):
                return self._answer(reading, headers, counted, at)
            case ways.RoutedRequest(known, _, plan, user, None):
                self._state = PlannedRequest(plan, user, 0.0)
                headers, plan_id = reading.head.headers, self._decoded.new_id()
                directives = envoy_timeouts.directive_headers(plan, user, headers, at, plan_id)
                self._plan_text = directives.metadata["plan"]
                decoded = ClientRequest(plan.path, plan.query, arrived.body, known.body)
                self._decoded.put(self._plan_text, DecodedRequest(plan, decoded, known.ask))
                if reading.unpacked is not None:
                    directives = envoy_timeouts.with_body(directives, reading.unpacked)
                return self._step(directives, placed=Placement(plan, plan.groups[0]))
            case ways.RoutedRequest(question=AskBudget() as asked) if self._reserve is not None:
                answer = self._reserve(asked)
                way = ways.continue_after_answer(arrived, way, answer, self._recall, self._gateway)
                return self._go(reading, arrived, way, at)
            case ways.RoutedRequest(question=question):
                is_first = not isinstance(self._state, Asking)
                extension = self._timeout_extension() if is_first else ()
                self._state = Asking(reading, arrived, way)
                kept = _kept_bytes(arrived.body, reading.unpacked) if is_first else 0
                return self._step(*extension, ask=question, kept_bytes=kept)

    def _timeout_extension(self) -> tuple[ExtendTimeout, ...]:
        """What tells Envoy to wait for the answers to all questions, where it usually would not."""
        longest = min(side_requests.side_requests_timeout_ms(self._gateway) + SPARE_MS, MAX_MESSAGE_TIMEOUT_MS - 1)
        return (ExtendTimeout(longest),) if longest > ENVOY_WAITS_MS else ()

    def _refuse(
        self, reading: Reading, fault: Fault, at: float, record: DecisionRecord | None = None
    ) -> Step[RequestEntry]:
        head, spoken = reading.head, reading.spoken
        entry = RequestEntry(
            request_id(head), spoken.format, None, fault.status, fault, seconds=at - head.at, record=record
        )
        again = RETRY_SOON if fault is OVERLOAD else NO_RETRY
        if fault.kind is FaultKind.METHOD_NOT_ALLOWED:
            again = {
                **again,
                "allow": ", ".join(passthrough.methods(spoken, self._gateway) or sorted(passthrough.METHODS)),
            }
        if fault.kind is FaultKind.OVER_BUDGET:
            again = {**again, **retry_after(record, at)}
        if fault is UNKNOWN_PACKING:
            again = {**again, "accept-encoding": ", ".join(content_encoding.KNOWN_CODINGS)}
        challenge = CHALLENGE if fault.kind is FaultKind.UNAUTHENTICATED else {}
        headers = {"content-type": JSON, **again, **challenge, **self._record_headers(entry, record)}
        return self._settle((Reply(fault.status, headers, spoken.client.encode_error(fault)),), entry)

    def _record_headers(self, entry: RequestEntry, record: DecisionRecord | None = None) -> dict[str, str]:
        """What goes with an answer of our own."""
        decided = {} if record is None else decision_output.decision_headers(record, None, None)
        return decision_output.allowed_headers(
            {**decided, **request_entry.named_by(entry.request_id)}, self._gateway.response_headers
        )

    def _on_envoys_reply(self, reading: Reading, headers: Mapping[str, str], at: float) -> Step[RequestEntry]:
        """Envoy refused the request itself, before all of its body was here: too large, or too slow."""
        head = reading.head
        entry = RequestEntry(
            request_id(head), reading.spoken.format, None, request_entry.status(headers), seconds=at - head.at
        )
        return self._settle((Continue(To.RESPONSE_HEAD, self._record_headers(entry)),), entry)

    def _on_response_head(self, planned: PlannedRequest, event: ResponseHead) -> Step[RequestEntry]:
        how, plan, headers = self._gateway.response_headers, planned.plan, event.headers
        fault = LOST_CALL if request_entry.is_ours(event.details) else None
        failed = request_entry.failed_attempts(plan, event)
        entry = request_entry.entry(
            plan,
            planned.user,
            planned.took,
            event.at,
            status=request_entry.status(headers),
            headers=headers,
            fault=fault,
            failed=failed,
        )
        entry = passthrough.with_attempt(entry, headers, event.at)
        answered = request_entry.answering_target(plan, headers)
        absent = request_entry.without_address((failed,))
        again = RETRY_SOON if absent and answered is None and request_entry.has_others(plan, absent) else {}
        told = {
            **again,
            "x-openclaw-attempts": str(entry.attempts),
            **({"x-openclaw-fallbacks": failed} if failed else {}),
            **passthrough.caller_headers(plan, answered),
            **request_entry.decided(plan, answered, headers),
            **request_entry.named_by(entry.request_id),
        }
        gone = ("x-envoy-attempt-count", *(name for name in headers if decision_output.withheld_headers(name, how)))
        gone += passthrough.not_theirs(plan, planned.asked, headers) if plan.passes else ()
        relayed = passthrough.relayed_bytes(plan, event) if plan.passes else 0
        stays = plan.passes and plan.names_model and not relayed and not event.end
        answer = Continue(
            To.RESPONSE_HEAD, decision_output.allowed_headers(told, how), gone, stays=stays, relays=relayed > 0
        )
        return self._settle((answer,), entry, PassingThrough(relayed) if relayed else Lasting() if stays else Done())

    def _settle(
        self, answers: tuple[Answer, ...], entry: RequestEntry, state: PassingThrough | Lasting | Done = _DONE
    ) -> Step[RequestEntry]:
        self._state = state
        self._decoded.forget(self._plan_text)
        return self._step(*answers, entry=replace(entry, identity=self._identity))

    def _step(
        self,
        *answers: Answer,
        entry: RequestEntry | None = None,
        ask: Question | None = None,
        placed: Placement | None = None,
        awaited_bytes: int = 0,
        kept_bytes: int = 0,
    ) -> Step[RequestEntry]:
        close = Close.DONE if isinstance(self._state, Done) else None
        return Step(answers, entry, ask, None, close, placed, awaited_bytes=awaited_bytes, kept_bytes=kept_bytes)
