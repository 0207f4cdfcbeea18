"""OpenAI's errors, read and written: its formats share their words.

Source: https://platform.openai.com/docs/guides/error-codes, and bodies quoted in public issues: a wrong key is
`invalid_request_error` with code `invalid_api_key`, no quota is 429 with type and code `insufficient_quota`. Compatible
servers differ: vLLM puts the HTTP status into `code`, Ollama's `error` may be a plain string, FastAPI says `detail`,
Google puts the whole body into a list, Azure's filter says `content_filter` with an `innererror`.
"""

from openclaw_extproc.faults import Fault, FaultKind, kind_of_status
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.streams import sse
from openclaw_extproc.wire.translation import error_words

MAX_MESSAGE_CHARS = 2_000
MAX_CODE_CHARS = 100

_WORDS: dict[FaultKind, tuple[str, str | None]] = {
    FaultKind.MALFORMED: ("invalid_request_error", None),
    FaultKind.UNSUPPORTED: ("invalid_request_error", "unsupported_value"),
    FaultKind.TOO_LARGE: ("invalid_request_error", "request_too_large"),
    FaultKind.UNAUTHENTICATED: ("invalid_request_error", "invalid_api_key"),
    FaultKind.FORBIDDEN: ("invalid_request_error", "permission_denied"),
    FaultKind.NOT_FOUND: ("invalid_request_error", "model_not_found"),
    FaultKind.METHOD_NOT_ALLOWED: ("invalid_request_error", "method_not_supported"),
    FaultKind.REFUSED: ("invalid_request_error", "refused_by_provider"),
    FaultKind.RATE_LIMITED: ("rate_limit_error", "rate_limit_exceeded"),
    FaultKind.OVER_BUDGET: ("insufficient_quota", "insufficient_quota"),
    FaultKind.OVERLOADED: ("server_error", "overloaded"),
    FaultKind.UPSTREAM_ERROR: ("server_error", "server_error"),
    FaultKind.UPSTREAM_GARBLED: ("server_error", "upstream_garbled"),
    FaultKind.UPSTREAM_SILENT: ("server_error", "timeout"),
    FaultKind.EXHAUSTED: ("server_error", "all_models_unavailable"),
    FaultKind.ABANDONED: ("invalid_request_error", "request_cancelled"),
    FaultKind.BUG: ("server_error", "internal_error"),
}
"""`type` and `code` for each kind. OpenAI's own words as far as it has one."""

_KINDS = {
    "rate_limit_exceeded": FaultKind.RATE_LIMITED,
    "rate_limit_error": FaultKind.RATE_LIMITED,
    "insufficient_quota": FaultKind.RATE_LIMITED,
    "too_many_requests": FaultKind.RATE_LIMITED,
    "requests": FaultKind.RATE_LIMITED,
    "tokens": FaultKind.RATE_LIMITED,
    "overloaded": FaultKind.OVERLOADED,
    "overloaded_error": FaultKind.OVERLOADED,
    "engine_overloaded": FaultKind.OVERLOADED,
    "server_is_overloaded": FaultKind.OVERLOADED,
    "service_unavailable": FaultKind.OVERLOADED,
    "timeout": FaultKind.UPSTREAM_SILENT,
    "invalid_api_key": FaultKind.UNAUTHENTICATED,
    "authentication_error": FaultKind.UNAUTHENTICATED,
    "permission_denied": FaultKind.FORBIDDEN,
    "permission_error": FaultKind.FORBIDDEN,
    "model_not_found": FaultKind.NOT_FOUND,
    "invalid_request_error": FaultKind.MALFORMED,
    "BadRequestError": FaultKind.MALFORMED,
    "context_length_exceeded": FaultKind.MALFORMED,
    "content_filter": FaultKind.MALFORMED,
    "DeploymentNotFound": FaultKind.NOT_FOUND,
    "invalid_prompt": FaultKind.MALFORMED,
}
"""What the `code` or `type` of an error inside an answer means; other words are the provider's own failure."""


def encode_error(fault: Fault) -> bytes:
    return j.dump(_error(fault))


def encode_stream_error(fault: Fault) -> bytes:
    """An event without a name: openai-python raises `APIError` for any data with an `error` in it."""
    return sse.write(sse.Event(j.text(_error(fault))))


def _error(fault: Fault) -> dict[str, Json]:
    return {"error": error_of(fault)}


def error_of(fault: Fault) -> dict[str, Json]:
    """The inside of every error."""
    word, code = _WORDS[fault.kind]
    return {"message": fault.public, "type": word, "param": None, "code": fault.code or code}


def decode_error(status: int, body: bytes) -> Fault:
    """Returns the fault of an HTTP error response, whatever its body is."""
    try:
        said = j.parse(_only_element(body), where="error")
    except UnreadableError:
        said = {}
    error = said.get("error") or said
    message = _message(error) or f"the provider answered {status}"
    code = error_words.code(_code(error), message, status)
    return Fault(kind_of_status(status), message, upstream_status=status, code=code)


def _only_element(body: bytes) -> bytes:
    """The one object of a list, as Google's API of this format writes it."""
    bare = body.strip()
    return bare[1:-1] if bare.startswith(b"[") and bare.endswith(b"]") else body


def fault_in_answer(error: Json) -> Fault:
    """Returns the fault of an `error` in a response that began with status 200."""
    message = _message(error) or "the provider's answer ended in an error"
    return Fault(_kind(error), message, code=error_words.code(_code(error), message, None))


def _kind(error: Json) -> FaultKind:
    if not isinstance(error, dict):
        return FaultKind.UPSTREAM_ERROR
    for key in ("status", "code", "type"):
        word = error.get(key)
        if isinstance(word, str) and word in _KINDS:
            return _KINDS[word]
        status = int(word) if isinstance(word, str) and word in _STATUSES else word
        if isinstance(status, int) and 400 <= status <= 599:
            return kind_of_status(status)
    return FaultKind.UPSTREAM_ERROR


_STATUSES = frozenset(map(str, range(400, 600)))


def _message(error: Json) -> str:
    """The first text that a person can read: OpenAI's `message`, FastAPI's `detail`, or the error itself."""
    if isinstance(error, dict):
        error = error.get("message") or error.get("detail")
    return error[:MAX_MESSAGE_CHARS] if isinstance(error, str) else ""


def _code(error: Json) -> str:
    words = (error.get("code"), error.get("type")) if isinstance(error, dict) else ()
    return next((word[:MAX_CODE_CHARS] for word in words if isinstance(word, str) and word), "")
