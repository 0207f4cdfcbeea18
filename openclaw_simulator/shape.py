"""What a provider's shape is: a record of functions, one per shape in its own file.

Everything is pure: ids and times come in as a `Stamp`. Bytes leave as a `Stream` in named pieces, so that `faults` can
break it in a chosen place without knowing the format.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from openclaw_simulator.reading import RefusedError
from openclaw_simulator.script import Answer, Ask


@dataclass(frozen=True, slots=True)
class Stamp:
    """What differs from one answer to the next."""

    number: int
    """Counts the requests of this server; all ids are made of it."""
    at: float
    """Seconds since the epoch."""
    cached: dict[str, float] = field(default_factory=dict[str, float])
    """Prefixes of prompts that this server has cached, and until when; an answer may add to it."""


@dataclass(frozen=True, slots=True)
class Call:
    """An HTTP request, as far as a shape must know it."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in any case."""
    body: bytes = b""
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Stream:
    """A streamed answer, each piece already framed."""

    content_type: str
    opening: tuple[bytes, ...]
    """What comes before the first token."""
    tokens: tuple[bytes, ...]
    closing: bytes
    """Finish reason and usage; empty when `end` has them."""
    end: bytes
    """What tells a reader that the answer is complete."""
    lifecycle: tuple[bytes, ...]
    """What a provider may send before it fails without having said anything."""
    error: bytes
    """The provider's error event: overloaded."""
    error_first: bytes
    """The same when nothing came before."""
    garbage: bytes
    """An event whose JSON is cut off."""


@dataclass(frozen=True, slots=True)
class Shape:
    name: str
    model_of: Callable[[Call], str]
    """The model a request names, read without checks; empty when it cannot be found."""
    streams: Callable[[Call], bool]
    """Whether a stream is asked for, read without checks."""
    refuse_key: Callable[[Call], RefusedError | None]
    """Why the credentials are refused; `None` when they are good."""
    read: Callable[[Call], Ask]
    """Check a request as the provider would. Raises `RefusedError`."""
    whole: Callable[[Ask, Answer, Stamp, bool], bytes]
    """The answer in one piece; the flag says whether it has usage."""
    stream: Callable[[Ask, Answer, Stamp, bool, Call], Stream]
    failure: Callable[[int, str], RefusedError]
    """The provider's own words for a status, about a model."""
    error_body: Callable[[RefusedError, Stamp], bytes]
    frame_error: Callable[[bytes, Call], bytes]
    """An error body as the answer to this call: Gemini puts it into an array when it would stream one."""
    too_long: Callable[[], RefusedError]
    """The prompt does not fit the model."""
    chat_paths: tuple[str, ...]
    """aiohttp routes that answer a chat."""
    models_path: str
    models: Callable[[Stamp], bytes]
    request_id: str
    """The header that carries the provider's request id."""
    overloaded: int
    """The status of the provider for `overloaded`."""
    other: Callable[[str, Call], bytes] | None = None
    """The JSON that answers any other call, by its HTTP method; may raise `RefusedError`. `None`: nothing is there."""
    method: str = "POST"
    """Of `chat_paths`; `*` is any."""
    limits: tuple[tuple[str, str], ...] = ()
    """Headers of every answer that say what is left to the caller."""
    also: tuple["Shape", ...] = ()
    """What else this server answers; a path belongs to the first that names it."""
    socket_paths: tuple[str, ...] = ()
    """aiohttp routes of websockets that send back what they get."""
