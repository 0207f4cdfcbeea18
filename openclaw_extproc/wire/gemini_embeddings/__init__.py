"""Google Gemini `embedContent` and `batchEmbedContents`, both sides.

Source: https://ai.google.dev/api/embeddings and the official SDK (google-genai 3.4), which sends every request as a
batch. Usage stands in `usageMetadata.promptTokenCount` (maximhq/bifrost#7295); earlier models said none.
Left out: Vertex AI's `predict`. What is not text passes only to the same format; task types and titles are dropped
on the way to another, by name.
"""

from openclaw_extproc.wire.base import ClientSide, ProviderSide, WireFormat
from openclaw_extproc.wire.examples import HELLO, Body, Example, Likeness
from openclaw_extproc.wire.gemini import FORMAT as CHAT
from openclaw_extproc.wire.gemini_embeddings.answers import decoder, encoder
from openclaw_extproc.wire.gemini_embeddings.paths import serves
from openclaw_extproc.wire.gemini_embeddings.requests import decode_request, edit
from openclaw_extproc.wire.gemini_embeddings.upstream import encode_request

NAME = "gemini_embeddings"

EXAMPLE = Example("/v1beta/models/{model}:embedContent", {"content": {"parts": [{"text": HELLO}]}}, streams=False)


def looks_like(body: Body) -> Likeness:
    return Likeness.CERTAIN if "content" in body else Likeness.NONE


assert CHAT.client is not None
assert CHAT.provider is not None

FORMAT = WireFormat(
    NAME,
    client=ClientSide(
        serves=serves,
        decode_request=decode_request,
        encoder=encoder,
        encode_error=CHAT.client.encode_error,
        encode_stream_error=CHAT.client.encode_stream_error,
        edit=edit,
        family=CHAT.client.family,
        example=EXAMPLE,
        looks_like=looks_like,
    ),
    provider=ProviderSide(
        base_path=CHAT.provider.base_path,
        credential_header=CHAT.provider.credential_header,
        headers=CHAT.provider.headers,
        encode_request=encode_request,
        decoder=decoder,
        decode_error=CHAT.provider.decode_error,
        simulator=CHAT.provider.simulator,
        client_headers=CHAT.provider.client_headers,
        retry_after=CHAT.provider.retry_after,
    ),
    operation="embeddings",
    same_vendor=CHAT.name,
)
FORMATS = (FORMAT,)
