"""JSON schemas in the two dialects that Anthropic takes.

Tools: an object at the top, without `anyOf`, `oneOf`, `allOf` or `$ref` there ("input_schema does not support oneOf,
allOf, or anyOf at the top level", anthropics/claude-code#27337 and many others). Such a schema becomes the object of
all their properties.

Answers (`output_config.format`): what the official SDK's `transform_schema` leaves (anthropic 2.11, read 2026-11-21).
As there, every object is closed and a rule that is not understood goes into the description, where the model reads it.
Left out: recursive schemas, which the API refuses itself.
"""

from collections.abc import Iterable, Mapping

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json

Losses = list[str]

_ALTERNATIVES = ("anyOf", "oneOf", "allOf", "$ref")
_FORMATS = frozenset(["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"])
_SCALARS = ("string", "number", "boolean", "null")
MAX_DEPTH = 64
"""The depth at which a translated schema is cut. No schema that a person wrote is as deep."""


# -- tools -----------------------------------------------------------------------


def of_tool(schema: Mapping[str, Json], name: str, losses: Losses) -> dict[str, Json]:
    if not any(key in schema for key in _ALTERNATIVES):
        if schema.get("type", "object") != "object":
            losses.append(f"tools: schema of {name}: not an object")
        return {**schema, "type": "object"} if "type" in schema else {"type": "object", **schema}
    losses.append(f"tools: schema of {name}: its alternatives as one object")
    return _merge(schema, schema, 0) | {"type": "object"}


def _merge(schema: Mapping[str, Json], root: Mapping[str, Json], depth: int) -> dict[str, Json]:
    """The object of all properties that a schema and its alternatives have."""
    whole = {key: value for key, value in schema.items() if key not in _ALTERNATIVES}
    if depth > MAX_DEPTH:
        return whole
    properties, required = _properties(schema), _required_names(schema)
    for key in ("allOf", "$ref"):
        for part in _parts(schema, key, root):
            one = _merge(part, root, depth + 1)
            properties = _join_properties(properties, _properties(one))
            required += [name for name in _required_names(one) if name not in required]
    for key in ("anyOf", "oneOf"):
        ways = [_merge(part, root, depth + 1) for part in _parts(schema, key, root)]
        for way in ways:
            properties = _join_properties(properties, _properties(way))
        required += [n for n in _always(ways) if n not in required]
    if properties:
        whole["properties"] = properties
    if required:
        whole["required"] = [*required]
    return whole


def _parts(schema: Mapping[str, Json], key: str, root: Mapping[str, Json]) -> list[dict[str, Json]]:
    value = schema.get(key)
    if key == "$ref":
        target = _resolve_reference(value, root)
        return [] if target is None else [target]
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _resolve_reference(ref: Json, root: Mapping[str, Json]) -> dict[str, Json] | None:
    """What a reference within the schema points to."""
    if not isinstance(ref, str) or not ref.startswith("#/"):
        return None
    found: Json = dict(root)
    for step in ref.removeprefix("#/").split("/"):
        found = found.get(step) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else None


def _join_properties(some: dict[str, Json], more: Mapping[str, Json]) -> dict[str, Json]:
    """A property that means two things may be either."""
    both = dict(some)
    for name, schema in more.items():
        known = both.get(name)
        both[name] = schema if known is None or known == schema else {"anyOf": [known, schema]}
    return both


def _always(ways: Iterable[Mapping[str, Json]]) -> list[str]:
    """What is required whichever way is taken."""
    wanted = [_required_names(way) for way in ways]
    return [name for name in wanted[0] if all(name in one for one in wanted)] if wanted else []


def _properties(schema: Mapping[str, Json]) -> dict[str, Json]:
    found = schema.get("properties")
    return dict(found) if isinstance(found, dict) else {}


def _required_names(schema: Mapping[str, Json]) -> list[str]:
    found = schema.get("required")
    return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []


# -- answers ---------------------------------------------------------------------


def of_answer(schema: Mapping[str, Json], losses: Losses) -> dict[str, Json]:
    moved: set[str] = set()
    written = _strict(dict(schema), moved, 0)
    losses += [f"output: schema: {key}, in the description" for key in sorted(moved)]
    return written


def _strict(given: Json, moved: set[str], depth: int) -> dict[str, Json]:
    rest = dict(given) if isinstance(given, dict) and depth <= MAX_DEPTH else {}
    made: dict[str, Json] = {}
    for key in ("$defs", "definitions"):
        if isinstance(known := rest.pop(key, None), dict):
            made[key] = {name: _strict(one, moved, depth + 1) for name, one in known.items()}
    if (ref := rest.pop("$ref", None)) is not None:
        return {**made, "$ref": ref}
    rest.pop("$schema", None)
    made |= _kind(rest, moved, depth)
    for key in ("title", "description"):
        if isinstance(said := rest.pop(key, None), str):
            made[key] = said
    if rest:
        moved.update(rest)
        made["description"] = _description(made.get("description"), rest)
    return made


def _kind(rest: dict[str, Json], moved: set[str], depth: int) -> dict[str, Json]:
    """What takes its words out of `rest`: values, alternatives, or a type with what belongs to it."""
    kind = rest.pop("type", None)
    if literal := _literal(rest):
        return literal
    for key, name in (("anyOf", "anyOf"), ("oneOf", "anyOf"), ("allOf", "allOf")):
        if isinstance(ways := rest.get(key), list) and ways:
            del rest[key]
            return {name: [_strict(way, moved, depth + 1) for way in ways]}
    if isinstance(kind, list):
        own = {key: rest.pop(key) for key in [*rest] if key not in ("title", "description")}
        return {"anyOf": [_strict({"type": one, **_of_type(one, own)}, moved, depth + 1) for one in kind]}
    match kind if kind is not None else _guess_type(rest):
        case "object":
            return _object(rest, moved, depth)
        case "array":
            return _array(rest, moved, depth)
        case "string":
            form = rest.get("format")
            kept = isinstance(form, str) and form in _FORMATS
            return {"type": "string", **({"format": rest.pop("format")} if kept else {})}
        case str() as plain:
            return {"type": plain}
        case _:
            moved.add("type")
            return {"anyOf": [{"type": name} for name in _SCALARS]}


def _literal(rest: dict[str, Json]) -> dict[str, Json]:
    values = rest.get("enum")
    if isinstance(values, list) and values and all(_plain(value) for value in values):
        return {"enum": rest.pop("enum")}
    if "const" in rest and _plain(rest["const"]):
        return {"const": rest.pop("const")}
    return {}


def _plain(value: Json) -> bool:
    return not isinstance(value, list | dict)


_BELONGS = {
    "object": {"properties", "required", "additionalProperties", "patternProperties", "minProperties", "maxProperties"},
    "array": {"items", "minItems", "maxItems", "uniqueItems", "prefixItems", "contains"},
    "string": {"format", "pattern", "minLength", "maxLength"},
    "null": set[str](),
}
_BELONGS_ELSEWHERE = set[str]().union(*_BELONGS.values())


def _of_type(kind: Json, rules: Mapping[str, Json]) -> dict[str, Json]:
    """Returns those of the rules that say something about this type."""
    own = _BELONGS.get(kind) if isinstance(kind, str) else None
    if own is None:
        return {key: value for key, value in rules.items() if key not in _BELONGS_ELSEWHERE}
    return {key: value for key, value in rules.items() if key in own}


def _guess_type(rest: Mapping[str, Json]) -> str | None:
    return "object" if "properties" in rest else "array" if "items" in rest else None


def _object(rest: dict[str, Json], moved: set[str], depth: int) -> dict[str, Json]:
    fields = rest.pop("properties", None)
    fields = fields if isinstance(fields, dict) else {}
    if rest.pop("additionalProperties", False) is not False:
        moved.add("additionalProperties")
    made: dict[str, Json] = {
        "type": "object",
        "properties": {name: _strict(one, moved, depth + 1) for name, one in fields.items()},
        "additionalProperties": False,
    }
    if isinstance(rest.get("required"), list):
        made["required"] = rest.pop("required")
    return made


def _array(rest: dict[str, Json], moved: set[str], depth: int) -> dict[str, Json]:
    made: dict[str, Json] = {"type": "array"}
    if isinstance(rest.get("items"), dict):
        made["items"] = _strict(rest.pop("items"), moved, depth + 1)
    if rest.get("minItems") in (0, 1):
        made["minItems"] = rest.pop("minItems")
    return made


def _description(said: Json, rest: Mapping[str, Json]) -> str:
    rules = ", ".join(f"{key}: {j.text(value)}" for key, value in rest.items())
    return f"{said}\n\n{{{rules}}}" if isinstance(said, str) else f"{{{rules}}}"
