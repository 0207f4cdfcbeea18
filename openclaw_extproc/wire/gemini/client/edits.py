"""Gemini: the contents of a request as pieces. See `wire/conversation`.

Ids of calls are optional: without one, a call and its result are tied by the function's name.

Gemini: what an operator adds to a client's request. See the package for the source.

What a client has cached at Google has its own system text, beside which none is taken. A count without a system text
of its own gets ours in its first turn, because its shorter form has no other place; the number is the same.
"""

from collections.abc import Iterable, Mapping

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.base import Injection
from openclaw_extproc.wire.conversation import Conversation, Piece
from openclaw_extproc.wire.edits import HOTTEST, a_text, texts_and_files, within
from openclaw_extproc.wire.gemini.api import camel, fields, several

# -- injection -------------------------------------------------------------------------


SYSTEM, CONFIG, CONTENTS, WHOLE = "systemInstruction", "generationConfig", "contents", "generateContentRequest"
CACHED_CONTENT_LOSS = "template: not beside cachedContent"


def inject(body: dict[str, Json], wanted: Injection, losses: list[str]) -> dict[str, Json]:
    amended, temperature = _with_texts(body, wanted, losses), wanted.changes.temperature
    if temperature is None:
        return amended
    key = spelling(body, CONFIG)
    config = {} if body.get(key) is None else j.an_object(body[key], at=CONFIG)
    return {**amended, key: {**config, "temperature": within(temperature, HOTTEST)}}


def amend_count(body: dict[str, Json], wanted: Injection, losses: list[str]) -> dict[str, Json]:
    whole, system, contents = (spelling(body, name) for name in (WHOLE, SYSTEM, CONTENTS))
    if isinstance(request := body.get(whole), dict):
        return {**body, whole: _with_texts(request, wanted, losses)}
    if body.get(system) is not None:
        return _with_texts(body, wanted, losses)
    words: list[Json] = [*_texts(wanted.changes.preamble, wanted.changes.style)]
    turns = several(body.get(contents), at=CONTENTS)
    if not words or not turns:
        return body
    first = j.an_object(turns[0], at=f"{CONTENTS}[0]")
    spoken: Json = {**first, "parts": [*words, *several(first.get("parts"), at=f"{CONTENTS}[0].parts")]}
    return {**body, contents: [spoken, *turns[1:]]}


def _with_texts(body: dict[str, Json], wanted: Injection, losses: list[str]) -> dict[str, Json]:
    before, after = _texts(wanted.changes.preamble), _texts(wanted.changes.style)
    if not (before or after):
        return body
    if body.get(spelling(body, "cachedContent")):
        losses.append(CACHED_CONTENT_LOSS)
        return body
    key = spelling(body, SYSTEM)
    given = _system(body.get(key))
    return {**body, key: {**given, "parts": [*before, *several(given.get("parts"), at=f"{SYSTEM}.parts"), *after]}}


def _system(value: Json) -> Mapping[str, Json]:
    if isinstance(value, str):
        return {"parts": [{"text": value}]}
    return {} if value is None else j.an_object(value, at=SYSTEM)


def _texts(*texts: str) -> list[Json]:
    return [{"text": text} for text in texts if text]


def spelling(keys: Iterable[str], name: str) -> str:
    """Returns the spelling of a key that this client uses: camelCase, or that of the proto file."""
    return next((key for key in keys if camel(key) == name), name)


# -- conversation ----------------------------------------------------------------------


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
    first, last = (_text_part(text) for text in (before, after))
    return {**content, "parts": [*first, *_parts(content), *last]}


def _text_part(text: str) -> list[Json]:
    return [{"text": text}] if text else []


def _merge_contents(first: Json, second: Json) -> Json:
    if not isinstance(first, dict) or not isinstance(second, dict):
        return second
    return {**second, "parts": [*_parts(first), *_parts(second)]}


def _elsewhere(body: Mapping[str, Json]) -> bool:
    return any(body.get(key) for key in ("cachedContent", "cached_content"))


CONVERSATION = Conversation(CONTENTS, piece, _around, _merge_contents, _elsewhere)
