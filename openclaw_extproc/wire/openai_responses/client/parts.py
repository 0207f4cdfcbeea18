"""OpenAI Responses: the content of messages and of tool results, read. See `openai_responses` for the source."""

import re
from collections.abc import Iterator, Mapping

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import (
    CachePoint,
    File,
    Image,
    InlineFile,
    InlineImage,
    LinkedFile,
    LinkedImage,
    Text,
)
from openclaw_extproc.wire.openai_responses.fields import Losses, left_behind, must_carry, text, thing

_INLINE = re.compile(r"data:([^;,]++)(?:;(?!base64,)[^;,]*+)*+;base64,", re.IGNORECASE)
_LINK = re.compile(r"https?://", re.IGNORECASE)
_ENDING = re.compile(r"\.([A-Za-z0-9]{1,5})(?:[?#].*)?\Z", re.DOTALL)

PDF = "application/pdf"
_MEDIA_TYPES = {
    "pdf": PDF,
    "txt": "text/plain",
    "md": "text/markdown",
    "csv": "text/csv",
    "html": "text/html",
    "json": "application/json",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
"""The media types by the ending of a file's name. Other names mean a PDF: that is what the API was made for."""

_ADORNMENTS = frozenset({"annotations", "logprobs"})
"""The fields of a model's own text that are no loss when it is sent back; they say nothing new to a model."""


def content(value: Json, at: str, lost: Losses) -> Iterator[Text | Image | File | CachePoint]:
    """An empty text says nothing, and Anthropic refuses it."""
    if isinstance(value, str):
        if value:
            yield Text(value)
    elif isinstance(value, list):
        for n, item in enumerate(value):
            yield from _part(j.an_object(item, at=f"{at}[{n}]"), f"{at}[{n}]", lost)
    else:
        raise UnreadableError(f"{at}: expected a string or an array, found {j.name_of(value)}")


def _part(part: Mapping[str, Json], at: str, lost: Losses) -> Iterator[Text | Image | File | CachePoint]:
    match j.a_string(part.get("type"), at=f"{at}.type"):
        case "input_text" | "output_text" | "text" | "summary_text":
            yield from _text(part, "text", at, lost)
        case "refusal":
            yield from _text(part, "refusal", at, lost)
        case "input_image":
            yield from _image(part, at, lost)
        case "input_file":
            yield from _file(part, at, lost)
        case _:
            must_carry(lost, f"{at}: unknown type of part")
    if part.get("prompt_cache_breakpoint") is not None:
        yield _cache_point(part["prompt_cache_breakpoint"], f"{at}.prompt_cache_breakpoint")


def _text(part: Mapping[str, Json], key: str, at: str, lost: Losses) -> Iterator[Text]:
    left_behind(part, {"type", key, "prompt_cache_breakpoint", *_ADORNMENTS}, at, lost)
    if said := j.a_string(part.get(key), at=f"{at}.{key}"):
        yield Text(said)


def _image(part: Mapping[str, Json], at: str, lost: Losses) -> Iterator[Image]:
    plain = {"detail"} if part.get("detail") == "auto" else set[str]()
    left_behind(part, {"type", "image_url", "file_id", "prompt_cache_breakpoint"} | plain, at, lost)
    url = text(part, "image_url", f"{at}.")
    if url is None:
        must_carry(lost, f"{at}: image by file_id")
    elif inline := _INLINE.match(url):
        yield InlineImage(inline[1], url[inline.end() :])
    elif _LINK.match(url):
        yield LinkedImage(url)
    else:
        must_carry(lost, f"{at}.image_url: neither a link nor base64 data")


def _file(part: Mapping[str, Json], at: str, lost: Losses) -> Iterator[File]:
    known = {"type", "file_data", "file_id", "file_url", "filename", "prompt_cache_breakpoint"}
    plain = {"detail"} if part.get("detail") == "auto" else set[str]()
    left_behind(part, known | plain, at, lost)
    name = text(part, "filename", f"{at}.") or ""
    data, url = (text(part, key, f"{at}.") for key in ("file_data", "file_url"))
    if data and (inline := _INLINE.match(data)):
        yield InlineFile(inline[1], data[inline.end() :], name)
    elif data:
        yield InlineFile(_media_type(name), data, name)
    elif url:
        yield LinkedFile(url, _media_type(name or url), name)
    else:
        must_carry(lost, f"{at}: file by file_id")


def _media_type(name: str) -> str:
    ending = _ENDING.search(name)
    return _MEDIA_TYPES.get(ending[1].lower(), PDF) if ending else PDF


def _cache_point(value: Json, at: str) -> CachePoint:
    """OpenAI keeps for 30 minutes or for 12 hours; the longer one is the longer one of others too."""
    return CachePoint("1h" if thing(value, at=at).get("ttl") == "12h" else "")
