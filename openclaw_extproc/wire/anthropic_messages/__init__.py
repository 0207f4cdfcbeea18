"""Anthropic Messages, both sides.

Source: the types of the official SDK (anthropic 2.11, read 2026-11-21), what Anthropic was seen to refuse in public
issues, named at each place, and https://platform.claude.com/docs/en/api/messages from memory.
Left out: server tools, MCP, containers and files by id pass only to the same format. Citations are dropped on the way
to another. A system message in the middle of the conversation (beta `mid-conversation-system-2026-04-07`, sent by
Claude Code since 2.1.154) keeps its place: see `translation/instructions`.
"""

from openclaw_extproc.model.requests import Ask
from openclaw_extproc.wire.anthropic_messages.client.count_tokens import count_format
from openclaw_extproc.wire.anthropic_messages.client.edits import CONVERSATION, edit, inject
from openclaw_extproc.wire.anthropic_messages.client.encoder import encoder
from openclaw_extproc.wire.anthropic_messages.client.requests import PATH, decode_request
from openclaw_extproc.wire.anthropic_messages.errors import decode_error, encode_error, encode_stream_error
from openclaw_extproc.wire.anthropic_messages.provider.decoder import decoder
from openclaw_extproc.wire.anthropic_messages.provider.upstream import CARRIES, DEFAULT_MAX_TOKENS, encode_request
from openclaw_extproc.wire.base import ClientSide, ProviderSide, WireFormat
from openclaw_extproc.wire.examples import HELLO, Body, Example, Likeness, has_any, keys_of, part_types
from openclaw_extproc.wire.translation.tools import NameRule

__all__ = ["DEFAULT_MAX_TOKENS", "FORMAT", "FORMATS", "NAME"]

NAME = "anthropic_messages"


EXAMPLE = Example(f"/v1{PATH}", {"max_tokens": 100, "messages": [{"role": "user", "content": HELLO}]})
_OWN_FIELDS = ("system", "stop_sequences", "thinking", "anthropic_version", "anthropic_beta")


def serves(path: str) -> bool:
    return path == EXAMPLE.path


def looks_like(body: Body) -> Likeness:
    if "messages" not in body:
        return Likeness.NONE
    claude = "max_tokens" in body and str(body.get("model", "")).startswith("claude")
    tools = "input_schema" in keys_of(body.get("tools")) or "tool_result" in part_types(body["messages"])
    return Likeness.CERTAIN if has_any(body, *_OWN_FIELDS) or claude or tools else Likeness.NONE


def base_path(given: str) -> str:
    """The SDK's base URLs come without `/v1`, those of other vendors with a path before it (`/anthropic`)."""
    given = given.rstrip("/")
    return given if given.endswith("/v1") else f"{given}/v1"


def credential_header(secret: str) -> tuple[str, str]:
    return "x-api-key", secret


def ping(_: Ask) -> bytes:
    """The format's own sign of life, which all its SDKs know."""
    return b'event: ping\ndata: {"type": "ping"}\n\n'


FORMAT = WireFormat(
    NAME,
    client=ClientSide(
        serves=serves,
        decode_request=decode_request,
        encoder=encoder,
        encode_error=encode_error,
        encode_stream_error=encode_stream_error,
        edit=edit,
        family="anthropic",
        example=EXAMPLE,
        looks_like=looks_like,
        amend=inject,
        conversation=CONVERSATION,
        keepalive=ping,
    ),
    provider=ProviderSide(
        base_path,
        credential_header,
        headers={"content-type": "application/json", "anthropic-version": "2023-06-01"},
        encode_request=encode_request,
        decoder=decoder,
        decode_error=decode_error,
        simulator="anthropic",
        client_headers=frozenset({"anthropic-version", "anthropic-beta", "anthropic-dangerous-direct-browser-access"}),
        carries=CARRIES,
        quirks=frozenset({"no_json_schema"}),
        tool_names=NameRule(128),
        models_path="/models",
    ),
    title="Anthropic",
    example_model="claude-sonnet-4-6",
    needless={"thinking disabled": "not needed: it thinks only on request"},
)
FORMATS = (FORMAT, count_format(FORMAT))
