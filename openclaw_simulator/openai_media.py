"""Images, files and audio in a request to OpenAI.

Source: openai 3.52 `types/chat/chat_completion_content_part_param.py`, `types/responses/response_input_file_param.py`;
the wording of refusals from public threads.
Left out: fetching links, looking into files.
"""

import base64
import binascii
import re

from openclaw_simulator.openai_words import place, refused
from openclaw_simulator.reading import Node
from openclaw_simulator.script import Image

_IMAGE = re.compile(r"data:(image/(?:png|jpeg|jpg|gif|webp));base64,(.*)", re.DOTALL)
_FILE = re.compile(r"data:([\w.+-]+/[\w.+-]+);base64,(.*)", re.DOTALL)
DETAILS = ("auto", "low", "high", "original")


def image(node: Node) -> Image:
    """An image's address: a link, or the image itself."""
    url = node.filled()
    if url.startswith(("http://", "https://")):
        return Image(None, None, url)
    inline = _IMAGE.fullmatch(url)
    if inline is None:
        said = "Invalid image data: expected a valid URL or a base64-encoded data URL with an image MIME type"
        raise refused(f"{said} ('png', 'jpeg', 'gif', 'webp').", place(node.at), "invalid_image_format")
    return Image(inline[1], _size(inline[2], node, "Invalid base64 image_url.", "invalid_base64"))


def audio(node: Node) -> str:
    """A part `input_audio`, in a word for the echo."""
    node.only(frozenset(("data", "format")))
    data = node.need("data")
    data.filled()
    form = node.need("format").choice("wav", "mp3")
    at = place(data.at)
    _size(data.text(), data, f"Invalid '{at}': expected base64-encoded audio without a 'data:' prefix.")
    return f"audio {form}"


def file(node: Node, *, only_pdf: bool) -> str:
    """The fields of a file, in a word for the echo; chat completions read PDF only."""
    for key in ("file_id", "file_url", "filename"):
        if text := node.may(key):
            text.filled()
    data = node.may("file_data")
    if data is None:
        given = node.may("file_id") or node.may("file_url") or node.need("file_id")
        return f"file {given.text()}"
    name = node.need("filename").filled()
    _check_data(data, only_pdf)
    return f"file {name}"


def _check_data(data: Node, only_pdf: bool) -> None:
    at = place(data.at)
    said = f"Invalid '{at}'. Expected a base64-encoded data URL with an application/pdf MIME type"
    said = f"{said} (e.g. 'data:application/pdf;base64,aGVsbG8gd29ybGQ='), but got"
    inline = _FILE.fullmatch(data.filled())
    if inline is None:
        raise refused(f"{said} a value without the 'data:' prefix.", at, "invalid_value")
    if only_pdf and inline[1] != "application/pdf":
        raise refused(f"{said} unsupported MIME type '{inline[1]}'.", at, "invalid_value")
    _size(inline[2], data, f"{said} data that is not base64.")


def _size(text: str, node: Node, said: str, code: str = "invalid_value") -> int:
    try:
        return len(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError) as problem:  # ValueError: characters beyond ASCII
        raise refused(said, place(node.at), code) from problem
