"""Errors in Anthropic's shape, read and written.

Source: `types/shared/error_type` of the official SDK (anthropic 2.11), https://platform.claude.com/docs/en/api/errors
from memory (the statuses), and the messages that its API and those of Bedrock and Vertex were seen to give when a
prompt does not fit. Left out: `request_id`, which no fault has: callers have ours in a header.
"""

from collections.abc import Mapping
from typing import assert_never

from openclaw_extproc.faults import Fault, FaultKind, kind_of_status
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.anthropic_messages.client.requests import THREAD
from openclaw_extproc.wire.streams import sse
from openclaw_extproc.wire.translation import error_words

MAX_MESSAGE = 2_000
"""Characters of a provider's own error message: enough for its longest, too few to fill a log."""
MAX_CODE = 64
"""Characters of its error word, three times the longest documented one."""

_ERRORS = {
    "invalid_request_error": (FaultKind.MALFORMED, 400),
    "authentication_error": (FaultKind.UNAUTHENTICATED, 401),
    "billing_error": (FaultKind.FORBIDDEN, 402),
    "permission_error": (FaultKind.FORBIDDEN, 403),
    "not_found_error": (FaultKind.NOT_FOUND, 404),
    "conflict_error": (FaultKind.REFUSED, 409),
    "request_too_large": (FaultKind.TOO_LARGE, 413),
    "rate_limit_error": (FaultKind.RATE_LIMITED, 429),
    "api_error": (FaultKind.UPSTREAM_ERROR, 500),
    "timeout_error": (FaultKind.UPSTREAM_SILENT, 504),
    "overloaded_error": (FaultKind.OVERLOADED, 529),
}
"""What an error word means, and the status it comes with where it is not in a stream."""

BILLING = 402
"""The status of `billing_error`: who pays is forbidden to go on, and no other word says so."""

TOO_LONG = error_words.TOO_LONG
SAID_TOO_LONG = "prompt is too long"
"""What Claude Code looks for before it compacts a conversation (anthropics/claude-code#16644 has the whole message;
musistudio/claude-code-router#1799 what happens without)."""


def fault_of(body: Mapping[str, Json]) -> Fault:
    """Returns the fault of an `error` event, or of an error body, which has the same shape."""
    error = body.get("error")
    error = error if isinstance(error, dict) else {}
    word = string(error.get("type"))
    kind, status = _ERRORS.get(word, _ERRORS["api_error"])
    message = string(error.get("message"))[:MAX_MESSAGE]
    code = error_words.code(word[:MAX_CODE], message, None)
    return Fault(kind, message or "the provider failed while answering", status, code)


def decode_error(status: int, body: bytes) -> Fault:
    try:
        parsed = j.parse(body, where="the provider's error")
    except UnreadableError:
        parsed = {}
    error = parsed.get("error")
    error = error if isinstance(error, dict) else {}
    # Vertex has Google's shape for its own errors: there `status` is the word.
    word = string(error.get("type")) or string(error.get("status"))
    # Vendors with OpenAI's shape call everything an invalid request: the word counts only in Anthropic's own shape.
    ours = parsed.get("type") == "error" and word in _ERRORS
    # `invalid_request_error` is its word for every 4xx that has none of its own: there the status says more.
    named = ours and word != "invalid_request_error"
    kind = _ERRORS[word][0] if named else FaultKind.FORBIDDEN if status == BILLING else kind_of_status(status)
    message = (string(error.get("message")) or string(parsed.get("message")))[:MAX_MESSAGE]
    return Fault(
        kind, message or f"the provider answered {status}", status, error_words.code(word[:MAX_CODE], message, status)
    )


def encode_error(fault: Fault) -> bytes:
    error: dict[str, Json] = {"type": _error_word(fault), "message": _message(fault)}
    return j.dump({"type": "error", "error": error | _details(fault)})


def _details(fault: Fault) -> dict[str, Json]:
    """Returns the `details` of an error. Given these, the SDK sends the whole conversation without `thread`
    (`lib/threads/_thread_state.py`). It takes the names of other fields in `unsupported` for what stands in the way;
    here it is `thread` itself."""
    if fault.about != THREAD:
        return {}
    return {"details": {"error_code": "thread_unsupported_request", "unsupported": []}}


def _message(fault: Fault) -> str:
    if fault.code != TOO_LONG or SAID_TOO_LONG in fault.public.lower():
        return fault.public
    return f"{SAID_TOO_LONG}: {fault.public}"


def encode_stream_error(fault: Fault) -> bytes:
    return sse.write(sse.Event(encode_error(fault).decode(), "error"))


def _error_word(fault: Fault) -> str:
    match fault.kind:
        case FaultKind.FORBIDDEN if fault.upstream_status == BILLING:
            return "billing_error"
        case FaultKind.MALFORMED | FaultKind.UNSUPPORTED | FaultKind.ABANDONED | FaultKind.METHOD_NOT_ALLOWED:
            return "invalid_request_error"
        case FaultKind.UNAUTHENTICATED:
            return "authentication_error"
        case FaultKind.FORBIDDEN:
            return "permission_error"
        case FaultKind.NOT_FOUND:
            return "not_found_error"
        case FaultKind.REFUSED:
            return "invalid_request_error"
        case FaultKind.TOO_LARGE:
            return "request_too_large"
        case FaultKind.RATE_LIMITED | FaultKind.OVER_BUDGET:
            return "rate_limit_error"
        case FaultKind.OVERLOADED | FaultKind.EXHAUSTED:
            return "overloaded_error"
        case FaultKind.UPSTREAM_SILENT:
            return "timeout_error"
        case FaultKind.UPSTREAM_ERROR | FaultKind.UPSTREAM_GARBLED | FaultKind.BUG:
            return "api_error"
        case _ as never:
            assert_never(never)


def string(value: Json) -> str:
    return value if isinstance(value, str) else ""
