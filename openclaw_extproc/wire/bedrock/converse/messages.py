"""Messages and their content blocks.

Source: botocore 1.44, `ContentBlock` (read 2026-11-21); that documents need a text beside them and that files are the
user's only: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Message.html (from memory).
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from openclaw_extproc.model import json as j
from openclaw_extproc.model.chat import (
    CachePoint,
    Chat,
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
    is_blank,
)
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.bedrock.converse import files, state, turns
from openclaw_extproc.wire.bedrock.converse.models import Model
from openclaw_extproc.wire.translation import provider_state
from openclaw_extproc.wire.translation.tool_results import UNREADABLE, describe_file

NOT_JSON = "tool arguments are not JSON"
FOREIGN_THOUGHTS = "thinking: not Claude's own"
NOT_THE_USERS = "image or file in an assistant's message"
IS_ERROR = "tool result: is_error"
RENAMED_TOOL = "tool name in an earlier call: letters that Bedrock does not take"
CACHE_POINTS = "cache_control: not this model, or too many"

MAX_CACHE_POINTS = 4
"""The number of cache points in one request (https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html,
from memory)."""
MAX_ID = 64

Block = dict[str, Json]


@dataclass(slots=True)
class Writer:
    """What is known while one request's messages are written."""

    model: Model
    points: int
    """Cache points that may still be written."""
    thinks: bool
    """Whether thoughts may stand in it: without thinking they are not wanted back."""
    skipped: int = 0
    """Cache points that stand before the last ones and are left out."""
    lost: list[str] = field(default_factory=list[str])
    names: set[str] = field(default_factory=set[str])
    """The names of documents that are taken."""


def encode_messages(chat: Chat, writer: Writer) -> list[Json]:
    told = turns.to_messages(chat.turns, writer.lost)
    points = sum(isinstance(part, CachePoint) for _, parts in told for part in parts)
    writer.skipped = max(points - writer.points, 0)
    return [{"role": role, "content": _content(role, parts, writer)} for role, parts in told]


def _content(role: Role, parts: Iterable[Part], writer: Writer) -> list[Json]:
    blocks: list[Block] = []
    for part in parts:
        if isinstance(part, CachePoint):
            if blocks and "reasoningContent" not in blocks[-1]:
                blocks += _points(part, writer)
        elif block := _block(role, part, writer):
            blocks.append(block)
    if any("document" in block for block in blocks) and not any("text" in block for block in blocks):
        blocks.insert(0, {"text": "(a document)"})
    return [*blocks] or [{"text": "(nothing)"}]


def _points(point: CachePoint, writer: Writer) -> list[Block]:
    if writer.skipped > 0 or not writer.model.caches:
        writer.skipped -= 1
        writer.lost.append(CACHE_POINTS)
        return []
    return [cache_point(point, writer.model)]


def cache_point(point: CachePoint, model: Model) -> Block:
    long = point.ttl == "1h" and model.claude
    return {"cachePoint": {"type": "default", **({"ttl": "1h"} if long else {})}}


def _block(role: Role, part: Part, writer: Writer) -> Block | None:
    match part:
        case Text(text):
            return {"text": text}
        case Thinking():
            return _thought(part, writer)
        case ToolUse():
            return _tool_use(part, writer)
        case ToolResult():
            return _tool_result(part, writer)
        case InlineImage() | InlineFile() if role == "assistant":
            writer.lost.append(NOT_THE_USERS)
            return None
        case InlineImage() | InlineFile():
            return _file(part, writer)
        case LinkedImage() | LinkedFile() | CachePoint() | Instruction():
            raise AssertionError("refused before, or written as what it stands for")


def _file(part: InlineImage | InlineFile, writer: Writer) -> Block:
    made = files.image(part) if isinstance(part, InlineImage) else files.document(part, writer.names)
    return j.an_object(made, at="file")


def _thought(thought: Thinking, writer: Writer) -> Block | None:
    own = writer.model.claude and provider_state.own((thought,), state.BY) and state.readable(thought)
    if not own:
        writer.lost.append(FOREIGN_THOUGHTS)
        return None
    return state.block(thought) if writer.thinks else None


def _tool_use(use: ToolUse, writer: Writer) -> Block:
    given = _object(use.args)
    if given is None:
        writer.lost.append(NOT_JSON)
    name = re.sub(r"[^a-zA-Z0-9_-]", "_", use.name)[:64] or "_"
    if name != use.name:
        writer.lost.append(RENAMED_TOOL)
    arguments: dict[str, Json] = {"_raw": use.args} if given is None else given
    call: Block = {"toolUseId": tool_id(use.id), "name": name, "input": arguments}
    return {"toolUse": call}


def _object(args: str) -> dict[str, Json] | None:
    try:
        return j.parse(args, where="tool arguments") if not is_blank(args) else {}
    except UnreadableError:
        return None


def _tool_result(result: ToolResult, writer: Writer) -> Block:
    content: list[Json] = [
        block for part in result.content if (block := _block("user", _readable(part, writer), writer))
    ]
    told: Block = {"toolUseId": tool_id(result.tool_use_id), "content": content}
    if result.is_error and writer.model.says_errors:
        told["status"] = "error"
    elif result.is_error:
        writer.lost.append(IS_ERROR)
    return {"toolResult": told}


def _readable(part: Leaf, writer: Writer) -> Leaf:
    if isinstance(part, InlineFile) and not files.has_format(part):
        writer.lost.append(UNREADABLE)
        return describe_file(part)
    return part


def tool_id(id: str) -> str:
    """Returns an id of at most 64 letters, digits, `_` and `-`, as every model takes it, the same for a tool use and
    its result.

    What had to be changed gets a hash of the original, so that two ids never become one.
    """
    clean = re.sub(r"[^a-zA-Z0-9_-]", "_", id)
    if id and clean == id and len(id) <= MAX_ID:
        return id
    return f"{clean[: MAX_ID - 13]}_{hashlib.sha256(id.encode()).hexdigest()[:12]}"
