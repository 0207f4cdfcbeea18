"""Gemini `generateContent`: what a request must be, as strictly as the real API.

Source: https://ai.google.dev/api/generate-content and https://ai.google.dev/api/caching#Content; wording of errors from
public issue threads (for instance google-gemini/gemini-cli#13972 for unknown names).
Left out: cached contents, tools that run at Google (taken as they come), audio and video.
"""

import base64
import binascii
import re
from dataclasses import replace

from openclaw_extproc.simulator import gemini_schema
from openclaw_extproc.simulator.reading import Dialect, Json, Node, Path, RefusedError, read, words
from openclaw_extproc.simulator.script import Ask, Image, Tool

SIGNED = b"simulated thought"
"""What our own thought signatures decode to."""
_DUMMIES = ("skip_thought_signature_validator", "context_engineering_is_the_way_to_go")
"""Accepted for calls that no Gemini made: https://ai.google.dev/gemini-api/docs/thought-signatures."""
_NEEDS_SIGNATURE = re.compile(r"gemini-3")

_KNOWN = words(
    """model contents systemInstruction tools toolConfig safetySettings generationConfig cachedContent serviceTier
    store"""
)
_GENERATION = words(
    """stopSequences responseMimeType responseSchema responseJsonSchema _responseJsonSchema responseModalities
    candidateCount maxOutputTokens temperature topP topK seed presencePenalty frequencyPenalty responseLogprobs logprobs
    enableEnhancedCivicAnswers speechConfig thinkingConfig imageConfig mediaResolution"""
)
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


def place(at: Path) -> str:
    """`contents[0].parts[0].function_call`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{_snake(step)}" for step in at)
    return text.removeprefix(".")


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda found: f"_{found[0].lower()}", name)


def _camel(name: str) -> str:
    return name[:1] + re.sub(r"_([a-z])", lambda found: found[1].upper(), name[1:])


def refused(message: str, param: str | None = None) -> RefusedError:
    return RefusedError(400, message, param=param)


def _within(at: Path) -> str:
    return f" at '{place(at)}'" if at else ""


def _missing(at: Path) -> RefusedError:
    return refused(f"* GenerateContentRequest.{place(at)}: {at[-1]} is not specified\n", place(at))


def _mistyped(at: Path, wanted: str, value: Json) -> RefusedError:
    if isinstance(value, list) and at:
        why = "Proto field is not repeating, cannot start list."
        return refused(
            f'Invalid JSON payload received. Unknown name "{at[-1]}"{_within(at[:-1])}: {why}', place(at[:-1])
        )
    return refused(f"Invalid value{_within(at)}: expected {wanted}", place(at))


def _unknown(at: Path) -> RefusedError:
    said = f'Invalid JSON payload received. Unknown name "{at[-1]}"{_within(at[:-1])}: Cannot find field.'
    return refused(said, place(at[:-1]))


def _invalid(at: Path, why: str) -> RefusedError:
    return refused(f"* GenerateContentRequest.{place(at)}: {why}\n", place(at))


def _unreadable(why: str) -> RefusedError:
    return refused(f"Invalid JSON payload received. {why}")


DIALECT = Dialect(_missing, _mistyped, _unknown, _invalid, _unreadable)


def level(node: Node, known: frozenset[str]) -> Node:
    """One JSON object, its names in either spelling, as protobuf reads JSON: `functionCall` or `function_call`."""
    fields: dict[str, Json] = {}
    for key, value in node.fields().items():
        name = key if key in known else _camel(key)
        if name not in known:
            raise _unknown((*node.at, key))
        fields[name] = value
    return replace(node, value=fields)


def read_request(body: bytes, model: str, *, stream: bool) -> Ask:
    """Check a request; say what the model sees of it."""
    root = level(read(body, DIALECT), _KNOWN)
    turns = _turns(root)
    _check_calls(turns, model)
    config = _object(root, "generationConfig", _GENERATION)
    tools = _tools(root)
    must_call, may_call, only_tool = _tool_config(root)
    role, last = turns[-1]
    asked = last if role == "user" else []
    limit = config.may("maxOutputTokens")
    return Ask(
        model=model,
        texts=tuple(_system(root)) + tuple(text for _, parts in turns for part in parts for text in _texts(part)),
        last=" ".join(text.text() for part in asked if (text := part.may("text"))),
        images=tuple(_image(part) for part in asked if part.may("inlineData") or part.may("fileData")),
        results=tuple(_result(part) for part in asked if part.may("functionResponse")),
        tools=tools,
        must_call=must_call,
        may_call=may_call,
        only_tool=only_tool,
        max_tokens=limit.integer(1) if limit else None,
        stops=_config(config),
        schema=_schema(config),
        prefilled=role == "model",
        thinks=_thinks(config),
        stream=stream,
    )


def _object(node: Node, key: str, known: frozenset[str]) -> Node:
    """An optional object; empty when it is not there."""
    return level(node.may(key) or replace(node, value={}, at=(*node.at, key)), known)


# --- contents ---


def _turns(root: Node) -> list[tuple[str, list[Node]]]:
    contents = list(root.need("contents").items())
    if not contents:
        raise _missing(("contents",))
    turns: list[tuple[str, list[Node]]] = []
    for content in contents:
        turn = level(content, frozenset(("role", "parts")))
        role = turn.may("role")
        if role and role.text() not in ("user", "model"):
            raise refused("Please use a valid role: user, model.")
        turns.append((role.text() if role else "user", _parts(turn)))
    return turns


def _parts(content: Node) -> list[Node]:
    node = content.may("parts")
    parts = [_part(part) for part in node.items()] if node else []
    if not parts:
        raise _invalid((*content.at, "parts"), "contents.parts must not be empty.")
    return parts


def _part(raw: Node) -> Node:
    part = level(raw, _PART)
    kinds = [kind for kind in _CONTENT if kind in part.fields()]
    if not kinds:
        raise _invalid((*part.at, "data"), "required oneof field 'data' must have one initialized field")
    if len(kinds) > 1:
        said = f"Invalid value{_within(part.at)} (oneof), oneof field 'data' is already set. Cannot set '{kinds[1]}'"
        raise refused(said, place(part.at))
    match kinds[0]:
        case "text":
            part.need("text").text()
        case "inlineData" | "fileData":
            _image(part)
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
        raise _invalid((*response.at, "name"), "Name cannot be empty.")
    response.need("response").fields()


def _image(part: Node) -> Image:
    if part.may("fileData"):
        file = level(part.need("fileData"), frozenset(("mimeType", "fileUri", "displayName")))
        return Image(None, None, file.need("fileUri").filled())
    inline = level(part.need("inlineData"), frozenset(("mimeType", "data", "displayName")))
    mime = inline.need("mimeType").filled()
    return Image(mime, len(_decoded(inline.need("data"))))


def _decoded(node: Node) -> bytes:
    """Bytes in JSON: base64 of either alphabet, as protobuf reads it."""
    text = node.text().replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error as problem:
        raise refused(
            f"Invalid value{_within(node.at)} (TYPE_BYTES), Base64 decoding failed", place(node.at)
        ) from problem


def _check_calls(turns: list[tuple[str, list[Node]]], model: str) -> None:
    """Calls are answered in the very next turn, all of them; new models want their signatures back."""
    calls = 0
    current = max(
        (at for at, (role, parts) in enumerate(turns) if role == "user" and not _count(parts, "functionResponse")),
        default=0,
    )
    for at, (_, parts) in enumerate(turns):
        responses = _count(parts, "functionResponse")
        if calls and responses != calls:
            raise refused(
                "Please ensure that the number of function response parts is equal to the number of function call "
                "parts of the function call turn."
            )
        if responses and not calls:
            raise refused("Please ensure that function response turn comes immediately after a function call turn.")
        calls = _count(parts, "functionCall")
        if calls and (at == 0 or turns[at - 1][0] != "user"):
            raise refused(
                "Please ensure that function call turn comes immediately after a user turn or after a function "
                "response turn."
            )
        _check_signatures(parts, wanted=at > current and _NEEDS_SIGNATURE.match(model) is not None)
    if calls:
        raise refused("Please ensure that a function call turn is followed by its function response turn.")


def _count(parts: list[Node], kind: str) -> int:
    return sum(part.may(kind) is not None for part in parts)


def _check_signatures(parts: list[Node], *, wanted: bool) -> None:
    """The first call of a turn carries a signature, and each signature is one of ours."""
    calls = [part for part in parts if part.may("functionCall")]
    if wanted and calls and calls[0].may("thoughtSignature") is None:
        raise refused(f"Function call is missing a thought_signature in functionCall parts{_within(calls[0].at)}.")
    for part in parts:
        signature = part.may("thoughtSignature")
        if signature and signature.text() not in _DUMMIES and not _decoded(signature).startswith(SIGNED):
            raise refused("Thought signature is not valid.", place(signature.at))


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
    return [part.need("text").text() for part in _parts(level(node, frozenset(("role", "parts"))))]


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
        raise _invalid(function.at, "parameters and parameters_json_schema are mutually exclusive.")
    if parameters:
        gemini_schema.check(parameters, level, lambda node, why: _invalid(node.at, why))
    schema = parameters or full
    return Tool(name, schema.fields() if schema else {})


def _function_name(node: Node) -> str:
    name = node.text()
    if _NAME.fullmatch(name):
        return name
    raise _invalid(
        node.at,
        "Invalid function name. Must start with a letter or an underscore. Must be alphameric (a-z, A-Z, 0-9), "
        "underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 64.",
    )


def _tool_config(root: Node) -> tuple[bool, bool, str | None]:
    """Whether a call is demanded, whether one is allowed, and of which tool."""
    config = _object(
        root, "toolConfig", frozenset(("functionCallingConfig", "retrievalConfig", "includeServerSideToolInvocations"))
    )
    calling = _object(config, "functionCallingConfig", frozenset(("mode", "allowedFunctionNames")))
    node = calling.may("mode")
    mode = node.choice("MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED") if node else "AUTO"
    names = calling.may("allowedFunctionNames")
    allowed = [name.text() for name in names.items()] if names else []
    if allowed and mode not in ("ANY", "VALIDATED"):
        raise _invalid(calling.at, "allowed_function_names should only be set when mode is ANY or VALIDATED.")
    return mode == "ANY", mode != "NONE", allowed[0] if allowed else None


def _config(config: Node) -> tuple[str, ...]:
    """Check the numbers; the stop sequences."""
    for key, high in (("temperature", 2.0), ("topP", 1.0)):
        if node := config.may(key):
            node.number(0, high)
    for key in ("topK", "seed"):
        if node := config.may(key):
            node.integer()
    if count := config.may("candidateCount"):
        count.integer(1, 1)
    stops = config.may("stopSequences")
    found = tuple(stop.filled() for stop in stops.items()) if stops else ()
    if len(found) > 5:
        raise _invalid(("generationConfig", "stopSequences"), "at most 5 stop sequences are allowed.")
    return found


def _schema(config: Node) -> dict[str, Json] | None:
    given = config.may("responseSchema")
    if given:
        gemini_schema.check(given, level, lambda node, why: _invalid(node.at, why))
    full = config.may("responseJsonSchema") or config.may("_responseJsonSchema")
    mime = config.may("responseMimeType")
    if mime is None or mime.choice("text/plain", "application/json", "text/x.enum") != "application/json":
        if given or full:
            raise _invalid(config.at, "response_schema needs response_mime_type application/json.")
        return None
    schema = given or full
    return schema.fields() if schema else {}


def _thinks(config: Node) -> bool:
    thinking = _object(config, "thinkingConfig", frozenset(("includeThoughts", "thinkingBudget", "thinkingLevel")))
    include = thinking.may("includeThoughts")
    return include.flag() if include else False
