"""OpenAI Chat Completions, both sides.

Source: https://platform.openai.com/docs/api-reference/chat and the types of the official SDK (openai-python 2).
Left out: `n` > 1, log probabilities, spoken answers, files at OpenAI and legacy functions; a request with one of them
passes only to the same format (`requests` says why).

A new output cap is written as `max_completion_tokens`, because api.openai.com's reasoning models refuse `max_tokens`.
vLLM knows it, llama.cpp since February 2026 (PR 19831); Ollama 0.32 still ignores it (issue 7125). Where servers differ
is in `fitting`, by the words of `translation/quirks`.
"""

from openclaw_extproc.wire.base import ClientSide, ProviderSide, WireFormat
from openclaw_extproc.wire.examples import HELLO, Body, Example, Likeness
from openclaw_extproc.wire.openai import errors
from openclaw_extproc.wire.openai_chat.client.edits import CONVERSATION, edit, inject
from openclaw_extproc.wire.openai_chat.client.encoder import encoder
from openclaw_extproc.wire.openai_chat.client.requests import decode_request
from openclaw_extproc.wire.openai_chat.client.same_format import trim
from openclaw_extproc.wire.openai_chat.provider.decoder import decoder
from openclaw_extproc.wire.openai_chat.provider.upstream import CARRIES, encode_request
from openclaw_extproc.wire.translation.quirks import QUIRKS
from openclaw_extproc.wire.translation.tools import NameRule

NAME = "openai_chat"

CLIENT_HEADERS = frozenset({"openai-beta", "openai-organization", "openai-project"})


EXAMPLE = Example("/v1/chat/completions", {"messages": [{"role": "user", "content": HELLO}]})


def serves(path: str) -> bool:
    return path == EXAMPLE.path


def looks_like(body: Body) -> Likeness:
    return Likeness.POSSIBLE if "messages" in body else Likeness.NONE


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
        family="openai",
        example=EXAMPLE,
        looks_like=looks_like,
        trim=trim,
        amend=inject,
        conversation=CONVERSATION,
    ),
    provider=ProviderSide(
        base_path=base_path,
        credential_header=credential_header,
        headers={"content-type": "application/json"},
        encode_request=encode_request,
        decoder=decoder,
        decode_error=errors.decode_error,
        simulator="openai",
        client_headers=CLIENT_HEADERS,
        carries=CARRIES,
        quirks=frozenset(QUIRKS),
        tool_names=NameRule(64),
        models_path="/models",
    ),
    title="OpenAI Chat",
    example_model="gpt-5.1",
    needless={
        "visible reasoning": "no field for it; what the server returns is forwarded",
        "cache breakpoints": "not needed: caching is automatic",
    },
)
FORMATS = (FORMAT,)
