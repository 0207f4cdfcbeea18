"""Streams of InvokeModelWithResponseStream as Anthropic's own server-sent events.

Source: `lib/bedrock/_stream_decoder.py` of the official SDK (anthropic 2.11) and botocore 1.44, `PayloadPart` (both
read 2026-11-21): each `chunk` has one event's JSON, in base64. The metrics that Bedrock adds to the last one stay.
"""

import base64
import binascii

from openclaw_extproc.faults import FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import UnreadableError
from openclaw_extproc.wire import bedrock, sse
from openclaw_extproc.wire.aws_events import Frame, Reader

_WORDS = {
    FaultKind.MALFORMED: "invalid_request_error",
    FaultKind.UNAUTHENTICATED: "authentication_error",
    FaultKind.FORBIDDEN: "permission_error",
    FaultKind.NOT_FOUND: "not_found_error",
    FaultKind.RATE_LIMITED: "rate_limit_error",
    FaultKind.OVERLOADED: "overloaded_error",
    FaultKind.UPSTREAM_SILENT: "timeout_error",
}
"""Anthropic's word for what went wrong; any other is its `api_error`."""


class Unframing:
    """Frames in, events out. A stream that breaks off is noticed by whoever reads the events."""

    def __init__(self) -> None:
        self._reader = Reader()
        self._broken: UnreadableError | None = None

    def feed(self, chunk: bytes) -> bytes:
        """Raises `UnreadableError` once there is nothing readable left to return before it."""
        events: list[bytes] = []
        try:
            if self._broken is None:
                events += map(_event, self._reader.feed(chunk))
        except UnreadableError as problem:
            self._broken = problem
        if self._broken is not None and not events:
            raise self._broken
        return b"".join(events)

    def end(self) -> bytes:
        return b""


def _event(frame: Frame) -> bytes:
    if frame.kind != "event":
        return _error(frame)
    if frame.name != "chunk":
        return b""  # what comes later: the service adds events
    payload = j.parse(frame.payload, where="the provider's event")
    try:
        raw = base64.b64decode(j.a_string(payload.get("bytes"), at="bytes"), validate=True).decode()
    except (binascii.Error, ValueError) as problem:
        raise UnreadableError("event stream: a chunk that is no base64") from problem
    name = j.parse(raw, where="the provider's event").get("type")
    return sse.write(sse.Event(raw, name if isinstance(name, str) else "message"))


def _error(frame: Frame) -> bytes:
    fault = bedrock.fault_of(frame)
    error = {"type": _WORDS.get(fault.kind, "api_error"), "message": fault.public}
    return sse.write(sse.Event(j.text({"type": "error", "error": {**error}}), "error"))
