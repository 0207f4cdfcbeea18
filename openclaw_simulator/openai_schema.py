"""JSON schemas as OpenAI takes them: for tools, and for structured output.

Source: https://platform.openai.com/docs/guides/structured-outputs#supported-schemas; the wording from public threads
(vercel/ai#6484, dottxt-ai/outlines#844, moeru-ai/xsai#202).
Left out: the limits on size and depth, what is allowed within one type (`pattern`, `minimum`).
"""

from collections.abc import Callable
from typing import TypeAlias

from openclaw_simulator.openai_words import place, refused
from openclaw_simulator.reading import Json, Node, RefusedError

_TYPES = frozenset(("string", "number", "integer", "boolean", "object", "array", "null"))
_NOT_STRICT = ("oneOf", "allOf", "not", "dependentRequired", "dependentSchemas", "if", "then", "else")
_Complain: TypeAlias = Callable[[str], RefusedError]


def check_tool(parameters: Node, tool: str, *, strict: bool) -> dict[str, Json]:
    """The schema of a function's arguments."""

    def complain(what: str) -> RefusedError:
        said = f"Invalid schema for function '{tool}': {what}"
        return refused(said, place(parameters.at), "invalid_function_parameters")

    schema = parameters.fields()
    if schema:
        _check(schema, strict, complain)
    return schema


def check_format(schema: Node, name: str, param: str, code: str | None, *, strict: bool) -> dict[str, Json]:
    """The schema of an answer; `param` and `code` are what each endpoint calls it."""

    def complain(what: str) -> RefusedError:
        return refused(f"Invalid schema for response_format '{name}': {what}", param, code)

    found = schema.fields()
    if found or strict:
        _check(found, strict, complain)
    return found


def _check(schema: dict[str, Json], strict: bool, complain: _Complain) -> None:
    if schema.get("type") != "object":
        got = schema.get("type")
        raise complain(f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{got}\"'.")
    _walk(schema, (), strict, complain)


def _walk(schema: Json, at: tuple[str, ...], strict: bool, complain: _Complain) -> None:
    if isinstance(schema, bool) and not strict:
        return
    if not isinstance(schema, dict):
        raise complain(f"In context={at}, {schema!r} is not of type 'object', 'boolean'.")
    if strict:
        _check_strict(schema, at, complain)
    _check_type(schema, at, strict, complain)
    for key in ("properties", "$defs", "definitions"):
        inner = schema.get(key)
        for name, value in inner.items() if isinstance(inner, dict) else ():
            _walk(value, (*at, key, name), strict, complain)
    options = schema.get("anyOf")
    for index, value in enumerate(options if isinstance(options, list) else ()):
        _walk(value, (*at, "anyOf", str(index)), strict, complain)
    if "items" in schema:
        _walk(schema["items"], (*at, "items"), strict, complain)


def _check_type(schema: dict[str, Json], at: tuple[str, ...], strict: bool, complain: _Complain) -> None:
    kind = schema.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    if kind is None:
        if strict and not schema.keys() & {"anyOf", "$ref", "enum", "const"}:
            raise complain(f"In context={at}, schema must have a 'type' key.")
    elif not all(isinstance(one, str) and one in _TYPES for one in kinds):
        raise complain(f"In context={at}, {kind!r} is not valid under any of the given schemas.")
    if "array" in kinds and "items" not in schema:
        raise complain(f"In context={at}, array schema missing items.")


def _check_strict(schema: dict[str, Json], at: tuple[str, ...], complain: _Complain) -> None:
    for word in _NOT_STRICT:
        if word in schema:
            raise complain(f"In context={at}, '{word}' is not permitted.")
    kind = schema.get("type")
    if kind != "object" and not (isinstance(kind, list) and "object" in kind):
        return
    if schema.get("additionalProperties") is not False:
        raise complain(f"In context={at}, 'additionalProperties' is required to be supplied and to be false.")
    properties, required = schema.get("properties"), schema.get("required")
    names = list(properties) if isinstance(properties, dict) else []
    listed = required if isinstance(required, list) else []
    said = f"In context={at}, 'required' is required to be supplied and to be an array including every key in"
    for name in names:
        if name not in listed:
            raise complain(f"{said} properties. Missing '{name}'.")
    for extra in listed:
        if extra not in names:
            raise complain(f"{said} properties. Extra required key '{extra}' supplied.")
