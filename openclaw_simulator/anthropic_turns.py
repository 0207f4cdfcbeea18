"""Anthropic messages: what the turns of a request must be.

Source: anthropic 2.11, the block types; the wording of errors from public issue threads (for instance
anthropics/claude-code#8210 and #13460 for tool ids).
Left out: server tools' results (taken as they come), containers.
"""

import re
from typing import TypeAlias

from openclaw_simulator import anthropic_thinking
from openclaw_simulator.anthropic_cache import check_mark
from openclaw_simulator.anthropic_dialect import DIALECT, matching, place, refused
from openclaw_simulator.anthropic_media import check_document, document_texts, image_of
from openclaw_simulator.reading import Json, Node

Turn: TypeAlias = tuple[str, list[Node]]
"""A role and its blocks."""

CACHED = frozenset(("type", "cache_control"))
_BLOCKS = {
    "text": CACHED | {"text", "citations"},
    "image": CACHED | {"source"},
    "document": CACHED | {"source", "citations", "context", "title"},
    "tool_reference": CACHED | {"tool_name"},
    "search_result": CACHED | {"source", "title", "content", "citations"},
    "tool_use": CACHED | {"id", "name", "input", "caller", "toolset_name"},
    "tool_result": CACHED | {"tool_use_id", "content", "is_error", "toolset_name"},
    "thinking": frozenset(("type", "thinking", "signature")),
    "redacted_thinking": frozenset(("type", "data")),
}
_SAID_BY = {
    "user": ("text", "image", "document", "search_result", "tool_result"),
    "assistant": ("text", "tool_use", "thinking", "redacted_thinking"),
    "system": ("text",),
}
_SERVER_BLOCKS = ("server_tool_use", "container_upload", "mcp_tool_use", "compaction")
TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_TOOL_ID = re.compile(r"[a-zA-Z0-9_-]+")


# --- messages ---


def turns_of(root: Node) -> list[Turn]:
    """Check the messages; consecutive ones of a role are one turn, as in the real API."""
    messages = list(root.need("messages").items())
    if not messages:
        raise refused("messages: at least one message is required")
    turns: list[Turn] = []
    for message in messages:
        role = message.only(frozenset(("role", "content"))).need("role").choice(*_SAID_BY)
        blocks = _blocks(message, role, is_last=message is messages[-1])
        if turns and turns[-1][0] == role:
            turns[-1][1].extend(blocks)
        else:
            turns.append((role, blocks))
    if turns[0][0] != "user":
        raise refused('messages: first message must use the "user" role')
    _check_prefill(turns)
    return turns


def _blocks(message: Node, role: str, *, is_last: bool) -> list[Node]:
    content = message.need("content")
    if isinstance(content.value, str):
        text: Json = {"type": "text", "text": content.value}
        blocks = [Node(text, (*content.at, 0), DIALECT)] if content.value else []
    else:
        blocks = list(content.items())
    if not blocks and not (is_last and role == "assistant"):
        raise refused(
            f"{place(message.at)}: all messages must have non-empty content "
            "except for the optional final assistant message"
        )
    for block in blocks:
        check_block(block, _SAID_BY[role])
    return blocks


def kind_of(block: Node) -> str:
    return block.need("type").text()


def check_block(block: Node, allowed: tuple[str, ...]) -> None:
    kind = kind_of(block)
    if kind in _SERVER_BLOCKS or (kind.endswith("_tool_result") and kind != "tool_result"):
        return
    if kind not in allowed:
        tags = ", ".join(repr(word) for word in allowed)
        raise refused(
            f"{place(block.at)}: Input tag '{kind[:40]}' found using 'type' does not match any of the expected tags: "
            f"{tags}"
        )
    block.only(_BLOCKS[kind])
    check_mark(block)
    match kind:
        case "text":
            if not block.need("text").text():
                raise refused("messages: text content blocks must be non-empty")
        case "image":
            image_of(block)
        case "tool_use":
            matching(block.need("id"), _TOOL_ID, "^[a-zA-Z0-9_-]+$")
            matching(block.need("name"), TOOL_NAME, "^[a-zA-Z0-9_-]{1,128}$")
            block.need("input").fields()
        case "tool_result":
            _check_result(block)
        case "document":
            check_document(block)
        case "thinking" | "redacted_thinking":
            anthropic_thinking.check_block(block)
        case _:
            pass  # search results: known fields are enough


def _check_result(block: Node) -> None:
    matching(block.need("tool_use_id"), _TOOL_ID, "^[a-zA-Z0-9_-]+$")
    if flag := block.may("is_error"):
        flag.flag()
    content = block.may("content")
    if content and not isinstance(content.value, str):
        for inner in content.items():
            check_block(inner, ("text", "image", "document", "search_result", "tool_reference"))


def _check_prefill(turns: list[Turn]) -> None:
    role, blocks = turns[-1]
    if role != "assistant" or not blocks:
        return
    texts = texts_of(blocks[-1:])
    if texts and texts[-1] != texts[-1].rstrip():
        raise refused("messages: final assistant content cannot end with trailing whitespace")


def check_pairing(turns: list[Turn]) -> None:
    """Each `tool_use` has its `tool_result` first in the next turn, and the other way round."""
    asked: list[str] = []
    seen: set[str] = set()
    for at, (_, blocks) in enumerate(turns):
        leading: list[str] = []
        for index, block in enumerate(blocks):
            if kind_of(block) != "tool_result":
                continue
            answered = block.need("tool_use_id").text()
            if answered not in asked:
                raise refused(
                    f"{place(block.at)}: unexpected `tool_use_id` found in `tool_result` blocks: {answered}. "
                    "Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
                )
            if answered in leading:
                raise refused(
                    f"{place(block.at)}: each tool_use must have a single result. Found multiple `tool_result` blocks "
                    f"with id: {answered}"
                )
            if index == len(leading):
                leading.append(answered)
        _refuse_unanswered([one for one in asked if one not in leading], at)
        asked = [block.need("id").text() for block in blocks if kind_of(block) == "tool_use"]
        if len({*asked} | seen) < len(asked) + len(seen):
            raise refused(f"messages.{at}: `tool_use` ids must be unique")
        seen.update(asked)
    _refuse_unanswered(asked, len(turns))


def _refuse_unanswered(missing: list[str], at: int) -> None:
    if missing:
        raise refused(
            f"messages.{at - 1}: `tool_use` ids were found without `tool_result` blocks immediately after: "
            f"{', '.join(missing)}. Each `tool_use` block must have a corresponding `tool_result` block in the next "
            "message."
        )


def texts_of(blocks: list[Node]) -> list[str]:
    """All text of some blocks, that of tool results included."""
    found: list[str] = []
    for block in blocks:
        content = block.may("content")
        match kind_of(block):
            case "text":
                found.append(block.need("text").text())
            case "tool_result" if content:
                found += [content.text()] if isinstance(content.value, str) else texts_of(list(content.items()))
            case "document":
                found += document_texts(block)
            case _:
                pass
    return found
