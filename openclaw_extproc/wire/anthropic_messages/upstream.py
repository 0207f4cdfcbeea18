"""Requests to providers that speak Anthropic Messages.

Source: the types of the official SDK (anthropic 2.11, read 2026-11-21), and what Anthropic was seen to refuse in
public issues, named at each place.
"""

import hashlib
import re
from collections.abc import Iterable
from itertools import groupby

from openclaw_extproc.faults import FaultError, Kind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.chat import (
    CachePoint,
    Chat,
    Image,
    InlineFile,
    InlineImage,
    LinkedFile,
    LinkedImage,
    Part,
    Text,
    Thinking,
    ToolChoice,
    ToolResult,
    ToolSpec,
    ToolUse,
    Turn,
)
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.anthropic_messages.requests import PATH
from openclaw_extproc.wire.base import Edit, Encoded
from openclaw_extproc.wire.losses import carried
from openclaw_extproc.wire.needs import Need

DEFAULT_MAX_TOKENS = 4096
"""`max_tokens` is mandatory here and optional elsewhere. The largest number that every Claude model accepts:
Claude 3 Haiku and Opus write no more than that and answer 400 when asked for it."""

CARRIES: frozenset[Need] = frozenset({"image", "image_link"})

NOT_JSON = "tool arguments are not JSON"
TOO_HOT = "temperature above 1"
BLANK_STOP = "stop: only white space"


def encode_request(chat: Chat, change: Edit) -> Encoded:
    losses = carried(chat, _own_losses(chat), carries=CARRIES)
    stop = [text for text in chat.stop if text.strip()]
    limit = change.limit(chat.max_output_tokens)
    fields: dict[str, Json] = {
        "model": change.model,
        "max_tokens": DEFAULT_MAX_TOKENS if limit is None else limit,
        "system": _system(chat.system),
        "messages": _messages(chat.turns),
        "tools": [_tool(tool) for tool in chat.tools] or None,
        "tool_choice": _tool_choice(chat),
        "temperature": None if chat.temperature is None else min(max(chat.temperature, 0), 1),
        "top_p": chat.top_p,
        "top_k": chat.top_k,
        "stop_sequences": [*stop] or None,
        "metadata": None if chat.user is None else {"user_id": chat.user},
        "stream": chat.stream or None,
    }
    body: dict[str, Json] = {key: value for key, value in fields.items() if value is not None}
    return Encoded(PATH, j.dump(body), losses)


def _own_losses(chat: Chat) -> Iterable[str]:
    if any(isinstance(part, ToolUse) and _object(part.args) is None for turn in chat.turns for part in turn.parts):
        yield NOT_JSON
    if chat.temperature is not None and chat.temperature > 1:
        yield TOO_HOT
    if any(not text.strip() for text in chat.stop):
        yield BLANK_STOP  # "each stop sequence must contain non-whitespace": BerriAI/litellm#3286


def _system(texts: Iterable[str]) -> Json:
    match [text for text in texts if text.strip()]:
        case []:
            return None
        case [text]:
            return text
        case several:
            return [_text(text) for text in several]


def _messages(turns: Iterable[Turn]) -> list[Json]:
    """Turns as messages in strict alternation: some models refuse two of one role in a row (lobehub/lobehub#1496)."""
    kept = [(turn.role, parts) for turn in turns if (parts := _written(turn.parts))]
    merged = [
        (role, [part for _, parts in group for part in parts])
        for role, group in groupby(kept, key=lambda turn: turn[0])
    ]
    if merged and merged[-1][0] == "assistant":
        _strip_end(merged[-1][1])
    return [{"role": role, "content": [_part(part) for part in _results_first(parts)]} for role, parts in merged]


def _written(parts: Iterable[Part]) -> list[Part]:
    """Without blank texts: "text content blocks must contain non-whitespace text" (anthropics/claude-code#23369)."""
    return [part for part in parts if not isinstance(part, Text) or part.text.strip()]


def _strip_end(parts: list[Part]) -> None:
    """ "final assistant content cannot end with trailing whitespace" (tailcallhq/forgecode#1872)."""
    if isinstance(last := parts[-1], Text):
        parts[-1] = Text(last.text.rstrip())


def _results_first(parts: Iterable[Part]) -> list[Part]:
    """Tool results have to come before any other content of their message (the docs on tool calls, from memory)."""
    return sorted(parts, key=lambda part: not isinstance(part, ToolResult))


def _part(part: Part) -> Json:
    match part:
        case Thinking() | CachePoint() | InlineFile() | LinkedFile():
            raise FaultError(Kind.UNSUPPORTED, f"Anthropic takes no {type(part).__name__} here")
        case Text(text):
            return _text(text)
        case InlineImage() | LinkedImage():
            return _image(part)
        case ToolUse(id, name, args):
            given = _object(args)
            return {
                "type": "tool_use",
                "id": _tool_id(id),
                "name": name,
                "input": {"_raw": args} if given is None else given,
            }
        case ToolResult():
            return _tool_result(part)


def _text(text: str) -> Json:
    return {"type": "text", "text": text}


def _image(image: Image) -> Json:
    match image:
        case InlineImage(media_type, base64):
            return {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": base64}}
        case LinkedImage(url):
            return {"type": "image", "source": {"type": "url", "url": url}}


def _tool_result(result: ToolResult) -> Json:
    block: dict[str, Json] = {"type": "tool_result", "tool_use_id": _tool_id(result.tool_use_id)}
    match _written(result.content):
        case []:
            pass
        case [Text(text)]:
            block["content"] = text
        case several:
            block["content"] = [_part(part) for part in several]
    if result.is_error:
        block["is_error"] = True
    return block


def _object(args: str) -> dict[str, Json] | None:
    """The arguments as the object Anthropic wants; `None` when they are none. No arguments at all are an empty one."""
    try:
        return j.parse(args, where="tool arguments") if args.strip() else {}
    except UnreadableError:
        return None


def _tool_id(id: str) -> str:
    """An id Anthropic takes (`^[a-zA-Z0-9_-]+$`, HKUDS/nanobot#4356), the same for the use and for its result.

    What had to be changed gets a hash of the original, so that two ids never become one.
    """
    clean = re.sub(r"[^a-zA-Z0-9_-]", "_", id)
    return id if id and clean == id else f"{clean}_{hashlib.sha256(id.encode()).hexdigest()[:12]}"


def _tool(tool: ToolSpec) -> Json:
    about: dict[str, Json] = {"description": tool.description} if tool.description else {}
    return {"name": tool.name, **about, "input_schema": {"type": "object", **tool.schema}}


def _tool_choice(chat: Chat) -> Json:
    """Refused without tools, and the place of `parallel_tool_calls` too."""
    if not chat.tools or (chat.tool_choice is None and chat.parallel_tool_calls is not False):
        return None
    choice = chat.tool_choice or ToolChoice("auto")
    alone: dict[str, Json] = {} if chat.parallel_tool_calls is not False else {"disable_parallel_tool_use": True}
    match choice.mode:
        case "none":
            return {"type": "none"}
        case "auto":
            return {"type": "auto", **alone}
        case "required":
            return {"type": "any", **alone}
        case "named":
            return {"type": "tool", "name": choice.name, **alone}
