"""OpenAI Responses, both sides.

Source: https://platform.openai.com/docs/api-reference/responses and the types and the stream reader of the official SDK
(openai-python 2). What Codex reads of a stream: `response.created`, `response.output_item.done`, the deltas,
`response.completed`, `response.failed`, `response.incomplete`.
Left out, and passed to the same format only: what OpenAI keeps on its side (`previous_response_id`, `conversation`,
`prompt`, `background`, `item_reference`, files by id), tools that OpenAI runs, custom and shell tools, compaction.
Log probabilities and annotations are not translated.

Reasoning travels in `encrypted_content`: OpenAI's own as it is, another provider's as a token of ours.
"""

from collections.abc import Callable

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.base import Asked, ClientSide, Edit, Encoded, ProviderSide, WireFormat
from openclaw_extproc.wire.examples import HELLO, Body, Example, Likeness, has_any
from openclaw_extproc.wire.openai import errors as openai_errors
from openclaw_extproc.wire.openai_responses import state
from openclaw_extproc.wire.openai_responses.client.conversation import CONVERSATION
from openclaw_extproc.wire.openai_responses.client.encoder import encoder
from openclaw_extproc.wire.openai_responses.client.errors import encode_stream_error
from openclaw_extproc.wire.openai_responses.client.injection import amend
from openclaw_extproc.wire.openai_responses.client.requests import LIMIT, decode_request
from openclaw_extproc.wire.openai_responses.provider.decoder import decoder
from openclaw_extproc.wire.openai_responses.provider.upstream import CARRIES, KNOWN_QUIRKS, PATH, encode_request
from openclaw_extproc.wire.restrictions.openai_bodies import accepted_responses
from openclaw_extproc.wire.translation import provider_state
from openclaw_extproc.wire.translation.tool_names import NameRule

NAME = "openai_responses"

CLIENT_HEADERS = frozenset({"openai-beta", "openai-organization", "openai-project"})


EXAMPLE = Example("/v1/responses", {"input": HELLO})


def serves(path: str) -> bool:
    return path == EXAMPLE.path


def looks_like(body: Body) -> Likeness:
    return Likeness.POSSIBLE if has_any(body, "input", "previous_response_id") else Likeness.NONE


def edit(asked: Asked, change: Edit) -> Encoded:
    changes: dict[str, Json] = {} if asked.body.get("model") == change.model else {"model": change.model}
    limit = None if asked.body.get(LIMIT) is None else j.an_int(asked.body[LIMIT], at=LIMIT)
    if change.limit(limit) != limit:
        changes[LIMIT] = change.limit(limit)
    if provider_state.MARK.encode() in asked.raw:
        changes |= _left(asked.raw, state.without_strangers)
    if change.fallback:
        changes |= _left(asked.raw, state.without_reasoning)
    losses: list[str] = []
    body = accepted_responses({**asked.body, **changes}, change, losses, translated=False)
    changed = {key: value for key, value in body.items() if key in changes or value is not asked.body.get(key)}
    removed = asked.body.keys() - body.keys()
    return Encoded(PATH, j.patch(asked.raw, changed, remove=removed), tuple(losses))


def _left(raw: bytes, of: Callable[[list[Json]], list[Json]]) -> dict[str, Json]:
    items = j.parse(raw, where="request").get("input")
    kept = of(items) if isinstance(items, list) else items
    return {} if kept == items else {"input": kept}


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
        amend=amend,
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
FORMATS = (FORMAT,)
