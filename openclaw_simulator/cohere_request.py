"""Cohere's chat, version 2: what a request must be, as strictly as the real API.

Source: the types of the official SDK (cohere 7.0), Cohere's OpenAPI description for ranges, and its page on errors for
the wording of refusals.
Left out: documents in messages and in `documents`, fetching links, which model has which setting (but for `thinking`).
"""

import base64
import binascii
import re

from openclaw_simulator.reading import Dialect, Json, Node, Path, RefusedError, read, words
from openclaw_simulator.script import Ask, Image, Tool

_KNOWN = words(
    """model messages stream tools strict_tools documents citation_options response_format safety_mode max_tokens
    stop_sequences temperature seed frequency_penalty presence_penalty k p logprobs tool_choice thinking priority"""
)
_MESSAGE = {
    "system": words("role content"),
    "user": words("role content"),
    "assistant": words("role content tool_calls tool_plan citations"),
    "tool": words("role content tool_call_id"),
}
_PARTS = {
    "system": ("text",),
    "user": ("text", "image_url"),
    "assistant": ("text", "thinking"),
    "tool": ("text", "document"),
}
_IMAGE = re.compile(r"data:(image/(?:png|jpeg|webp|gif));base64,(.*)", re.DOTALL)
_THINKS = re.compile(r"reasoning|command-a-plus")


def refused(message: str) -> RefusedError:
    return RefusedError(400, message)


def _place(at: Path) -> str:
    return ".".join(map(str, at))


DIALECT = Dialect(
    missing=lambda at: refused(f"invalid request: required '{_place(at)}' param is missing or empty."),
    mistyped=lambda at, wanted, _: refused(f"invalid type: parameter {_place(at)} should be {wanted}."),
    unknown=lambda at: RefusedError(422, f"unknown field: parameter '{_place(at)}' is not a valid field"),
    invalid=lambda at, why: refused(f"invalid request: {_place(at)} {why}."),
    unreadable=lambda why: refused(f"invalid json syntax: {why}"),
)


def read_chat(body: bytes) -> Ask:
    """Check a request; say what the model sees of it."""
    root = read(body, DIALECT).only(_KNOWN)
    model = root.need("model").filled()
    messages = [*root.need("messages").items()]
    if not messages:
        raise refused("invalid request: message must be at least 1 token long or tool results must be specified.")
    texts = [text for message in messages for text in _message(message)]
    _check_order(messages)
    tools = tuple(map(_tool, tools.items())) if (tools := root.may("tools")) else ()
    choice = chosen.choice("REQUIRED", "NONE") if (chosen := root.may("tool_choice")) else ""
    if choice == "REQUIRED" and not tools:
        raise refused("invalid request: tool_choice REQUIRED needs tools.")
    last = messages[-1]
    role = last.need("role").text()
    return Ask(
        model=model,
        texts=tuple(texts),
        last=" ".join(_texts(last)) if role == "user" else "",
        images=tuple(_images(last)) if role == "user" else (),
        results=_results(messages),
        tools=tools,
        must_call=choice == "REQUIRED",
        may_call=choice != "NONE",
        max_tokens=limit.integer(1) if (limit := root.may("max_tokens")) else None,
        stops=_settings(root),
        schema=_schema(root, has_tools=bool(tools)),
        prefilled=role == "assistant",
        thinks=_thinks(root, model),
        stream=stream.flag() if (stream := root.may("stream")) else False,
    )


# --- messages ---


def _message(message: Node) -> list[str]:
    """Check one message; its texts."""
    role = message.need("role").choice(*_MESSAGE)
    message.only(_MESSAGE[role])
    calls = message.may("tool_calls")
    for call in calls.items() if calls else ():
        call.only(words("id type function"))
        call.need("id").filled()
        call.need("type").choice("function")
        function = call.need("function").only(words("name arguments"))
        function.need("name").filled()
        function.need("arguments").text()
    plan = message.may("tool_plan")
    if message.may("content") is None and role == "assistant" and (calls or plan):
        return [plan.text()] if plan else []
    content = message.need("content")
    for part in content.items() if isinstance(content.value, list) else ():
        kind = part.need("type").choice(*_PARTS[role])
        part.only(frozenset(("type", kind)))
        if kind == "image_url":
            _image(part)
    texts = _texts(message)
    if not any(texts) and not [*_images(message)]:
        raise refused("message must not be empty in a turn")
    return [*texts, *([plan.text()] if plan else [])]


def _texts(message: Node) -> list[str]:
    content = message.may("content")
    if content is None:
        return []
    if not isinstance(content.value, list):
        return [content.text()]
    found = [part.may(kind) for part in content.items() for kind in ("text", "thinking")]
    return [text.text() for text in found if text]


def _images(message: Node) -> list[Image]:
    content = message.may("content")
    parts = [*content.items()] if content and isinstance(content.value, list) else []
    return [_image(part) for part in parts if part.may("image_url")]


def _image(part: Node) -> Image:
    image = part.need("image_url").only(words("url detail"))
    url = image.need("url").filled()
    if url.startswith(("http://", "https://")):
        return Image(None, None, url)
    inline = _IMAGE.fullmatch(url)
    if inline is None:
        raise refused("invalid request: image must be a URL or a base64 data URL of a PNG, JPEG, WebP or GIF.")
    try:
        return Image(inline[1], len(base64.b64decode(inline[2], validate=True)))
    except (binascii.Error, ValueError) as problem:
        raise refused("invalid request: image is not valid base64.") from problem


def _check_order(messages: list[Node]) -> None:
    """System turns come first, and each result answers a call before it."""
    called: set[str] = set()
    begun = False
    for message in messages:
        role = message.need("role").text()
        if role == "system" and begun:
            raise refused("system turn must be the first in the list")
        begun = begun or role != "system"
        if role == "tool" and message.need("tool_call_id").filled() not in called:
            raise refused("tool call id not found in previous tool calls")
        calls = message.may("tool_calls")
        called |= {call.need("id").text() for call in calls.items()} if calls else set()


def _results(messages: list[Node]) -> tuple[str, ...]:
    """Those at the end, behind the last word that was said."""
    found: list[str] = []
    for message in reversed(messages):
        if message.need("role").text() != "tool":
            break
        found.append(" ".join(_texts(message)))
    return tuple(reversed(found))


# --- settings ---


def _settings(root: Node) -> tuple[str, ...]:
    """Check the numbers; the stop sequences."""
    for name, low, high in (("temperature", 0, 1), ("p", 0.01, 0.99)):
        if number := root.may(name):
            number.number(low, high)
    penalties = [number for name in ("frequency_penalty", "presence_penalty") if (number := root.may(name))]
    if len([number.number(0, 1) for number in penalties]) == 2:
        raise refused("invalid request: cannot specify both frequency_penalty and presence_penalty.")
    for name, most in (("k", 500), ("seed", 2**64 - 1)):
        if number := root.may(name):
            number.integer(0, most)
    stops = tuple(stop.filled() for stop in listed.items()) if (listed := root.may("stop_sequences")) else ()
    if len(stops) > 5:
        raise refused("invalid request: at most 5 stop_sequences are allowed.")
    return stops


def _thinks(root: Node, model: str) -> bool:
    able = _THINKS.search(model) is not None
    thinking = root.may("thinking")
    if thinking is None:
        return able
    if not able:
        raise refused("invalid request: thinking is not supported by the provided model.")
    thinking.only(words("type token_budget"))
    if budget := thinking.may("token_budget"):
        budget.integer(1)
    return thinking.need("type").choice("enabled", "disabled") == "enabled"


def _schema(root: Node, *, has_tools: bool) -> dict[str, Json] | None:
    form = root.may("response_format")
    if form is None:
        return None
    form.only(words("type json_schema"))
    kind = form.need("type").choice("text", "json_object")
    if kind == "text":
        return None
    if has_tools:
        raise refused("invalid request: response_format is not supported with tools.")
    schema = form.may("json_schema")
    return schema.fields() if schema else {}


def _tool(tool: Node) -> Tool:
    tool.only(words("type function"))
    tool.need("type").choice("function")
    function = tool.need("function").only(words("name description parameters"))
    return Tool(function.need("name").filled(), function.need("parameters").fields())
