"""Anthropic messages: which JSON Schema structured output takes.

Source: anthropic 2.11 `lib/_parse/_transform.py`, which says what is left when the SDK has taken out the rest;
https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations; wording from public
issue threads (agentjido/req_llm#302, ghostlobster/memorize-everything#93).
`$schema` and `$id` are taken: Vercel's SDK, which takes out what the API refuses, keeps them (@ai-sdk/anthropic,
`sanitize-json-schema`).
Left out: limits on size, the subset of regular expressions.
"""

from openclaw_simulator.anthropic_dialect import place, refused
from openclaw_simulator.reading import Json, Node, words

_ANY = words("$schema $id type title description enum const anyOf allOf $ref $defs definitions default")
_BY_TYPE = {
    "object": words("properties required additionalProperties"),
    "array": words("items minItems"),
    "string": words("format pattern"),
    "integer": frozenset[str](),
    "number": frozenset[str](),
    "boolean": frozenset[str](),
    "null": frozenset[str](),
}
_FORMATS = words("date-time time date duration email hostname uri ipv4 ipv6 uuid")


def read_schema(schema: Node) -> dict[str, Json]:
    """Check a schema; return it with every reference replaced by what it points to.

    Raises:
        RefusedError: the real API would not take it, recursive schemas included.
    """
    _check(schema, place(schema.at))
    resolved = _resolved(schema.value, schema, ())
    return resolved if isinstance(resolved, dict) else {}


def _check(schema: Node, where: str) -> None:
    kinds = _kinds(schema, where)
    known = _ANY.union(*(_BY_TYPE[kind] for kind in kinds))
    for key in schema.fields():
        if key not in known:
            kind = kinds[0] if kinds else "any"
            raise refused(f"{where}: For '{kind}' type, property '{key}' is not supported")
    if "object" in kinds and schema.fields().get("additionalProperties") is not False:
        raise refused(f"{where}: For 'object' type, 'additionalProperties' must be explicitly set to false")
    if (least := schema.may("minItems")) and least.integer(0) > 1:
        raise refused(f"{where}: For 'array' type, 'minItems' values other than 0 or 1 are not supported")
    if (form := schema.may("format")) and form.text() not in _FORMATS:
        raise refused(f"{where}: For 'string' type, format '{form.text()[:40]}' is not supported")
    for inner in _inner(schema):
        _check(inner, where)


def _kinds(schema: Node, where: str) -> list[str]:
    node = schema.may("type")
    if node is None:
        if not {"enum", "const", "anyOf", "allOf", "$ref"} & schema.fields().keys():
            raise refused(f"{where}: Schema must have a 'type', 'anyOf', 'allOf', '$ref', 'enum' or 'const' field")
        return []
    found = [kind.text() for kind in node.items()] if isinstance(node.value, list) else [node.text()]
    for kind in found:
        if kind not in _BY_TYPE:
            raise refused(f"{where}: Invalid schema type '{kind[:40]}'")
    return found


def _inner(schema: Node) -> list[Node]:
    found: list[Node] = []
    for key in ("properties", "$defs", "definitions"):
        if table := schema.may(key):
            found += [table.need(name) for name in table.fields()]
    for key in ("anyOf", "allOf"):
        if options := schema.may(key):
            found += options.items()
    if items := schema.may("items"):
        found.append(items)
    return found


def _resolved(value: Json, root: Node, through: tuple[str, ...]) -> Json:
    if isinstance(value, list):
        return [_resolved(one, root, through) for one in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"$ref": str(name)}:
            if name in through:
                raise refused(f"{place(root.at)}: Recursive schemas are not supported")
            return _resolved(_found(name, root), root, (*through, name))
        case {"allOf": [dict(first), *_]}:
            return _resolved(first, root, through)
        case _:
            return {key: _resolved(one, root, through) for key, one in value.items() if key not in _TABLES}


_TABLES = ("$defs", "definitions")


def _found(name: str, root: Node) -> Json:
    start, *steps = name.split("/")
    value: Json = root.value
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else None
    if start != "#" or value is None:
        raise refused(f"{place(root.at)}: Cannot resolve '$ref': '{name[:60]}'")
    return value
