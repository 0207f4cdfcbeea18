"""Anthropic messages: images and documents.

Source: anthropic 2.11 `types/image_block_param.py`, `document_block_param.py` and the sources they name.
Left out: what a file id stands for, the pages of a PDF, the insides of search results.
"""

import base64
import binascii

from openclaw_simulator.anthropic_dialect import place, refused
from openclaw_simulator.reading import Node
from openclaw_simulator.script import Image

_IMAGES = ("image/jpeg", "image/png", "image/gif", "image/webp")
_URL = frozenset(("type", "url"))
_FILE = frozenset(("type", "file_id"))
_DATA = frozenset(("type", "media_type", "data"))


def image_of(block: Node) -> Image:
    source = block.need("source")
    match source.need("type").choice("base64", "url", "file"):
        case "base64":
            mime = source.only(_DATA).need("media_type").choice(*_IMAGES)
            return Image(mime, _size(source.need("data")))
        case "url":
            return Image(None, None, _url(source))
        case _:
            return Image(None, None, f"file:{source.only(_FILE).need('file_id').filled()}")


def check_document(block: Node) -> None:
    source = block.need("source")
    for key in ("title", "context"):
        if text := block.may(key):
            text.text()
    if citations := block.may("citations"):
        citations.only(frozenset(("enabled",))).need("enabled").flag()
    match source.need("type").choice("base64", "text", "content", "url", "file"):
        case "base64":
            source.only(_DATA).need("media_type").choice("application/pdf")
            if not _bytes(source.need("data")).startswith(b"%PDF"):
                raise refused(f"{place(source.at)}.base64.data: The PDF specified was not valid.")
        case "text":
            source.only(_DATA).need("media_type").choice("text/plain")
            source.need("data").filled()
        case "content":
            _check_inner(source.only(frozenset(("type", "content"))).need("content"))
        case "url":
            _url(source)
        case _:
            source.only(_FILE).need("file_id").filled()


def document_of(block: Node) -> str:
    """What the model sees of a document, for the echo: `application/pdf`, `text/plain`, `url`, `content`."""
    source = block.need("source")
    mime = source.may("media_type")
    return mime.text() if mime else source.need("type").text()


def document_texts(block: Node) -> list[str]:
    """What a document says where that can be read."""
    source = block.need("source")
    if source.need("type").text() == "text":
        return [source.need("data").text()]
    content = source.may("content")
    if content is None:
        return []
    if isinstance(content.value, str):
        return [content.value]
    return [text.text() for part in content.items() if (text := part.may("text"))]


def _check_inner(content: Node) -> None:
    if isinstance(content.value, str):
        return
    for part in content.items():
        if part.need("type").choice("text", "image") == "image":
            image_of(part)
        else:
            part.need("text").filled()


def _url(source: Node) -> str:
    url = source.only(_URL).need("url").filled()
    if not url.startswith(("http://", "https://")):
        raise refused(f"{place(source.at)}.url: Only HTTPS URLs are supported.")
    return url


def _size(node: Node) -> int:
    return len(_bytes(node))


def _bytes(node: Node) -> bytes:
    try:
        return base64.b64decode(node.filled(), validate=True)
    except binascii.Error as problem:
        raise refused(f"{place(node.at)}: Invalid base64 data") from problem
