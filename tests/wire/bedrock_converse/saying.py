"""Requests to Converse, as the tests of it ask for them."""

import json
from typing import Any

from openclaw_extproc.model.requests import Chat, Part, Text, Turn
from openclaw_extproc.wire.base import EncodedRequest, UpstreamEdit
from tests.samples import provider_side

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
OLDER = "anthropic.claude-3-5-haiku-20241022-v1:0"
NEWER = "global.anthropic.claude-opus-4-7-v1"
NOVA = "amazon.nova-pro-v1:0"
LLAMA = "meta.llama3-3-70b-instruct-v1:0"

HELLO = Turn("user", (Text("hello"),))


def chat(*turns: Turn, **fields: Any) -> Chat:
    return Chat("asked", turns or (HELLO,), **fields)


def user(*parts: Part) -> Turn:
    return Turn("user", parts)


def assistant(*parts: Part) -> Turn:
    return Turn("assistant", parts)


def sent(asked: Chat, model: str = CLAUDE, cap: int | None = None) -> EncodedRequest:
    return provider_side("bedrock_converse").encode_request(asked, UpstreamEdit(model, cap))


def body(asked: Chat, model: str = CLAUDE, cap: int | None = None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(sent(asked, model, cap).body)
    return found


def messages(asked: Chat, model: str = CLAUDE) -> list[Any]:
    """Each message as its role and its blocks."""
    return [(message["role"], message["content"]) for message in body(asked, model)["messages"]]
