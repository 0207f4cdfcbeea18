"""Anthropic Messages on Bedrock (InvokeModel), provider side: the words of `anthropic_messages` at another address.

Source: `lib/bedrock/` of the official SDK (anthropic 2.11, read 2026-11-21) and botocore 1.44, `ResponseStream` and
`PayloadPart`. The model and whether to stream stand in the path, the version of the API and beta flags in the body
instead of headers. Each `chunk` of a stream has one event's JSON, in base64; the metrics that Bedrock adds to the last
one stay.
Left out: counting tokens, which has another body there; what a client of the same format asks for and Bedrock does not
have (files by id) is passed on, and refused there.
"""

import base64
import binascii
from dataclasses import replace
from functools import partial

from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import Chat
from openclaw_extproc.wire.anthropic_messages import FORMAT as ANTHROPIC
from openclaw_extproc.wire.anthropic_messages.client.requests import PATH
from openclaw_extproc.wire.anthropic_messages.provider.upstream import CARRIES as ANTHROPICS
from openclaw_extproc.wire.anthropic_messages.provider.upstream import encode_request
from openclaw_extproc.wire.base import EncodedRequest, UpstreamEdit, WireFormat
from openclaw_extproc.wire.bedrock import service
from openclaw_extproc.wire.bedrock.service import Frame, Reader
from openclaw_extproc.wire.restrictions import betas
from openclaw_extproc.wire.streams import sse
from openclaw_extproc.wire.translation.losses import Need

__all__ = ["FORMAT", "NAME"]

NAME = "bedrock_anthropic"
VERSION = "bedrock-2023-05-31"
BETA = "anthropic-beta"

CARRIES: frozenset[Need] = ANTHROPICS - {"image_link", "pdf_link"}
"""Bedrock fetches nothing: sources are base64 only (docs of InvokeModel's Messages, from memory)."""


def adapt(encoded: EncodedRequest, chat: Chat, change: UpstreamEdit) -> EncodedRequest:
    if encoded.path.partition("?")[0] != PATH:
        raise FaultError(FaultKind.UNSUPPORTED, "Bedrock answers Anthropic's messages only")
    said = {**change.headers, **encoded.headers}
    body = j.parse(encoded.body, where="request")
    flags, left = betas.split_flags(betas.flags_in(said.get(BETA, "")), betas.BEDROCK, change.model)
    left += betas.without_fields(body, flags)
    for key in ("model", "stream"):
        body.pop(key, None)
    body.setdefault("anthropic_version", VERSION)
    if flags:
        body.setdefault("anthropic_beta", list[Json](flags))
    operation = "invoke-with-response-stream" if chat.stream else "invoke"
    path = service.path(change.model, operation)
    return replace(encoded, path=path, body=j.dump(body), losses=(*encoded.losses, *betas.beta_losses(left)))


# -- streams --------------------------------------------------------------

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


class EventsOfFrames:
    """Writes the events of a stream of frames. A stream that breaks off is noticed by whoever reads the events."""

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
    fault = service.fault_of(frame)
    error = {"type": _WORDS.get(fault.kind, "api_error"), "message": fault.public}
    return sse.write(sse.Event(j.text({"type": "error", "error": {**error}}), "error"))


assert ANTHROPIC.provider is not None
FORMAT = WireFormat(
    NAME,
    provider=replace(
        ANTHROPIC.provider,
        base_path=service.base_path,
        credential_header=service.credential_header,
        headers={"content-type": "application/json"},
        encode_request=partial(encode_request, carries=CARRIES),
        decode_error=service.decode_error,
        simulator="bedrock",
        carries=CARRIES,
        adapt=adapt,
        models_path="",
        unframe=EventsOfFrames,
        stream_type=service.CONTENT_TYPE,
        foreign_errors=True,
    ),
    base=ANTHROPIC.name,
)
