"""Google Gemini `generateContent` and `streamGenerateContent`, both sides.

Source: https://ai.google.dev/api/generate-content and the types of the official SDK (google-genai 3.4, read
2026-11-21), and what Gemini was seen to do in public issues, named at each place.
Left out: Google's own tools and files, cached contents and several candidates pass only to the same format. Safety
settings, the resolution of media and log probabilities are dropped on the way to another, by name; and so is the
signature of a text, which no other format has a place for.
"""

from openclaw_extproc.model.requests import Ask
from openclaw_extproc.wire.base import ClientSide, ProviderSide, WireFormat
from openclaw_extproc.wire.examples import HELLO, Body, Example, Likeness
from openclaw_extproc.wire.gemini.api import base_path, serves
from openclaw_extproc.wire.gemini.client.count_tokens import count_format
from openclaw_extproc.wire.gemini.client.edits import CONVERSATION, inject
from openclaw_extproc.wire.gemini.client.encoder import content_type, encoder
from openclaw_extproc.wire.gemini.client.requests import decode_request, edit, pieces, unlike
from openclaw_extproc.wire.gemini.errors import decode_error, encode_error, encode_stream_error, retry_after
from openclaw_extproc.wire.gemini.provider.decoder import decoder
from openclaw_extproc.wire.gemini.provider.upstream import CARRIES, encode_request
from openclaw_extproc.wire.translation.tools import NameRule

NAME = "gemini"

CLIENT_HEADERS = frozenset({"x-goog-api-client", "x-goog-request-params", "x-server-timeout"})


EXAMPLE = Example(
    "/v1beta/models/{model}:generateContent",
    {"contents": [{"role": "user", "parts": [{"text": HELLO}]}]},
    stream_path="/v1beta/models/{model}:streamGenerateContent?alt=sse",
)


def looks_like(body: Body) -> Likeness:
    return Likeness.CERTAIN if "contents" in body else Likeness.NONE


def credential_header(secret: str) -> tuple[str, str]:
    return "x-goog-api-key", secret


def blank(_: Ask) -> bytes:
    """An empty event, or white space before an array. Some of Google's SDKs stumble over comments."""
    return b"\n\n"


FORMAT = WireFormat(
    NAME,
    client=ClientSide(
        serves=serves,
        decode_request=decode_request,
        encoder=encoder,
        encode_error=encode_error,
        encode_stream_error=encode_stream_error,
        edit=edit,
        family="gemini",
        example=EXAMPLE,
        looks_like=looks_like,
        content_type=content_type,
        unlike=unlike,
        pieces=pieces,
        amend=inject,
        conversation=CONVERSATION,
        keepalive=blank,
    ),
    provider=ProviderSide(
        base_path=base_path,
        credential_header=credential_header,
        headers={"content-type": "application/json"},
        encode_request=encode_request,
        decoder=decoder,
        decode_error=decode_error,
        simulator="gemini",
        client_headers=CLIENT_HEADERS,
        retry_after=retry_after,
        carries=CARRIES,
        quirks=frozenset({"no_penalties"}),
        tool_names=NameRule(128, others=r"[^a-zA-Z0-9_.:-]", first=r"[a-zA-Z_]"),
        models_path="/models",
    ),
    title="Gemini",
    example_model="gemini-3-flash",
)
FORMATS = (FORMAT, count_format(FORMAT))
