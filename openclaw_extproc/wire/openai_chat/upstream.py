"""OpenAI Chat Completions: the request to a provider, written. See `openai_chat` for the source."""

from typing import Literal

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
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.base import Edit, Encoded
from openclaw_extproc.wire.losses import carried
from openclaw_extproc.wire.needs import Need
from openclaw_extproc.wire.openai_chat.requests import LIMITS, Losses

PATH = "/chat/completions"

CARRIES: frozenset[Need] = frozenset({"image", "image_link"})

MAX_STOPS = 4
"""As the API reference says of `stop`."""


def encode_request(chat: Chat, edit: Edit) -> Encoded:
    losses: Losses = []
    messages: list[Json] = [{"role": "system", "content": "\n\n".join(chat.system)}] if chat.system else []
    for n, turn in enumerate(chat.turns):
        messages += _encode_turn(turn, f"turns[{n}]", losses)
    limit = edit.limit(chat.max_output_tokens)
    said: dict[str, Json] = {
        "model": edit.model,
        "messages": messages,
        **(_encode_tools(chat) if chat.tools else {}),
        LIMITS[0]: limit,
        "temperature": chat.temperature,
        "top_p": chat.top_p,
        "stop": list[Json](chat.stop[:MAX_STOPS]) or None,
        "user": chat.user,
        "stream": chat.stream or None,
        "stream_options": {"include_usage": True} if chat.stream else None,
    }
    if chat.top_k is not None:
        losses.append("top_k")
    if len(chat.stop) > MAX_STOPS:
        losses.append(f"stop: more than {MAX_STOPS}")
    body: Json = {key: value for key, value in said.items() if value is not None}
    return Encoded(PATH, j.dump(body), carried(chat, losses, carries=CARRIES))


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


def _encode_turn(turn: Turn, at: str, losses: Losses) -> list[Json]:
    return _encode_assistant(turn, at) if turn.role == "assistant" else _encode_user(turn, at, losses)


def _encode_assistant(turn: Turn, at: str) -> list[Json]:
    texts: list[Text | Image] = []
    calls: list[Json] = []
    for part in turn.parts:
        match part:
            case Text():
                texts.append(part)
            case ToolUse(id, name, args):
                calls.append({"id": id, "type": "function", "function": {"name": name, "arguments": args or "{}"}})
            case Thinking() | CachePoint():
                pass
            case InlineImage() | LinkedImage() | InlineFile() | LinkedFile() | ToolResult():
                raise _misplaced(part, turn.role, at)
    message: dict[str, Json] = {"role": "assistant", "content": _encode_content(texts) if texts or not calls else None}
    return [{**message, "tool_calls": calls} if calls else message]


def _encode_user(turn: Turn, at: str, losses: Losses) -> list[Json]:
    """Tool results first, as the API wants them right behind the calls; their images follow in a user message."""
    results: list[Json] = []
    moved: list[Text | Image] = []
    rest: list[Text | Image] = []
    for part in turn.parts:
        match part:
            case Text() | InlineImage() | LinkedImage():
                rest.append(part)
            case ToolResult(tool_use_id, content, is_error):
                texts = [inner for inner in content if isinstance(inner, Text)]
                moved += [inner for inner in content if isinstance(inner, InlineImage | LinkedImage)]
                results.append({"role": "tool", "tool_call_id": tool_use_id, "content": _encode_content(texts)})
                losses += ["is_error"] if is_error else []
            case CachePoint():
                pass
            case ToolUse() | Thinking() | InlineFile() | LinkedFile():
                raise _misplaced(part, turn.role, at)
    if moved:
        losses.append(f"{at}: which tool result an image belongs to")
    if results and not moved and not rest:
        return results
    return [*results, {"role": "user", "content": _encode_content([*moved, *rest])}]


def _misplaced(part: Part, role: Literal["user", "assistant"], at: str) -> FaultError:
    return FaultError(Kind.UNSUPPORTED, f"{at}: OpenAI takes no {type(part).__name__} from the {role}")


def _encode_content(parts: list[Text] | list[Text | Image]) -> Json:
    """A plain string where one will do: every compatible server reads it."""
    match parts:
        case []:
            return ""
        case [Text(text)]:
            return text
        case _:
            return [_encode_part(part) for part in parts]


def _encode_part(part: Text | Image) -> Json:
    match part:
        case Text(text):
            return {"type": "text", "text": text}
        case InlineImage(media_type, base64):
            return {"type": "image_url", "image_url": {"url": f"data:{media_type};base64,{base64}"}}
        case LinkedImage(url):
            return {"type": "image_url", "image_url": {"url": url}}
