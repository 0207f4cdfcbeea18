"""A request's head, before its body is here: what is wrong with it already."""

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.stages.events import RequestHead
from openclaw_extproc.stages.pipeline import MAX_NAME_CHARS
from openclaw_extproc.wire import Spoken

MAX_BODY_BYTES = 32 * 1024 * 1024
"""The largest request body that is read; above it the caller gets 413, from here or from Envoy."""
TOO_LARGE = Fault(FaultKind.TOO_LARGE, f"request body: larger than {MAX_BODY_BYTES} bytes")
UPGRADE_REQUIRED = 426
NO_UPGRADE = Fault(FaultKind.UNSUPPORTED, "upgrade: not at this path; send the request without it", UPGRADE_REQUIRED)
"""The status by which clients that try a websocket first (Codex) know at once to go on with plain HTTP."""


def objection(head: RequestHead) -> Fault | None:
    """What is wrong with a request that is to be read, before its body is here."""
    if length(head) > MAX_BODY_BYTES:
        return TOO_LARGE
    if head.headers.get("content-encoding", "identity") != "identity":
        return Fault(FaultKind.MALFORMED, "content-encoding: compressed request bodies are not read here")
    if head.end:
        return Fault(FaultKind.MALFORMED, "request body: missing")
    return None


def refuses_upgrade(head: RequestHead, spoken: Spoken) -> bool:
    """Whether the caller asks for another protocol (`upgrade: websocket`) where none is spoken.

    Envoy removes the header where it does nothing: `h2c`, or a `connection` that does not name it.
    """
    return "upgrade" in head.headers and not (spoken.websocket and head.headers.get(":method", "") == "GET")


def length(head: RequestHead) -> int:
    """As it says itself; 0 where it does not."""
    said = head.headers.get("content-length", "")
    return int(said) if said.isdecimal() else 0


def is_call(head: RequestHead, spoken: Spoken) -> bool:
    return spoken.served and head.headers.get(":method", "") == "POST"


def request_id(head: RequestHead) -> str:
    return head.headers.get("x-request-id", "")[:MAX_NAME_CHARS]
