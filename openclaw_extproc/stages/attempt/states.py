"""The states of an attempt, each with what is known in it; the picture is in `stage`."""

from dataclasses import field
from typing import ClassVar, TypeAlias

from openclaw_extproc.faults import Fault
from openclaw_extproc.frozen import dataclass
from openclaw_extproc.stages.attempt.answer_reader import AnswerReader
from openclaw_extproc.stages.attempt.exchange import FailedResponse, SentRequest, UpstreamResponse, entry
from openclaw_extproc.stages.attempt.upstream_request import BoundAttempt
from openclaw_extproc.stages.entries import AttemptEntry, Outcome
from openclaw_extproc.stages.events import (
    Answer,
    Closed,
    Event,
    Overrun,
    QuestionAnswered,
    RequestBody,
    RequestHead,
    ResponseBody,
    ResponseHead,
    ResponseTrailers,
    TimerFired,
)
from openclaw_extproc.wire.streams.sse import Beginning


@dataclass(frozen=True, slots=True)
class _WithoutTimer:
    """A state in which no silence is too long for this stage."""

    wake_at: ClassVar[None] = None


@dataclass(frozen=True, slots=True)
class New(_WithoutTimer):
    pass


@dataclass(frozen=True, slots=True)
class Reading(_WithoutTimer):
    """The head of the request is here, and not its body."""

    bound: BoundAttempt


@dataclass(frozen=True, slots=True)
class PassThrough(_WithoutTimer):
    """The state of a request that is no model call: its head was changed, and this stage does not look at the
    response."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The request has gone out, and no head of a response is here."""

    request: SentRequest

    @property
    def wake_at(self) -> float:
        return self.request.give_up_at


@dataclass(slots=True)
class HoldingBack:
    """A successful response, of which nothing has gone out: it can still become an attempt somewhere else.

    It grows with each chunk, and is changed by its own methods alone.
    """

    response: UpstreamResponse
    answer: AnswerReader
    give_up_at: float
    """The time at which the provider has been silent for too long, in seconds since the epoch."""
    keepalive_at: float | None = None
    """The time at which the client gets the head and a keep-alive, in seconds since the epoch; `None`: not before the
    content."""
    held: list[bytes] = field(default_factory=list[bytes])
    """Chunks, without a byte order mark."""
    held_bytes: int = 0
    written: list[bytes] = field(default_factory=list[bytes])
    """The translation of what is held."""
    has_content: bool = False
    """Whether content that a client waits for has arrived. A response that is no stream is held until its end
    nevertheless."""
    beginning: Beginning = field(default_factory=Beginning)

    @property
    def wake_at(self) -> float:
        return self.give_up_at if self.keepalive_at is None else min(self.give_up_at, self.keepalive_at)

    def hold(self, event: ResponseBody) -> bytes:
        """Keep a chunk; returns it without a byte order mark."""
        chunk = self.beginning.feed(event.chunk, end=event.end)
        self.held.append(chunk)
        self.held_bytes += len(chunk)
        return chunk

    def to_failed(self, fault: Fault) -> FailedResponse:
        answer = self.answer
        return FailedResponse(
            self.response, fault, answer.losses, bool(self.held), streamed=answer.streamed, usage=answer.usage
        )

    def entry(self, at: float, outcome: Outcome, fault: Fault | None) -> AttemptEntry:
        return entry(self.response.request.bound, at, outcome, fault, self.answer.observation())


@dataclass(frozen=True, slots=True)
class HoldingContent:
    """The state of a stream whose first content has arrived and is held back for a while longer; otherwise as
    `HoldingBack`."""

    holding: HoldingBack
    content_at: float
    """The time when the first content arrived, in seconds since the epoch."""

    @property
    def wake_at(self) -> float:
        request = self.holding.response.request
        return self.holding.answer.last_at + request.timeouts.idle_seconds(reasons=request.ask.reasons)


@dataclass(slots=True)
class Answering:
    """The client has the head and the first content: this attempt is the answer."""

    response: UpstreamResponse
    answer: AnswerReader
    first_content_seconds: float | None
    """The seconds from the request's arrival at this attempt to the first content; `None`: there is none yet."""
    idle_seconds: float
    """The time that a stream may be silent."""
    call_timeout_at: float | None
    """The time by which the whole call has to be over, in seconds since the epoch; `None`: the call has no limit, or
    Envoy alone enforces it."""
    delivered_bytes: int

    @property
    def wake_at(self) -> float | None:
        answer = self.answer
        if not answer.streamed:
            return None
        idle, call = answer.last_at + self.idle_seconds, self.call_timeout_at
        return idle if call is None or idle < call else call

    def entry(self, at: float, outcome: Outcome, fault: Fault | None) -> AttemptEntry:
        seen = self.answer.observation(self.first_content_seconds, self.delivered_bytes)
        return entry(self.response.request.bound, at, outcome, fault, seen)

    def end_entry(self, at: float) -> AttemptEntry:
        """The entry of an answer that has come to its end."""
        fault = self.answer.fault
        return self.entry(at, Outcome.OK if fault is None else Outcome.BROKEN, fault)


@dataclass(slots=True)
class KeepingAlive:
    """The state of a stream without content whose client has the head and gets keep-alives; otherwise as
    `Answering`."""

    answering: Answering
    give_up_at: float
    """The time at which the provider has been silent for too long, in seconds since the epoch."""
    keepalive_at: float
    """The time of the next keep-alive, in seconds since the epoch."""
    between_events: bool
    """The client has no half of an event, in which a sign of life would be a part of it."""
    has_body: bool
    """The provider has sent some of its body. Before that Envoy 1.40 takes no byte of ours: it calls it spurious, and
    breaks the stream off."""

    @property
    def wake_at(self) -> float:
        call = self.answering.call_timeout_at
        soonest = min(self.give_up_at, self.keepalive_at)
        return soonest if call is None else min(soonest, call)


@dataclass(slots=True)
class ReadingError:
    """The attempt failed with an error status: its body is read for the message, and for how long to wait."""

    response: UpstreamResponse
    wake_at: float | None
    """The time until which the error body is waited for, in seconds since the epoch, because it makes no difference to
    the next attempt; `None`: it may make one, and is waited for as long as it takes."""
    held: list[bytes] = field(default_factory=list[bytes])
    held_bytes: int = 0

    def hold(self, chunk: bytes) -> None:
        self.held.append(chunk)
        self.held_bytes += len(chunk)


@dataclass(frozen=True, slots=True)
class PassingError(_WithoutTimer):
    """The provider's own error goes on to the client, byte by byte."""


@dataclass(frozen=True, slots=True)
class Done(_WithoutTimer):
    """The state of an attempt that has sent all that it had to send. Later events are ignored."""

    warning: str = ""
    """The reason why the attempt was rejected, for the log; empty: there is nothing that an operator should know."""


@dataclass(frozen=True, slots=True)
class BrokenOff(_WithoutTimer):
    """The answer has begun and cannot be ended: the client must see it break off."""


WithBody: TypeAlias = HoldingBack | HoldingContent | KeepingAlive | Answering | ReadingError
"""A response whose body is read."""
State: TypeAlias = New | Reading | PassThrough | Sent | WithBody | PassingError | Done | BrokenOff

Transition: TypeAlias = tuple[State, tuple[Answer, ...], AttemptEntry | None]
"""The next state, what Envoy is told, and the entry if this was the end of the attempt. A tuple, as there is one for
each chunk of a stream."""


def ends(event: Event) -> bool:
    """Whether nothing follows this message."""
    match event:
        case ResponseHead(end=end) | ResponseBody(end=end):
            return end
        case ResponseTrailers() | Closed():
            return True
        case RequestHead() | RequestBody() | TimerFired() | Overrun() | QuestionAnswered():
            return False
