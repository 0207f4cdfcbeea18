"""Cohere's chat, version 2 of the API (`POST /v2/chat`), provider side only.

Source: the types of the official SDK (cohere 7.0, read 2026-11-30), Cohere's OpenAPI description, and its pages on
streaming, tool use, reasoning, structured outputs, images and errors (docs.cohere.com, read the same day).
Left out: documents and citations (an answer's citations are not translated), safety modes, log probabilities,
priorities, `strict_tools`. The names of tools go as they are: which letters it takes is for Cohere to say. An answer
does not name the model.
"""

from openclaw_extproc.wire.base import ProviderSide, WireFormat
from openclaw_extproc.wire.cohere_chat.decoder import decode_error, decoder
from openclaw_extproc.wire.cohere_chat.requests import CARRIES, encode_request

__all__ = ["FORMAT", "FORMATS", "NAME"]

NAME = "cohere_chat"


def base_path(given: str) -> str:
    """The path before the version: chats and lists of models have different ones."""
    return given.rstrip("/").removesuffix("/v2").removesuffix("/v1")


def credential_header(secret: str) -> tuple[str, str]:
    """The header of an API key."""
    return "authorization", f"Bearer {secret}"


FORMAT = WireFormat(
    NAME,
    provider=ProviderSide(
        base_path=base_path,
        credential_header=credential_header,
        headers={"content-type": "application/json"},
        encode_request=encode_request,
        decoder=decoder,
        decode_error=decode_error,
        simulator="cohere",
        carries=CARRIES,
        names_model=False,
        quirks=frozenset({"no_json_schema"}),
        models_path="/v1/models",
    ),
    title="Cohere",
    example_model="command-a-plus-05-2026",
    needless={
        "visible reasoning": "no field for it; what the model thinks is always in the answer",
        "cache breakpoints": "not needed: caching is automatic",
    },
)
FORMATS = (FORMAT,)
