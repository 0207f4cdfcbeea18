"""OpenAI's legacy completions: a prompt in, its continuation out.

Source: https://platform.openai.com/docs/api-reference/completions and the types of the official SDK (openai-python
3.52). Providers that list the format in `also` get such requests as they are; for all others the prompt is one turn of
a chat, which is what a model of today can do with it.
Left out: several prompts or answers, tokens for a prompt, `suffix` and `echo` pass only to the same format; `best_of`
and log probabilities are dropped on the way to another, by name. Without `max_tokens` OpenAI stops after 16 tokens; a
translation does not.
"""

from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Chat
from openclaw_extproc.wire.base import ClientRequest, ClientSide, EncodedRequest, ProviderSide, UpstreamEdit, WireFormat
from openclaw_extproc.wire.examples import HELLO, Body, Example, Likeness
from openclaw_extproc.wire.openai import api
from openclaw_extproc.wire.openai import errors as openai_errors
from openclaw_extproc.wire.openai.api import flag, whole
from openclaw_extproc.wire.openai_chat.client.same_format import trim_usage
from openclaw_extproc.wire.openai_completions.decoder import decoder
from openclaw_extproc.wire.openai_completions.encoder import encoder
from openclaw_extproc.wire.openai_completions.requests import LIMIT, decode_request, inject

NAME = "openai_completions"
PATH = "/completions"


EXAMPLE = Example(f"/v1{PATH}", {"prompt": HELLO})


def serves(path: str) -> bool:
    return path == EXAMPLE.path


def looks_like(body: Body) -> Likeness:
    return Likeness.POSSIBLE if "prompt" in body else Likeness.NONE


def edit(asked: ClientRequest, change: UpstreamEdit) -> EncodedRequest:
    changes: dict[str, Json] = {} if asked.body.get("model") == change.model else {"model": change.model}
    limit = whole(asked.body, LIMIT)
    if change.limit(limit) != limit:
        changes[LIMIT] = change.limit(limit)
    if flag(asked.body, "stream") and not change.has("no_stream_options"):
        changes |= _with_usage(asked.body.get("stream_options"))
    return EncodedRequest(PATH, j.patch(asked.raw, changes))


def _with_usage(options: Json) -> dict[str, Json]:
    """Streams are asked to say their usage, which we count; `trim` takes it out where the client did not ask."""
    said = options if isinstance(options, dict) else {}
    return {} if said.get("include_usage") is True else {"stream_options": {**said, "include_usage": True}}


def encode_request(_chat: Chat, _change: UpstreamEdit) -> EncodedRequest:
    """Is never called, because nothing is translated into this format (`translated` below): a chat has no
    continuation."""
    raise FaultError(FaultKind.UNSUPPORTED, "the provider takes legacy completions only")


FORMAT = WireFormat(
    NAME,
    client=ClientSide(
        serves=serves,
        decode_request=decode_request,
        encoder=encoder,
        encode_error=openai_errors.encode_error,
        encode_stream_error=openai_errors.encode_stream_error,
        edit=edit,
        family="openai",
        example=EXAMPLE,
        looks_like=looks_like,
        trim=trim_usage,
        amend=inject,
    ),
    provider=ProviderSide(
        base_path=api.base_path,
        credential_header=api.credential_header,
        headers=api.HEADERS,
        encode_request=encode_request,
        decoder=decoder,
        decode_error=openai_errors.decode_error,
        simulator="openai",
        client_headers=api.CLIENT_HEADERS,
    ),
    operation="completions",
    same_vendor="openai_chat",
    translated=False,
)
FORMATS = (FORMAT,)
