"""Anthropic Messages on Google's Vertex AI, provider side: the words of `anthropic_messages` at another address.

Source: `lib/vertex/_client.py` of the official SDK (anthropic 2.11, read 2026-11-21), and
https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude from memory. The model stands in the path,
the version of the API in the body instead of a header; beta flags are written there too, as Google's docs do.
Left out: what a client of the same format asks for and Vertex does not have (files by id, links) is passed on, and
refused there.
"""

from dataclasses import replace
from functools import partial

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Chat
from openclaw_extproc.wire.anthropic_messages import FORMAT as ANTHROPIC
from openclaw_extproc.wire.anthropic_messages.client import count_tokens
from openclaw_extproc.wire.anthropic_messages.provider.upstream import CARRIES as ANTHROPICS
from openclaw_extproc.wire.anthropic_messages.provider.upstream import encode_request
from openclaw_extproc.wire.base import EncodedRequest, UpstreamEdit, WireFormat
from openclaw_extproc.wire.restrictions import betas
from openclaw_extproc.wire.translation.losses import Need
from openclaw_extproc.wire.vertex.address import GLOBAL, base_path, credential_header, missing

NAME = "vertex_anthropic"
VERSION = "vertex-2023-10-16"
BETA = "anthropic-beta"

CARRIES: frozenset[Need] = ANTHROPICS - {"image_link", "pdf_link"}
"""Vertex fetches nothing: "URL sources are not supported" (anthropics/anthropic-sdk-typescript#1038)."""


def adapt(encoded: EncodedRequest, chat: Chat, change: UpstreamEdit) -> EncodedRequest:
    counts = encoded.path == count_tokens.PATH
    said = {**change.headers, **encoded.headers}
    body = j.parse(encoded.body, where="request")
    flags, left = betas.split_flags(betas.flags_in(said.get(BETA, "")), betas.VERTEX, change.model)
    left += betas.without_fields(body, flags)
    if not counts:  # what counts tokens finds the model in the body
        body.pop("model", None)
    body.setdefault("anthropic_version", VERSION)
    if flags:
        body.setdefault("anthropic_beta", list[Json](flags))
    path = _before(change) + _model(change.model, chat, counts=counts)
    return replace(encoded, path=path, body=j.dump(body), losses=(*encoded.losses, *betas.beta_losses(left)))


def _model(model: str, chat: Chat, *, counts: bool) -> str:
    if counts:
        return "/publishers/anthropic/models/count-tokens:rawPredict"
    return f"/publishers/anthropic/models/{model}:{'streamRawPredict' if chat.stream else 'rawPredict'}"


def _before(change: UpstreamEdit) -> str:
    """What the configured path leaves open."""
    given = change.provider.base_path
    if "/projects/" in given:
        return ""
    version = "" if given.endswith("/v1") else "/v1"
    return f"{version}/projects/{change.provider.project}/locations/{change.provider.region or GLOBAL}"


assert ANTHROPIC.provider is not None
FORMAT = WireFormat(
    NAME,
    provider=replace(
        ANTHROPIC.provider,
        base_path=base_path,
        credential_header=credential_header,
        headers={"content-type": "application/json"},
        encode_request=partial(encode_request, carries=CARRIES),
        carries=CARRIES,
        adapt=adapt,
        models_path="",
        foreign_errors=True,  # Google's own (no such model, no permission) have Google's shape
        reads=frozenset({"project", "region"}),
        lacks=missing,
        takes_query=False,  # Claude Code's `?beta=true`: Anthropic's own SDK leaves it out at Vertex AI
    ),
    base=ANTHROPIC.name,
)
