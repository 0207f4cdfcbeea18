"""Gemini: the contents of a request as pieces. See `wire/edits/conversation`.

Ids of calls are optional: without one, a call and its result are tied by the function's name.
"""

from collections.abc import Mapping

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.edits.conversation import Conversation, Piece
from openclaw_extproc.wire.edits.messages import a_text, texts_and_files
from openclaw_extproc.wire.gemini.client.injection import CONTENTS
from openclaw_extproc.wire.gemini.fields import fields

_FILES = {"inlineData", "fileData"}


def piece(content: Json) -> Piece:
    if not isinstance(content, dict):
        return Piece("fixed")
    parts = [_fields(part) for part in _parts(content)]
    texts, files = texts_and_files([*parts], _text)
    if answers := _ids(parts, "functionResponse"):
        return Piece("results", texts, files, answers=answers)
    if content.get("role", "user") == "model":
        return Piece("model", texts, files, _ids(parts, "functionCall"))
    return Piece("user", texts, files)


def _ids(parts: list[dict[str, Json]], key: str) -> frozenset[str]:
    found = [_fields(part[key]) for part in parts if key in part]
    return frozenset(a_text(one.get("id")) or a_text(one.get("name")) for one in found)


def _text(part: dict[str, Json]) -> str | None:
    if _FILES & part.keys():
        return None
    text = part.get("text")
    return text if isinstance(text, str) else j.text(part)


def _parts(content: Mapping[str, Json]) -> list[Json]:
    parts = content.get("parts")
    return [parts] if isinstance(parts, dict) else parts if isinstance(parts, list) else []


def _fields(value: Json) -> dict[str, Json]:
    try:
        return fields(value, at=CONTENTS)
    except UnreadableError:
        return {}


def _around(content: Json, before: str, after: str) -> Json:
    if not isinstance(content, dict):
        return content
    first, last = (_texts(text) for text in (before, after))
    return {**content, "parts": [*first, *_parts(content), *last]}


def _texts(text: str) -> list[Json]:
    return [{"text": text}] if text else []


def _merge_contents(first: Json, second: Json) -> Json:
    if not isinstance(first, dict) or not isinstance(second, dict):
        return second
    return {**second, "parts": [*_parts(first), *_parts(second)]}


def _elsewhere(body: Mapping[str, Json]) -> bool:
    return any(body.get(key) for key in ("cachedContent", "cached_content"))


CONVERSATION = Conversation(CONTENTS, piece, _around, _merge_contents, _elsewhere)
