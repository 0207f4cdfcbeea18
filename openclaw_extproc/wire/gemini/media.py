"""Images and files as Gemini writes them.

Source: https://ai.google.dev/gemini-api/docs/image-understanding, /document-processing, /audio and /video-understanding
(the types it takes), and google-genai 3.4, which sends bytes in the URL-safe alphabet of base64 where every other
vendor demands the usual one.
"""

from openclaw_extproc.model.chat import File, Image, InlineFile, InlineImage, LinkedFile, LinkedImage
from openclaw_extproc.model.json import Json

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
