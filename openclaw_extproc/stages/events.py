"""What Envoy tells a stage, and what a stage tells Envoy. The edge turns protobuf into these and back.

What a stage returns for an event: everything that its session has to do.
"""

from collections.abc import Callable, Mapping
from dataclasses import field
from enum import Enum
from typing import Generic, TypeAlias, TypeVar

from openclaw_extproc.faults import Fault
from openclaw_extproc.frozen import dataclass
from openclaw_extproc.gateway import Target
from openclaw_extproc.model.json import Json
from openclaw_extproc.plan import Plan
from openclaw_extproc.stages.entries import RequestEntry
from openclaw_extproc.stages.route.side_requests import Question

# -- events ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RequestHead:
    headers: Mapping[str, str]
    """Lower-case names, pseudo headers included; repeated ones joined with a comma."""
    at: float
    """Seconds since the epoch, stamped by the edge, as in every event."""
    end: bool = False
    """Whether the message has no body."""
    cluster: str = ""
    """Attempt stage: the cluster Envoy chose."""
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    """What an attempt needs of what was noted on this request so far: its plan, and the notes of those before it."""
    certificate_names: tuple[str, ...] = ()
    """Route stage: alternative names of the client certificate that Envoy's listener verified."""
    claims: Mapping[str, Json] | None = None
    """Route stage: of a token that Envoy's `jwt_authn` verified."""
    has_bad_token: bool = False
    """Route stage: a token of the configured issuer was sent that `jwt_authn` did not accept."""
    is_reused: bool = False
    """Attempt stage: it goes out on a connection that has been used before."""
    takes_whole: bool = False
    """Attempt stage: Envoy is configured so that `Continue.is_whole` may answer this."""
    is_routed_by_envoy: bool = False
    """Attempt stage: no route stage has seen the request."""


@dataclass(frozen=True, slots=True)
class RequestBody:
    body: bytes
    at: float


@dataclass(frozen=True, slots=True)
class ResponseHead:
    headers: Mapping[str, str]
    at: float
    end: bool = False
    details: str = ""
    """Route stage: Envoy's "response code details", which tell its own replies from providers' answers."""
    notes: Mapping[str, str] = field(default_factory=dict[str, str])
    """Route stage: of the attempts (`history`)."""
    cluster: str = ""
    """Route stage: where the last attempt was sent to, or would have been."""


@dataclass(frozen=True, slots=True)
class ResponseBody:
    chunk: bytes
    end: bool
    at: float
    spoilt: str = ""
    """The reason why no more of the body can be read: it was to be decompressed, and cannot be; empty: it can be
    read."""


@dataclass(frozen=True, slots=True)
class ResponseTrailers:
    """The end of a body that has trailers; the last `ResponseBody` did not say so."""

    at: float


@dataclass(frozen=True, slots=True)
class QuestionAnswered:
    """The answer to `Step.ask`."""

    text: str | None
    """`None`: there was none in time."""
    at: float


@dataclass(frozen=True, slots=True)
class TimerFired:
    """The event that nothing else has come until `Step.wake_at`."""

    at: float


@dataclass(frozen=True, slots=True)
class Overrun:
    """The answer comes faster than we take it: more of it waits than we keep."""

    at: float


@dataclass(frozen=True, slots=True)
class Closed:
    """The stream is gone: the client hung up, Envoy gave the attempt up, or we broke."""

    at: float
    fault: Fault | None = None
    """Set when we broke."""


Event: TypeAlias = (
    RequestHead
    | RequestBody
    | ResponseHead
    | ResponseBody
    | ResponseTrailers
    | QuestionAnswered
    | TimerFired
    | Overrun
    | Closed
)


class To(Enum):
    """The message of Envoy's that an answer belongs to. Envoy expects one answer for each, in the order of its
    messages."""

    REQUEST_HEAD = "request_headers"
    REQUEST_BODY = "request_body"
    RESPONSE_HEAD = "response_headers"
    RESPONSE_TRAILERS = "response_trailers"


@dataclass(frozen=True, slots=True)
class HeaderCredential:
    """A secret that goes into a header as it is. The core knows its name only, as of every credential."""

    name: str
    header: Callable[[str], tuple[str, str]]
    """The function from the secret to the name and value of the header that carries it."""


@dataclass(frozen=True, slots=True)
class AwsCredential:
    """AWS keys to sign this request with, and all that the signature covers besides its time."""

    name: str
    region: str
    service: str
    """The service in AWS's words, as in the scope of a signature: `bedrock`."""
    authority: str
    path: str
    """The path as it is sent, query included."""
    body: bytes = field(repr=False)
    """The body as it is sent, changed or not."""


@dataclass(frozen=True, slots=True)
class GoogleCredential:
    """A Google identity whose current access token goes into the request."""

    name: str


Credential: TypeAlias = HeaderCredential | AwsCredential | GoogleCredential
"""What the edge has to put on as the very last step."""


@dataclass(frozen=True, slots=True)
class Continue:
    """Go on, with these changes."""

    to: To
    set_headers: Mapping[str, str] = field(default_factory=dict[str, str])
    remove_headers: tuple[str, ...] = ()
    body: bytes | None = None
    """The new body of a request; `None` leaves it as it is."""
    groups: tuple[tuple[Target, ...], ...] = ()
    """Route stage: where attempt 1, 2, … go."""
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    """The metadata that is set on this request for its attempts and for the access log."""
    notes: Mapping[str, str] = field(default_factory=dict[str, str])
    """The notes of this attempt for those after it."""
    credential: Credential | None = None
    bypass: bool = False
    """Whether both bodies bypass us from here on. On a request's head only."""
    reads: bool = False
    """Whether the request's body is sent to us, and the head of the response. On a request's head only."""
    is_whole: bool = False
    """Whether the request's body goes on without being sent to us, as it is or as `body` says. On a request's head
    only."""
    stays: bool = False
    """Whether the trailers of the response are sent to us, so that Envoy keeps the stream until the request is over. On
    a response's head only."""
    relays: bool = False
    """Whether the body of the response is shown to us piece by piece, and each piece goes on when we answer. On a
    response's head only."""


SAID_BY_US = "openclaw"
"""Envoy's "response code details" of a `Reply`: tells our own words from Envoy's."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer the client ourselves; Envoy goes no further."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Deliver:
    """A piece of the response's body for the client. Envoy keeps no byte of what it showed us and asks for none, so
    pieces are sent whenever and in whatever size we like: behind the answer to the head, before the one to trailers."""

    chunk: bytes
    end: bool = False
    """Whether the response ends with this piece, without trailers."""


@dataclass(frozen=True, slots=True)
class Relay:
    """A piece of an answer that Envoy keeps (`Continue.relays`), as the client is to get it. One for each we see."""

    chunk: bytes
    changed: bool = True
    """False where it is the very piece that Envoy has."""


@dataclass(frozen=True, slots=True)
class ExtendTimeout:
    """Envoy is to wait longer for the answer to its last message. Once for each message."""

    milliseconds: int
    """Counted from now."""


Answer: TypeAlias = Continue | Deliver | Relay | Reply | ExtendTimeout


# -- step ------------------------------------------------------------------------------


EntryT_co = TypeVar("EntryT_co", covariant=True)


class Close(Enum):
    """The ways to end a stream with Envoy."""

    DONE = "done"
    """Envoy has nothing more to ask."""
    BROKEN = "broken"
    """The stream ends with an error, because a response has begun that cannot be ended: the client sees it break
    off."""


@dataclass(frozen=True, slots=True)
class Placement:
    """A plan, and the targets at which its request counts from now on."""

    plan: Plan
    targets: tuple[Target, ...]
    """The targets at which the request counts; more than one where Envoy chooses."""


@dataclass(frozen=True, slots=True)
class Step(Generic[EntryT_co]):
    """One step of a stage."""

    answers: tuple[Answer, ...] = ()
    """What Envoy is told now: nothing while an answer is held back, several answers when it is let go. Nothing for
    `Closed`: nobody is listening."""
    entry: EntryT_co | None = None
    """Present in exactly one step of a request, and of an attempt that was bound to a target."""
    ask: Question | None = None
    """What has to be asked before Envoy's last message can be answered; `QuestionAnswered` brings the answer."""
    wake_at: float | None = None
    """The time at which `TimerFired` is due if nothing else comes before, in seconds since the epoch; `None`: there is
    no limit."""
    close: Close | None = None
    """How the stream ends now; `None`: it goes on."""
    placed: Placement | None = None
    """Present in the step in which the stage learns where the request goes."""
    warning: str = ""
    """What an operator should know and no entry tells."""
    request: RequestEntry | None = None
    """The entry of the request that this attempt belongs to, where it took the fast path: no route stage has it."""
    awaited_bytes: int = 0
    """The size of a body that is to come, as its head says."""
    kept_bytes: int = 0
    """What the stage keeps beside the body that came until it has an answer to `ask`: what it has unpacked and read."""
