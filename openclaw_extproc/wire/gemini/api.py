"""Gemini's API: its paths, the fields of its requests, and media in them.

Gemini's paths, which carry the model and say whether the answer is streamed.

Source: https://ai.google.dev/api/generate-content, https://ai.google.dev/gemini-api/docs/api-versions, and what
google-genai 3.4 asks for with `vertexai=True`: `/v1beta1/projects/{p}/locations/{l}/publishers/google/models/{m}:…`,
without project and location when it has an API key.

Reading JSON the way Google's API does.

Source: https://protobuf.dev/programming-guides/json (camelCase and the original snake_case are both taken, whole
numbers may come as `"5"` or `5.0`), and Google's own curl examples, where one object stands for a list of one
(`"system_instruction": {"parts": {"text": ...}}`).

Images and files as Gemini writes them.

Source: https://ai.google.dev/gemini-api/docs/image-understanding, /document-processing, /audio and /video-understanding
(the types it takes), and google-genai 3.4, which sends bytes in the URL-safe alphabet of base64 where every other
vendor demands the usual one.
"""

import re
from collections.abc import Container
from urllib.parse import quote, unquote

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import File, Image, InlineFile, InlineImage, LinkedFile, LinkedImage
from openclaw_extproc.wire.translation.losses import MUST_CARRY

# -- paths -----------------------------------------------------------------------------


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


# -- fields ----------------------------------------------------------------------------


MAX_LOSSES = 32
"""The number of kinds of loss that are named. A client chooses the keys, so there could be very many."""

_WHOLE = re.compile(r"[0-9]{1,18}")
_SNAKE = re.compile(r"_([a-z0-9])")


def camel(name: str) -> str:
    return _SNAKE.sub(lambda found: found[1].upper(), name) if "_" in name else name


def fields(value: Json, *, at: str) -> dict[str, Json]:
    """An object with its keys in camelCase and without its nulls; nothing at all is an empty one."""
    given = {} if value is None else j.an_object(value, at=at)
    return {camel(key): item for key, item in given.items() if item is not None}


def several(value: Json, *, at: str) -> list[Json]:
    """A list; one object is a list of one."""
    if value is None:
        return []
    return [value] if isinstance(value, dict) else j.an_array(value, at=at)


def whole(value: Json, *, at: str) -> int | None:
    match value:
        case None:
            return None
        case float() if value.is_integer():
            return int(value)
        case str() if _WHOLE.fullmatch(value):
            return int(value)
        case _:
            return j.an_int(value, at=at)


def name(value: Json, *, at: str) -> str:
    if text := j.a_string(value, at=at):
        return text
    raise UnreadableError(f"{at}: expected a name, found an empty string")


class Losses:
    """What another format cannot carry: the first place of each kind, so that a long history names it once."""

    def __init__(self) -> None:
        self._dropped: dict[str, str] = {}
        self._refused: list[str] = []

    def drop(self, kind: str, at: str) -> None:
        if len(self._dropped) < MAX_LOSSES:
            self._dropped.setdefault(kind, at)

    def refuse(self, loss: str) -> None:
        """A loss that would change what the request means."""
        if len(self._refused) < MAX_LOSSES:
            self._refused.append(MUST_CARRY + loss)

    def all(self) -> tuple[str, ...]:
        return (*self._dropped.values(), *self._refused)


# -- media -----------------------------------------------------------------------------


_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "heic": "image/heic",
    "heif": "image/heif",
    "pdf": "application/pdf",
    "txt": "text/plain",
    "md": "text/markdown",
    "html": "text/html",
    "csv": "text/csv",
    "json": "application/json",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "mp4": "video/mp4",
    "webm": "video/webm",
}
_USUAL = str.maketrans("-_", "+/")

IN_RESULTS = frozenset({"image/png", "image/jpeg", "image/webp", "application/pdf", "text/plain"})
"""What a `functionResponse` itself may hold, from Gemini 3 on: https://ai.google.dev/gemini-api/docs/function-calling."""


def guessed_type(url: str) -> str | None:
    """Returns the media type by a file's extension; `None` where it has none that is known."""
    path = url.partition("#")[0].partition("?")[0]
    return _TYPES.get(path.rpartition(".")[2].lower())


def usual_base64(data: str) -> str:
    return data.translate(_USUAL)


def inline(media_type: str, data: str, name: str = "") -> InlineImage | InlineFile:
    if media_type.startswith("image/"):
        return InlineImage(media_type, data)
    return InlineFile(media_type, data, name)


def linked_media(media_type: str, url: str, name: str = "") -> LinkedImage | LinkedFile:
    return LinkedImage(url) if media_type.startswith("image/") else LinkedFile(url, media_type, name)


def encode_media(media: Image | File) -> Json:
    """Writes a medium as a part. A file's name is left out: the API refuses it (`displayName` is Vertex AI's)."""
    match media:
        case InlineImage(media_type, base64) | InlineFile(media_type, base64):
            return {"inlineData": {"mimeType": media_type, "data": base64}}
        case LinkedImage(url):
            media_type = guessed_type(url) or ""
            return _file(media_type if media_type.startswith("image/") else "image/jpeg", url)
        case LinkedFile(url, media_type):
            return _file(media_type, url)


def _file(media_type: str, url: str) -> Json:
    return {"fileData": {"mimeType": media_type, "fileUri": url}}
