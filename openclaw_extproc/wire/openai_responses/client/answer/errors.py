"""OpenAI Responses: how a stream that has begun tells of a failure. See `openai_responses` for the source.

The reference has `code` and `message` in the error event itself, the API puts them into `error` (seen in public issues:
openai-dotnet 881, Effect 7262), and the official SDKs raise for the latter only. So ours has both. Codex reads neither,
but `response.failed_response`, and the code in it.
"""

from collections.abc import Iterator, Sequence

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.openai.errors import error_of
from openclaw_extproc.wire.openai_responses.client.answer.response import failed_response
from openclaw_extproc.wire.streams import sse

_CODES = frozenset({"server_error", "rate_limit_exceeded", "invalid_prompt", "context_length_exceeded"})
_CODES_OF_KINDS = {FaultKind.RATE_LIMITED: "rate_limit_exceeded", FaultKind.MALFORMED: "invalid_prompt"}


_UNREAD: dict[str, Json] = {
    "id": "",
    "object": "response",
    "created_at": 0,
    "incomplete_details": None,
    "usage": None,
}


def error_event(fault: Fault) -> dict[str, Json]:
    inside = error_of(fault)
    flat: dict[str, Json] = {key: inside[key] for key in ("code", "message", "param")}
    return {"type": "error", **flat, "error": inside}


def failing(fault: Fault, head: dict[str, Json] | None, output: Sequence[Json]) -> Iterator[dict[str, Json]]:
    """The events that end a stream: first the error, then the response that failed of it.

    `head`: the response as it began; `None`: it did not.
    """
    yield error_event(fault)
    if head is not None:
        yield {"type": "response.failed", "response": failed_response(head, output, response_error(fault))}


def encode_stream_error(fault: Fault) -> bytes:
    """Writes an error event behind events that were not counted, of a response that was not read."""
    events = failing(fault, dict(_UNREAD), [])
    return b"".join(
        sse.write(sse.Event(j.text({**event, "sequence_number": n}), str(event["type"])))
        for n, event in enumerate(events)
    )


def response_error(fault: Fault) -> Json:
    """The `error` of a failed answer: a closed set of codes."""
    code = fault.code if fault.code in _CODES else _CODES_OF_KINDS.get(fault.kind, "server_error")
    return {"code": code, "message": fault.public}
