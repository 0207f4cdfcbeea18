"""The API families of clients, one for each vendor whose SDKs the gateway answers: their paths, and their lists of
models.

The API families of clients: one for each vendor whose SDKs the gateway answers, with the paths they call.

Anthropic's `GET /v1/models` and `GET /v1/models/{id}`, for clients.

Source: `ModelInfo` of the official SDK (anthropic 2.11, read 2026-11-21). All names come on one page, whatever `limit`,
`before_id` and `after_id` say: `has_more` tells the SDK that there is no other. What a model can do is not said.

The list of models, for clients. Source: https://ai.google.dev/api/models.

Left out: pages, because a list is never that long, and limits, because we do not know them.

OpenAI's `GET /v1/models` and `GET /v1/models/{id}`, for clients.

Source: https://platform.openai.com/docs/api-reference/models and `Model` of the official SDK (openai-python 3.52).
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.base import Models
from openclaw_extproc.wire.http import headers as client_headers
from openclaw_extproc.wire.http import passthrough
from openclaw_extproc.wire.http.headers import HeaderNames
from openclaw_extproc.wire.http.passthrough import Rule

# -- models ----------------------------------------------------------------------------


def encode_anthropic_models(names: Sequence[str], created: int) -> bytes:
    """`created`: seconds since the epoch."""
    data: list[Json] = [_anthropic_model(name, created) for name in names]
    first, last = (names[0], names[-1]) if names else (None, None)
    return j.dump({"data": data, "has_more": False, "first_id": first, "last_id": last})


def encode_anthropic_model(name: str, created: int) -> bytes:
    return j.dump(_anthropic_model(name, created))


def _anthropic_model(name: str, created: int) -> dict[str, Json]:
    at = datetime.fromtimestamp(created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"type": "model", "id": name, "display_name": name, "created_at": at, "lifecycle": "active"}


# -- models ----------------------------------------------------------------------------


_GEMINI_METHODS: tuple[str, ...] = ("generateContent", "countTokens")
"""The methods in Google's own words; a model that can generate can stream as well."""


def encode_gemini_models(names: Sequence[str], created: int) -> bytes:  # noqa: ARG001  # other vendors say when
    return j.dump({"models": [_gemini_model(name) for name in names]})


def encode_gemini_model(name: str, created: int) -> bytes:  # noqa: ARG001  # as above
    return j.dump(_gemini_model(name))


def _gemini_model(name: str) -> dict[str, Json]:
    return {
        "name": name if name.startswith("tunedModels/") else f"models/{name.removeprefix('models/')}",
        "displayName": name,
        "supportedGenerationMethods": [*_GEMINI_METHODS],
    }


# -- models ----------------------------------------------------------------------------


def encode_openai_models(names: Sequence[str], created: int) -> bytes:
    """`created`: seconds since the epoch."""
    return j.dump({"object": "list", "data": [_openai_model(name, created) for name in names]})


def encode_openai_model(name: str, created: int) -> bytes:
    return j.dump(_openai_model(name, created))


def _openai_model(name: str, created: int) -> Json:
    return {"id": name, "object": "model", "created": created, "owned_by": "openclaw"}


# -- families --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Family:
    """The paths of one vendor's SDKs: all under its prefix, and bare where no other vendor has the same."""

    name: str
    bare: tuple[str, ...]
    """Bare paths that begin so are this family's."""
    hosts: tuple[str, ...]
    """The vendor's own hosts, which an application calls that does not know of the gateway."""
    passthrough: tuple[Rule, ...]
    """The requests that may go on to the vendor unread."""
    models: Models
    headers: HeaderNames
    """The headers that the vendor's clients send on purpose."""
    signs: tuple[str, ...] = ()
    """Headers that only this vendor's clients send: they decide about paths that several vendors have."""
    websockets: tuple[str, ...] = ()
    """Passable paths at which a websocket may be opened, and all paths below them."""
    formats: tuple[str, ...] = ()
    """The formats whose `ClientSide.family` this is, filled in by the registry. The first one writes the errors of
    paths that no format serves."""

    @property
    def prefix(self) -> str:
        """The path below which all of the vendor's own paths are served."""
        return f"/{self.name}"


VENDORS = (
    Family(
        "anthropic",
        ("/v1/messages", "/v1/complete"),
        hosts=("api.anthropic.com",),
        passthrough=passthrough.ANTHROPIC,
        models=Models(encode_anthropic_models, encode_anthropic_model),
        headers=client_headers.ANTHROPIC,
        signs=("anthropic-version",),
    ),
    # OpenAI and Anthropic have `/v1/models` as well, and single models below it; only Gemini calls them, with a colon.
    Family(
        "gemini",
        (
            *("/v1beta/", "/v1beta1/", "/v1alpha/", "/upload/", "/download/", "/v1/models/", "/v1/tunedModels/"),
            # Vertex AI has them all below `publishers/google`, as a rule below a project.
            *("/v1/projects/", "/v1/publishers/"),
        ),
        hosts=("generativelanguage.googleapis.com",),
        passthrough=passthrough.GEMINI,
        models=Models(encode_gemini_models, encode_gemini_model),
        headers=client_headers.GEMINI,
        signs=("x-goog-api-key", "x-goog-api-client"),
    ),
    Family(
        "openai",
        ("/",),
        hosts=("api.openai.com",),
        passthrough=passthrough.OPENAI,
        models=Models(encode_openai_models, encode_openai_model),
        websockets=("/v1/realtime",),
        headers=client_headers.OPENAI,
    ),
)
"""The API families in the order in which a path is matched; the last one takes every other path."""
