"""OpenAI Responses: the request to a provider, written. See `openai_responses` for the source.

Nothing is left with the provider (`store: false`): its state comes to us encrypted, and goes back with the next turn.

OpenAI Responses: turns, written as items of `input`. See `openai_responses` for the source.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias

from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import (
    CachePoint,
    Chat,
    InlineFile,
    InlineImage,
    Instruction,
    JsonObject,
    JsonSchema,
    Leaf,
    LinkedFile,
    LinkedImage,
    Output,
    Part,
    Text,
    Thinking,
    ToolChoice,
    ToolResult,
    ToolSpec,
    ToolUse,
    Turn,
)
from openclaw_extproc.wire.base import EncodedRequest, UpstreamEdit
from openclaw_extproc.wire.openai_responses import state
from openclaw_extproc.wire.openai_responses.client.requests import INCLUDE_ENCRYPTED, LIMIT
from openclaw_extproc.wire.openai_responses.state import without_reasoning
from openclaw_extproc.wire.restrictions.openai import accepted_responses
from openclaw_extproc.wire.translation import efforts
from openclaw_extproc.wire.translation.losses import Need, translation_losses
from openclaw_extproc.wire.translation.quirks import Quirk

# -- turns -----------------------------------------------------------------------------


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


# -- upstream --------------------------------------------------------------------------


PATH = "/responses"

CARRIES: frozenset[Need] = frozenset({"image", "image_link", "pdf", "pdf_link", "text_file"})
KNOWN_QUIRKS: frozenset[Quirk] = frozenset({
    "no_parallel_tool_calls", "no_reasoning_effort", "no_prompt_cache_key", "no_service_tier", "no_user", "no_store",
})  # fmt: skip

_DOES_NOT_REASON = re.compile(r"(?:^|[/:])(?:gpt-[34]|chatgpt-|gpt-5[^/]*-chat)")
"""Models that answer 400 when asked for encrypted reasoning (seen in public issues: pydantic-ai 2865 and 3326)."""


def encode_request(chat: Chat, edit: UpstreamEdit) -> EncodedRequest:
    losses = _unknown_here(chat)
    items = [item for n, turn in enumerate(chat.turns) for item in encode_turn(turn, f"turns[{n}]", losses)]
    items = without_reasoning(items) if edit.fallback else items
    said: dict[str, Json] = {
        "model": edit.model,
        "instructions": "\n\n".join(chat.system) or None,
        "input": items,
        **(_tools(chat, edit) if chat.tools else {}),
        LIMIT: edit.limit(chat.max_output_tokens),
        "temperature": chat.temperature,
        "top_p": chat.top_p,
        "text": _text(chat),
        **_reasoning(chat, edit, losses),
        **_bookkeeping(chat, edit, losses),
        "stream": chat.stream or None,
    }
    known: dict[str, Json] = {key: value for key, value in said.items() if value is not None}
    body = accepted_responses(known, edit, losses, translated=True)
    return EncodedRequest(PATH, j.dump(body), translation_losses(chat, losses, carries=CARRIES))


def _unknown_here(chat: Chat) -> Losses:
    numbers = {
        "top_k": chat.top_k,
        "frequency_penalty": chat.frequency_penalty,
        "presence_penalty": chat.presence_penalty,
        "seed": chat.seed,
        "stop": chat.stop or None,
    }
    return [name for name, given in numbers.items() if given is not None]


def _tools(chat: Chat, edit: UpstreamEdit) -> dict[str, Json]:
    """Choice and parallelism go with the tools."""
    parallel = None if edit.has("no_parallel_tool_calls") else chat.parallel_tool_calls
    return {
        "tools": [tool(one) for one in chat.tools],
        "tool_choice": None if chat.tool_choice is None else choice(chat.tool_choice),
        "parallel_tool_calls": parallel,
    }


def tool(spec: ToolSpec) -> Json:
    """Writes a function tool. It is not strict, because other APIs are not; here strict would be the default, and
    change the schema."""
    # OpenAI refuses an object schema without `properties`, which others write for a tool without arguments.
    empty: dict[str, Json] = {"type": "object", "properties": {}}
    parameters = {**spec.schema, **{key: value for key, value in empty.items() if key not in spec.schema}}
    described: dict[str, Json] = {"description": spec.description} if spec.description else {}
    return {"type": "function", "name": spec.name, **described, "parameters": parameters, "strict": False}


def choice(chosen: ToolChoice) -> Json:
    return {"type": "function", "name": chosen.name} if chosen.mode == "named" else chosen.mode


def _text(chat: Chat) -> Json:
    format_ = None if chat.output is None else text_format(chat.output)
    said: dict[str, Json] = {"format": format_, "verbosity": chat.verbosity}
    return {key: value for key, value in said.items() if value is not None} or None


def text_format(output: Output) -> Json:
    match output:
        case JsonObject():
            return {"type": "json_object"}
        case JsonSchema(schema, name, description, strict):
            said: dict[str, Json] = {"description": description or None, "schema": dict(schema), "strict": strict}
            known = {key: value for key, value in said.items() if value is not None}
            return {"type": "json_schema", "name": name or "answer", **known}


def _reasoning(chat: Chat, edit: UpstreamEdit, losses: Losses) -> dict[str, Json]:
    """Writes the effort, and that the reasoning is returned encrypted."""
    asked = chat.reasoning
    if edit.has("no_reasoning_effort"):
        losses += ["reasoning"] if asked is not None else []
        return {}
    if _DOES_NOT_REASON.search(edit.model):
        losses += ["reasoning"] if asked is not None and not asked.off else []
        return {}
    effort = None if asked is None else efforts.effort(asked)
    said: dict[str, Json] = {"effort": effort} if effort else {}
    said |= {"summary": "auto"} if asked is not None and asked.visible and not asked.off else {}
    return {"reasoning": said or None, "include": [INCLUDE_ENCRYPTED]}


def _bookkeeping(chat: Chat, edit: UpstreamEdit, losses: Losses) -> dict[str, Json]:
    losses += ["store"] if chat.store else []
    wishes: dict[str, tuple[Quirk, Json]] = {
        "prompt_cache_key": ("no_prompt_cache_key", chat.prompt_cache_key),
        "service_tier": ("no_service_tier", chat.service_tier),
        "user": ("no_user", chat.user),
        "metadata": ("no_store", dict(chat.tags) or None),
    }
    losses += [name for name, (quirk, given) in wishes.items() if given is not None and edit.has(quirk)]
    said = {name: given for name, (quirk, given) in wishes.items() if not edit.has(quirk)}
    return said if edit.has("no_store") else {**said, "store": False}
