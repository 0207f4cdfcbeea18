"""OpenAI Chat Completions: turns, written as messages. See `openai_chat` for the source.

Thoughts have no place here and are left out, which is named; only servers that refuse a history without them get them
back (`reasoning_returned`). An id is shortened when it is longer than some models take: 40 characters, others 64
("string too long. Expected a string with maximum length 40", openclaw pull request 875, agno issue 5382).
"""

import hashlib
from typing import Literal

from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.model.chat import (
    CachePoint,
    InlineFile,
    InlineImage,
    Instruction,
    Leaf,
    LinkedFile,
    LinkedImage,
    Part,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
    Turn,
)
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.openai_chat.client.history import REASONING
from openclaw_extproc.wire.openai_chat.client.parts import encode_content, is_file
from openclaw_extproc.wire.openai_chat.fields import Losses
from openclaw_extproc.wire.translation.text_files import as_text, is_text
from openclaw_extproc.wire.translation.tool_results import describe_file

MAX_ID_CHARS = 40


def encode_turn(turn: Turn, at: str, losses: Losses, *, thoughts: bool) -> list[Json]:
    if turn.role == "user":
        told: list[Json] = [{"role": "system", "content": p.text} for p in turn.parts if isinstance(p, Instruction)]
        rest = tuple(part for part in turn.parts if not isinstance(part, Instruction | CachePoint))
        return [*(_encode_user(Turn("user", rest), at, losses) if rest or not told else []), *told]
    return _encode_assistant(turn, at, losses, thoughts=thoughts)


def _encode_assistant(turn: Turn, at: str, losses: Losses, *, thoughts: bool) -> list[Json]:
    texts: list[Leaf] = []
    calls: list[Json] = []
    thought = ""
    for part in turn.parts:
        match part:
            case Text():
                texts.append(part)
            case ToolUse(id, name, args):
                function: Json = {"name": name, "arguments": args or "{}"}
                calls.append({"id": short(id), "type": "function", "function": function})
            case Thinking(text):
                thought += text
            case CachePoint():
                pass
            case InlineImage() | LinkedImage() | InlineFile() | LinkedFile() | ToolResult() | Instruction():
                raise _misplaced_fault(part, turn.role, at)
    if thought and not thoughts:
        losses.append(f"{at}: thinking")
    message: dict[str, Json] = {"role": "assistant", "content": encode_content(texts) if texts or not calls else None}
    message |= {REASONING[0]: thought} if thought and thoughts else {}
    return [{**message, "tool_calls": calls} if calls else message] if texts or calls else []


def _encode_user(turn: Turn, at: str, losses: Losses) -> list[Json]:
    """Tool results first, as the API wants them right behind the calls; their images follow in a user message."""
    results: list[Json] = []
    moved: list[Leaf] = []
    rest: list[Leaf] = []
    for part in turn.parts:
        match part:
            case Text() | InlineImage() | LinkedImage() | InlineFile() | LinkedFile():
                rest.append(part)
            case ToolResult(tool_use_id, content, is_error):
                texts, others = _divide(content)
                moved += others
                results.append({"role": "tool", "tool_call_id": short(tool_use_id), "content": encode_content(texts)})
                losses += ["is_error"] if is_error else []
            case CachePoint():
                pass
            case ToolUse() | Thinking() | Instruction():
                raise _misplaced_fault(part, turn.role, at)
    if moved:
        losses.append(f"{at}: which tool result an image or a file belongs to")
    if results and not moved and not rest:
        return results
    return [*results, {"role": "user", "content": encode_content([*moved, *rest])}]


def _divide(content: tuple[Leaf, ...]) -> tuple[list[Leaf], list[Leaf]]:
    """What a tool message can hold, and what not."""
    texts: list[Leaf] = []
    others: list[Leaf] = []
    for part in content:
        if isinstance(part, InlineFile) and is_text(part):
            texts.append(as_text(part))
        elif isinstance(part, InlineFile) and not is_file(part):
            texts.append(describe_file(part))
        else:
            (texts if isinstance(part, Text) else others).append(part)
    return texts, others


def short(id: str) -> str:
    """Returns a short id, always the same for the same id, so that a result finds its call."""
    return id if len(id) <= MAX_ID_CHARS else f"call_{hashlib.sha256(id.encode()).hexdigest()[: MAX_ID_CHARS - 5]}"


def _misplaced_fault(part: Part, role: Literal["user", "assistant"], at: str) -> FaultError:
    return FaultError(FaultKind.UNSUPPORTED, f"{at}: OpenAI takes no {type(part).__name__} from the {role}")
