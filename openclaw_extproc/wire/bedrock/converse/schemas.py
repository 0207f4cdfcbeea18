"""JSON schemas as `outputConfig.textFormat` takes them.

Source: https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html (from memory): Draft 2020-12
without rules on sizes, and every object closed. A rule that is not taken goes into the description, where the model
reads it.
Left out: recursive schemas, which the API refuses itself.
"""

from collections.abc import Mapping

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json

MAX_DEPTH = 64
"""Deeper ones are cut. As deep as no schema of a person's is."""

_MARKS = ["title", "description", "format", "default", "enum", "const"]
_KNOWN_KEYWORDS = frozenset(
    [*_MARKS, "type", "properties", "required", "items", "anyOf", "allOf", "$ref", "$defs", "definitions"]
)
_MAPS = ("properties", "$defs", "definitions")
_LISTS = ("anyOf", "allOf")


def of_answer(schema: Mapping[str, Json], lost: list[str]) -> dict[str, Json]:
    moved: set[str] = set()
    made = _close_objects(dict(schema), moved, 0)
    lost += [f"output: schema: {key}, in the description" for key in sorted(moved)]
    return made


def _close_objects(schema: Json, moved: set[str], depth: int) -> dict[str, Json]:
    if not isinstance(schema, dict) or depth > MAX_DEPTH:
        return {}
    given = {("anyOf" if key == "oneOf" else key): value for key, value in schema.items() if key != "$schema"}
    rest = {key: value for key, value in given.items() if key not in _KNOWN_KEYWORDS}
    made = {key: _inner(key, value, moved, depth + 1) for key, value in given.items() if key in _KNOWN_KEYWORDS}
    if given.get("type") == "object" or "properties" in given:
        made["additionalProperties"] = False
    rest.pop("additionalProperties", None)
    if rest:
        moved.update(rest)
        said = made.get("description")
        made["description"] = (f"{said}\n" if isinstance(said, str) else "") + j.text(rest)
    return made


def _inner(key: str, value: Json, moved: set[str], depth: int) -> Json:
    if key in _MAPS and isinstance(value, dict):
        return {name: _close_objects(one, moved, depth) for name, one in value.items()}
    if key in _LISTS and isinstance(value, list):
        return [_close_objects(one, moved, depth) for one in value]
    return _close_objects(value, moved, depth) if key == "items" else value
