"""Images and documents as Converse takes them: their bytes, a format, and for documents a name.

Source: botocore 1.44, `ImageBlock` and `DocumentBlock` (read 2026-11-21): formats, and what a name may have in it.
Left out: audio and video, which few models hear and see; places in S3.
"""

import re

from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.model.chat import InlineFile, InlineImage
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.translation.needs import Need

CARRIES: frozenset[Need] = frozenset({"image", "pdf", "text_file", "file"})
"""`file` because of Word and Excel; any other is refused here."""

MAX_NAME = 200

_IMAGES = {"image/png": "png", "image/jpeg": "jpeg", "image/jpg": "jpeg", "image/gif": "gif", "image/webp": "webp"}
_DOCUMENTS = {
    "application/pdf": "pdf",
    "text/csv": "csv",
    "text/html": "html",
    "text/markdown": "md",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}


def image(part: InlineImage) -> Json:
    form = _IMAGES.get(_plain(part.media_type))
    if form is None:
        raise FaultError(
            FaultKind.UNSUPPORTED, "an image that is no PNG, JPEG, GIF or WebP: the provider's format has none"
        )
    return {"image": {"format": form, "source": {"bytes": part.base64}}}


def has_format(part: InlineFile) -> bool:
    """Whether Converse has a word for what a file is."""
    kind = _plain(part.media_type)
    return kind in _DOCUMENTS or kind.startswith("text/")


def document(part: InlineFile, taken: set[str]) -> Json:
    """`taken`: names of the request's other documents; each has to be another."""
    kind = _plain(part.media_type)
    form = _DOCUMENTS.get(kind) or ("txt" if kind.startswith("text/") else None)
    if form is None:
        raise FaultError(FaultKind.UNSUPPORTED, f"a file of type {kind}: the provider's format cannot carry it")
    return {"document": {"format": form, "name": _name(part.name, taken), "source": {"bytes": part.base64}}}


def _plain(media_type: str) -> str:
    """Returns a media type without its parameters."""
    return media_type.partition(";")[0].strip().lower()


def _name(given: str, taken: set[str]) -> str:
    """Letters, digits, hyphens, brackets, and single spaces between them."""
    clean = re.sub(r"[^A-Za-z0-9()\[\]-]+", " ", given.rpartition(".")[0] or given).strip()[: MAX_NAME - 6]
    name = clean.strip() or "document"
    number = 1
    while (numbered := name if number == 1 else f"{name} {number}") in taken:
        number += 1
    taken.add(numbered)
    return numbered
