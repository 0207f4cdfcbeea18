"""Turns as the messages that Anthropic takes.

Roles alternate (some models refuse two of one role in a row: lobehub/lobehub#1496). The results of all calls of a
message stand in the very next one, before anything else in it: "`tool_use` ids were found without `tool_result` blocks
immediately after" and "unexpected `tool_use_id` found in `tool_result` blocks" are what it answers otherwise.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable

from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import (
    CachePoint,
    InlineFile,
    InlineImage,
    Instruction,
    Leaf,
    LinkedFile,
    LinkedImage,
    Part,
    Role,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
    Turn,
    is_blank,
)
from openclaw_extproc.wire.anthropic_messages import thinking
from openclaw_extproc.wire.translation import provider_state
from openclaw_extproc.wire.translation.messages import instruction_as_text

NOT_JSON = "tool arguments are not JSON"
NO_RESULT = "tool result: none came for a call"
NO_CALL = "tool result: without a call, as text"
FOREIGN_THOUGHTS = "thinking: not Claude's own"
RENAMED_TOOL = "tool name in an earlier call: letters that Anthropic does not take"
CACHE_PLACE = "cache_control: nothing there that can be cached"

MAX_TITLE = 500
"""Characters of a document's title. Longer than any file name."""

_Message = tuple[Role, list[Part]]


def encode_turns(turns: Iterable[Turn], *, thinks: bool, losses: set[str]) -> list[Json]:
    """`thinks`: whether thoughts may stand in it; without thinking they are ignored, or refused at the end."""
    merged = _merge_roles([(turn.role, _without_blank_texts(turn.parts, thinks, losses)) for turn in turns])
    paired = _merge_roles(_pair_results(merged, losses))
    if paired and paired[-1][0] == "assistant":
        _strip_end(paired[-1][1])
    return [{"role": role, "content": _content(parts, losses)} for role, parts in paired]


def _merge_roles(messages: Iterable[_Message]) -> list[_Message]:
    merged: list[_Message] = []
    for role, parts in messages:
        if merged and merged[-1][0] == role:
            merged[-1][1].extend(parts)
        elif any(not isinstance(part, CachePoint) for part in parts):
            merged.append((role, [*parts]))
    return merged


def _without_blank_texts(parts: Iterable[Part], thinks: bool, losses: set[str]) -> list[Part]:
    """Returns the parts without blank texts, which Anthropic refuses: "text content blocks must contain non-whitespace
    text" (anthropics/claude-code#23369)."""
    kept: list[Part] = []
    for part in parts:
        match part:
            case Text(text) if is_blank(text):
                continue
            case Thinking() if not provider_state.own((part,), thinking.BY):
                losses.add(FOREIGN_THOUGHTS)
            case Thinking() if not thinks:
                continue
            case Instruction():
                kept.append(instruction_as_text(part))
            case _:
                kept.append(part)
    return kept


def _strip_end(parts: list[Part]) -> None:
    """ "final assistant content cannot end with trailing whitespace" (tailcallhq/forgecode#1872)."""
    last = max((n for n, part in enumerate(parts) if not isinstance(part, CachePoint)), default=-1)
    if isinstance(text := parts[last], Text):
        parts[last] = Text(text.text.rstrip())


# -- calls and their results -------------------------------------------------------


def _pair_results(messages: Iterable[_Message], losses: set[str]) -> list[_Message]:
    """Returns messages in which every tool use has its result in the next message, and every result has its tool use in
    the one before."""
    whole = list(messages)
    results = {part.tool_use_id: part for _, parts in whole for part in parts if isinstance(part, ToolResult)}
    called = {part.id for _, parts in whole for part in parts if isinstance(part, ToolUse)}
    told: list[_Message] = []
    for role, parts in whole:
        told.append((role, _without_calls(parts, called, losses)))
        if ids := [part.id for part in parts if isinstance(part, ToolUse)]:
            told.append(("user", [_answer(id, results, losses) for id in ids]))
    return told


def _answer(id: str, results: dict[str, ToolResult], losses: set[str]) -> Part:
    if id not in results:
        losses.add(NO_RESULT)
    return results.get(id) or ToolResult(id, (Text("no result"),), is_error=True)


def _without_calls(parts: Iterable[Part], called: set[str], losses: set[str]) -> list[Part]:
    """What was said besides results of calls: those have their place already. Results of no call become text."""
    rest: list[Part] = []
    for part in parts:
        if not isinstance(part, ToolResult):
            rest.append(part)
        elif part.tool_use_id not in called:
            losses.add(NO_CALL)
            rest += [Text(f"Result of the earlier tool call {part.tool_use_id}:"), *part.content]
    return rest


# -- parts as blocks ---------------------------------------------------------------


def _content(parts: Iterable[Part], losses: set[str]) -> list[Json]:
    blocks: list[dict[str, Json]] = []
    for part in parts:
        if not isinstance(part, CachePoint):
            blocks.append(_block(part, losses))
        elif blocks and blocks[-1]["type"] not in ("thinking", "redacted_thinking"):
            blocks[-1]["cache_control"] = cache_control(part)
        else:
            losses.add(CACHE_PLACE)
    return [*blocks]


def cache_control(point: CachePoint) -> dict[str, Json]:
    return {"type": "ephemeral", **({"ttl": point.ttl} if point.ttl in ("5m", "1h") else {})}


def _block(part: Leaf | Thinking | ToolUse | ToolResult | Instruction, losses: set[str]) -> dict[str, Json]:
    match part:
        case Thinking():
            return thinking.block(part)
        case ToolUse():
            return _tool_use(part, losses)
        case ToolResult():
            return _tool_result(part)
        case Instruction():
            return _leaf(instruction_as_text(part))
        case _:
            return _leaf(part)


def _leaf(part: Leaf) -> dict[str, Json]:
    match part:
        case Text(text):
            return {"type": "text", "text": text}
        case InlineImage(media_type, data):
            return {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": data}}
        case LinkedImage(url):
            return {"type": "image", "source": {"type": "url", "url": url}}
        case LinkedFile(url, _, name):
            return {"type": "document", "source": {"type": "url", "url": url}, **_title(name)}
        case InlineFile(media_type, data, name) if media_type.startswith("text/"):
            source: dict[str, Json] = {"type": "text", "media_type": "text/plain", "data": _decode_text(data)}
            return {"type": "document", "source": source, **_title(name)}
        case InlineFile(media_type, data, name):
            source = {"type": "base64", "media_type": media_type, "data": data}
            return {"type": "document", "source": source, **_title(name)}


def _title(name: str) -> dict[str, Json]:
    return {"title": name[:MAX_TITLE]} if not is_blank(name) else {}


def _decode_text(data: str) -> str:
    try:
        return base64.b64decode(data).decode()
    except (binascii.Error, ValueError) as problem:
        raise FaultError(FaultKind.MALFORMED, "a text file is not base64 of UTF-8") from problem


def _tool_use(call: ToolUse, losses: set[str]) -> dict[str, Json]:
    given = arguments(call.args)
    if given is None:
        losses.add(NOT_JSON)
    name = re.sub(r"[^a-zA-Z0-9_-]", "_", call.name)[:128] or "_"
    if name != call.name:
        losses.add(RENAMED_TOOL)
    return {
        "type": "tool_use",
        "id": tool_id(call.id),
        "name": name,
        "input": {"_raw": call.args} if given is None else given,
    }


def _tool_result(result: ToolResult) -> dict[str, Json]:
    block: dict[str, Json] = {"type": "tool_result", "tool_use_id": tool_id(result.tool_use_id)}
    match [part for part in result.content if not isinstance(part, Text) or not is_blank(part.text)]:
        case []:
            pass
        case [Text(text)]:
            block["content"] = text
        case several:
            block["content"] = [_leaf(part) for part in several]
    if result.is_error:
        block["is_error"] = True
    return block


def arguments(args: str) -> dict[str, Json] | None:
    """The arguments as the object Anthropic wants; `None` when they are none. No arguments at all are an empty one."""
    try:
        return j.parse(args, where="tool arguments") if not is_blank(args) else {}
    except UnreadableError:
        return None


def tool_id(id: str) -> str:
    """An id Anthropic takes (`^[a-zA-Z0-9_-]+$`, HKUDS/nanobot#4356), the same for the use and for its result.

    What had to be changed gets a hash of the original, so that two ids never become one.
    """
    clean = re.sub(r"[^a-zA-Z0-9_-]", "_", id)
    return id if id and clean == id else f"{clean}_{hashlib.sha256(id.encode()).hexdigest()[:12]}"
