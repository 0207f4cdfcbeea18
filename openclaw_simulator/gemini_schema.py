"""Gemini's own dialect of JSON Schema for `functionDeclarations[].parameters` and `responseSchema`.

Source: https://ai.google.dev/api/caching#Schema for the fields; wording from public issue threads (for instance
zed-industries/zed#44875 for `const`, #53919 for a list of types). A full JSON Schema goes into `parametersJsonSchema`.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from openclaw_simulator.reading import Json, Node, RefusedError, words

_KNOWN = words(
    """type format title description nullable enum maxItems minItems properties required minProperties maxProperties
    minLength maxLength pattern example anyOf propertyOrdering default items minimum maximum"""
)
_TYPES = ("STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL")


_SIZES = ("minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties")

Level: TypeAlias = Callable[[Node, frozenset[str]], Node]
"""Reads one JSON object by its known fields."""
Refuse: TypeAlias = Callable[[Node, str], RefusedError]


def check(schema: Node, level: Level, refuse: Refuse) -> dict[str, Json]:
    """Check a schema and all within it; return it with its names spelt one way."""
    schema = level(schema, _KNOWN)
    kind = _kind(schema, refuse)
    found: dict[str, Json] = {**schema.fields(), **_sizes(schema, refuse)}
    if (properties := schema.may("properties")) is not None:
        found["properties"] = _properties(properties, kind, level, refuse)
    for required in schema.need("required").items() if schema.may("required") else ():
        if properties and required.text() not in properties.fields():
            raise refuse(required, "property is not defined")
    items = schema.may("items")
    if kind == "ARRAY" and items is None:
        raise refuse(replace(schema, at=(*schema.at, "items")), "missing field.")
    if items:
        found["items"] = check(items, level, refuse)
    if options := schema.may("anyOf"):
        found["anyOf"] = [check(option, level, refuse) for option in options.items()]
    return found


def _properties(properties: Node, kind: str, level: Level, refuse: Refuse) -> dict[str, Json]:
    names = list(properties.fields())
    if kind == "OBJECT" and not names:
        raise refuse(properties, "should be non-empty for OBJECT type")
    return {
        name: check(replace(properties, value=value, at=(*properties.at, index, "value")), level, refuse)
        for index, (name, value) in enumerate(properties.fields().items())
    }


def _sizes(schema: Node, refuse: Refuse) -> dict[str, Json]:
    """Whole numbers of 64 bits, which protobuf reads from a string, too."""
    found: dict[str, Json] = {}
    for key in _SIZES:
        node = schema.may(key)
        if node is None:
            continue
        text = node.value if isinstance(node.value, str) else str(node.integer(0))
        if not text.isdecimal():
            raise refuse(node, "is no whole number (TYPE_INT64)")
        found[key] = int(text)
    return found


def _kind(schema: Node, refuse: Refuse) -> str:
    node = schema.may("type")
    if node is None:
        if schema.may("anyOf") is None:
            raise refuse(schema, "schema didn't specify the schema type field. Specify an explicit type.")
        return ""
    kind = node.text().upper()
    if kind not in _TYPES:
        raise refuse(node, f"Invalid value ({node.text()[:40]!r})")
    if enum := schema.may("enum"):
        if kind != "STRING":
            raise refuse(enum, "only allowed for STRING type")
        for value in enum.items():
            value.text()
    shape = schema.may("format")
    if shape and kind == "STRING" and shape.text() not in ("enum", "date-time"):
        raise refuse(shape, "only 'enum' and 'date-time' are supported for STRING type")
    return kind


def resolved(schema: Node, refuse: Callable[[str], RefusedError]) -> dict[str, Json]:
    """A full JSON Schema with every reference replaced by what it points to; one into itself becomes an object."""
    root = schema.fields()
    found = _resolved(root, root, (), refuse)
    return found if isinstance(found, dict) else {}


def _resolved(value: Json, root: Json, through: tuple[str, ...], refuse: Callable[[str], RefusedError]) -> Json:
    match value:
        case list():
            return [_resolved(one, root, through, refuse) for one in value]
        case {"$ref": str(name)}:
            if name in through:
                return {"type": "object"}
            return _resolved(_found(name, root, refuse), root, (*through, name), refuse)
        case dict():
            return {key: _resolved(one, root, through, refuse) for key, one in value.items() if key != "$defs"}
        case _:
            return value


def _found(name: str, root: Json, refuse: Callable[[str], RefusedError]) -> Json:
    start, *steps = name.split("/")
    value = root if start == "#" else None
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else None
    if value is None:
        raise refuse(f"reference to undefined schema: {name[:60]}")
    return value
