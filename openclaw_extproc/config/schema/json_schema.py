"""The JSON Schema of `openclaw.yml` for editors, generated from the pydantic schema that the loader uses.

An editor checks a value before variables are expanded, so every number and boolean also accepts `${NAME}`.
"""

from collections.abc import Iterator
from typing import cast

from pydantic import JsonValue

from openclaw_extproc.config.schema.config_file import Written

ADDRESS = "https://json-schema.org/draft/2020-12/schema"

_VARIABLE: JsonValue = {"type": "string", "pattern": r"^\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}$"}
_FILLED_IN = ("integer", "number", "boolean")


def schema() -> dict[str, JsonValue]:
    made = cast("dict[str, JsonValue]", _accept_variables(Written.model_json_schema(by_alias=True)))
    return {
        "$schema": ADDRESS,
        "$id": "openclaw.schema.json",
        **made,
        "title": "openclaw.yml",
        "description": "Which providers and models there are, and which of them a request goes to.",
    }


def _accept_variables(part: JsonValue) -> JsonValue:
    if isinstance(part, list):
        return [_accept_variables(one) for one in part]
    if not isinstance(part, dict):
        return part
    inner = dict(_without_titles(part))
    if part.get("type") not in _FILLED_IN and "enum" not in part:
        return inner
    about: dict[str, JsonValue] = {key: inner.pop(key) for key in ("default", "description") if key in inner}
    return {**about, "anyOf": [inner, _VARIABLE]}


def _without_titles(part: dict[str, JsonValue]) -> Iterator[tuple[str, JsonValue]]:
    """Without the titles that pydantic makes of names: editors show them instead of what the key is for."""
    for key, value in part.items():
        if key == "properties" and isinstance(value, dict):
            yield key, {name: _accept_variables(one) for name, one in value.items()}
        elif key == "description" and isinstance(value, str):
            yield key, " ".join(value.split())
        elif not (key == "title" and isinstance(value, str)):
            yield key, _accept_variables(value)
