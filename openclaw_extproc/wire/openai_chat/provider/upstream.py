"""OpenAI Chat Completions: the request to a provider, written. See `openai_chat` for the source.

OpenAI Chat Completions: turns, written as messages. See `openai_chat` for the source.

Thoughts have no place here and are left out, which is named; only servers that refuse a history without them get them
back (`reasoning_returned`). An id is shortened when it is longer than some models take: 40 characters, others 64
("string too long. Expected a string with maximum length 40", openclaw pull request 875, agno issue 5382).
"""

import hashlib
import re
from typing import Literal

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
    Reasoning,
    Text,
    Thinking,
    ToolChoice,
    ToolResult,
    ToolSpec,
    ToolUse,
    Turn,
)
from openclaw_extproc.wire.base import EncodedRequest, UpstreamEdit
from openclaw_extproc.wire.openai_chat.client.messages import REASONING, encode_content, is_file
from openclaw_extproc.wire.openai_chat.client.requests import LIMITS
from openclaw_extproc.wire.openai_chat.fields import Losses
from openclaw_extproc.wire.openai_chat.server_quirks import fit_to_server
from openclaw_extproc.wire.translation.efforts import effort
from openclaw_extproc.wire.translation.losses import Need, translation_losses
from openclaw_extproc.wire.translation.messages import file_as_text, is_text_file
from openclaw_extproc.wire.translation.tools import describe_file

# -- turns -----------------------------------------------------------------------------


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
        if isinstance(part, InlineFile) and is_text_file(part):
            texts.append(file_as_text(part))
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


# -- upstream --------------------------------------------------------------------------


PATH = "/chat/completions"

CARRIES: frozenset[Need] = frozenset({"image", "image_link", "pdf", "text_file", "audio"})
"""`audio` is wav and mp3; `encode_request` refuses others."""


def encode_request(chat: Chat, edit: UpstreamEdit) -> EncodedRequest:
    translation_losses(chat, carries=CARRIES)  # before anything is written that could not be
    losses: Losses = []
    messages: list[Json] = [{"role": "system", "content": "\n\n".join(chat.system)}] if chat.system else []
    for n, turn in enumerate(chat.turns):
        messages += encode_turn(turn, f"turns[{n}]", losses, thoughts=edit.has("reasoning_returned"))
    said: dict[str, Json] = {
        "model": edit.model,
        "messages": messages,
        **(_encode_tools(chat) if chat.tools else {}),
        LIMITS[0]: edit.limit(chat.max_output_tokens),
        **_encode_sampling(chat),
        "response_format": None if chat.output is None else _encode_output(chat.output),
        **(_encode_reasoning(chat.reasoning, edit) if chat.reasoning else {}),
        **_encode_service(chat),
        "stream": chat.stream or None,
        "stream_options": {"include_usage": True} if chat.stream else None,
    }
    _name_losses(chat, losses)
    body = fit_to_server(
        {key: value for key, value in said.items() if value is not None}, edit, losses, translated=True
    )
    return EncodedRequest(PATH, j.dump(body), translation_losses(chat, losses, carries=CARRIES))


def _encode_sampling(chat: Chat) -> dict[str, Json]:
    return {
        "temperature": chat.temperature,
        "top_p": chat.top_p,
        "stop": list[Json](chat.stop) or None,
        "frequency_penalty": chat.frequency_penalty,
        "presence_penalty": chat.presence_penalty,
        "seed": chat.seed,
    }


def _encode_service(chat: Chat) -> dict[str, Json]:
    return {
        "verbosity": chat.verbosity,
        "prompt_cache_key": chat.prompt_cache_key,
        "service_tier": chat.service_tier,
        "store": chat.store,
        "metadata": dict(chat.tags) or None,
        "user": chat.user,
    }


def _name_losses(chat: Chat, losses: Losses) -> None:
    if chat.top_k is not None:
        losses.append("top_k")


def _encode_reasoning(reasoning: Reasoning, edit: UpstreamEdit) -> dict[str, Json]:
    """A word that this model does not know is for the provider to refuse: it says so in its own words."""
    if not edit.has("reasoning_enabled"):
        return {"reasoning_effort": effort(reasoning)}
    if reasoning.off:
        return {"reasoning": {"enabled": False}}
    if reasoning.effort is not None:
        return {"reasoning": {"effort": reasoning.effort}}
    return {
        "reasoning": {"enabled": True} if reasoning.budget_tokens is None else {"max_tokens": reasoning.budget_tokens}
    }


_NO_NAME = re.compile(r"[^a-zA-Z0-9_-]")


def _encode_output(output: Output) -> Json:
    match output:
        case JsonObject():
            return {"type": "json_object"}
        case JsonSchema(schema, name, description, strict):
            # The API wants a name of at most 64 letters, digits, `_` and `-`.
            said: dict[str, Json] = {"name": _NO_NAME.sub("_", name)[:64] or "answer", "schema": dict(schema)}
            said |= {"description": description} if description else {}
            return {"type": "json_schema", "json_schema": said | ({} if strict is None else {"strict": strict})}


def _encode_tools(chat: Chat) -> dict[str, Json]:
    """Choice and parallelism go with the tools: the API refuses them on their own."""
    return {
        "tools": [_encode_tool(tool) for tool in chat.tools],
        "tool_choice": None if chat.tool_choice is None else _encode_choice(chat.tool_choice),
        "parallel_tool_calls": chat.parallel_tool_calls,
    }


def _encode_tool(tool: ToolSpec) -> Json:
    # OpenAI refuses an object schema without `properties`, which others write for a tool without arguments.
    empty: dict[str, Json] = {"type": "object", "properties": {}}
    parameters = {**tool.schema, **{key: value for key, value in empty.items() if key not in tool.schema}}
    function: dict[str, Json] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    return {"type": "function", "function": {**function, "parameters": parameters}}


def _encode_choice(choice: ToolChoice) -> Json:
    if choice.mode == "named":
        return {"type": "function", "function": {"name": choice.name}}
    return choice.mode
