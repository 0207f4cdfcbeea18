"""A request's head, before its body is here: what is wrong with it already."""

from dataclasses import replace

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.model.json import UnreadableError
from openclaw_extproc.stages.events import RequestHead
from openclaw_extproc.stages.pipeline import MAX_NAME_CHARS
from openclaw_extproc.wire import ApiPath
from openclaw_extproc.wire.streams import content_encoding

MAX_BODY_BYTES = 32 * 1024 * 1024
"""The largest request body that is read; above it the caller gets 413, from here or from Envoy."""
TOO_LARGE = Fault(FaultKind.TOO_LARGE, f"request body: larger than {MAX_BODY_BYTES} bytes")
UNSUPPORTED_MEDIA_TYPE = 415
UNKNOWN_PACKING = Fault(
    FaultKind.MALFORMED,
    f"content-encoding: not known here (known: {', '.join(content_encoding.KNOWN_CODINGS)})",
    UNSUPPORTED_MEDIA_TYPE,
)
UPGRADE_REQUIRED = 426
NO_UPGRADE = Fault(FaultKind.UNSUPPORTED, "upgrade: not at this path; send the request without it", UPGRADE_REQUIRED)
"""The status by which clients that try a websocket first (Codex) know at once to go on with plain HTTP."""


def objection(head: RequestHead) -> Fault | None:
    """What is wrong with a request that is to be read, before its body is here."""
    if length(head) > MAX_BODY_BYTES:
        return TOO_LARGE
    packing = content_encoding.encoding(head.headers)
    if packing and content_encoding.unpacker(packing) is None:
        return UNKNOWN_PACKING
    if head.end:
        return Fault(FaultKind.MALFORMED, "request body: missing")
    return None


def plain_body(head: RequestHead, body: bytes) -> bytes | Fault:
    """The body as it was before its client compressed it, or why there is none. What comes out is bounded as a plain
    body is, and no more than that is ever unpacked."""
    packing = content_encoding.encoding(head.headers)
    unpacker = content_encoding.unpacker(packing, MAX_BODY_BYTES) if packing else None
    if unpacker is None:
        return body
    try:
        plain = b"".join(unpacker.feed(body))
        unpacker.end()
    except content_encoding.TooLongError:
        return TOO_LARGE
    except UnreadableError as problem:
        return Fault(FaultKind.MALFORMED, f"request body: {problem}")
    return plain


def without_packing(head: RequestHead) -> RequestHead:
    """The head of a request whose body is plain by now."""
    return replace(head, headers={name: one for name, one in head.headers.items() if name != "content-encoding"})


def refuses_upgrade(head: RequestHead, spoken: ApiPath) -> bool:
    """Whether the caller asks for another protocol (`upgrade: websocket`) where none is spoken.

    Envoy removes the header where it does nothing: `h2c`, or a `connection` that does not name it.
    """
    return "upgrade" in head.headers and not (spoken.websocket and head.headers.get(":method", "") == "GET")


def length(head: RequestHead) -> int:
    """Returns the `content-length` of a request; 0 where it has none."""
    said = head.headers.get("content-length", "")
    return int(said) if said.isdecimal() else 0


def is_call(head: RequestHead, spoken: ApiPath) -> bool:
    return spoken.served and head.headers.get(":method", "") == "POST"


def request_id(head: RequestHead) -> str:
    return head.headers.get("x-request-id", "")[:MAX_NAME_CHARS]
