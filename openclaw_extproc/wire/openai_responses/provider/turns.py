"""OpenAI Responses: turns, written as items of `input`. See `openai_responses` for the source."""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias

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
from openclaw_extproc.wire.openai_responses import state

Losses: TypeAlias = list[str]

MAX_ID_CHARS = 64
"""The length of a `call_id`: OpenAI answers 400 to a longer one."""


def encode_turn(turn: Turn, at: str, losses: Losses) -> list[Json]:
    return list(_assistant(turn, at) if turn.role == "assistant" else _user(turn, at, losses))


def call_id(id: str) -> str:
    """A long id becomes a short one, the same for a call and its result."""
    return id if len(id) <= MAX_ID_CHARS else f"call_{hashlib.sha256(id.encode()).hexdigest()[:40]}"


def _assistant(turn: Turn, at: str) -> Iterator[Json]:
    """Texts of our own need no id, and then the API takes a plain string only."""
    waiting: list[Json] = []
    for part in turn.parts:
        match part:
            case Thinking():
                waiting += _reasoning_items(part)
            case Text(text):
                yield from waiting
                waiting = []
                yield {"type": "message", "role": "assistant", "content": text}
            case ToolUse(id, name, args):
                yield from waiting
                waiting = []
                yield {"type": "function_call", "call_id": call_id(id), "name": name, "arguments": args or "{}"}
            case CachePoint():
                pass
            case _:
                raise _misplaced_fault(part, turn.role, at)
    # What is still waiting led to nothing: "provided without its required following item" would be the answer.


def _reasoning_items(thinking: Thinking) -> list[Json]:
    """Writes reasoning items, only those that OpenAI encrypted itself: it knows no other item, and takes no thought in
    plain text."""
    own = state.native(thinking.sealed)
    if own is None:
        return []
    summary: list[Json] = [{"type": "summary_text", "text": thinking.text}] if thinking.text else []
    return [{"type": "reasoning", "id": own.id, "summary": summary, "encrypted_content": own.encrypted_content}]


def _user(turn: Turn, at: str, losses: Losses) -> Iterator[Json]:
    """Tool results first: they belong right behind their calls."""
    rest: list[Leaf] = []
    told: list[Json] = []
    for part in turn.parts:
        match part:
            case Instruction(text):
                told.append({"type": "message", "role": "developer", "content": text})
            case ToolResult(id, inner, is_error):
                losses += ["is_error"] if is_error else []
                yield {"type": "function_call_output", "call_id": call_id(id), "output": _content(inner)}
            case ToolUse() | Thinking():
                raise _misplaced_fault(part, turn.role, at)
            case CachePoint():
                pass
            case _:
                rest.append(part)
    if rest or not turn.parts:
        yield {"type": "message", "role": "user", "content": _content(rest)}
    yield from told


def _misplaced_fault(part: Part, role: Literal["user", "assistant"], at: str) -> FaultError:
    return FaultError(FaultKind.UNSUPPORTED, f"{at}: OpenAI takes no {type(part).__name__} from the {role}")


def _content(parts: Iterable[Leaf]) -> Json:
    """A plain string where one will do: every compatible server reads it."""
    match tuple(parts):
        case ():
            return ""
        case (Text(text),):
            return text
        case several:
            return [_part(part) for part in several]


def _part(part: Leaf) -> Json:
    match part:
        case Text(text):
            return {"type": "input_text", "text": text}
        case InlineImage(media_type, data):
            return {"type": "input_image", "detail": "auto", "image_url": f"data:{media_type};base64,{data}"}
        case LinkedImage(url):
            return {"type": "input_image", "detail": "auto", "image_url": url}
        case LinkedFile(url, _, name):
            return {"type": "input_file", "file_url": url, **({"filename": name} if name else {})}
        case InlineFile(media_type, data, name):
            return _text_file(data, name) if media_type.startswith("text/") else _file(media_type, data, name)


def _file(media_type: str, data: str, name: str) -> Json:
    return {"type": "input_file", "filename": name or "file.pdf", "file_data": f"data:{media_type};base64,{data}"}


def _text_file(data: str, name: str) -> Json:
    """Writes a text file as text, because not every model that reads text takes files."""
    try:
        text = base64.b64decode(data, validate=True).decode()
    except (binascii.Error, ValueError) as problem:
        raise FaultError(FaultKind.UNSUPPORTED, "a text file that is not UTF-8 in base64") from problem
    return {"type": "input_text", "text": f"{name}:\n{text}" if name else text}
