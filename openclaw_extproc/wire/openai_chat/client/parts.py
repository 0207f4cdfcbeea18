"""OpenAI Chat Completions: what a message holds, read and written. See `openai_chat` for the source.

Files stand in a message as a data URL with any media type, sounds as base64 with `wav` or `mp3`. What is stored at
OpenAI (`file_id`) no other provider can read. Texts in a file are written as text, because the API takes only PDF.

`cache_control` is no word of OpenAI's, but clients of gateways write it for Anthropic's models; its own word is
`prompt_cache_breakpoint`. Neither is written: OpenAI caches by itself.
"""

import re
from collections.abc import Iterator, Mapping

from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.chat import (
    CachePoint,
    File,
    Image,
    InlineFile,
    InlineImage,
    Leaf,
    LinkedFile,
    LinkedImage,
    Text,
)
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.openai_chat.fields import Losses, left_behind, or_else
from openclaw_extproc.wire.translation.losses import MUST_CARRY
from openclaw_extproc.wire.translation.text_files import as_text

_SOUNDS = {"wav": "audio/wav", "mp3": "audio/mpeg"}
_FORMATS = {"audio/wav": "wav", "audio/x-wav": "wav", "audio/wave": "wav", "audio/mpeg": "mp3", "audio/mp3": "mp3"}
_TTLS = ("5m", "1h")
_CACHING = ("prompt_cache_breakpoint", "cache_control")

_INLINE = re.compile(r"data:([^;,]++)(?:;(?!base64,)[^;,]*+)*+;base64,", re.IGNORECASE)
_LINK = re.compile(r"https?://", re.IGNORECASE)
_PDF = "JVBERi"
"""`%PDF-` as base64 begins with it: the reference shows `file_data` without a media type, too."""


# -- read -----------------------------------------------------------------


def content(value: Json, at: str, lost: Losses) -> Iterator[Leaf | CachePoint]:
    """An empty text says nothing, and Anthropic refuses it."""
    if isinstance(value, str):
        if value:
            yield Text(value)
    elif isinstance(value, list):
        for n, item in enumerate(value):
            yield from _part(j.an_object(item, at=f"{at}[{n}]"), f"{at}[{n}]", lost)
    else:
        raise UnreadableError(f"{at}: expected a string or an array, found {j.name_of(value)}")


def _part(part: Mapping[str, Json], at: str, lost: Losses) -> Iterator[Leaf | CachePoint]:
    key = j.a_string(part.get("type"), at=f"{at}.type")
    left_behind(part, {"type", key, *_CACHING}, at, lost)
    match key:
        case "text" | "refusal":
            if text := j.a_string(part.get(key), at=f"{at}.{key}"):
                yield Text(text)
        case "image_url":
            yield from _image(j.an_object(part.get(key), at=f"{at}.{key}"), f"{at}.{key}", lost)
        case "input_audio":
            yield from _sound(j.an_object(part.get(key), at=f"{at}.{key}"), f"{at}.{key}", lost)
        case "file":
            yield from _file(j.an_object(part.get(key), at=f"{at}.{key}"), f"{at}.{key}", lost)
        case _:
            lost.append(f"{MUST_CARRY}{at}: unknown type of part")
    for name in _CACHING:
        if part.get(name) is not None:
            yield _cache_point(j.an_object(part[name], at=f"{at}.{name}"))
            return


def _cache_point(said: Mapping[str, Json]) -> CachePoint:
    """OpenAI's own times (30m, 12h) are nobody else's: its usual one."""
    ttl = said.get("ttl")
    return CachePoint(ttl if isinstance(ttl, str) and ttl in _TTLS else "")


def _image(image: Mapping[str, Json], at: str, lost: Losses) -> Iterator[Image]:
    url = j.a_string(image.get("url"), at=f"{at}.url")
    left_behind(image, {"url"} | ({"detail"} if image.get("detail") == "auto" else set()), at, lost)
    if (inline := _INLINE.match(url)) and url.isascii():
        yield InlineImage(inline[1], url[inline.end() :])
    elif _LINK.match(url):
        yield LinkedImage(url)
    else:
        lost.append(f"{MUST_CARRY}{at}.url: neither a link nor base64 data")


def _sound(sound: Mapping[str, Json], at: str, lost: Losses) -> Iterator[InlineFile]:
    format, data = (j.a_string(sound.get(name), at=f"{at}.{name}") for name in ("format", "data"))
    if format in _SOUNDS:
        yield InlineFile(_SOUNDS[format], data)
    else:
        lost.append(f"{MUST_CARRY}{at}.format: neither wav nor mp3")


def _file(file: Mapping[str, Json], at: str, lost: Losses) -> Iterator[InlineFile | InlineImage]:
    data, name = (j.a_string(or_else(file.get(key), ""), at=f"{at}.{key}") for key in ("file_data", "filename"))
    left_behind(file, {"file_data", "filename", "file_id"}, at, lost)
    if file.get("file_id") is not None:
        lost.append(f"{MUST_CARRY}{at}.file_id: a file at OpenAI")
    elif (inline := _INLINE.match(data)) and data.isascii():
        media_type, text = inline[1].lower(), data[inline.end() :]
        yield InlineImage(media_type, text) if media_type.startswith("image/") else InlineFile(media_type, text, name)
    elif data.startswith(_PDF):
        yield InlineFile("application/pdf", data, name)
    else:
        lost.append(f"{MUST_CARRY}{at}.file_data: no base64 data of a known type")


# -- written --------------------------------------------------------------


def encode_content(parts: list[Leaf]) -> Json:
    """A plain string where one will do: every compatible server reads it."""
    match parts:
        case []:
            return ""
        case [Text(text)]:
            return text
        case _:
            return [_encode_part(part) for part in parts]


def _encode_part(part: Leaf) -> Json:
    match part:
        case Text(text):
            return {"type": "text", "text": text}
        case InlineImage(media_type, data):
            return {"type": "image_url", "image_url": {"url": f"data:{media_type};base64,{data}"}}
        case LinkedImage(url):
            return {"type": "image_url", "image_url": {"url": url}}
        case InlineFile() | LinkedFile():
            return _written_file(part)


def is_file(file: InlineFile) -> bool:
    """Whether a message can hold it, besides what is text."""
    return file.media_type in _FORMATS or file.media_type == "application/pdf"


def _written_file(file: File) -> Json:
    if isinstance(file, InlineFile):
        kind, _, _ = file.media_type.partition("/")
        if kind == "text":
            return {"type": "text", "text": as_text(file).text}
        if kind == "audio" and file.media_type in _FORMATS:
            return {"type": "input_audio", "input_audio": {"data": file.base64, "format": _FORMATS[file.media_type]}}
        if file.media_type == "application/pdf":
            # The API asks for a name beside data.
            said: Json = {
                "filename": file.name or "document.pdf",
                "file_data": f"data:application/pdf;base64,{file.base64}",
            }
            return {"type": "file", "file": said}
    raise FaultError(FaultKind.UNSUPPORTED, f"the provider's format cannot carry a file of type {file.media_type}")
