"""OpenAI Chat Completions, both sides.

Source: https://platform.openai.com/docs/api-reference/chat and the types of the official SDK (openai-python 2).
Left out: `n` > 1, audio, files, custom tools, legacy functions and reasoning text; a request that has one of the first
five passes only to the same format, reasoning text (`reasoning_content`) is not read.

A new output cap is written as `max_completion_tokens`, because api.openai.com's reasoning models refuse `max_tokens`.
vLLM knows it, llama.cpp since February 2026 (PR 19831); Ollama 0.32 still ignores it (issue 7125).
"""

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.base import Asked, ClientSide, Edit, Encoded, ProviderSide, WireFormat
from openclaw_extproc.wire.openai_chat import errors
from openclaw_extproc.wire.openai_chat.decoder import decoder
from openclaw_extproc.wire.openai_chat.encoder import encoder
from openclaw_extproc.wire.openai_chat.requests import LIMITS, decode_request
from openclaw_extproc.wire.openai_chat.upstream import CARRIES, PATH, encode_request

NAME = "openai_chat"

CLIENT_HEADERS = frozenset({"openai-beta", "openai-organization", "openai-project"})


def serves(path: str) -> bool:
    return path == "/v1/chat/completions"


def edit(asked: Asked, change: Edit) -> Encoded:
    changes: dict[str, Json] = {} if asked.body.get("model") == change.model else {"model": change.model}
    changes |= _capped(asked.body, change)
    return Encoded(PATH, j.patch(asked.raw, changes))


def _capped(body: dict[str, Json], change: Edit) -> dict[str, Json]:
    limits = {name: j.an_int(body[name], at=name) for name in LIMITS if body.get(name) is not None}
    if not limits and change.cap is not None:
        return {LIMITS[0]: change.cap}
    return {name: change.limit(asked) for name, asked in limits.items() if change.limit(asked) != asked}


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
        encode_error=errors.encode_error,
        encode_stream_error=errors.encode_stream_error,
        edit=edit,
    ),
    provider=ProviderSide(
        base_path=base_path,
        credential_header=credential_header,
        headers={"content-type": "application/json"},
        encode_request=encode_request,
        decoder=decoder,
        decode_error=errors.decode_error,
        client_headers=CLIENT_HEADERS,
        carries=CARRIES,
    ),
)
