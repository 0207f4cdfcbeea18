"""OpenAI chat completions: what a request must be, as strictly as the real API.

Source: openai 3.52 `types/chat/completion_create_params.py` for the fields; the wording of errors from public issue
threads (for instance miurla/morphic#136 for tool messages).
Left out: `n` above 1, audio output, custom tools' grammars, the deprecated `functions`.
"""

import base64
import binascii
import re

from openclaw_extproc.simulator.reading import Dialect, Json, Node, Path, RefusedError, name_of, read, words
from openclaw_extproc.simulator.script import Ask, Image, Tool

_KNOWN = words(
    """messages model audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens
    max_tokens metadata modalities moderation n parallel_tool_calls prediction presence_penalty prompt_cache_key
    prompt_cache_options prompt_cache_retention reasoning_effort response_format safety_identifier seed service_tier
    stop store stream stream_options temperature tool_choice tools top_logprobs top_p user verbosity
    web_search_options"""
)
_MESSAGE = {
    "system": frozenset(("role", "content", "name")),
    "developer": frozenset(("role", "content", "name")),
    "user": frozenset(("role", "content", "name")),
    "assistant": frozenset(("role", "content", "name", "refusal", "tool_calls", "audio", "function_call")),
    "tool": frozenset(("role", "content", "tool_call_id")),
}
_PARTS = {
    "system": ("text",),
    "developer": ("text",),
    "user": ("text", "image_url", "input_audio", "file"),
    "assistant": ("text", "refusal"),
    "tool": ("text",),
}
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_IMAGE = re.compile(r"data:(image/(?:png|jpeg|jpg|gif|webp));base64,(.*)", re.DOTALL)
_MAX_ID = 40
"""Characters of a tool call's id: longer ones get "string too long"."""
_REASONING = re.compile(r"(o[134]|gpt-5)")
"""Models that refuse `max_tokens`."""


def place(at: Path) -> str:
    """`messages[0].content`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in at)
    return text.removeprefix(".")


def _invalid(at: Path, why: str) -> RefusedError:
    return refused(f"Invalid value for '{place(at)}': {why}.", place(at), "invalid_value")


def refused(message: str, param: str | None, code: str | None = None) -> RefusedError:
    return RefusedError(400, message, param=param, code=code)


def _missing(at: Path) -> RefusedError:
    return refused(f"Missing required parameter: '{place(at)}'.", place(at), "missing_required_parameter")


def _mistyped(at: Path, wanted: str, value: Json) -> RefusedError:
    said = f"Invalid type for '{place(at)}': expected {wanted}, but got {name_of(value)} instead."
    return refused(said, place(at), "invalid_type")


def _unknown(at: Path) -> RefusedError:
    return refused(f"Unknown parameter: '{place(at)}'.", place(at), "unknown_parameter")


def _unreadable(why: str) -> RefusedError:
    return refused(f"We could not parse the JSON body of your request. ({why})", None)


DIALECT = Dialect(_missing, _mistyped, _unknown, _invalid, _unreadable)


def read_request(body: bytes) -> Ask:
    """Check a request; say what the model sees of it."""
    root = read(body, DIALECT).only(_KNOWN)
    model = root.need("model").filled()
    messages = _filled(root.need("messages"))
    texts: list[str] = []
    for message in messages:
        texts += _message(message)
    _check_pairing(messages)
    stream, counts = _stream(root)
    tools = _tools(root)
    must_call, may_call, only_tool = _tool_choice(root, tools)
    _check_numbers(root)
    last = messages[-1]
    role = last.need("role").text()
    return Ask(
        model=model,
        texts=tuple(texts),
        last=" ".join(_texts(last)) if role == "user" else "",
        images=tuple(_images(last)) if role == "user" else (),
        results=tuple(_results(messages)),
        tools=tools,
        must_call=must_call,
        may_call=may_call,
        several_calls=_flag(root, "parallel_tool_calls", default=True),
        only_tool=only_tool,
        max_tokens=_max_tokens(root, model),
        stops=_stops(root),
        schema=_schema(root, " ".join(texts)),
        prefilled=role == "assistant",
        stream=stream,
        counts=counts,
    )


def _filled(node: Node) -> list[Node]:
    items = list(node.items())
    if items:
        return items
    at = place(node.at)
    said = f"Invalid '{at}': empty array. Expected an array with minimum length 1, but got an empty array instead."
    raise refused(said, at, "empty_array")


def _flag(root: Node, key: str, *, default: bool = False) -> bool:
    node = root.may(key)
    return default if node is None else node.flag()


# --- messages ---


def _message(message: Node) -> list[str]:
    """Check one message; its texts."""
    role = message.need("role").choice(*_MESSAGE)
    message.only(_MESSAGE[role])
    calls = message.may("tool_calls")
    if role == "tool":
        message.need("tool_call_id").filled()
    if calls is not None:
        for call in _filled(calls):
            _call(call)
    content = message.may("content")
    if content is None:
        if role == "assistant" and (calls or message.may("refusal") or message.may("audio")):
            return []
        said = "Invalid value for 'content': expected a string, got null."
        raise refused(said, f"{place(message.at)}.content", "invalid_type")
    if isinstance(content.value, list):
        for part in _filled(content):
            _part(part, role)
    return _texts(message)


def _part(part: Node, role: str) -> None:
    kind = part.need("type").choice(*_PARTS[role])
    part.only(frozenset(("type", kind, "prompt_cache_breakpoint")))
    match kind:
        case "text" | "refusal":
            part.need(kind).text()
        case "image_url":
            _image(part)
        case "input_audio":
            audio = part.need(kind).only(frozenset(("data", "format")))
            audio.need("data").filled()
            audio.need("format").choice("wav", "mp3")
        case _:
            part.need(kind).only(frozenset(("file_data", "file_id", "filename")))


def _image(part: Node) -> Image:
    image = part.need("image_url").only(frozenset(("url", "detail")))
    if detail := image.may("detail"):
        detail.choice("auto", "low", "high", "original")
    node = image.need("url")
    url = node.filled()
    if url.startswith(("http://", "https://")):
        return Image(None, None, url)
    inline = _IMAGE.fullmatch(url)
    if inline is None:
        said = "Invalid image data: expected a valid URL or a base64-encoded data URL with an image MIME type"
        raise refused(f"{said} ('png', 'jpeg', 'gif', 'webp').", place(node.at), "invalid_image_format")
    try:
        return Image(inline[1], len(base64.b64decode(inline[2], validate=True)))
    except binascii.Error as problem:
        raise refused("Invalid base64 image_url.", place(node.at), "invalid_base64") from problem


def _call(call: Node) -> None:
    call.only(frozenset(("id", "type", "function", "index")))
    node = call.need("id")
    if len(node.filled()) > _MAX_ID:
        said = f"Invalid '{place(node.at)}': string too long. Expected a string with maximum length {_MAX_ID}, but got"
        raise refused(
            f"{said} a string with length {len(node.text())} instead.", place(node.at), "string_above_max_length"
        )
    call.need("type").choice("function")
    function = call.need("function").only(frozenset(("name", "arguments")))
    _name(function.need("name"))
    function.need("arguments").text()


def _name(node: Node) -> str:
    name = node.text()
    if _NAME.fullmatch(name):
        return name
    said = f"Invalid '{place(node.at)}': string does not match pattern. Expected a string that matches the pattern"
    raise refused(f"{said} '^[a-zA-Z0-9_-]+$'.", place(node.at), "invalid_value")


def _check_pairing(messages: list[Node]) -> None:
    """Each tool message answers the assistant message before it, and each call is answered."""
    waiting: set[str] = set()
    offered: set[str] = set()
    for message in messages:
        if message.need("role").text() == "tool":
            answered = message.need("tool_call_id").text()
            if answered not in offered:
                said = "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'."
                raise refused(f"Invalid parameter: {said}", f"messages.[{message.at[-1]}].role")
            waiting.discard(answered)
            continue
        _refuse_unanswered(waiting, message.at[-1])
        calls = message.may("tool_calls")
        offered = {call.need("id").text() for call in calls.items()} if calls else set()
        waiting = set(offered)
    _refuse_unanswered(waiting, len(messages))


def _refuse_unanswered(waiting: set[str], index: str | int) -> None:
    if waiting:
        said = "An assistant message with 'tool_calls' must be followed by tool messages responding to each"
        missing = ", ".join(sorted(waiting))
        said = f"{said} 'tool_call_id'. The following tool_call_ids did not have response messages: {missing}"
        raise refused(said, f"messages.[{index}].role")


def _texts(message: Node) -> list[str]:
    content = message.may("content")
    if content is None:
        return []
    if not isinstance(content.value, list):
        return [content.text()]
    return [part.need("text").text() for part in content.items() if part.need("type").value == "text"]


def _images(message: Node) -> list[Image]:
    content = message.need("content")
    if not isinstance(content.value, list):
        return []
    return [_image(part) for part in content.items() if part.need("type").value == "image_url"]


def _results(messages: list[Node]) -> list[str]:
    """The tool messages at the end, oldest first."""
    found: list[str] = []
    for message in reversed(messages):
        if message.need("role").text() != "tool":
            break
        found.insert(0, " ".join(_texts(message)))
    return found


# --- the rest ---


def _stream(root: Node) -> tuple[bool, bool]:
    """Whether to stream, and whether the stream ends with usage."""
    stream = _flag(root, "stream")
    options = root.may("stream_options")
    if options is None:
        return stream, False
    if not stream:
        said = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        raise refused(said, "stream_options")
    options.only(frozenset(("include_usage", "include_obfuscation")))
    return stream, _flag(options, "include_usage")


def _tools(root: Node) -> tuple[Tool, ...]:
    node = root.may("tools")
    return () if node is None else tuple(_tool(tool) for tool in _filled(node))


def _tool(tool: Node) -> Tool:
    tool.only(frozenset(("type", "function"))).need("type").choice("function")
    function = tool.need("function").only(frozenset(("name", "description", "parameters", "strict")))
    name = _name(function.need("name"))
    if description := function.may("description"):
        description.text()
    parameters = function.may("parameters")
    if parameters is None:
        return Tool(name, {})
    schema = parameters.fields()
    if schema and schema.get("type") != "object":
        got = schema.get("type")
        said = f"Invalid schema for function '{name}': schema must be a JSON Schema of 'type: \"object\"', got"
        raise refused(f"{said} 'type: \"{got}\"'.", place(parameters.at), "invalid_function_parameters")
    return Tool(name, schema)


def _tool_choice(root: Node, tools: tuple[Tool, ...]) -> tuple[bool, bool, str | None]:
    """Whether a call is demanded, whether one is allowed, and of which tool."""
    for key in ("tool_choice", "parallel_tool_calls"):
        if root.may(key) and not tools:
            said = f"Invalid value for '{key}': '{key}' is only allowed when 'tools' are specified."
            raise refused(said, key)
    choice = root.may("tool_choice")
    if choice is None:
        return False, True, None
    if isinstance(choice.value, str):
        word = choice.choice("none", "auto", "required")
        return word == "required", word != "none", None
    choice.only(frozenset(("type", "function"))).need("type").choice("function")
    name = choice.need("function").only(frozenset(("name",))).need("name").text()
    if name not in {tool.name for tool in tools}:
        said = f"Tool choice '{name}' not found in 'tools' parameter."
        raise refused(f"Invalid value for 'tool_choice': {said}", "tool_choice")
    return True, True, name


def _check_numbers(root: Node) -> None:
    for key, low, high in (
        ("temperature", 0, 2),
        ("top_p", 0, 1),
        ("frequency_penalty", -2, 2),
        ("presence_penalty", -2, 2),
    ):
        if node := root.may(key):
            node.number(low, high)
    if count := root.may("n"):
        count.integer(1, 1)
    if seed := root.may("seed"):
        seed.integer()
    if effort := root.may("reasoning_effort"):
        effort.choice("none", "minimal", "low", "medium", "high", "xhigh", "max")
    if root.may("metadata") and not _flag(root, "store"):
        raise refused("The 'metadata' parameter is only allowed when 'store' is enabled.", "metadata")


def _max_tokens(root: Node, model: str) -> int | None:
    old, new = root.may("max_tokens"), root.may("max_completion_tokens")
    if old and new:
        said = "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."
        raise refused(said, "max_tokens", "invalid_parameter_combination")
    if old and _REASONING.match(model):
        said = "Unsupported parameter: 'max_tokens' is not supported with this model."
        raise refused(f"{said} Use 'max_completion_tokens' instead.", "max_tokens", "unsupported_parameter")
    node = old or new
    return node.integer(1) if node else None


def _stops(root: Node) -> tuple[str, ...]:
    node = root.may("stop")
    if node is None:
        return ()
    if isinstance(node.value, str):
        return (node.value,)
    stops = tuple(stop.text() for stop in _filled(node))
    if len(stops) > 4:
        said = f"Invalid 'stop': array too long. Expected an array with maximum length 4, but got {len(stops)}."
        raise refused(said, "stop", "array_above_max_length")
    return stops


def _schema(root: Node, prompt: str) -> dict[str, Json] | None:
    wanted = root.may("response_format")
    if wanted is None:
        return None
    match wanted.need("type").choice("text", "json_object", "json_schema"):
        case "json_schema":
            given = wanted.need("json_schema").only(frozenset(("name", "schema", "strict", "description")))
            _name(given.need("name"))
            schema = given.may("schema")
            return schema.fields() if schema else {}
        case "json_object":
            if "json" not in prompt.lower():
                said = "'messages' must contain the word 'json' in some form, to use 'response_format' of type"
                raise refused(f"{said} 'json_object'.", "messages")
            return {}
        case _:
            return None
