"""Gemini: what an operator adds to a client's request. See the package for the source.

What a client has cached at Google has its own system text, beside which none is taken. A count without a system text
of its own gets ours in its first turn, because its shorter form has no other place; the number is the same.
"""

from collections.abc import Iterable, Mapping

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.base import Injection
from openclaw_extproc.wire.edits.injection import HOTTEST, within
from openclaw_extproc.wire.gemini.fields import camel, several

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
