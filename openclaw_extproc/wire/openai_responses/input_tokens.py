"""OpenAI's `POST /v1/responses/input_tokens`: passed to providers that can count, estimated otherwise.

Source: `input_token_count_params` and `input_token_count_response` of openai-python (main of 2026-08). The request is
that of a response; the answer is one number.
"""

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Chat
from openclaw_extproc.wire.base import ClientRequest, EncodedRequest, UpstreamEdit, WireFormat
from openclaw_extproc.wire.count_tokens import counting
from openclaw_extproc.wire.openai_responses.client.edits import edit_at_path, inject
from openclaw_extproc.wire.openai_responses.client.requests import decode_request

NAME = "openai_input_tokens"
PATH = "/responses/input_tokens"
_KEY = "input_tokens"


def input_tokens_format(of: WireFormat[Chat]) -> WireFormat[Chat]:
    """The format of counts, beside the chat format `of`."""
    return counting(
        NAME,
        of,
        key=_KEY,
        path=f"/v1{PATH}",
        serves=serves,
        decode_request=decode_request,
        edit=_edit,
        estimate=encode_count,
        amend=inject,
        written=_written,
    )


def serves(path: str) -> bool:
    return path == f"/v1{PATH}"


def _edit(asked: ClientRequest, change: UpstreamEdit) -> EncodedRequest:
    return edit_at_path(asked, change, PATH)


def encode_count(tokens: int) -> bytes:
    """Write the answer of a count."""
    said: Json = {"object": "response.input_tokens", _KEY: tokens}
    return j.dump(said)


_COUNTED = frozenset(
    {"model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "text", "reasoning"}
)


def _written(body: dict[str, Json], model: str) -> tuple[str, dict[str, Json]]:  # noqa: ARG001  # it stands in the body
    return PATH, {key: value for key, value in body.items() if key in _COUNTED}
