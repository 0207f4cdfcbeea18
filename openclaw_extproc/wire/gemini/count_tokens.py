"""`countTokens`, for clients: the request read, the count written.

Source: https://ai.google.dev/api/tokens. The prompt is `contents` alone, or within a whole `generateContentRequest`;
Vertex AI's has the other fields of a request beside them.
"""

from openclaw_extproc.model import json as j
from openclaw_extproc.model.chat import Chat
from openclaw_extproc.wire.base import Asked
from openclaw_extproc.wire.gemini import paths
from openclaw_extproc.wire.gemini.fields import fields
from openclaw_extproc.wire.gemini.requests import chat_of

_WHOLE = "generateContentRequest"


def serves(path: str) -> bool:
    return paths.serves(path, (paths.COUNT,))


def decode_request(asked: Asked) -> Chat:
    model, _ = paths.read(asked.path)
    body = fields(asked.body, at="request")
    given = fields(body[_WHOLE], at=_WHOLE) if _WHOLE in body else body
    return chat_of(given, model, stream=False, more={})


def encode_count(tokens: int) -> bytes:
    return j.dump({"totalTokens": tokens})
