"""Turns in the order that Converse demands: roles alternate, the user begins, every call is answered in the next
message and every result answers a call.

Source: the complaints of its validator in public issues: "A conversation must start with a user message", "roles must
alternate", "Expected toolResult blocks at messages.2.content for the following Ids" (all langchain-ai/langchain-aws),
"The text field in the ContentBlock object is blank" (strands-agents/sdk-python).
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from openclaw_extproc.model.chat import (
    CachePoint,
    Instruction,
    Part,
    Role,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
    Turn,
    is_blank,
)
from openclaw_extproc.wire.translation.instructions import as_text

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
    told = [as_text(part) if isinstance(part, Instruction) else part for part in parts]
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
