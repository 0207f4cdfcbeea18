"""Vertex AI: the paths of Google's cloud, under which Gemini and Claude speak their own formats.

Source: anthropic 2.11 `lib/vertex/_client.py` and google-genai 3.4 `_api_client.py` for paths and headers;
https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/use-claude for the body.
Left out: regions and projects (any will do), express mode, Google's own `predict`.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from openclaw_simulator.reading import Json, RefusedError
from openclaw_simulator.shape import Call

_PATH = re.compile(
    r"/v1(?:beta1)?/projects/([^/]+)/locations/([^/]+)/publishers/(google|anthropic)/models/([^/]+):(\w+)"
)
VERSIONS = ("v1", "v1beta1")
STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    529: "UNAVAILABLE",
}
"""Google's words for a status, on Vertex AI as elsewhere."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a path names."""

    project: str
    location: str
    publisher: str
    model: str
    method: str

    def __str__(self) -> str:
        return f"projects/{self.project}/locations/{self.location}/publishers/{self.publisher}/models/{self.model}"


def place_of(call: Call) -> Place | None:
    """Where on Vertex AI a call goes; `None` when it goes elsewhere."""
    found = _PATH.fullmatch(call.path)
    return Place(found[1], found[2], found[3], unquote(found[4]), found[5]) if found else None


_MODEL = "{model:(?!count-tokens:)[^/]+}"
"""`count-tokens` is no model: anthropic 2.11 puts the word there to count tokens."""


def paths(publisher: str, *methods: str) -> tuple[str, ...]:
    """aiohttp routes for chats with a publisher's models."""
    return tuple(
        f"/{version}/projects/{{project}}/locations/{{location}}/publishers/{publisher}/models/{_MODEL}:{method}"
        for version in VERSIONS
        for method in methods
    )


def refuse_token(call: Call) -> RefusedError | None:
    """Only an OAuth token is good, whatever else is there."""
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        if call.headers.get("x-goog-api-key") or call.query.get("key"):
            said = "API keys are not supported by this API. Expected OAuth2 access token or other authentication"
            return RefusedError(401, f"{said} credentials that assert a principal.", code="CREDENTIALS_MISSING")
        said = "Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or"
        return RefusedError(401, f"{said} other valid authentication credential.", code="CREDENTIALS_MISSING")
    if token.startswith("bad"):
        said = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other"
        return RefusedError(401, f"{said} valid authentication credential.", code="ACCESS_TOKEN_TYPE_UNSUPPORTED")
    return None


def no_model(place: Place) -> RefusedError:
    said = f"Publisher Model `{place}` was not found or your project does not have access to it."
    return RefusedError(404, f"{said} Please ensure you are using a valid model version.")


def google_error(status: int, message: str) -> dict[str, Json]:
    """Google's error object without details."""
    return {"error": {"code": status, "message": message, "status": STATUSES.get(status, "UNKNOWN")}}
