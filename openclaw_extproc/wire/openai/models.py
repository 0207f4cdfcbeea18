"""OpenAI's `GET /v1/models` and `GET /v1/models/{id}`, for clients.

Source: https://platform.openai.com/docs/api-reference/models and `Model` of the official SDK (openai-python 3.52).
"""

from collections.abc import Sequence

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json


def encode_models(names: Sequence[str], created: int) -> bytes:
    """`created`: seconds since the epoch."""
    return j.dump({"object": "list", "data": [_model(name, created) for name in names]})


def encode_model(name: str, created: int) -> bytes:
    return j.dump(_model(name, created))


def _model(name: str, created: int) -> Json:
    return {"id": name, "object": "model", "created": created, "owned_by": "openclaw"}
