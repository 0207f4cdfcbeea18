"""`tools` and `toolConfig` of a client's request, read. See the package for the source.

`parameters` is Google's `Schema`: JSON Schema but for types in capitals and counts that may be strings. What is left,
`nullable` and `propertyOrdering`, every other vendor passes over. What Google runs (a search, code, maps) is left out,
and said so, unless nothing else could be called where something must be. A browser that the client runs
(`computerUse`) becomes the functions that Gemini calls in it, by their own names.

Source of those: https://ai.google.dev/gemini-api/docs/computer-use.

`responseMimeType` and the schema beside it, read and written.

Source: https://ai.google.dev/gemini-api/docs/structured-output. Written as `responseSchema`, in the dialect of tools:
`responseJsonSchema` takes more keywords, but not from every model, and `$ref` only where nothing stands beside it
(https://ai.google.dev/api/generate-content#generationconfig), which is how pydantic writes it.
Left out: an enum as plain text (`text/x.enum`), which nobody else has.
"""

from collections.abc import Iterator, Mapping

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import Chat, JsonObject, JsonSchema, Output, ToolChoice, ToolSpec
from openclaw_extproc.wire.gemini import thinking
from openclaw_extproc.wire.gemini.api import Losses, fields, name, several, whole
from openclaw_extproc.wire.gemini.schemas import Dialect

# -- tools -----------------------------------------------------------------------------


MAX_DEPTH = 64
"""The depth of schemas inside schemas. Protobuf reads messages no deeper than 100."""

_COUNTS = frozenset({"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"})
VENDOR_RUN = frozenset(
    {"googleSearch", "googleSearchRetrieval", "codeExecution", "urlContext", "googleMaps", "parallelAiSearch"}
    | {"fileSearch", "retrieval", "enterpriseWebSearch", "mcpServers", "exaAiSearch"}
)
"""Kinds of tools that Google runs."""
_DECLARED, _BROWSER = "functionDeclarations", "computerUse"


def specs(value: Json, losses: Losses) -> Iterator[ToolSpec]:
    for n, item in enumerate(several(value, at="tools")):
        at = f"tools[{n}]"
        tool = fields(item, at=at)
        for key in j.without(tool, frozenset({_DECLARED, _BROWSER})):
            losses.drop(f"tool {key}", f"{at}: {key if key in VENDOR_RUN else 'unknown tool'}")
        if _BROWSER in tool:
            yield from _browser(fields(tool[_BROWSER], at=f"{at}.{_BROWSER}"))
        here = f"{at}.{_DECLARED}"
        for m, declaration in enumerate(several(tool.get(_DECLARED), at=here)):
            yield _spec(declaration, f"{here}[{m}]", losses)


def _browser(asked: Mapping[str, Json]) -> Iterator[ToolSpec]:
    excluded = asked.get("excludedPredefinedFunctions")
    unwanted = excluded if isinstance(excluded, list) else []
    for function, (says, asks) in _IN_BROWSER.items():
        if function not in unwanted:
            properties: dict[str, Json] = {key.removesuffix("?"): _SHAPES[of] for key, of in asks.items()}
            required: list[Json] = [key for key in asks if not key.endswith("?")]
            yield ToolSpec(function, says, {"type": "object", "properties": properties, "required": required})


_SHAPES: Mapping[str, Json] = {
    "text": {"type": "string"},
    "switch": {"type": "boolean"},
    "share": {"type": "integer", "description": "0 to 999, of the width or the height of the screen."},
    "way": {"type": "string", "enum": ["up", "down", "left", "right"]},
}
_POINT = {"x": "share", "y": "share"}
_IN_BROWSER: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "open_web_browser": ("Opens the browser.", {}),
    "wait_5_seconds": ("Waits for five seconds.", {}),
    "go_back": ("Goes back to the page before.", {}),
    "go_forward": ("Goes forward again.", {}),
    "search": ("Goes to the start page of a search engine.", {}),
    "navigate": ("Goes to an address.", {"url": "text"}),
    "click_at": ("Clicks at a point.", _POINT),
    "hover_at": ("Moves the mouse to a point.", _POINT),
    "type_text_at": (
        "Types a text at a point; as a rule the field is emptied before, and Enter pressed behind it.",
        {**_POINT, "text": "text", "press_enter?": "switch", "clear_before_typing?": "switch"},
    ),
    "key_combination": ("Presses keys joined by `+` (`control+a`).", {"keys": "text"}),
    "scroll_document": ("Scrolls the page.", {"direction": "way"}),
    "scroll_at": ("Scrolls what is at a point.", {**_POINT, "direction": "way", "magnitude?": "share"}),
    "drag_and_drop": (
        "Drags from one point to another.",
        {**_POINT, "destination_x": "share", "destination_y": "share"},
    ),
}


def _spec(value: Json, at: str, losses: Losses) -> ToolSpec:
    declared = fields(value, at=at)
    for key in j.without(declared, frozenset({"name", "description", "parameters", "parametersJsonSchema"})):
        losses.drop(f"functionDeclarations.{key}", f"{at}.{key}")
    schema: dict[str, Json] = {}
    if "parametersJsonSchema" in declared:
        schema = usual_types(j.an_object(declared["parametersJsonSchema"], at=f"{at}.parametersJsonSchema"))
    elif "parameters" in declared:
        schema = json_schema(declared["parameters"], f"{at}.parameters")
    description = j.a_string(declared.get("description", ""), at=f"{at}.description")
    return ToolSpec(name(declared.get("name"), at=f"{at}.name"), description, schema)


def json_schema(value: Json, at: str, depth: int = 0) -> dict[str, Json]:
    """Google's `Schema` as JSON Schema."""
    if depth > MAX_DEPTH:
        raise UnreadableError(f"{at}: nested too deeply")
    schema = fields(value, at=at)
    for key, said in schema.items():
        match key:
            case "type" if isinstance(said, str):
                schema[key] = said.lower()
            case "properties":
                properties = j.an_object(said, at=f"{at}.properties").items()
                schema[key] = {name: json_schema(item, f"{at}.{name}", depth + 1) for name, item in properties}
            case "items":
                schema[key] = json_schema(said, f"{at}[]", depth + 1)
            case "anyOf":
                branches = several(said, at=f"{at}.anyOf")
                schema[key] = [json_schema(item, f"{at}.anyOf[]", depth + 1) for item in branches]
            case _ if key in _COUNTS:
                schema[key] = whole(said, at=f"{at}.{key}")
            case _:
                pass
    if schema.get("type") == "type_unspecified":
        del schema["type"]
    return schema


_TYPES = frozenset({"STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"})
_NAMED_SCHEMAS = frozenset({"properties", "$defs", "definitions", "patternProperties", "dependentSchemas"})
_SCHEMAS = frozenset({"items", "additionalProperties", "not", "contains", "propertyNames", "if", "then", "else"})
_SEVERAL_SCHEMAS = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})


def usual_types(schema: dict[str, Json], depth: int = 0) -> dict[str, Json]:
    """JSON Schema whose types may be in Google's capitals: Gemini CLI 0.61 writes `responseJsonSchema` so, and Gemini
    takes it. No other vendor does."""
    if depth > MAX_DEPTH:
        return schema
    return {key: _usual(key, said, depth + 1) for key, said in schema.items()}


def _usual(key: str, said: Json, depth: int) -> Json:
    match said:
        case str() if key == "type":
            return said.lower() if said in _TYPES else said
        case list() if key == "type":
            return [_usual("type", one, depth) for one in said]
        case list() if key in _SEVERAL_SCHEMAS:
            return [usual_types(one, depth) if isinstance(one, dict) else one for one in said]
        case dict() if key in _NAMED_SCHEMAS:
            return {name: usual_types(one, depth) if isinstance(one, dict) else one for name, one in said.items()}
        case dict() if key in _SCHEMAS:
            return usual_types(said, depth)
        case _:
            return said


def choose_tools(
    tools: tuple[ToolSpec, ...], value: Json, losses: Losses, *, declared: bool
) -> tuple[tuple[ToolSpec, ...], ToolChoice | None]:
    """The tools to offer and the choice among them: nobody else has a choice among several, so the others are taken
    out of sight. `declared`: whether the request has tools of any kind.
    """
    config = fields(value, at="toolConfig")
    for key in j.without(config, frozenset({"functionCallingConfig"})):
        losses.drop(f"toolConfig.{key}", f"toolConfig.{key}")
    at = "toolConfig.functionCallingConfig"
    calling = fields(config.get("functionCallingConfig"), at=at)
    for key in j.without(calling, frozenset({"mode", "allowedFunctionNames"})):
        losses.drop(f"{at}.{key}", f"{at}.{key}")
    mode = j.a_string(calling.get("mode", "MODE_UNSPECIFIED"), at=f"{at}.mode").upper()
    allowed = _allowed_names(calling, at)
    if mode == "ANY" and declared and not tools:
        losses.refuse(f"{at}.mode: ANY, of tools that Google runs")
    if mode == "ANY" and len(allowed) == 1:
        return tools, ToolChoice("named", allowed[0])
    if allowed and mode != "NONE":
        tools = tuple(tool for tool in tools if tool.name in allowed)
        if not tools:
            losses.refuse(f"{at}.allowedFunctionNames: none of them is declared")
    return tools, _mode(mode, f"{at}.mode", losses)


def _allowed_names(calling: Mapping[str, Json], at: str) -> list[str]:
    at = f"{at}.allowedFunctionNames"
    given = j.an_array(calling.get("allowedFunctionNames", []), at=at)
    return [name(one, at=f"{at}[{n}]") for n, one in enumerate(given)]


def _mode(mode: str, at: str, losses: Losses) -> ToolChoice | None:
    match mode:
        case "MODE_UNSPECIFIED":
            return None
        case "AUTO":
            return ToolChoice("auto")
        case "ANY":
            return ToolChoice("required")
        case "NONE":
            return ToolChoice("none")
        case "VALIDATED":
            losses.drop(at, f"{at}: VALIDATED")
            return ToolChoice("auto")
        case _:
            raise UnreadableError(f"{at}: unknown mode (known: AUTO, ANY, NONE, VALIDATED)")


# -- output ----------------------------------------------------------------------------


MIME, SCHEMA, JSON_SCHEMA = "responseMimeType", "responseSchema", "responseJsonSchema"
KNOWN_FIELDS = frozenset({MIME, SCHEMA, JSON_SCHEMA})
_JSON, _TEXT, _ENUM = "application/json", "text/plain", "text/x.enum"

IN_WORDS = "output: asked for in words, because this model takes no schema beside tools"


def read(config: Mapping[str, Json], losses: Losses, *, at: str) -> Output | None:
    mime = j.a_string(config.get(MIME, ""), at=f"{at}.{MIME}").lower()
    if mime == _ENUM:
        losses.refuse(f"{at}.{MIME}: {_ENUM}")
        return None
    if mime not in ("", _TEXT, _JSON):
        losses.refuse(f"{at}.{MIME}: neither text nor JSON")
    if JSON_SCHEMA in config:
        return JsonSchema(usual_types(j.an_object(config[JSON_SCHEMA], at=f"{at}.{JSON_SCHEMA}")))
    if SCHEMA in config:
        return JsonSchema(json_schema(config[SCHEMA], f"{at}.{SCHEMA}"))
    return JsonObject() if mime == _JSON else None


def in_words(chat: Chat, model: str) -> str:
    """What to tell a model that refuses the two together; empty for all others."""
    if chat.output is None or not chat.tools or thinking.is_third(model):
        return ""
    asked = "When you do not call a function, answer with one JSON value only, without any text around it."
    match chat.output:
        case JsonObject():
            return asked
        case JsonSchema(schema):
            return f"{asked} It has to match this JSON Schema: {j.text(dict(schema))}"


def encode_output(chat: Chat, model: str, losses: list[str]) -> dict[str, Json]:
    if chat.output is None:
        return {}
    if in_words(chat, model):
        losses.append(IN_WORDS)
        return {}
    match chat.output:
        case JsonObject():
            return {MIME: _JSON}
        case JsonSchema() as wanted:
            return {MIME: _JSON, **_schema(wanted, losses)}


def _schema(wanted: JsonSchema, losses: list[str]) -> dict[str, Json]:
    dialect = Dialect()
    about: dict[str, Json] = {"description": wanted.description} if wanted.description else {}
    schema = dialect.output({**about, **wanted.schema})
    if dialect.dropped:
        losses.append(f"output.schema: {', '.join(dialect.dropped)}")
    return {} if schema is None else {SCHEMA: schema}
