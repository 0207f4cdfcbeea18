"""What a wire format has to provide: a record of functions for the client's side and one for the provider's."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Generic, Literal, Protocol, TypeAlias, TypeVar

from openclaw_extproc.faults import Fault
from openclaw_extproc.frozen import dataclass
from openclaw_extproc.gateway import Changes, Provider
from openclaw_extproc.model.facts import Fact
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Ask
from openclaw_extproc.wire.conversation import Conversation
from openclaw_extproc.wire.examples import Body, Example, Likeness, fits_nothing
from openclaw_extproc.wire.streams.chunks import EventPieces, Pieces
from openclaw_extproc.wire.translation.losses import EVERYTHING, Need
from openclaw_extproc.wire.translation.quirks import Quirk
from openclaw_extproc.wire.translation.tools import NameRule

AskT = TypeVar("AskT", bound=Ask)
"""What a format is about: a `Chat` or an `Embed`."""


@dataclass(frozen=True, slots=True)
class ClientRequest:
    """A request as a client sent it, parsed once."""

    path: str
    """The path without our prefix and without the query: `/v1/chat/completions`."""
    query: str
    raw: bytes
    body: dict[str, Json]
    """`raw`, parsed."""


@dataclass(frozen=True, slots=True)
class EncodedRequest:
    """A request ready to go upstream."""

    path: str
    """The path to be put behind the provider's base path: `/chat/completions`."""
    body: bytes
    losses: tuple[str, ...] = ()
    """What the client said and this format cannot, as paths or short names."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """What else this body needs in headers; only names of `ProviderSide.client_headers`. Empty: the client's own does
    not go."""


NOBODY = Provider("", "", "")


@dataclass(frozen=True, slots=True)
class UpstreamEdit:
    """What the plan changes in any request, translated or not, and for whom."""

    model: str
    cap: int | None = None
    """The largest number of output tokens; a smaller limit of the client's stays."""
    provider: Provider = NOBODY
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """What the client said in headers of its own format; empty when this is a translation."""

    fallback: bool = False
    """Whether this provider stands in for another one of its chain, which may have made the state in the request:
    accounts of OpenAI cannot open each other's reasoning."""

    most: int | None = None
    """The longest answer that this model writes, in tokens; `None`: not known. A vendor refuses a higher limit."""
    room: int | None = None
    """Tokens that the window has left beside the prompt, by a cautious estimate; `None`: not known."""

    def has(self, quirk: Quirk) -> bool:
        return quirk in self.provider.quirks

    def limit(self, asked: int | None) -> int | None:
        """The limit of the answer, as asked for, lowered where the plan or the model is below it; `None`: there is
        none."""
        wanted = min((n for n in (asked, self.cap) if n is not None), default=None)
        return wanted if wanted is None or self.most is None else min(wanted, self.most)

    def longest(self, least: int) -> int | None:
        """Returns an output limit for a format that demands one where the client set none: the model's own, as far as
        the context window has room beside the prompt, and not below `least`; `None`: not known."""
        if self.most is None:
            return None
        return self.most if self.room is None else min(self.most, max(self.room, least))


@dataclass(frozen=True, slots=True)
class Injection:
    """What an operator wants of every request to one target."""

    changes: Changes
    model: str
    """The model that is asked there: not every one takes everything."""


class Decoder(Protocol):
    """Reads one upstream answer."""

    def feed(self, chunk: bytes) -> Iterator[Fact]:
        """Take the next bytes; yield what they complete.

        Raises:
            UnreadableError: after the facts that came before the unreadable part.
        """
        ...

    def end(self) -> Iterator[Fact]:
        """The body is over: yield what was waiting for that, and `Failed` if the answer was not complete.

        Raises:
            UnreadableError: as `feed`.
        """
        ...


class Encoder(Protocol):
    """Writes one answer for a client."""

    def feed(self, fact: Fact) -> bytes: ...


class ByteTransform(Protocol):
    """Changes an answer's bytes on their way, without reading more of them than it must."""

    def feed(self, chunk: bytes) -> bytes:
        """Raises `UnreadableError`."""
        ...

    def end(self) -> bytes:
        """What was still held back."""
        ...


Operation: TypeAlias = Literal["chat", "completions", "compaction", "embeddings", "count_tokens", "passthrough"]
"""What a model is asked to do. Only formats of the same one are translated into each other; `completions` are chats,
and a `compaction` becomes one.
`passthrough` is whatever goes to its vendor unread: no format has it."""

EVENT_STREAM = "text/event-stream; charset=utf-8"
JSON = "application/json"


def usual_content_type(ask: Ask) -> str:
    return EVENT_STREAM if ask.stream else JSON


def always_json(_: Ask) -> str:
    return JSON


def comment(_: Ask) -> bytes:
    return b": keep-alive\n\n"


def no_trimming(_: Ask) -> None:
    return None


def as_asked(_: Ask, __: bytes) -> str:
    return ""


def no_injection(body: dict[str, Json], wanted: Injection, losses: list[str]) -> dict[str, Json]:  # noqa: ARG001  # the shape of all
    return body


@dataclass(frozen=True, slots=True)
class ClientSide(Generic[AskT]):
    """The functions by which a client's requests in this format are read, and its responses written."""

    serves: Callable[[str], bool]
    """Whether this path (without prefix and query) is a model call of this format."""
    decode_request: Callable[[ClientRequest], AskT]
    """Raises `UnreadableError`, or `FaultError` (unsupported). Checks what both stages rely on: model and messages."""
    encoder: Callable[[AskT, int], Encoder]
    """The encoder for the response to this request; takes the time in whole seconds since the epoch, because the core
    has no clock. `stream` says whether a stream or one JSON body is to be written; the latter comes out with the last
    fact."""
    encode_error: Callable[[Fault], bytes]
    """The JSON body of an HTTP error."""
    encode_stream_error: Callable[[Fault], bytes]
    """What breaks off a stream that has begun: the format's own error event."""
    edit: Callable[[ClientRequest, UpstreamEdit], EncodedRequest]
    """Change a request for a provider of the same format; every byte that need not change stays."""
    family: str
    """The vendor whose SDKs speak the format: the name of a `Family`."""
    example: Example
    """The smallest request in this format."""
    looks_like: Callable[[Body], Likeness] = fits_nothing
    """The function that rates how well a body without a path fits this format."""
    content_type: Callable[[AskT], str] = usual_content_type
    """The content type of what the encoder writes."""
    estimate: Callable[[int], bytes] | None = None
    """The function that writes an estimated count, for clients that ask for one where no provider can count."""
    trim: Callable[[AskT], ByteTransform | None] = no_trimming
    """Takes out of a streamed answer of the same format what only we asked for."""
    repack: Callable[[AskT], ByteTransform | None] = no_trimming
    """Puts a whole answer of the same format into the form that was asked for, where a server has only another."""
    amend: Callable[[dict[str, Json], Injection, list[str]], dict[str, Json]] = no_injection
    """The function that adds the operator's texts and settings to a request's body; a value that need not change is the
    very same object in both. It appends to the list what could not be done. The output limit is set by `edit`."""
    conversation: Conversation | None = None
    """The description of a conversation in this format; `None`: its requests have none."""
    unlike: Callable[[AskT, bytes], str | None] = as_asked
    """The function that returns how a response of the right media type that begins with these bytes is not what was
    asked for (`an array`); "" where it is, `None` while more of it has to come."""
    pieces: Callable[[AskT], Pieces] | None = None
    """The function that returns how a streamed response of the same format is passed on and broken off; `None`: as
    server-sent events."""

    keepalive: Callable[[AskT], bytes] = comment
    """What keeps a streamed answer's connection open before its first content, and means nothing to any client."""

    def pieces_for(self, ask: AskT) -> Pieces:
        return EventPieces(self.encode_stream_error) if self.pieces is None else self.pieces(ask)


Place: TypeAlias = Literal["api_version", "project", "region"]
"""Fields of `Provider` that some formats write into the address of a request."""


@dataclass(frozen=True, slots=True)
class ProviderSide(Generic[AskT]):
    """The functions by which requests to a provider in this format are written, and its responses read."""

    base_path: Callable[[str], str]
    """The function from the path of a configured endpoint URL to the base that `Encoded.path` goes behind: "" gives
    "/v1"."""
    credential_header: Callable[[str], tuple[str, str]]
    """The function from a secret to the header that carries it."""
    headers: Mapping[str, str]
    """What every request of this format has to carry, unless the client of the same format set it."""
    encode_request: Callable[[AskT, UpstreamEdit], EncodedRequest]
    """Raises `FaultError` (unsupported) when a loss would change what the request means."""
    decoder: Callable[[bool], Decoder]
    """`True` for an event stream, `False` for one JSON body."""
    decode_error: Callable[[int, bytes], Fault]
    """The function that returns the fault of an error response, from its status and body. It never raises: the body may
    be anything."""
    simulator: str
    """The shape of `openclaw_simulator` that answers for a provider of this format."""
    client_headers: frozenset[str] = field(default_factory=frozenset[str])
    """Headers of this format's clients that another format must not get (`anthropic-version`)."""
    carries: frozenset[Need] = EVERYTHING
    """What a translation into this format can carry."""
    quirks: frozenset[Quirk] = frozenset()
    """The quirks of providers that make a difference in this format."""
    reads: frozenset[Place] = frozenset()
    """What it looks at of a provider besides its base path."""
    lacks: Callable[[Provider], tuple[Place, ...]] = lambda _: ()
    """What a provider has to name for its requests to have an address, and does not."""
    adapt: Callable[[EncodedRequest, AskT, UpstreamEdit], EncodedRequest] | None = None
    """The function that adapts a request to a variant of another format: its path, and the fields that its body has or
    lacks, edited or translated."""
    retry_after: Callable[[bytes], float | None] = lambda _: None
    """Seconds that an error's body asks to wait, for vendors that say it there and in no header."""
    tool_names: NameRule | None = None
    """What it takes as the name of a tool; `None`: anything."""
    seals_for_account: bool = False
    """Whether what it seals can be opened by the same account only."""
    takes_query: bool = True
    """Whether a client's own query (`?beta=true`) goes on to a provider of its own words."""
    unframe: Callable[[], ByteTransform] | None = None
    """The function that makes the events of the base format from the frames of a variant; `None`: the frames are the
    same."""
    stream_type: str = "text/event-stream"
    """The media type of its streams."""
    names_model: bool = True
    """Whether an answer says which model made it."""
    models_path: str = ""
    """The path behind the base path of which a GET lists models and costs nothing. Empty: there is no such address."""
    foreign_errors: bool = False
    """Whether the errors of a variant are not in the words of its base format: clients of that get them translated."""


@dataclass(frozen=True, slots=True)
class Models:
    """The functions that write a vendor's list of models, from their names and a time in seconds since the epoch."""

    all: Callable[[Sequence[str], int], bytes]
    one: Callable[[str, int], bytes]


@dataclass(frozen=True, slots=True)
class WireFormat(Generic[AskT]):
    """The record of one wire format: everything that other packages know of it. A side that it lacks is `None`."""

    name: str
    client: ClientSide[AskT] | None = None
    provider: ProviderSide[AskT] | None = None
    base: str = ""
    """The format of which this is a variant: the same words at another address (`vertex_gemini` of `gemini`)."""
    operation: Operation = "chat"
    same_vendor: str = ""
    """The name of another format of the same vendor, whose parts this one uses."""
    translated: bool = True
    """Whether other formats can be translated into this one; if not, it serves clients of its own format only."""
    title: str = ""
    """The name for readers, in headings of the documentation; empty: the format's own."""
    example_model: str = "m"
    """A model of a vendor that has this format: what the documentation's tables are made with."""
    needless: Mapping[str, str] = field(default_factory=dict[str, str])
    """Features of a request that need no field here, and why, by their name in the documentation's tables: leaving
    them out changes nothing and is no loss."""

    @property
    def words(self) -> str:
        """The format its bodies are written in."""
        return self.base or self.name
