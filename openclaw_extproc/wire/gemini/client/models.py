"""The list of models, for clients. Source: https://ai.google.dev/api/models.

Left out: pages, because a list is never that long, and limits, because we do not know them.
"""

from collections.abc import Sequence

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json

_METHODS: tuple[str, ...] = ("generateContent", "countTokens")
"""The methods in Google's own words; a model that can generate can stream as well."""


def encode_models(names: Sequence[str], created: int) -> bytes:  # noqa: ARG001  # other vendors say when
    return j.dump({"models": [_model(name) for name in names]})


def encode_model(name: str, created: int) -> bytes:  # noqa: ARG001  # as above
    return j.dump(_model(name))


def _model(name: str) -> dict[str, Json]:
    return {
        "name": name if name.startswith("tunedModels/") else f"models/{name.removeprefix('models/')}",
        "displayName": name,
        "supportedGenerationMethods": [*_METHODS],
    }
