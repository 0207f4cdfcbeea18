"""OpenAI Responses, both sides.

Source: https://platform.openai.com/docs/api-reference/responses and the types and the stream reader of the official SDK
(openai-python 2). What Codex reads of a stream: `response.created`, `response.output_item.done`, the deltas,
`response.completed`, `response.failed_response`, `response.incomplete`.
Tools that the client runs are carried as functions and given back as what they were (`client.tools.kinds`). Tools that
OpenAI runs stay behind. A compaction is made by a summary where the provider has none (`compactions`).
Left out, and passed to the same format only: what OpenAI keeps on its side (`previous_response_id`, `conversation`,
`prompt`, `background`, `item_reference`, files by id, its own compactions).
Log probabilities and annotations are not translated.

Reasoning travels in `encrypted_content`: OpenAI's own as it is, another provider's as a token of ours.
"""

from openclaw_extproc.wire.base import ClientSide, ProviderSide, WireFormat
from openclaw_extproc.wire.examples import HELLO, Body, Example, Likeness, has_any
from openclaw_extproc.wire.openai import errors as openai_errors
from openclaw_extproc.wire.openai_responses.client.edits import CONVERSATION, edit, inject
from openclaw_extproc.wire.openai_responses.client.encoder import encoder
from openclaw_extproc.wire.openai_responses.client.requests import decode_request
from openclaw_extproc.wire.openai_responses.client.response import encode_stream_error, trim
from openclaw_extproc.wire.openai_responses.compactions import compaction_format
from openclaw_extproc.wire.openai_responses.input_tokens import input_tokens_format
from openclaw_extproc.wire.openai_responses.provider.decoder import decoder
from openclaw_extproc.wire.openai_responses.provider.upstream import CARRIES, KNOWN_QUIRKS, encode_request
from openclaw_extproc.wire.translation.tools import NameRule

NAME = "openai_responses"

CLIENT_HEADERS = frozenset({"openai-beta", "openai-organization", "openai-project"})


EXAMPLE = Example("/v1/responses", {"input": HELLO})


def serves(path: str) -> bool:
    return path == EXAMPLE.path


def looks_like(body: Body) -> Likeness:
    return Likeness.POSSIBLE if has_any(body, "input", "previous_response_id") else Likeness.NONE


def base_path(path: str) -> str:
    return path.rstrip("/") or "/v1"


def credential_header(secret: str) -> tuple[str, str]:
    return "authorization", f"Bearer {secret}"


FORMAT = WireFormat(
    NAME,
    client=ClientSide(
        serves=serves,
        decode_request=decode_request,
        encoder=encoder,
        encode_error=openai_errors.encode_error,
        encode_stream_error=encode_stream_error,
        edit=edit,
        family="openai",
        example=EXAMPLE,
        looks_like=looks_like,
        amend=inject,
        trim=trim,
        conversation=CONVERSATION,
    ),
    provider=ProviderSide(
        base_path=base_path,
        credential_header=credential_header,
        headers={"content-type": "application/json"},
        encode_request=encode_request,
        decoder=decoder,
        decode_error=openai_errors.decode_error,
        simulator="openai",
        client_headers=CLIENT_HEADERS,
        carries=CARRIES,
        quirks=KNOWN_QUIRKS,
        seals_for_account=True,
        tool_names=NameRule(128),
        models_path="/models",
    ),
    title="OpenAI Responses",
    example_model="gpt-5.1",
    needless={"cache breakpoints": "not needed: caching is automatic"},
)
FORMATS = (FORMAT, compaction_format(FORMAT), input_tokens_format(FORMAT))
