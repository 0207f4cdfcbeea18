"""`tools` and `toolConfig` of a client's request, read. See the package for the source.

`parameters` is Google's `Schema`: JSON Schema but for types in capitals and counts that may be strings. What is left,
`nullable` and `propertyOrdering`, every other vendor passes over.
"""

from collections.abc import Iterator, Mapping

from openclaw_extproc.model import json as j
from openclaw_extproc.model.chat import ToolChoice, ToolSpec
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.gemini.fields import Losses, fields, name, several, whole

MAX_DEPTH = 64
"""The depth of schemas inside schemas. Protobuf reads messages no deeper than 100."""

_COUNTS = frozenset({"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"})
_OWN_TOOLS = frozenset(
    {"googleSearch", "googleSearchRetrieval", "codeExecution", "urlContext", "googleMaps", "computerUse"}
    | {"fileSearch", "retrieval", "enterpriseWebSearch", "mcpServers"}
)


def specs(value: Json, losses: Losses) -> Iterator[ToolSpec]:
    for n, item in enumerate(several(value, at="tools")):
        at = f"tools[{n}]"
        tool = fields(item, at=at)
        for key in j.without(tool, frozenset({"functionDeclarations"})):
            losses.refuse(f"{at}: {key if key in _OWN_TOOLS else 'unknown tool'}")
        here = f"{at}.functionDeclarations"
        for m, declaration in enumerate(several(tool.get("functionDeclarations"), at=here)):
            yield _spec(declaration, f"{here}[{m}]", losses)


def _spec(value: Json, at: str, losses: Losses) -> ToolSpec:
    declared = fields(value, at=at)
    for key in j.without(declared, frozenset({"name", "description", "parameters", "parametersJsonSchema"})):
        losses.drop(f"functionDeclarations.{key}", f"{at}.{key}")
    schema: dict[str, Json] = {}
    if "parametersJsonSchema" in declared:
        schema = j.an_object(declared["parametersJsonSchema"], at=f"{at}.parametersJsonSchema")
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


def chosen(tools: tuple[ToolSpec, ...], value: Json, losses: Losses) -> tuple[tuple[ToolSpec, ...], ToolChoice | None]:
    """The tools to offer and the choice among them: nobody else has a choice among several, so the others are taken
    out of sight.
    """
    config = fields(value, at="toolConfig")
    for key in j.without(config, frozenset({"functionCallingConfig"})):
        losses.drop(f"toolConfig.{key}", f"toolConfig.{key}")
    at = "toolConfig.functionCallingConfig"
    calling = fields(config.get("functionCallingConfig"), at=at)
    for key in j.without(calling, frozenset({"mode", "allowedFunctionNames"})):
        losses.drop(f"{at}.{key}", f"{at}.{key}")
    mode = j.a_string(calling.get("mode", "MODE_UNSPECIFIED"), at=f"{at}.mode").upper()
    allowed = _allowed(calling, at)
    if mode == "ANY" and len(allowed) == 1:
        return tools, ToolChoice("named", allowed[0])
    if allowed and mode != "NONE":
        tools = tuple(tool for tool in tools if tool.name in allowed)
        if not tools:
            losses.refuse(f"{at}.allowedFunctionNames: none of them is declared")
    return tools, _mode(mode, f"{at}.mode", losses)


def _allowed(calling: Mapping[str, Json], at: str) -> list[str]:
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
