"""Gemini's own dialect of JSON Schema for `functionDeclarations[].parameters` and `responseSchema`.

Source: https://ai.google.dev/api/caching#Schema for the fields; wording from public issue threads (for instance
zed-industries/zed#44875 for `const`, #53919 for a list of types). A full JSON Schema goes into `parametersJsonSchema`.
"""

from collections.abc import Callable
from dataclasses import replace

from openclaw_extproc.simulator.reading import Json, Node, RefusedError, words

_KNOWN = words(
    """type format title description nullable enum maxItems minItems properties required minProperties maxProperties
    minLength maxLength pattern example anyOf propertyOrdering default items minimum maximum"""
)
_TYPES = ("STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL")


def check(
    schema: Node, level: Callable[[Node, frozenset[str]], Node], refuse: Callable[[Node, str], RefusedError]
) -> None:
    """Check a schema and all within it; `level` reads one JSON object by its known fields."""
    schema = level(schema, _KNOWN)
    kind = _kind(schema, refuse)
    properties = schema.may("properties")
    names = list(properties.fields()) if properties else []
    if kind == "OBJECT" and properties and not names:
        raise refuse(properties, "should be non-empty for OBJECT type")
    for index, name in enumerate(names):
        value: Json = schema.need("properties").fields()[name]
        check(replace(schema, value=value, at=(*schema.at, "properties", index, "value")), level, refuse)
    for required in schema.need("required").items() if schema.may("required") else ():
        if properties and required.text() not in names:
            raise refuse(required, "property is not defined")
    items = schema.may("items")
    if kind == "ARRAY" and items is None:
        raise refuse(replace(schema, at=(*schema.at, "items")), "missing field.")
    if items:
        check(items, level, refuse)
    for option in schema.need("anyOf").items() if schema.may("anyOf") else ():
        check(option, level, refuse)


def _kind(schema: Node, refuse: Callable[[Node, str], RefusedError]) -> str:
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
