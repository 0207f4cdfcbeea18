"""What Envoy tells a stage, and what a stage tells Envoy. The edge turns protobuf into these and back."""

from collections.abc import Callable, Mapping
from dataclasses import field
from enum import Enum
from typing import TypeAlias

from openclaw_extproc.faults import Fault
from openclaw_extproc.frozen import dataclass
from openclaw_extproc.gateway import Target
from openclaw_extproc.model.json import Json


@dataclass(frozen=True, slots=True)
class RequestHead:
    headers: Mapping[str, str]
    """Lower-case names, pseudo headers included; repeated ones joined with a comma."""
    at: float
    """Seconds since the epoch, stamped by the edge, as in every event."""
    end: bool = False
    """No body follows."""
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
    """Why nothing of the body can be read from here on: it was to be unpacked, and cannot be."""


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
    """Nothing came until `Step.wake_at`."""

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
    """Which of Envoy's messages an answer is for. Envoy wants one answer each, in the order it asked."""

    REQUEST_HEAD = "request_headers"
    REQUEST_BODY = "request_body"
    RESPONSE_HEAD = "response_headers"
    RESPONSE_TRAILERS = "response_trailers"


@dataclass(frozen=True, slots=True)
class HeaderCredential:
    """A secret that goes into a header as it is. The core knows its name only, as of every credential."""

    name: str
    header: Callable[[str], tuple[str, str]]
    """From the secret to the header that carries it."""


@dataclass(frozen=True, slots=True)
class AwsCredential:
    """AWS keys to sign this request with, and all that the signature covers besides its time."""

    name: str
    region: str
    service: str
    """As AWS calls it in the scope of a signature: `bedrock`."""
    authority: str
    path: str
    """As it goes out, query included."""
    body: bytes = field(repr=False)
    """As it goes out, changed or not."""


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
    """Of a request; `None` leaves it as it is."""
    groups: tuple[tuple[Target, ...], ...] = ()
    """Route stage: where attempt 1, 2, … go."""
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])
    """To be noted on this request, for the attempts and the access log."""
    notes: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of this attempt, for those after it."""
    credential: Credential | None = None
    bypass: bool = False
    """Of a request's head: both bodies go past us from here on."""
    reads: bool = False
    """Of a request's head: its body comes to us, and the head of its answer."""
    is_whole: bool = False
    """Of a request's head: its body goes on without being sent to us, as it is or as `body` says."""
    stays: bool = False
    """Of an answer's head: we are told of its trailers, so that Envoy leaves us no sooner than the request is over."""
    relays: bool = False
    """Of an answer's head: its body is shown to us piece by piece, and each piece goes on when we answer."""


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
    """More of the answer's body. Envoy keeps no byte of what it showed us and asks for none: what the client is to get
    is delivered, when and in what pieces we like. Behind the answer to the head, before the one to trailers."""

    chunk: bytes
    end: bool = False
    """Nothing follows, trailers neither."""


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
