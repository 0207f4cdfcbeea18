"""Gemini's `countTokens`: passed to providers that can count, estimated otherwise.

Source: https://ai.google.dev/api/tokens. The prompt is `contents` alone, or within a whole `generateContentRequest`;
Vertex AI's has the other fields of a request beside them.
"""

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Chat
from openclaw_extproc.wire.base import ClientRequest, EncodedRequest, UpstreamEdit, WireFormat
from openclaw_extproc.wire.count_tokens import counting
from openclaw_extproc.wire.gemini import api
from openclaw_extproc.wire.gemini.api import fields
from openclaw_extproc.wire.gemini.client.edits import amend_count
from openclaw_extproc.wire.gemini.client.requests import chat_of

NAME = "gemini_count_tokens"
_KEY = "totalTokens"
_WHOLE = "generateContentRequest"


def count_format(of: WireFormat[Chat]) -> WireFormat[Chat]:
    """The format of `countTokens`, beside the chat format `of`."""
    return counting(
        NAME,
        of,
        key=_KEY,
        path="/v1beta/models/{model}:countTokens",
        serves=serves,
        decode_request=decode_request,
        edit=edit,
        estimate=encode_count,
        amend=amend_count,
        written=_written,
    )


def serves(path: str) -> bool:
    return api.serves(path, (api.COUNT,))


def decode_request(asked: ClientRequest) -> Chat:
    """Reads a request for a count as the chat whose prompt is counted."""
    model, _ = api.read(asked.path)
    body = fields(asked.body, at="request")
    given = fields(body[_WHOLE], at=_WHOLE) if _WHOLE in body else body
    return chat_of(given, model, stream=False, more={})


def edit(asked: ClientRequest, change: UpstreamEdit) -> EncodedRequest:
    """Write the model into the path; the body goes on as it came."""
    return EncodedRequest(api.write(change.model, api.COUNT), asked.raw)


def encode_count(tokens: int) -> bytes:
    """Write the answer of a count."""
    return j.dump({_KEY: tokens})


def _written(body: dict[str, Json], model: str) -> tuple[str, dict[str, Json]]:
    return api.write(model, api.COUNT), {_WHOLE: {"model": f"models/{model.removeprefix('models/')}", **body}}
