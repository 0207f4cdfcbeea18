"""Envoy's part, played by a list of events: every message but a body's chunk gets its one answer in its turn."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Generic, Protocol, TypeVar

from openclaw_extproc import plan as plans
from openclaw_extproc.gateway import AUTO, Gateway, Provider, RetryPolicy, Target, Timeouts
from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import Fact
from openclaw_extproc.plan import Plan
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.snapshots import Snapshots
from openclaw_extproc.stages.attempt.stage import AttemptStage
from openclaw_extproc.stages.entries import AttemptEntry, RequestEntry
from openclaw_extproc.stages.events import (
    Answer,
    Close,
    Closed,
    Continue,
    Deliver,
    Event,
    ExtendTimeout,
    Overrun,
    QuestionAnswered,
    Relay,
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
from openclaw_extproc.stages.route.stage import RouteStage
from openclaw_extproc.wire import client_side
from tests import samples
from tests.samples import CASES, Case, provider_side

BEGAN = 1_754_000_000.0
OK = {":status": "200"}

EntryT = TypeVar("EntryT")
EntryT_co = TypeVar("EntryT_co", covariant=True)


class Stage(Protocol[EntryT_co]):
    def receive(self, event: Event) -> Step[EntryT_co]: ...


def to(event: Event) -> To:
    match event:
        case RequestHead():
            return To.REQUEST_HEAD
        case RequestBody():
            return To.REQUEST_BODY
        case ResponseHead():
            return To.RESPONSE_HEAD
        case ResponseTrailers():
            return To.RESPONSE_TRAILERS
        case ResponseBody() | Closed() | TimerFired() | Overrun() | QuestionAnswered():
            raise AssertionError("nobody waits for an answer to this")


@dataclass(slots=True)
class Talk(Generic[EntryT]):
    """One stage and all that was said to it and by it."""

    stage: Stage[EntryT]
    asked: list[Event] = field(default_factory=list[Event])
    answers: list[Answer] = field(default_factory=list[Answer])
    entries: list[EntryT] = field(default_factory=list[EntryT])
    last_step: Step[EntryT] | None = None

    @property
    def step(self) -> Step[EntryT]:
        """The last one."""
        assert self.last_step is not None, "nothing was said so far"
        return self.last_step

    @property
    def over(self) -> bool:
        return self.last_step is not None and self.last_step.close is Close.DONE

    @property
    def broken(self) -> bool:
        return self.step.close is Close.BROKEN

    def tell(self, *events: Event) -> "Talk[EntryT]":
        for event in events:
            if self.replied or (self.answers and self.ended):
                return self  # Envoy goes no further
            assert not self.over, f"nothing more was expected, and then came {type(event).__name__}"
            self.asked.append(event)
            self._take(event)
        return self

    def hang_up(self) -> "Talk[EntryT]":
        self._take(Closed(BEGAN + 99.0))
        self._take(Closed(BEGAN + 99.0))
        return self

    def _take(self, event: Event) -> None:
        if isinstance(event, (TimerFired, Overrun, QuestionAnswered)):
            self.asked.remove(event)  # nobody of Envoy's asked
        self.last_step = step = self.stage.receive(event)
        self.answers += step.answers
        self.entries += [] if step.entry is None else [step.entry]
        if isinstance(event, Closed):
            assert not step.answers
        else:
            self.check()

    @property
    def replied(self) -> bool:
        return bool(self.answers) and isinstance(self.answers[-1], Reply)

    def check(self) -> None:
        """One answer each, in the order of asking, none before it was asked for; nothing behind a reply.

        The body comes between the answers to its head and to its trailers, and nothing behind its end.
        """
        waiting = [to(event) for event in self.asked if not isinstance(event, ResponseBody)]
        for n, answer in enumerate(self.answers):
            match answer:
                case Continue(answers_to):
                    assert waiting, f"answer {n} was not asked for"
                    assert answers_to is waiting.pop(0), f"answer {n}"
                case Deliver(_, end):
                    assert self._is_open(n), f"answer {n}: bytes before the head, or behind the end"
                    assert not (end and self._has_trailers), "the trailers are the end"
                case Relay():
                    assert self._is_open(n), f"answer {n}: a piece before the head"
                case ExtendTimeout():
                    assert waiting, f"answer {n}: nobody waits"
                case Reply():
                    assert n == len(self.answers) - 1, "something behind a reply"

    def _is_open(self, n: int) -> bool:
        """Whether Envoy takes bytes of a body as answer number `n`."""
        said = [answer.to for answer in self.answers[:n] if isinstance(answer, Continue)]
        ended = any(isinstance(answer, Deliver) and answer.end for answer in self.answers[:n])
        bodiless = any(isinstance(event, ResponseHead) and event.end for event in self.asked)
        return To.RESPONSE_HEAD in said and To.RESPONSE_TRAILERS not in said and not ended and not bodiless

    @property
    def _has_trailers(self) -> bool:
        return any(isinstance(event, ResponseTrailers) for event in self.asked)

    def all_answered(self) -> bool:
        """Whether Envoy waits for nothing: neither for an answer nor for the end of a body whose end it told."""
        answered = sum(isinstance(answer, Continue) for answer in self.answers)
        asked = sum(not isinstance(event, ResponseBody) for event in self.asked)
        return self.replied or (answered == asked and (self.ended or not self._told_the_end))

    @property
    def _told_the_end(self) -> bool:
        return any(isinstance(event, ResponseBody) and event.end for event in self.asked)

    @property
    def ended(self) -> bool:
        """Whether the answer's body is told to its end."""
        match self.last:
            case Continue(to) | Deliver(end=to):
                return to in (To.RESPONSE_TRAILERS, True)
            case Relay() | ExtendTimeout():
                return False
            case Reply():
                return True

    @property
    def last(self) -> Answer:
        return self.answers[-1]

    @property
    def last_head(self) -> Continue:
        """The last answer to a head."""
        return next(one for one in reversed(self.answers) if isinstance(one, Continue))

    @property
    def entry(self) -> EntryT:
        (entry,) = self.entries
        return entry


@dataclass(frozen=True, slots=True)
class Received:
    """What the client sees of it all."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def retries(self) -> bool:
        """Envoy would throw this away and go on to the next attempt."""
        return "x-openclaw-retry" in self.headers


def received(talk: Talk[AttemptEntry]) -> Received:
    """What Envoy makes of the provider's head and our answers."""
    if isinstance(talk.last, Reply):
        return Received(talk.last.status, talk.last.headers, talk.last.body)
    given = next(event.headers for event in talk.asked if isinstance(event, ResponseHead))
    changed = next(a for a in talk.answers if isinstance(a, Continue) and a.to is To.RESPONSE_HEAD)
    headers = {k: v for k, v in given.items() if k not in changed.remove_headers} | dict(changed.set_headers)
    return Received(int(headers[":status"]), headers, delivered(talk))


def delivered(talk: Talk[AttemptEntry]) -> bytes:
    return b"".join(answer.chunk for answer in talk.answers if isinstance(answer, Deliver))


# -- who is there ----------------------------------------------------------------


def provider(format: str, name: str = "", **more: str) -> Provider:
    name = name or f"the-{format}"
    made = Provider(name, f"cluster-{name}", format, base_path=provider_side(format).base_path(""), credential="KEY")
    return replace(made, **more)  # type: ignore[arg-type]  # only the fields that are strings


def chain(*formats: str) -> tuple[Target, ...]:
    return tuple(Target(provider(format, f"p{n}-{format}"), f"m{n}") for n, format in enumerate(formats))


def gateway(targets: Iterable[Target], **limits: float) -> Gateway:
    targets = tuple(targets)
    known = RetryPolicy.__dataclass_fields__
    policy = RetryPolicy(**{n: v for n, v in limits.items() if n in known})  # type: ignore[arg-type]  # as the fields are
    times = Timeouts(**{n: v for n, v in limits.items() if n not in known})  # type: ignore[arg-type]  # as the fields are
    providers = {target.provider.name: target.provider for target in targets}
    return Gateway(
        providers=providers, chains={AUTO: targets}, unknown_models="auto", timeouts=times, retry_policy=policy
    )


@dataclass(slots=True)
class Shared:
    """Both stages of a test have the same configuration, as two processes have: that of the last request routed."""

    gateway: Gateway = field(default_factory=Gateway)


SHARED = Shared()


# -- what is said -------------------------------------------------------------------


@cache
def asking(format: str, *, stream: bool) -> Case:
    """A recorded request of this format that any other can carry."""
    return next(
        case
        for case in CASES
        if case.format == format
        and (case.folder / "request.json").exists()
        and case.chat().stream is stream
        and not any(loss.startswith("!") for loss in case.chat().losses)
    )


@cache
def answering(format: str) -> Case:
    """A recorded answer of this format, with text and tools, streamed and whole."""
    cases = [case for case in samples.BOTH if case.format == format]
    return max(cases, key=lambda case: (len(samples.gist(case.facts(streamed=True)).calls), case.folder.name))


def head(case: Case, *, headers: Mapping[str, str] | None = None) -> RequestHead:
    said = {":method": "POST", ":path": case.target, "content-type": "application/json", "x-request-id": "r-1"}
    return RequestHead({**said, **(headers or {})}, BEGAN)


def routed(
    case: Case,
    gateway: Gateway,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    situation: RuntimeState | None = None,
) -> Talk[RequestEntry]:
    SHARED.gateway = gateway
    talk = Talk[RequestEntry](RouteStage(gateway, situation or RuntimeState()))
    body = case.request if body is None else body
    talk.tell(head(case, headers=headers))
    if isinstance(talk.last, Continue) and talk.last.bypass:
        return talk  # Envoy keeps the body to itself
    return talk.tell(RequestBody(body, BEGAN + 0.5))


def plan_of(talk: Talk[RequestEntry]) -> str:
    assert isinstance(talk.last, Continue), talk.last
    return talk.last.metadata["plan"]


def plan_read(talk: Talk[RequestEntry]) -> Plan:
    """The plan as an attempt reads it."""
    return plans.read(plan_of(talk), Snapshots(SHARED.gateway))


def opening(
    case: Case,
    gateway: Gateway,
    *,
    attempt: int = 1,
    headers: Mapping[str, str] | None = None,
    notes: Mapping[str, str] | None = None,
    body: bytes | None = None,
    planned: Talk[RequestEntry] | None = None,
) -> list[Event]:
    """The first two messages of an attempt, the plan made by the route stage."""
    planned = planned or routed(case, gateway, headers=headers, body=body)
    assert isinstance(planned.last, Continue)
    target = planned.last.groups[attempt - 1][0]
    said = {**head(case, headers=headers).headers, "x-envoy-attempt-count": str(attempt)}
    metadata = {**planned.last.metadata, **(notes or {})}
    first = RequestHead(said, BEGAN + attempt, cluster=target.provider.cluster, metadata=metadata)
    if planned.last.bypass:
        return [first]
    return [first, RequestBody(case.request if body is None else body, BEGAN + attempt)]


def answer_head(*, streamed: bool, **headers: str) -> ResponseHead:
    kind = "text/event-stream" if streamed else "application/json"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ResponseHead({**OK, "content-type": kind, **named}, BEGAN + 2.0)


def chunks(body: bytes, at: Iterable[int] = (), *, end: bool = True) -> list[Event]:
    """A body in pieces; `end`: the last one says that it is the last."""
    pieces = samples.cut(body, at)
    return [ResponseBody(p, end and n == len(pieces) - 1, BEGAN + 3.0 + n) for n, p in enumerate(pieces)]


def attempt(*events: Event) -> Talk[AttemptEntry]:
    return attempting().tell(*events)


def attempting() -> Talk[AttemptEntry]:
    """An attempt stage with the snapshot that the route stage had."""
    return Talk[AttemptEntry](AttemptStage(Snapshots(SHARED.gateway)))


# -- how it looks to a client --------------------------------------------------------


def understood(client: str, got: Received, *, stream: bool) -> list[Fact]:
    """An answer as the client's SDK would read it; an SSE body must end with a whole event."""
    assert 200 <= got.status < 300
    assert got.headers["content-type"].startswith("text/event-stream" if stream else "application/json")
    return samples.heard(provider_side(client), got.body, streamed=stream)


def is_error_of(client: str, got: Received) -> str:
    """The message of an error in the client's own format; the format is told by writing it again."""
    assert got.status >= 400
    assert got.headers["content-type"] == "application/json"
    j.parse(got.body, where="error")
    fault = provider_side(client).decode_error(got.status, got.body)
    assert fault.public
    expected = j.parse(client_side(client).encode_error(fault), where="error")
    assert _shape(expected) == _shape(j.parse(got.body, where="error"))
    return fault.public


def _shape(value: j.Json) -> object:
    return {key: _shape(inner) for key, inner in value.items()} if isinstance(value, dict) else None
