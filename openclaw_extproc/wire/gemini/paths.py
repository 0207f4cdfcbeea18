"""Gemini's paths, which carry the model and say whether the answer is streamed.

Source: https://ai.google.dev/api/generate-content and https://ai.google.dev/gemini-api/docs/api-versions.
"""

import re
from urllib.parse import quote, unquote

from openclaw_extproc.model.json import UnreadableError

WHOLE, STREAM = "generateContent", "streamGenerateContent"
"""The methods that are model calls."""

_CALL = re.compile(rf"/v1(?:beta)?/models/(.+):({WHOLE}|{STREAM})")
_VERSION = re.compile(r"/v[0-9]+(?:alpha|beta)?[0-9]*(?:/|$)")


def serves(path: str) -> bool:
    return _CALL.fullmatch(path) is not None


def read(path: str) -> tuple[str, str]:
    """The model and the method of a path that is served."""
    found = _CALL.fullmatch(path)
    if found is None:
        raise UnreadableError("path: expected /v1beta/models/{model}:generateContent")
    return unquote(found[1]), found[2]


def write(model: str, method: str) -> str:
    """Behind the base path. Google's own lists of models name them `models/gemini-…`."""
    return f"/models/{quote(model.removeprefix('models/'), safe='')}:{method}"


def base_path(given: str) -> str:
    """A path with a version in it is kept: on Vertex AI, project and location come behind the version."""
    given = given.rstrip("/")
    return given if _VERSION.search(given) else f"{given}/v1beta"
