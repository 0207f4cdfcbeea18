"""Gemini: errors, read and written.

Source: https://ai.google.dev/gemini-api/docs/troubleshooting, https://cloud.google.com/apis/design/errors, and bodies
quoted in public issues: a wrong key is 400 INVALID_ARGUMENT with the reason API_KEY_INVALID
(Wei-Shaw/sub2api#1709), a suspended one stands in full in the message (coaidev/coai#67), a stream that was not
asked for with `alt=sse` fails with an array (BigPizzaV3/CodexPlusPlus#332), a prompt that is too long is a 400 in words
only (google-gemini/gemini-cli#6678), and how long to wait stands in the body, never in a header
(googleapis/python-genai#1875).
"""

import re
from typing import assert_never

from openclaw_extproc.faults import Fault, FaultKind, kind_of_status
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.gemini import streams
from openclaw_extproc.wire.streams import sse
from openclaw_extproc.wire.translation import error_words

MAX_MESSAGE_CHARS = 2_000
MAX_CODE_CHARS = 64

_KINDS = {
    "INVALID_ARGUMENT": FaultKind.MALFORMED,
    "FAILED_PRECONDITION": FaultKind.FORBIDDEN,
    "OUT_OF_RANGE": FaultKind.MALFORMED,
    "UNAUTHENTICATED": FaultKind.UNAUTHENTICATED,
    "PERMISSION_DENIED": FaultKind.FORBIDDEN,
    "NOT_FOUND": FaultKind.NOT_FOUND,
    "RESOURCE_EXHAUSTED": FaultKind.RATE_LIMITED,
    "CANCELLED": FaultKind.UPSTREAM_ERROR,
    "ABORTED": FaultKind.UPSTREAM_ERROR,
    "INTERNAL": FaultKind.UPSTREAM_ERROR,
    "UNKNOWN": FaultKind.UPSTREAM_ERROR,
    "UNAVAILABLE": FaultKind.OVERLOADED,
    "DEADLINE_EXCEEDED": FaultKind.UPSTREAM_SILENT,
}
"""FAILED_PRECONDITION is what Gemini says where its free tier is not offered: "User location is not supported"."""
_BAD_KEY = "API_KEY_INVALID"
_DELAY = re.compile(r"(\d{1,6}(?:\.\d{1,9})?)s")
_SECRET = re.compile(r"(api_key:|AIza)[^\s'\"]*")


def encode_error(fault: Fault) -> bytes:
    return j.dump(error(fault))


def encode_stream_error(fault: Fault) -> bytes:
    """An event like any other: google-genai raises for data that begins with `{"error":`."""
    return sse.write(sse.Event(j.text(error(fault))))


def error(fault: Fault) -> dict[str, Json]:
    return {"error": {"code": fault.status, "message": fault.public, "status": _word(fault.kind)}}


def _word(kind: FaultKind) -> str:
    match kind:
        case FaultKind.MALFORMED | FaultKind.UNSUPPORTED | FaultKind.TOO_LARGE | FaultKind.METHOD_NOT_ALLOWED:
            return "INVALID_ARGUMENT"
        case FaultKind.UNAUTHENTICATED:
            return "UNAUTHENTICATED"
        case FaultKind.FORBIDDEN:
            return "PERMISSION_DENIED"
        case FaultKind.NOT_FOUND:
            return "NOT_FOUND"
        case FaultKind.REFUSED:
            return "FAILED_PRECONDITION"
        case FaultKind.RATE_LIMITED | FaultKind.OVER_BUDGET:
            return "RESOURCE_EXHAUSTED"
        case FaultKind.OVERLOADED | FaultKind.EXHAUSTED:
            return "UNAVAILABLE"
        case FaultKind.UPSTREAM_ERROR | FaultKind.UPSTREAM_GARBLED | FaultKind.BUG:
            return "INTERNAL"
        case FaultKind.UPSTREAM_SILENT:
            return "DEADLINE_EXCEEDED"
        case FaultKind.ABANDONED:
            return "CANCELLED"
        case _ as never:
            assert_never(never)


def decode_error(status: int, body: bytes) -> Fault:
    """Returns the fault of an HTTP error response, whatever its body is."""
    said = _error_of(body)
    message = _message(said) or f"the provider answered {status}"
    kind = FaultKind.UNAUTHENTICATED if _has_bad_key(said) else kind_of_status(status)
    if status == 400 and _status(said) == "FAILED_PRECONDITION":
        kind = FaultKind.FORBIDDEN
    return Fault(kind, message, upstream_status=status, code=_code(said, status))


def fault_in_answer(said: Json) -> Fault:
    """Returns the fault of an `error` in a response that began with status 200."""
    word, number = _status(said), said.get("code") if isinstance(said, dict) else None
    if _has_bad_key(said):
        kind = FaultKind.UNAUTHENTICATED
    elif word not in _KINDS and isinstance(number, int) and 400 <= number <= 599:
        kind = kind_of_status(number)
    else:
        kind = _KINDS.get(word, FaultKind.UPSTREAM_ERROR)
    return Fault(kind, _message(said) or "the provider's answer ended in an error", code=_code(said, None))


def _error_of(body: bytes) -> Json:
    """The `error` of an object, or of the first one in an array."""
    try:
        first = next(streams.Reader().feed(body), b"{}")
        return j.parse(first, where="error").get("error")
    except UnreadableError:
        return None


def _message(said: Json) -> str:
    message = said.get("message") if isinstance(said, dict) else said
    return _SECRET.sub(r"\1***", message[:MAX_MESSAGE_CHARS]) if isinstance(message, str) else ""


def retry_after(body: bytes) -> float | None:
    """The seconds that an error answer asks to wait (`google.rpc.RetryInfo`); `None` where it does not say."""
    for detail in _details(_error_of(body)):
        delay = detail.get("retryDelay")
        if isinstance(delay, str) and (found := _DELAY.fullmatch(delay)):
            return float(found[1])
    return None


def _code(said: Json, status: int | None) -> str:
    """Google's status word for the error, or the code that its message stands for."""
    return error_words.code(_status(said), _message(said), status)


def _status(said: Json) -> str:
    word = said.get("status") if isinstance(said, dict) else None
    return word[:MAX_CODE_CHARS] if isinstance(word, str) else ""


def _has_bad_key(said: Json) -> bool:
    return any(detail.get("reason") == _BAD_KEY for detail in _details(said))


def _details(said: Json) -> list[dict[str, Json]]:
    details = said.get("details") if isinstance(said, dict) else None
    return [detail for detail in details if isinstance(detail, dict)] if isinstance(details, list) else []
