"""OpenAI's `POST /v1/responses/compact`: passed to providers that have it, and a summary by the same model elsewhere.

Source: `response_compact_params` and `compacted_response` of openai-python (main of 2026-08). To a provider without it
the request is a conversation like any other, with one question more (`client.compaction`); so it is routed, counted and
limited like one, and fails over like one.
"""

from collections.abc import Iterator
from dataclasses import replace

from openclaw_extproc.model import json as j
from openclaw_extproc.model.chat import Chat
from openclaw_extproc.model.facts import Fact, Finished, Started, Stop, UsageReported
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.base import (
    ClientRequest,
    Decoder,
    EncodedRequest,
    Encoder,
    UpstreamEdit,
    WireFormat,
    always_json,
    no_trimming,
)
from openclaw_extproc.wire.examples import Example, fits_nothing
from openclaw_extproc.wire.openai import api
from openclaw_extproc.wire.openai_responses.client.compaction_items import summaries
from openclaw_extproc.wire.openai_responses.client.compaction_items.encoder import CompactedEncoder
from openclaw_extproc.wire.openai_responses.client.edits import edit_at_path
from openclaw_extproc.wire.openai_responses.client.requests import decode_request, with_summary_question
from openclaw_extproc.wire.openai_responses.fields import array
from openclaw_extproc.wire.streams.json_body import WholeDecoder

NAME = "openai_compactions"
PATH = "/responses/compact"


def compaction_format(of: WireFormat[Chat]) -> WireFormat[Chat]:
    """The format of compactions, beside the chat format `of`."""
    assert of.client is not None
    assert of.provider is not None
    client = replace(
        of.client,
        serves=serves,
        decode_request=_decode,
        encoder=_encoder,
        edit=_edit,
        example=Example(f"/v1{PATH}", of.client.example.body, streams=False),
        looks_like=fits_nothing,
        content_type=always_json,
        trim=no_trimming,
        conversation=None,
    )
    provider = replace(of.provider, decoder=_decoder)
    return WireFormat(NAME, client, provider, operation="compaction", same_vendor=of.name, translated=False)


def serves(path: str) -> bool:
    return path == f"/v1{PATH}"


def _decode(asked: ClientRequest) -> Chat:
    chat = decode_request(asked)
    if summaries.MARK not in chat.extras:
        chat = with_summary_question(chat, [])
    kept = summaries.user_messages(asked.body.get("input"))
    return replace(chat, stream=False, extras={**chat.extras, summaries.MARK: kept})


def _edit(asked: ClientRequest, change: UpstreamEdit) -> EncodedRequest:
    return edit_at_path(asked, change, PATH)


def _encoder(chat: Chat, created: int) -> Encoder:
    return CompactedEncoder(chat, created)


def _decoder(_: bool) -> Decoder:
    return WholeDecoder(_usage_facts)


def _usage_facts(body: dict[str, Json]) -> Iterator[Fact]:
    """What the client gets as it came: read for its tokens."""
    array(body.get("output"), at="output")
    yield Started(j.a_string(body.get("id") or "", at="id"), "")
    if usage := api.usage(body.get("usage"), "input_tokens", "output_tokens"):
        yield UsageReported(usage)
    yield Finished(Stop.END)
