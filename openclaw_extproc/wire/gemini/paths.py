"""Gemini's paths, which carry the model and say whether the answer is streamed.

Source: https://ai.google.dev/api/generate-content, https://ai.google.dev/gemini-api/docs/api-versions, and what
google-genai 3.4 asks for with `vertexai=True`: `/v1beta1/projects/{p}/locations/{l}/publishers/google/models/{m}:…`,
without project and location when it has an API key.
"""

import re
from collections.abc import Container
from urllib.parse import quote, unquote

from openclaw_extproc.model.json import UnreadableError

WHOLE, STREAM = "generateContent", "streamGenerateContent"
"""The methods that are model calls."""
COUNT = "countTokens"
EMBED, EMBED_BATCH = "embedContent", "batchEmbedContents"

_CALL = re.compile(
    r"/v1(?:alpha|beta1?)?/(?:(?:projects/[^/]+/locations/[^/]+/)?publishers/google/)?"
    r"(?:models/(?P<model>.+)|(?P<tuned>tunedModels/.+)):(?P<method>[A-Za-z]+)"
)
_VERSION = re.compile(r"/v[0-9]+(?:alpha|beta)?[0-9]*(?:/|$)")
_TUNED_PREFIX = "tunedModels/"


def serves(path: str, methods: Container[str] = (WHOLE, STREAM)) -> bool:
    found = _CALL.fullmatch(path)
    return found is not None and found["method"] in methods


def read(path: str) -> tuple[str, str]:
    """The model and the method of a path that is served."""
    found = _CALL.fullmatch(path)
    if found is None:
        raise UnreadableError("path: expected /v1beta/models/{model}:generateContent")
    return unquote(found["model"] or found["tuned"]), found["method"]


def write(model: str, method: str) -> str:
    """Returns the path behind the base path. Google's own lists of models name them `models/gemini-…`."""
    kind = _TUNED_PREFIX if model.startswith(_TUNED_PREFIX) else "models/"
    return f"/{kind}{quote(model.removeprefix(kind), safe='')}:{method}"


def base_path(given: str) -> str:
    """A path with a version in it is kept: on Vertex AI, project and location come behind the version."""
    given = given.rstrip("/")
    return given if has_version(given) else f"{given}/v1beta"


def has_version(path: str) -> bool:
    return _VERSION.search(path) is not None
