"""Anthropic's `POST /v1/messages/count_tokens`: how many tokens a request would have, without an answer.

Source: the types of the official SDK (anthropic 2.11, `message_count_tokens_params`, `message_tokens_count`). The
request is a model call without what concerns the answer's length and way; the answer is one number.
"""

from openclaw_extproc.model import json as j
from openclaw_extproc.model.chat import Chat
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.anthropic_messages import requests, upstream
from openclaw_extproc.wire.anthropic_messages.edits import edit_without_limit
from openclaw_extproc.wire.base import Asked, Edit, Encoded

PATH = f"{requests.PATH}/count_tokens"

_TAKEN = ("model", "messages", "system", "tools", "tool_choice", "thinking", "output_config")


def serves(path: str) -> bool:
    return path == f"/v1{PATH}"


def decode_request(asked: Asked) -> Chat:
    """A chat without a limit. Raises as `requests.decode_request`."""
    return requests.decode_request(asked)


def edit(asked: Asked, change: Edit) -> Encoded:
    """For a provider that can count itself."""
    return edit_without_limit(asked, change, PATH)


def encode_request(chat: Chat, change: Edit) -> Encoded:
    body, losses = upstream.body_of(chat, change)
    return Encoded(PATH, j.dump({key: body[key] for key in _TAKEN if key in body}), losses)


def encode_answer(tokens: int) -> bytes:
    return j.dump({"input_tokens": tokens})


def decode_answer(body: bytes) -> int:
    """Raises `UnreadableError`."""
    answer: dict[str, Json] = j.parse(body, where="the provider's answer")
    return j.an_amount(answer.get("input_tokens"), at="input_tokens")
