"""OpenAI chat completions: what a request must be, as strictly as the real API.

Source: openai 3.52 `types/chat/completion_create_params.py` for the fields; the wording of errors from public issue
threads (for instance miurla/morphic#136 for tool messages). `reasoning_content` is DeepSeek's
(https://api-docs.deepseek.com/guides/reasoning_model): only its models know the field.
Left out: audio output, custom tools' grammars, the deprecated `functions`, which settings a model family lacks (but
for `max_tokens`).
"""

import re

from openclaw_simulator import openai_media, openai_tools
from openclaw_simulator.openai_schema import check_format
from openclaw_simulator.openai_words import (
    EFFORTS,
    account_of,
    check_labels,
    check_sampling,
    filled,
    flag,
    name,
    number,
    opened,
    place,
    refused,
    short,
    stops,
    usage_wanted,
    whole_number,
)
from openclaw_simulator.reading import Json, Node, words
from openclaw_simulator.script import Ask, Image
from openclaw_simulator.shape import Call

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
_MAX_ID = 40
"""Characters of a tool call's id: longer ones get "string too long" (langgenius/dify#28987)."""
_NEW_LIMIT = re.compile(r"(o[134]|gpt-5)")
"""Models that refuse `max_tokens`."""
_SHOWS_THOUGHTS = re.compile("deepseek|reasoner", re.IGNORECASE)


def shows_thoughts(model: str) -> bool:
    """Whether `reasoning_content` is a field of this model."""
    return _SHOWS_THOUGHTS.search(model) is not None


def read_request(call: Call) -> Ask:
    """Check a request; say what the model sees of it."""
    root, model = opened(call, _KNOWN)
    messages = filled(root.need("messages"))
    texts: list[str] = []
    for message in messages:
        texts += _message(message, shows_thoughts(model))
    _check_pairing(messages)
    stream, counts = usage_wanted(root)
    tools = openai_tools.nested(root.may("tools"))
    for key in ("tool_choice", "parallel_tool_calls"):
        openai_tools.check_alone(root, key, tools)
    choice = openai_tools.choice(root.may("tool_choice"), tools)
    _check_rest(root)
    last = messages[-1]
    role = last.need("role").text()
    return Ask(
        model=model,
        texts=tuple(texts),
        last=" ".join(_texts(last)) if role == "user" else "",
        images=tuple(_images(last)) if role == "user" else (),
        attachments=tuple(_attachments(last)) if role == "user" else (),
        results=tuple(_results(messages)),
        tools=tools,
        must_call=choice.must,
        may_call=choice.may,
        several_calls=flag(root, "parallel_tool_calls", default=True),
        only_tool=choice.only,
        max_tokens=_max_tokens(root, model),
        stops=stops(root),
        schema=_schema(root, " ".join(texts)),
        prefilled=role == "assistant",
        thinks=_thinks(root, model),
        stream=stream,
        counts=counts,
        asked=root.fields(),
        account=account_of(call),
    )


# --- messages ---


def _message(message: Node, thoughts: bool) -> list[str]:
    """Check one message; its texts."""
    role = message.need("role").choice(*_MESSAGE)
    more = frozenset(("reasoning_content",)) if thoughts and role == "assistant" else frozenset[str]()
    message.only(_MESSAGE[role] | more)
    calls = message.may("tool_calls")
    if role == "tool":
        message.need("tool_call_id").filled()
    if calls is not None:
        for call in filled(calls):
            _call(call)
    content = message.may("content")
    if content is None:
        if role == "assistant" and (calls or message.may("refusal") or message.may("audio")):
            return []
        said = "Invalid value for 'content': expected a string, got null."
        raise refused(said, f"{place(message.at)}.content", "invalid_type")
    if isinstance(content.value, list):
        for part in filled(content):
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
        case _:
            _attachment(part, kind)


def _attachment(part: Node, kind: str) -> str:
    node = part.need(kind)
    if kind == "input_audio":
        return openai_media.audio(node)
    return openai_media.file(node.only(frozenset(("file_data", "file_id", "filename"))), only_pdf=True)


def _image(part: Node) -> Image:
    image = part.need("image_url").only(frozenset(("url", "detail")))
    if detail := image.may("detail"):
        detail.choice(*openai_media.DETAILS)
    return openai_media.image(image.need("url"))


def _call(call: Node) -> None:
    call.only(frozenset(("id", "type", "function", "custom", "index")))
    short(call.need("id"), _MAX_ID)
    kind = call.need("type").choice("function", "custom")
    text = "arguments" if kind == "function" else "input"
    inner = call.need(kind).only(frozenset(("name", text)))
    name(inner.need("name"))
    inner.need(text).text()


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


def _parts(message: Node) -> list[tuple[str, Node]]:
    """Each part with its kind; none when the content is a text."""
    content = message.need("content")
    if not isinstance(content.value, list):
        return []
    return [(part.need("type").text(), part) for part in content.items()]


def _images(message: Node) -> list[Image]:
    return [_image(part) for kind, part in _parts(message) if kind == "image_url"]


def _attachments(message: Node) -> list[str]:
    return [_attachment(part, kind) for kind, part in _parts(message) if kind in ("file", "input_audio")]


def _results(messages: list[Node]) -> list[str]:
    """The tool messages at the end, oldest first."""
    found: list[str] = []
    for message in reversed(messages):
        if message.need("role").text() != "tool":
            break
        found.insert(0, " ".join(_texts(message)))
    return found


# --- the rest ---


def _check_rest(root: Node) -> None:
    check_sampling(root)
    check_labels(root)
    if count := root.may("n"):
        whole_number(count, 1, 128)
    _check_logprobs(root)
    bias = root.may("logit_bias")
    for token in bias.fields() if bias else ():
        if bias and (node := bias.may(token)):
            number(node, -100, 100)
    if verbosity := root.may("verbosity"):
        verbosity.choice("low", "medium", "high")
    for modality in root.need("modalities").items() if root.may("modalities") else ():
        modality.choice("text", "audio")
    if root.may("metadata") and not flag(root, "store"):
        raise refused("The 'metadata' parameter is only allowed when 'store' is enabled.", "metadata")


def _check_logprobs(root: Node) -> None:
    wanted = flag(root, "logprobs")
    top = root.may("top_logprobs")
    if top is None:
        return
    whole_number(top, 0, 20)
    if not wanted:
        said = "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled."
        raise refused(said, "top_logprobs")


def _thinks(root: Node, model: str) -> bool:
    effort = root.may("reasoning_effort")
    wanted = effort.choice(*EFFORTS) if effort else None
    return shows_thoughts(model) if wanted is None else wanted != "none"


def _max_tokens(root: Node, model: str) -> int | None:
    old, new = root.may("max_tokens"), root.may("max_completion_tokens")
    if old and new:
        said = "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."
        raise refused(said, "max_tokens", "invalid_parameter_combination")
    if old and _NEW_LIMIT.match(model):
        said = "Unsupported parameter: 'max_tokens' is not supported with this model."
        raise refused(f"{said} Use 'max_completion_tokens' instead.", "max_tokens", "unsupported_parameter")
    node = old or new
    return whole_number(node, 1) if node else None


def _schema(root: Node, prompt: str) -> dict[str, Json] | None:
    wanted = root.may("response_format")
    if wanted is None:
        return None
    kind = wanted.need("type").choice("text", "json_object", "json_schema")
    if kind == "json_schema":
        return _named_schema(wanted.only(frozenset(("type", "json_schema"))).need("json_schema"))
    wanted.only(frozenset(("type",)))
    if kind == "text":
        return None
    if "json" not in prompt.lower():
        said = "'messages' must contain the word 'json' in some form, to use 'response_format' of type"
        raise refused(f"{said} 'json_object'.", "messages")
    return {}


def _named_schema(given: Node) -> dict[str, Json]:
    given.only(frozenset(("name", "schema", "strict", "description")))
    called = name(given.need("name"))
    schema, strict = given.may("schema"), flag(given, "strict")
    if schema is None:
        if strict:
            given.need("schema")
        return {}
    return check_format(schema, called, "response_format", None, strict=strict)
