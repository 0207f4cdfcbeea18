"""Anthropic's `POST /v1/messages/count_tokens`: passed to providers that can count, estimated otherwise.

Source: the types of the official SDK (anthropic 2.11, `message_count_tokens_params`, `message_tokens_count`) and
Anthropic's page on token counting. The request is a model call without what concerns the answer's length and way; the
answer is one number.
"""

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Chat
from openclaw_extproc.wire.anthropic_messages.client import requests
from openclaw_extproc.wire.anthropic_messages.client.edits import amend_system, edit_without_limit
from openclaw_extproc.wire.base import ClientRequest, EncodedRequest, UpstreamEdit, WireFormat
from openclaw_extproc.wire.count_tokens import counting

NAME = "anthropic_count_tokens"
PATH = f"{requests.PATH}/count_tokens"
_KEY = "input_tokens"


def count_format(of: WireFormat[Chat]) -> WireFormat[Chat]:
    """The format of `count_tokens`, beside the chat format `of`."""
    return counting(
        NAME,
        of,
        key=_KEY,
        path=f"/v1{PATH}",
        serves=serves,
        decode_request=requests.decode_request,
        edit=edit,
        estimate=encode_count,
        amend=amend_system,
        written=_written,
    )


def serves(path: str) -> bool:
    return path == f"/v1{PATH}"


def edit(asked: ClientRequest, change: UpstreamEdit) -> EncodedRequest:
    """Change a request for a provider that can count: an output limit has no place in it."""
    return edit_without_limit(asked, change, PATH)


def encode_count(tokens: int) -> bytes:
    """Write the answer of a count."""
    return j.dump({_KEY: tokens})


_COUNTED = frozenset({"model", "messages", "system", "tools", "tool_choice", "thinking", "output_config"})


def _written(body: dict[str, Json], model: str) -> tuple[str, dict[str, Json]]:  # noqa: ARG001  # it stands in the body
    return PATH, {key: value for key, value in body.items() if key in _COUNTED}
