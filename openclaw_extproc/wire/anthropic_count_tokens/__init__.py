"""Anthropic's `POST /v1/messages/count_tokens`: passed to providers that can count, estimated otherwise.

Source: the types of the official SDK (anthropic 2.11), and Anthropic's page on token counting. Claude Code asks for it
before every compaction.
"""

from dataclasses import replace

from openclaw_extproc.model.chat import Chat
from openclaw_extproc.wire import anthropic_messages
from openclaw_extproc.wire.anthropic_messages import count_tokens as count
from openclaw_extproc.wire.base import JSON, Decoder, WireFormat
from openclaw_extproc.wire.counts import CountDecoder, CountEncoder

NAME = "anthropic_count_tokens"

_client, _provider = anthropic_messages.FORMAT.client, anthropic_messages.FORMAT.provider
assert _client is not None
assert _provider is not None


def decoder(streamed: bool) -> Decoder:
    assert not streamed
    return CountDecoder("input_tokens")


def _encoder(chat: Chat, created: int) -> CountEncoder:  # noqa: ARG001  # the shape of every encoder
    return CountEncoder()


FORMAT = WireFormat(
    NAME,
    client=replace(
        _client,
        serves=count.serves,
        decode_request=count.decode_request,
        encoder=_encoder,
        edit=count.edit,
        content_type=lambda _: JSON,
        estimate=count.encode_answer,
        trim=lambda _: None,
    ),
    provider=replace(_provider, encode_request=count.encode_request, decoder=decoder),
    operation="count_tokens",
    kin=anthropic_messages.NAME,
    translated=False,
)
