"""Requests to Cohere's chat, as the tests of it ask for them."""

import json
from typing import Any

from openclaw_extproc.gateway import Provider
from openclaw_extproc.model.requests import Chat, Part, Text, Turn
from openclaw_extproc.wire.base import EncodedRequest, UpstreamEdit
from openclaw_extproc.wire.translation.quirks import Quirk
from openclaw_simulator.cohere_request import read_chat
from tests.samples import provider_side

COMMAND = "command-a-03-2025"
THINKS = "command-a-reasoning-08-2025"

HELLO = Turn("user", (Text("hello"),))


def chat(*turns: Turn, **fields: Any) -> Chat:
    return Chat("asked", turns or (HELLO,), **fields)


def user(*parts: Part) -> Turn:
    return Turn("user", parts)


def assistant(*parts: Part) -> Turn:
    return Turn("assistant", parts)


def sent(
    asked: Chat, model: str = COMMAND, *, cap: int | None = None, quirks: frozenset[Quirk] = frozenset()
) -> EncodedRequest:
    """The request, which the simulator accepts: it is as strict as Cohere."""
    provider = Provider("cohere", "cohere", "cohere_chat", quirks=quirks)
    encoded = provider_side("cohere_chat").encode_request(asked, UpstreamEdit(model, cap, provider))
    read_chat(encoded.body)
    return encoded


def body(asked: Chat, model: str = COMMAND, **how: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(sent(asked, model, **how).body)
    return found
