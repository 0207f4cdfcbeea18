"""Cohere's errors, read: `{"message": "…"}` with a status.

Source: `errors/` and `v2/raw_client` of the official SDK (cohere 7.0) for the statuses, Cohere's OpenAPI description
for what 498 and 499 mean, and its page on errors for the messages.
"""

from openclaw_extproc.faults import Fault, FaultKind, kind_of_status
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.translation import error_words

MAX_MESSAGE_CHARS = 2_000
"""The length to which a provider's error message is cut: enough for its longest, too little to fill a log."""

_STATUSES = {499: FaultKind.UPSTREAM_ERROR}
"""A cancelled request. Cohere says so of a generation that it gave up itself too ("streaming error"), and to try it
again."""
_DENIED_STATUS = 498
"""The SDK calls it an invalid token. It is no credential: the prompt or the answer has a word that Cohere denies."""


def decode_error(status: int, body: bytes) -> Fault:
    """Returns the fault of an HTTP error; the body may be anything."""
    try:
        said = message_of(j.parse(body, where="the provider's error").get("message"))
    except UnreadableError:
        said = ""
    kind = _STATUSES.get(status) or kind_of_status(status)
    code = error_words.code(error_words.CONTENT_FILTER if status == _DENIED_STATUS else "", said, status)
    return Fault(kind, said or f"the provider answered {status}", status, code)


def fault_in_answer(said: Json, kind: FaultKind = FaultKind.UPSTREAM_ERROR, code: str = "") -> Fault:
    """The fault of an answer that began with status 200, from the message in it."""
    message = message_of(said)
    return Fault(kind, message or "the provider failed while answering", code=error_words.code(code, message, None))


def message_of(said: Json) -> str:
    """The message of an error, cut; empty where there is none."""
    return said[:MAX_MESSAGE_CHARS] if isinstance(said, str) and said.strip() else ""
