"""Gemini's `countTokens`: passed to providers that can count, estimated otherwise. Source: ai.google.dev/api/tokens."""

from dataclasses import replace

from openclaw_extproc.model.chat import Chat
from openclaw_extproc.wire import gemini
from openclaw_extproc.wire.base import JSON, Asked, Decoder, Edit, Encoded, WireFormat
from openclaw_extproc.wire.counts import CountDecoder, CountEncoder
from openclaw_extproc.wire.gemini import count_tokens as count
from openclaw_extproc.wire.gemini import paths

NAME = "gemini_count_tokens"

_client, _provider = gemini.FORMAT.client, gemini.FORMAT.provider
assert _client is not None
assert _provider is not None


def decoder(streamed: bool) -> Decoder:
    assert not streamed
    return CountDecoder("totalTokens")


def edit(asked: Asked, change: Edit) -> Encoded:
    """The model stands in the path; `generateContentRequest` names it again, and Google wants both to agree."""
    return Encoded(paths.write(change.model, paths.COUNT), asked.raw)


def _encoder(chat: Chat, created: int) -> CountEncoder:  # noqa: ARG001  # the shape of every encoder
    return CountEncoder()


FORMAT = WireFormat(
    NAME,
    client=replace(
        _client,
        serves=count.serves,
        decode_request=count.decode_request,
        encoder=_encoder,
        edit=edit,
        content_type=lambda _: JSON,
        estimate=count.encode_count,
        trim=lambda _: None,
    ),
    provider=replace(_provider, decoder=decoder),
    operation="count_tokens",
    kin=gemini.NAME,
    translated=False,
)
