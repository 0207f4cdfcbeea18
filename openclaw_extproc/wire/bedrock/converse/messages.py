"""Messages and their content blocks.

Source: botocore 1.44, `ContentBlock` (read 2026-11-21); that documents need a text beside them and that files are the
user's only: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Message.html (from memory).

Turns in the order that Converse demands: roles alternate, the user begins, every call is answered in the next
message and every result answers a call.

Source: the complaints of its validator in public issues: "A conversation must start with a user message", "roles must
alternate", "Expected toolResult blocks at messages.2.content for the following Ids" (all langchain-ai/langchain-aws),
"The text field in the ContentBlock object is blank" (strands-agents/sdk-python).

Images and documents as Converse takes them: their bytes, a format, and for documents a name.

Source: botocore 1.44, `ImageBlock` and `DocumentBlock` (read 2026-11-21): formats, and what a name may have in it.
Left out: audio and video, which few models hear and see; places in S3.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import (
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
    Turn,
    is_blank,
)
from openclaw_extproc.wire.bedrock.converse import models
from openclaw_extproc.wire.bedrock.converse.models import Model
from openclaw_extproc.wire.translation import provider_state
from openclaw_extproc.wire.translation.losses import Need
from openclaw_extproc.wire.translation.messages import instruction_as_text
from openclaw_extproc.wire.translation.tools import UNREADABLE, describe_file

# -- turns -----------------------------------------------------------------------------


NO_RESULT = "tool result: none came for a call"
NO_CALL = "tool result: without a call, as text"
NOT_FIRST = "messages: the assistant's came first"

Message = tuple[Role, list[Part]]


def to_messages(turns: Iterable[Turn], lost: list[str]) -> list[Message]:
    paired = _pair_results(_merge_roles((turn.role, _without_blank_texts(turn.parts)) for turn in turns), lost)
    messages = _merge_roles(paired)
    if messages and messages[0][0] == "assistant":
        lost.append(NOT_FIRST)
        messages.insert(0, ("user", [Text("(the conversation goes on)")]))
    if messages and messages[-1][0] == "assistant":
        _strip_end(messages[-1][1])
    return messages


def _without_blank_texts(parts: Iterable[Part]) -> list[Part]:
    told = [instruction_as_text(part) if isinstance(part, Instruction) else part for part in parts]
    return [part for part in told if not isinstance(part, Text) or not is_blank(part.text)]


def _merge_roles(messages: Iterable[Message]) -> list[Message]:
    merged: list[Message] = []
    for role, parts in messages:
        if merged and merged[-1][0] == role:
            merged[-1][1].extend(parts)
        elif any(not isinstance(part, CachePoint | Thinking) for part in parts):
            merged.append((role, [*parts]))
    return merged


def _strip_end(parts: list[Part]) -> None:
    """Claude: "final assistant content cannot end with trailing whitespace" (tailcallhq/forgecode#1872)."""
    if isinstance(last := parts[-1], Text):
        parts[-1] = Text(last.text.rstrip())


def _pair_results(messages: Sequence[Message], lost: list[str]) -> list[Message]:
    results = {part.tool_use_id: part for _, parts in messages for part in parts if isinstance(part, ToolResult)}
    called = {part.id for _, parts in messages for part in parts if isinstance(part, ToolUse)}
    told: list[Message] = []
    for role, parts in messages:
        told.append((role, list(_without_results(parts, called, lost))))
        if calls := [part.id for part in parts if isinstance(part, ToolUse)]:
            told.append(("user", [_result(id, results, lost) for id in calls]))
    return told


def _result(id: str, results: dict[str, ToolResult], lost: list[str]) -> ToolResult:
    found = results.get(id)
    if found is None:
        lost.append(NO_RESULT)
        return ToolResult(id, (Text("no result"),), is_error=True)
    content = tuple(leaf for leaf in found.content if not isinstance(leaf, Text) or not is_blank(leaf.text))
    # "cannot be empty when status value is error"; a call without output says nothing in any format.
    return replace(found, content=content or (Text("(no output)"),))


def _without_results(parts: Iterable[Part], called: set[str], lost: list[str]) -> Iterable[Part]:
    """Results stand behind their calls already; those of no call become text."""
    for part in parts:
        if not isinstance(part, ToolResult):
            yield part
        elif part.tool_use_id not in called:
            lost.append(NO_CALL)
            yield Text(f"Result of the earlier tool call {part.tool_use_id}:")
            yield from (leaf for leaf in part.content if not isinstance(leaf, Text) or not is_blank(leaf.text))


# -- files -----------------------------------------------------------------------------


CARRIES: frozenset[Need] = frozenset({"image", "pdf", "text_file", "file"})
"""`file` because of Word and Excel; any other is refused here."""

MAX_NAME = 200

_IMAGES = {"image/png": "png", "image/jpeg": "jpeg", "image/jpg": "jpeg", "image/gif": "gif", "image/webp": "webp"}
_DOCUMENTS = {
    "application/pdf": "pdf",
    "text/csv": "csv",
    "text/html": "html",
    "text/markdown": "md",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}


def image(part: InlineImage) -> Json:
    form = _IMAGES.get(_plain(part.media_type))
    if form is None:
        raise FaultError(
            FaultKind.UNSUPPORTED, "an image that is no PNG, JPEG, GIF or WebP: the provider's format has none"
        )
    return {"image": {"format": form, "source": {"bytes": part.base64}}}


def has_format(part: InlineFile) -> bool:
    """Whether Converse has a word for what a file is."""
    kind = _plain(part.media_type)
    return kind in _DOCUMENTS or kind.startswith("text/")


def document(part: InlineFile, taken: set[str]) -> Json:
    """`taken`: names of the request's other documents; each has to be another."""
    kind = _plain(part.media_type)
    form = _DOCUMENTS.get(kind) or ("txt" if kind.startswith("text/") else None)
    if form is None:
        raise FaultError(FaultKind.UNSUPPORTED, f"a file of type {kind}: the provider's format cannot carry it")
    return {"document": {"format": form, "name": _name(part.name, taken), "source": {"bytes": part.base64}}}


def _plain(media_type: str) -> str:
    """Returns a media type without its parameters."""
    return media_type.partition(";")[0].strip().lower()


def _name(given: str, taken: set[str]) -> str:
    """Letters, digits, hyphens, brackets, and single spaces between them."""
    clean = re.sub(r"[^A-Za-z0-9()\[\]-]+", " ", given.rpartition(".")[0] or given).strip()[: MAX_NAME - 6]
    name = clean.strip() or "document"
    number = 1
    while (numbered := name if number == 1 else f"{name} {number}") in taken:
        number += 1
    taken.add(numbered)
    return numbered


# -- messages --------------------------------------------------------------------------


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
    told = to_messages(chat.turns, writer.lost)
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
    made = image(part) if isinstance(part, InlineImage) else document(part, writer.names)
    return j.an_object(made, at="file")


def _thought(thought: Thinking, writer: Writer) -> Block | None:
    own = writer.model.claude and provider_state.own((thought,), models.BY) and models.readable(thought)
    if not own:
        writer.lost.append(FOREIGN_THOUGHTS)
        return None
    return models.block(thought) if writer.thinks else None


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
    if isinstance(part, InlineFile) and not has_format(part):
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
