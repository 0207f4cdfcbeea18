"""Gemini `generateContent`: what a request must be, as strictly as the real API.

Source: https://ai.google.dev/api/generate-content and https://ai.google.dev/api/caching#Content; that Vertex AI wants a
role: router-for-me/CLIProxyAPI#17.
Left out: cached contents, tools that run at Google (taken as they come), what is heard or seen in sound and film.
"""

import re

from openclaw_simulator import gemini_config, gemini_schema
from openclaw_simulator.gemini_dialect import (
    DIALECT,
    decoded,
    invalid,
    level,
    missing,
    part_of,
    place,
    refused,
    within,
)
from openclaw_simulator.gemini_signatures import check_calls
from openclaw_simulator.reading import Node, read, words
from openclaw_simulator.script import Ask, Image, Tool

_KNOWN = words(
    """model contents systemInstruction tools toolConfig safetySettings generationConfig cachedContent serviceTier
    store"""
)
_ON_VERTEX = (_KNOWN | {"labels", "modelArmorConfig"}) - {"store"}
_MEDIA = re.compile(r"(image|audio|video|text)/[\w.+-]+|application/(pdf|json|rtf|x-javascript|x-python-code)")
_TOOLS = words(
    """functionDeclarations googleSearch googleSearchRetrieval codeExecution urlContext computerUse fileSearch
    googleMaps mcpServers"""
)
_FUNCTION = words("name description behavior parameters parametersJsonSchema response responseJsonSchema")
_CONTENT = (
    "text",
    "inlineData",
    "fileData",
    "functionCall",
    "functionResponse",
    "executableCode",
    "codeExecutionResult",
)
_PART = frozenset((*_CONTENT, "thought", "thoughtSignature", "videoMetadata", "mediaResolution", "partMetadata"))
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}")


def read_request(body: bytes, model: str, *, stream: bool, on_vertex: bool) -> Ask:
    """Check a request; say what the model sees of it."""
    return read_root(read(body, DIALECT), model, stream=stream, on_vertex=on_vertex)


def read_root(node: Node, model: str, *, stream: bool, on_vertex: bool) -> Ask:
    """The same for a request within another one."""
    root = level(node, _ON_VERTEX if on_vertex else _KNOWN)
    turns = _turns(root, needs_role=on_vertex)
    check_calls(turns, model, on_vertex=on_vertex)
    config = part_of(root, "generationConfig", gemini_config.ON_VERTEX if on_vertex else gemini_config.KNOWN)
    thinks, shows_thought = gemini_config.read_thinking(config, model)
    tools = _tools(root)
    must_call, may_call, only_tool = _tool_config(root)
    role, last = turns[-1]
    asked = last if role == "user" else []
    limit = config.may("maxOutputTokens")
    return Ask(
        model=model,
        texts=tuple(_system(root)) + tuple(text for _, parts in turns for part in parts for text in _texts(part)),
        last=" ".join(text.text() for part in asked if (text := part.may("text"))),
        images=tuple(image for part in asked if isinstance(image := _medium(part), Image)),
        attachments=tuple(file for part in asked if isinstance(file := _medium(part), str)),
        results=tuple(_result(part) for part in asked if part.may("functionResponse")),
        tools=tools,
        must_call=must_call,
        may_call=may_call,
        only_tool=only_tool,
        max_tokens=limit.integer(1) if limit else None,
        stops=gemini_config.read_stops(config),
        schema=gemini_config.read_schema(config),
        prefilled=role == "model",
        thinks=thinks,
        shows_thought=shows_thought,
        logprobs=gemini_config.read_logprobs(config),
        stream=stream,
    )


# --- contents ---


def _turns(root: Node, *, needs_role: bool) -> list[tuple[str, list[Node]]]:
    contents = list(root.need("contents").items())
    if not contents:
        raise missing(("contents",))
    turns: list[tuple[str, list[Node]]] = []
    for content in contents:
        turn = level(content, frozenset(("role", "parts")))
        role = turn.may("role")
        if role.text() not in ("user", "model") if role else needs_role:
            raise refused("Please use a valid role: user, model.")
        turns.append((role.text() if role else "user", _parts(turn)))
    return turns


def _parts(content: Node) -> list[Node]:
    node = content.may("parts")
    parts = [_part(part) for part in node.items()] if node else []
    if not parts:
        raise invalid((*content.at, "parts"), "contents.parts must not be empty.")
    return parts


def _part(raw: Node) -> Node:
    part = level(raw, _PART)
    kinds = [kind for kind in _CONTENT if kind in part.fields()]
    if not kinds:
        raise invalid((*part.at, "data"), "required oneof field 'data' must have one initialized field")
    if len(kinds) > 1:
        said = f"Invalid value{within(part.at)} (oneof), oneof field 'data' is already set. Cannot set '{kinds[1]}'"
        raise refused(said, place(part.at))
    match kinds[0]:
        case "text":
            part.need("text").text()
        case "inlineData" | "fileData":
            _medium(part)
        case "functionCall":
            call = level(part.need("functionCall"), frozenset(("id", "name", "args", "partialArgs", "willContinue")))
            _function_name(call.need("name"))
            if arguments := call.may("args"):
                arguments.fields()
        case "functionResponse":
            _check_response(part)
        case _:
            pass  # code that ran at Google
    return part


def _check_response(part: Node) -> None:
    known = frozenset(("id", "name", "response", "parts", "willContinue", "scheduling"))
    response = level(part.need("functionResponse"), known)
    name = response.may("name")
    if name is None or not name.text():
        raise invalid((*response.at, "name"), "Name cannot be empty.")
    response.need("response").fields()


def _medium(part: Node) -> Image | str | None:
    """An image, or the media type of what is none; `None` when this part is neither."""
    if part.may("fileData"):
        file = level(part.need("fileData"), frozenset(("mimeType", "fileUri", "displayName")))
        url, mime = file.need("fileUri").filled(), file.may("mimeType")
        kind = _media_type(mime) if mime else "image/*"
        return Image(None, None, url) if kind.startswith("image/") else kind
    if part.may("inlineData") is None:
        return None
    inline = level(part.need("inlineData"), frozenset(("mimeType", "data", "displayName")))
    kind, size = _media_type(inline.need("mimeType")), len(decoded(inline.need("data")))
    return Image(kind, size) if kind.startswith("image/") else kind


def _media_type(node: Node) -> str:
    """Without its parameters."""
    kind = node.filled().partition(";")[0].strip().lower()
    if not _MEDIA.fullmatch(kind):
        raise refused(f"Unsupported MIME type: {kind[:60]}", place(node.at))
    return kind


def parts_of(content: Node) -> list[Node]:
    """The parts of a content whose role does not matter."""
    return _parts(level(content, frozenset(("role", "parts"))))


def _texts(part: Node) -> list[str]:
    if text := part.may("text"):
        return [text.text()]
    return [_result(part)] if part.may("functionResponse") else []


def _result(part: Node) -> str:
    """What a function answered: the words of its JSON."""
    response = part.need("functionResponse").need("response").fields()
    return " ".join(value if isinstance(value, str) else repr(value) for value in response.values())


def _system(root: Node) -> list[str]:
    node = root.may("systemInstruction")
    if node is None:
        return []
    return [part.need("text").text() for part in parts_of(node)]


# --- tools and configuration ---


def _tools(root: Node) -> tuple[Tool, ...]:
    node = root.may("tools")
    found: list[Tool] = []
    for tool in node.items() if node else ():
        declared = level(tool, _TOOLS).may("functionDeclarations")
        found += [_function(function) for function in declared.items()] if declared else []
    names = [tool.name for tool in found]
    for name in names:
        if names.count(name) > 1:
            raise refused(f"Duplicate function declaration found: {name}")
    return tuple(found)


def _function(raw: Node) -> Tool:
    function = level(raw, _FUNCTION)
    name = _function_name(function.need("name"))
    parameters, full = function.may("parameters"), function.may("parametersJsonSchema")
    if parameters and full:
        raise invalid(function.at, "parameters and parameters_json_schema are mutually exclusive.")
    if parameters:
        return Tool(name, gemini_schema.check(parameters, level, lambda node, why: invalid(node.at, why)))
    return Tool(name, gemini_schema.resolved(full, lambda why: invalid(full.at, why)) if full else {})


def _function_name(node: Node) -> str:
    name = node.text()
    if _NAME.fullmatch(name):
        return name
    raise invalid(
        node.at,
        "Invalid function name. Must start with a letter or an underscore. Must be alphameric (a-z, A-Z, 0-9), "
        "underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 64.",
    )


def _tool_config(root: Node) -> tuple[bool, bool, str | None]:
    """Whether a call is demanded, whether one is allowed, and of which tool."""
    config = part_of(
        root, "toolConfig", frozenset(("functionCallingConfig", "retrievalConfig", "includeServerSideToolInvocations"))
    )
    calling = part_of(config, "functionCallingConfig", frozenset(("mode", "allowedFunctionNames")))
    node = calling.may("mode")
    mode = node.choice("MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED") if node else "AUTO"
    names = calling.may("allowedFunctionNames")
    allowed = [name.text() for name in names.items()] if names else []
    if allowed and mode not in ("ANY", "VALIDATED"):
        raise invalid(calling.at, "allowed_function_names should only be set when mode is ANY or VALIDATED.")
    return mode == "ANY", mode != "NONE", allowed[0] if allowed else None
