"""Anthropic Messages on Bedrock (InvokeModel), provider side: the words of `anthropic_messages` at another address.

Source: `lib/bedrock/` of the official SDK (anthropic 2.11, read 2026-11-21) and botocore 1.44, `ResponseStream`. The
model and whether to stream stand in the path, the version of the API and beta flags in the body instead of headers.
Left out: counting tokens, which has another body there; what a client of the same format asks for and Bedrock does not
have (files by id) is passed on, and refused there.
"""

from dataclasses import replace
from functools import partial

from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.chat import Chat
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire import aws_events, bedrock
from openclaw_extproc.wire.anthropic_messages import FORMAT as ANTHROPIC
from openclaw_extproc.wire.anthropic_messages.requests import PATH
from openclaw_extproc.wire.anthropic_messages.upstream import CARRIES as ANTHROPICS
from openclaw_extproc.wire.anthropic_messages.upstream import encode_request
from openclaw_extproc.wire.base import Edit, Encoded, WireFormat
from openclaw_extproc.wire.bedrock_anthropic.unframing import Unframing
from openclaw_extproc.wire.needs import Need

__all__ = ["FORMAT", "NAME"]

NAME = "bedrock_anthropic"
VERSION = "bedrock-2023-05-31"
BETA = "anthropic-beta"

CARRIES: frozenset[Need] = ANTHROPICS - {"image_link", "pdf_link"}
"""Bedrock fetches nothing: sources are base64 only (docs of InvokeModel's Messages, from memory)."""


def adapt(encoded: Encoded, chat: Chat, change: Edit) -> Encoded:
    if encoded.path.partition("?")[0] != PATH:
        raise FaultError(FaultKind.UNSUPPORTED, "Bedrock answers Anthropic's messages only")
    said = {**change.headers, **encoded.headers}
    flags: list[Json] = [word.strip() for word in said.get(BETA, "").split(",") if word.strip()]
    body = j.parse(encoded.body, where="request")
    for key in ("model", "stream"):
        body.pop(key, None)
    body.setdefault("anthropic_version", VERSION)
    if flags:
        body.setdefault("anthropic_beta", flags)
    operation = "invoke-with-response-stream" if chat.stream else "invoke"
    return replace(encoded, path=bedrock.path(change.model, operation), body=j.dump(body))


assert ANTHROPIC.provider is not None
FORMAT = WireFormat(
    NAME,
    provider=replace(
        ANTHROPIC.provider,
        base_path=bedrock.base_path,
        credential_header=bedrock.credential_header,
        headers={"content-type": "application/json"},
        encode_request=partial(encode_request, carries=CARRIES),
        decode_error=bedrock.decode_error,
        carries=CARRIES,
        adapt=adapt,
        models_path="",
        unframe=Unframing,
        stream_type=aws_events.CONTENT_TYPE,
        foreign_errors=True,
    ),
    base=ANTHROPIC.name,
)
