"""JSON Schema of tool parameters and of answers in Gemini's dialect.

Source: https://ai.google.dev/api/caching#Schema, and what Gemini was seen to refuse:
"Unknown name additionalProperties" (BerriAI/litellm#14330; it fails the whole request), formats other than `enum` and
`date-time` (google-gemini/gemini-cli#2237), enums of numbers (microsoft/azure-devops-mcp#145), an empty `properties`
(agno-agi/agno#2112), `required` names without a property (Kilo-Org/kilocode#11955), anything beside `anyOf`
(lambda-alpha-labs/Graphenium#37), arrays without `items` (kkrishnan90/gemini-desktop#7).
Left out: `parametersJsonSchema`, which takes nearly all of JSON Schema but not on every endpoint (livekit/agents#3135).
"""

from collections.abc import Mapping
from typing import TypeAlias

from openclaw_extproc.model.json import Json

MAX_DEPTH = 32
"""The depth of schemas inside schemas. What is deeper becomes an object of any kind."""
MAX_SCHEMAS = 2_000
"""The number of schemas in one tool, references followed: a few that point at each other grow without end."""

Schema: TypeAlias = dict[str, Json]

_KEPT_KEYWORDS = {
    "string": frozenset({"enum", "format", "pattern", "minLength", "maxLength"}),
    "number": frozenset({"format", "minimum", "maximum"}),
    "integer": frozenset({"format", "minimum", "maximum"}),
    "boolean": frozenset[str](),
    "array": frozenset({"items", "minItems", "maxItems"}),
    "object": frozenset({"properties", "required", "minProperties", "maxProperties", "propertyOrdering"}),
}
"""What a schema of each type may say, besides what all may."""
_ABOUT = frozenset({"title", "description", "nullable", "example"})
_SILENT_KEYWORDS = frozenset({"type", "$defs", "definitions"})
"""The keywords that are not written as they stand, which is no loss."""
_FORMATS = {"string": ("date-time",), "number": ("float", "double"), "integer": ("int32", "int64")}
_NAMEABLE = frozenset(
    {"$schema", "$id", "$ref", "$comment", "$anchor", "additionalProperties", "propertyNames", "patternProperties"}
    | {"unevaluatedProperties", "dependentRequired", "dependentSchemas", "default", "examples", "deprecated", "not"}
    | {"if", "then", "else", "contains", "prefixItems", "uniqueItems", "multipleOf", "exclusiveMinimum", "readOnly"}
    | {"exclusiveMaximum", "writeOnly", "contentEncoding", "contentMediaType", "strict", "anyOf", "format", "enum"}
    | {"pattern", "required", "properties", "items", "minimum", "maximum", "minLength", "maxLength", "minItems"}
    | {"maxItems", "minProperties", "maxProperties", "title", "description", "nullable", "example"}
)
"""The keywords a loss names: a client could make up very many."""


class Dialect:
    """Rewrites the schemas of one request and keeps in mind what had to go."""

    def __init__(self) -> None:
        self.dropped: dict[str, None] = {}
        """Keywords, in the order they were met."""
        self._root: Mapping[str, Json] = {}
        self._left = 0

    def parameters(self, schema: Mapping[str, Json]) -> Schema | None:
        """A tool's parameters; `None` when it has none: Gemini refuses an object without properties."""
        self._root, self._left = schema, MAX_SCHEMAS
        written = self._schema({"type": "object", **schema}, ())
        if "anyOf" in written:
            written = self._join_objects(written["anyOf"])
        return written if written.get("properties") else None

    def output(self, schema: Mapping[str, Json]) -> Schema | None:
        """An answer's schema, which may be of any type; `None` for an object of any kind, which has no words here."""
        self._root, self._left = schema, MAX_SCHEMAS
        written = self._schema(dict(schema), ())
        if written.get("type") != "object" or written.get("properties"):
            return written
        self._drop("properties")
        return None

    def _join_objects(self, branches: Json) -> Schema:
        """Parameters have to be one object: of several, all properties and no demands."""
        self._drop("anyOf")
        properties: Schema = {}
        for branch in branches if isinstance(branches, list) else []:
            properties |= _object(_object(branch).get("properties"))
        return {"type": "object", "properties": properties}

    def _drop(self, keyword: str) -> None:
        self.dropped[keyword if keyword in _NAMEABLE else "other keywords"] = None

    def _schema(self, given: Json, via: tuple[str, ...], depth: int = 0) -> Schema:
        """`via`: the references that led here."""
        self._left -= 1
        if depth > MAX_DEPTH or self._left < 0:
            self._drop("properties")
            return {"type": "object"}
        schema, via = self._resolve(_object(given), via)
        if "oneOf" in schema:
            schema["anyOf"] = schema.pop("oneOf")
        if "const" in schema:
            schema["enum"] = [schema.pop("const")]
        _split_types(schema)
        if "anyOf" in schema:
            return self._any_of(schema, via, depth)
        return self._plain(schema, via, depth)

    # -- references and unions ---------------------------------------------

    def _resolve(self, given: Schema, via: tuple[str, ...]) -> tuple[Schema, tuple[str, ...]]:
        """Returns a schema with `$ref` and `allOf` replaced by what they stand for."""
        schema = dict(given)
        while isinstance(ref := schema.pop("$ref", None), str):
            self._left -= 1
            target = None if ref in via or self._left < 0 else self._target(ref)
            if target is None:
                self._drop("$ref")
                schema.setdefault("type", "object")
                break
            schema, via = {**target, **schema}, (*via, ref)
        parts = schema.pop("allOf", None)
        for part in parts if isinstance(parts, list) else []:
            self._left -= 1
            if self._left < 0 or len(via) > MAX_DEPTH:
                break
            more, _ = self._resolve(_object(part), (*via, ""))
            schema = _merge(schema, more)
        return schema, via

    def _target(self, ref: str) -> Schema | None:
        """What a pointer into the same document points at."""
        found: Json = dict(self._root)
        steps = ref.removeprefix("#").split("/")[1:]
        for step in steps if ref.startswith("#") else ["", *steps]:
            name = step.replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, dict) else None
        return found if isinstance(found, dict) else None

    def _any_of(self, schema: Schema, via: tuple[str, ...], depth: int) -> Schema:
        """Writes `anyOf`. Nothing may stand beside it, so what does goes into each branch."""
        given = schema.pop("anyOf")
        branches = [_object(branch) for branch in given] if isinstance(given, list) else []
        some = [branch for branch in branches if not _is_null(branch)]
        if len(some) < len(branches):
            schema["nullable"] = True
        if "properties" in schema or not some:
            self._drop("anyOf")  # "one of these has to be there" is all it can still say
            return self._plain(schema, via, depth)
        if len(some) == 1:
            return self._schema({**schema, **some[0]}, via, depth + 1)
        written = [self._schema({**schema, **branch}, via, depth + 1) for branch in some]
        flat = [inner for one in written for inner in _branches(one)]
        return {"anyOf": flat}

    # -- one schema --------------------------------------------------------

    def _plain(self, schema: Schema, via: tuple[str, ...], depth: int) -> Schema:
        if None in (values := _array(schema.get("enum"))):
            some: list[Json] = [value for value in values if value is not None]
            schema |= {"nullable": True, "enum": some}
        kind = _type(schema)
        written: Schema = {"type": kind}
        for key, value in schema.items():
            if key in _ABOUT or key in _KEPT_KEYWORDS[kind]:
                said = self._keyword_value(key, value, kind, schema, via, depth)
                if said is not None:
                    written[key] = said
            elif key not in _SILENT_KEYWORDS:
                self._drop(key)
        if kind == "array" and "items" not in written:
            self._drop("items")
            written["items"] = {"type": "string"}
        return written

    def _keyword_value(
        self, key: str, value: Json, kind: str, schema: Schema, via: tuple[str, ...], depth: int
    ) -> Json:
        """What a keyword says in Gemini's words; `None` when that is nothing."""
        match key:
            case "properties":
                properties = _object(value).items()
                return {name: self._schema(inner, via, depth + 1) for name, inner in properties} or None
            case "required" | "propertyOrdering":
                known = _object(schema.get("properties"))
                return [name for name in _array(value) if isinstance(name, str) and name in known] or None
            case "items":
                either: Schema = {"anyOf": value}
                return self._schema(either if isinstance(value, list) else value, via, depth + 1)
            case "enum":
                words: list[Json] = [word for word in _array(value) if isinstance(word, str) and word]
                if words != value:
                    self._drop("enum")
                return words or None
            case "format":
                if value in _FORMATS.get(kind, ()):
                    return value
                self._drop("format")
                return None
            case "example":
                return value
            case _ if isinstance(value, _VALUES.get(key, str)):
                return value
            case _:
                self._drop(key)
                return None


_VALUES: dict[str, tuple[type, ...]] = {
    "nullable": (bool,),
    **dict.fromkeys(("minimum", "maximum"), (int, float)),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), (int,)),
}
"""What stands for a keyword where that is no text."""


def _split_types(schema: Schema) -> None:
    """`["string", "null"]` is a nullable string, of several types one is a branch of `anyOf`."""
    kinds = schema.get("type")
    if not isinstance(kinds, list):
        return
    del schema["type"]
    some = [kind for kind in kinds if kind != "null"]
    if len(some) < len(kinds):
        schema["nullable"] = True
    if len(some) == 1:
        schema["type"] = some[0]
    elif some and "anyOf" not in schema:
        schema["anyOf"] = [{"type": kind} for kind in some]


def _type(schema: Schema) -> str:
    """Returns the type of a schema, as it says or as its other keywords imply. What may be anything is a string: a
    model can write everything in one."""
    said = schema.get("type")
    if isinstance(said, str) and said.lower() in _KEPT_KEYWORDS:
        return said.lower()
    if "properties" in schema or "additionalProperties" in schema:
        return "object"
    if "items" in schema or "prefixItems" in schema:
        return "array"
    match _array(schema.get("enum")):
        case [bool(), *_]:
            return "boolean"
        case [int(), *_]:
            return "integer"
        case [float(), *_]:
            return "number"
        case _:
            return "string"


def _merge(schema: Schema, more: Schema) -> Schema:
    """Returns a schema with the demands of both; where two words say the same thing the first one stays."""
    both = {**more, **schema}
    if properties := _object(more.get("properties")) | _object(schema.get("properties")):
        both["properties"] = properties
    if required := [*_array(schema.get("required")), *_array(more.get("required"))]:
        both["required"] = required
    return both


def _is_null(branch: Schema) -> bool:
    return branch.get("type") == "null" or branch.get("enum") == [None] or branch.get("const", 0) is None


def _branches(written: Schema) -> list[Json]:
    inner = written.get("anyOf")
    return inner if isinstance(inner, list) else [written]


def _object(value: Json) -> Schema:
    return value if isinstance(value, dict) else {}


def _array(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
