"""Images as Gemini writes them.

Source: https://ai.google.dev/gemini-api/docs/image-understanding (the types it takes), and google-genai 3.4, which
sends bytes in the URL-safe alphabet of base64 where every other vendor demands the usual one.
"""

_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "heic": "image/heic",
    "heif": "image/heif",
}
_USUAL = str.maketrans("-_", "+/")


def guessed_type(url: str) -> str | None:
    """By the file's extension; `None` where it has none of an image."""
    path = url.partition("#")[0].partition("?")[0]
    return _TYPES.get(path.rpartition(".")[2].lower())


def usual_base64(data: str) -> str:
    return data.translate(_USUAL)
