"""What Bedrock's two formats share: where models are, whose key is sent, and how the service says that it failed.

Source: botocore 1.44, service model of `bedrock-runtime` (read 2026-11-21): the exceptions with their statuses, and
https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-use.html (from memory) for keys as bearer tokens. Names
of exceptions outside that model are what AWS's front ends answer, from botocore's and boto's public issues.
Left out: the header `x-amzn-errortype`; of an error we are given the status and the body.

AWS's event-stream frames, one byte at a time if need be.

Source: https://smithy.io/2.0/aws/amazon-eventstream.html and, for the limits, botocore 1.44 `eventstream.py` (read
2026-11-21). A frame: its length and that of its headers, a checksum of these two, headers, payload, a checksum of all.
Left out: writing frames; values of headers that are no text are read past.
"""

import struct
import zlib
from collections.abc import Iterator, Mapping
from urllib.parse import quote

from openclaw_extproc.faults import Fault, FaultKind, kind_of_status
from openclaw_extproc.frozen import dataclass
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.translation import error_words

# -- aws events ------------------------------------------------------------------------


CONTENT_TYPE = "application/vnd.amazon.eventstream"

MAX_HEADERS_BYTES = 128 * 1024
MAX_PAYLOAD_BYTES = 24 * 1024 * 1024

_PRELUDE = struct.Struct("!III")
_CRC = struct.Struct("!I")
_SHORT = struct.Struct("!H")
_AROUND = _PRELUDE.size + _CRC.size
"""Bytes of a frame besides headers and payload."""

_FIXED = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Bytes of a header's value, by its type: true, false, numbers, a time, a UUID."""
_BYTES, _STRING = 6, 7


@dataclass(frozen=True, slots=True)
class Frame:
    headers: Mapping[str, str]
    payload: bytes

    @property
    def kind(self) -> str:
        """`event`, `exception`, or `error` for one that the service's model does not know."""
        return self.headers.get(":message-type", "")

    @property
    def name(self) -> str:
        """What the payload is: the name of the event, the exception or the error."""
        key = {"exception": ":exception-type", "error": ":error-code"}.get(self.kind, ":event-type")
        return self.headers.get(key, "")


class Reader:
    """Bytes in, whole frames out; what is incomplete waits inside."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._sizes: tuple[int, int] | None = None
        """The sizes of the frame that has begun and of its headers, once they are known and checked."""

    def feed(self, chunk: bytes) -> Iterator[Frame]:
        """Take the next bytes; yield the frames they complete.

        Raises:
            UnreadableError: after the frames before; the reader is unusable afterwards.
        """
        self._waiting += chunk
        at = 0
        try:
            while (sizes := self._read_prelude(at)) and len(self._waiting) - at >= sizes[0]:
                frame = bytes(self._waiting[at : at + sizes[0]])
                at, self._sizes = at + sizes[0], None
                yield _frame(frame, sizes[1])
        finally:
            del self._waiting[:at]

    def _read_prelude(self, at: int) -> tuple[int, int] | None:
        if self._sizes is None and len(self._waiting) - at >= _PRELUDE.size:
            self._sizes = _sizes(bytes(self._waiting[at : at + _PRELUDE.size]))
        return self._sizes


def _sizes(prelude: bytes) -> tuple[int, int]:
    total, headers, crc = _PRELUDE.unpack(prelude)
    if zlib.crc32(prelude[:8]) != crc:
        raise UnreadableError("event stream: a frame's beginning does not match its checksum")
    payload = total - headers - _AROUND
    if headers > MAX_HEADERS_BYTES or not 0 <= payload <= MAX_PAYLOAD_BYTES:
        raise UnreadableError("event stream: a frame of a size that none may have")
    return total, headers


def _frame(raw: bytes, headers_size: int) -> Frame:
    (crc,) = _CRC.unpack(raw[-_CRC.size :])
    if zlib.crc32(raw[: -_CRC.size]) != crc:
        raise UnreadableError("event stream: a frame does not match its checksum")
    body = _PRELUDE.size + headers_size
    try:
        headers = dict(_headers(raw[_PRELUDE.size : body]))
    except (struct.error, IndexError, KeyError, UnicodeDecodeError) as problem:
        raise UnreadableError("event stream: unreadable headers") from problem
    return Frame(headers, raw[body : -_CRC.size])


def _headers(raw: bytes) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(raw):
        name_end = at + 1 + raw[at]
        name, kind = raw[at + 1 : name_end].decode(), raw[name_end]
        at = name_end + 1
        if kind in (_BYTES, _STRING):
            (size,) = _SHORT.unpack_from(raw, at)
            at += _SHORT.size
        else:
            size = _FIXED[kind]
        if at + size > len(raw):
            raise IndexError("a header's value is longer than the headers")
        if kind == _STRING:
            yield name, raw[at : at + size].decode()
        at += size


# -- service ---------------------------------------------------------------------------


MAX_MESSAGE = 2_000
"""Characters of a provider's own error message: enough for its longest, too few to fill a log."""
MAX_CODE = 64
"""Characters of an exception's name, about twice the longest documented one."""

_EXCEPTIONS: Mapping[str, tuple[FaultKind, int]] = {
    "ValidationException": (FaultKind.MALFORMED, 400),
    "AccessDeniedException": (FaultKind.FORBIDDEN, 403),
    "ResourceNotFoundException": (FaultKind.NOT_FOUND, 404),
    "ModelTimeoutException": (FaultKind.UPSTREAM_SILENT, 408),
    "ModelErrorException": (FaultKind.UPSTREAM_ERROR, 424),
    "ModelStreamErrorException": (FaultKind.UPSTREAM_ERROR, 424),
    "ThrottlingException": (FaultKind.RATE_LIMITED, 429),
    "ModelNotReadyException": (FaultKind.OVERLOADED, 429),
    "ServiceQuotaExceededException": (FaultKind.RATE_LIMITED, 400),
    "InternalServerException": (FaultKind.UPSTREAM_ERROR, 500),
    "ServiceUnavailableException": (FaultKind.OVERLOADED, 503),
    "UnrecognizedClientException": (FaultKind.UNAUTHENTICATED, 403),
    "InvalidSignatureException": (FaultKind.UNAUTHENTICATED, 403),
    "IncompleteSignatureException": (FaultKind.UNAUTHENTICATED, 403),
    "MissingAuthenticationTokenException": (FaultKind.UNAUTHENTICATED, 403),
    "ExpiredTokenException": (FaultKind.UNAUTHENTICATED, 403),
}

REFUSED_CREDENTIAL = "the provider refuses the gateway's credential"
_ABOUT_CREDENTIALS = ("arn:aws", "security token", "signature", "Signature", "API Key", "API key", "Bearer Token")
"""Words of messages that are for the gateway's operator only: they name accounts, or quote what was signed."""


def base_path(given: str) -> str:
    """The paths of Bedrock begin at the root."""
    return given.rstrip("/")


def credential_header(secret: str) -> tuple[str, str]:
    """Returns the header for a Bedrock API key. Signed requests have no such secret."""
    return "authorization", f"Bearer {secret}"


def path(model: str, operation: str) -> str:
    """Encoded as botocore does it: an ARN has slashes and colons."""
    return f"/model/{quote(model, safe='')}/{operation}"


def fault_of(frame: Frame) -> Fault:
    """What an exception, or an error, in a stream says."""
    word = _exception(frame.name)
    kind, status = _EXCEPTIONS.get(word, (FaultKind.UPSTREAM_ERROR, 500))
    said = _message(_parse_object(frame.payload)) or frame.headers.get(":error-message", "")[:MAX_MESSAGE]
    code = error_words.code(word[:MAX_CODE], said, None)
    return Fault(kind, _public(kind, said) or "the provider failed while answering", status, code)


def decode_error(status: int, body: bytes) -> Fault:
    parsed = _parse_object(body)
    word = _exception(_string(parsed.get("__type")) or _string(parsed.get("code")))
    kind = _EXCEPTIONS[word][0] if word in _EXCEPTIONS else kind_of_status(status)
    said = _public(kind, _message(parsed))
    code = error_words.code(word[:MAX_CODE], said, status)
    return Fault(kind, said or f"the provider answered {status}", status, code)


def _exception(name: str) -> str:
    """`com.amazon.coral.service#ThrottlingException`, `throttlingException`: the name as documented."""
    name = name.rpartition("#")[2].partition(":")[0]
    return name[:1].upper() + name[1:]


def _message(body: Mapping[str, Json]) -> str:
    said = (_string(body.get(key)) for key in ("message", "Message", "originalMessage"))
    return next((text for text in said if text.strip()), "")[:MAX_MESSAGE]


def _public(kind: FaultKind, message: str) -> str:
    if kind is FaultKind.UNAUTHENTICATED:
        return REFUSED_CREDENTIAL
    if kind is FaultKind.FORBIDDEN and any(word in message for word in _ABOUT_CREDENTIALS):
        return REFUSED_CREDENTIAL
    return message


def _parse_object(body: bytes) -> dict[str, Json]:
    try:
        return j.parse(body, where="the provider's error")
    except UnreadableError:
        return {}


def _string(value: Json) -> str:
    return value if isinstance(value, str) else ""
