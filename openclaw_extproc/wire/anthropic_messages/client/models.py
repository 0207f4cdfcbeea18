"""Anthropic's `GET /v1/models` and `GET /v1/models/{id}`, for clients.

Source: `ModelInfo` of the official SDK (anthropic 2.11, read 2026-11-21). All names come on one page, whatever `limit`,
`before_id` and `after_id` say: `has_more` tells the SDK that there is no other. What a model can do is not said.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json


def encode_models(names: Sequence[str], created: int) -> bytes:
    """`created`: seconds since the epoch."""
    data: list[Json] = [_model(name, created) for name in names]
    first, last = (names[0], names[-1]) if names else (None, None)
    return j.dump({"data": data, "has_more": False, "first_id": first, "last_id": last})


def encode_model(name: str, created: int) -> bytes:
    return j.dump(_model(name, created))


def _model(name: str, created: int) -> dict[str, Json]:
    at = datetime.fromtimestamp(created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"type": "model", "id": name, "display_name": name, "created_at": at, "lifecycle": "active"}
