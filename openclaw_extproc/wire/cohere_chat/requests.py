"""Requests to Cohere's chat.

Source: `v2/client` and `types/` of the official SDK (cohere 7.0), Cohere's OpenAPI description for the ranges of
numbers, and the page on errors for what is refused ("temperature must be between 0 and 1.0 inclusive", "cannot specify
both frequency_penalty and presence_penalty", "system turn must be the first in the list"). `response_format` is refused
beside tools (`types/response_format_v2`), so JSON is asked for in words there.
"""

import re
from collections.abc import Iterator

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
    Part,
    Text,
    Thinking,
    ToolChoice,
    ToolResult,
    ToolSpec,
    ToolUse,
    Turn,
    is_blank,
)
from openclaw_extproc.wire.base import EncodedRequest, UpstreamEdit
from openclaw_extproc.wire.translation.efforts import budget
from openclaw_extproc.wire.translation.losses import Need, translation_losses
from openclaw_extproc.wire.translation.messages import file_as_text, in_words, is_text_file
from openclaw_extproc.wire.translation.messages import instruction_as_text as marked_as_text

PATH = "/v2/chat"

CARRIES: frozenset[Need] = frozenset({"image", "image_link", "text_file"})

MAX_STOPS = 5
"""The number of stop sequences, as the SDK says of `stop_sequences`."""
MAX_TOP_K = 500
TOP_P = (0.01, 0.99)
"""The lowest and the highest `p`."""
ANSWER_TOKENS = 1_000
"""Tokens that a budget for thinking leaves for the answer, as the page on reasoning advises."""

NOT_THIS_MODEL = "reasoning: not this model"
ONLY_TOOL = "tool_choice: named, as the only tool"

_REASONS = re.compile(r"reasoning|^command-a-plus")
"""Models with `Reasoning` among the capabilities of their page; others refuse `thinking`."""


def encode_request(chat: Chat, edit: UpstreamEdit) -> EncodedRequest:
    """Write a request.

    Raises:
        FaultError: something would be lost that must not be dropped silently.
    """
    translation_losses(chat, carries=CARRIES)  # refuse before writing: the writer relies on it
    lost: list[str] = []
    chat = in_words(chat, lost, objects=bool(chat.tools), schemas=bool(chat.tools) or edit.has("no_json_schema"))
    reasons = _REASONS.search(edit.model) is not None
    limit = edit.limit(chat.max_output_tokens)
    said: dict[str, Json] = {
        "model": edit.model,
        "messages": _messages(chat, lost, reasons=reasons),
        **_tools(chat, lost),
        "max_tokens": limit,
        **_sampling(chat, lost),
        "response_format": _output(chat),
        "thinking": _thinking(chat, limit, lost, reasons=reasons),
        "stream": chat.stream,
    }
    body: dict[str, Json] = {key: value for key, value in said.items() if value is not None}
    return EncodedRequest(
        PATH, j.dump(body), translation_losses(chat, (*_unknown(chat), *dict.fromkeys(lost)), carries=CARRIES)
    )


def _unknown(chat: Chat) -> Iterator[str]:
    """Words that Cohere has no place for."""
    wishes = {
        "parallel_tool_calls": None if chat.parallel_tool_calls is not False or not chat.tools else False,
        "verbosity": chat.verbosity,
        "prompt_cache_key": chat.prompt_cache_key,
        "service_tier": chat.service_tier,
        "store": chat.store or None,
        "metadata": chat.tags or None,
        "user": chat.user,
    }
    yield from (name for name, said in wishes.items() if said is not None)


# -- how the model is to write ---------------------------------------------------------


def _sampling(chat: Chat, lost: list[str]) -> dict[str, Json]:
    frequency, presence = chat.frequency_penalty or None, chat.presence_penalty or None
    if frequency is not None and presence is not None:
        lost.append("presence_penalty: not beside frequency_penalty")
        presence = None
    if len(chat.stop) > MAX_STOPS:
        lost.append(f"stop: more than {MAX_STOPS}")
    if chat.seed is not None and chat.seed < 0:
        lost.append("seed: below 0")
    return {
        "temperature": _within(chat.temperature, 0, 1, "temperature", lost),
        "p": _within(chat.top_p, *TOP_P, "top_p", lost),
        "k": None if chat.top_k is None else int(_within(chat.top_k, 0, MAX_TOP_K, "top_k", lost) or 0),
        "stop_sequences": list[Json](chat.stop[:MAX_STOPS]) or None,
        "frequency_penalty": _within(frequency, 0, 1, "frequency_penalty", lost),
        "presence_penalty": _within(presence, 0, 1, "presence_penalty", lost),
        "seed": chat.seed if chat.seed is not None and chat.seed >= 0 else None,
    }


def _within(asked: float | None, low: float, high: float, name: str, lost: list[str]) -> float | None:
    """A number as it was asked for, or the nearest one that is taken, which is named."""
    if asked is None or low <= asked <= high:
        return asked
    lost.append(f"{name}: {'above' if asked > high else 'below'} {high if asked > high else low:g}")
    return high if asked > high else low


def _thinking(chat: Chat, limit: int | None, lost: list[str], *, reasons: bool) -> Json:
    asked = chat.reasoning
    if asked is None:
        return None
    if not reasons:
        lost += [] if asked.off else [NOT_THIS_MODEL]
        return None
    if asked.off:
        return {"type": "disabled"}
    tokens = budget(asked)
    if tokens is not None and limit is not None:
        tokens = max(1, min(tokens, limit - ANSWER_TOKENS))
    return {"type": "enabled"} if tokens is None else {"type": "enabled", "token_budget": tokens}


# -- the form of the answer ------------------------------------------------------------


def _output(chat: Chat) -> Json:
    match chat.output:
        case None:
            return None
        case JsonObject():
            return {"type": "json_object"}
        case JsonSchema(schema):
            return {"type": "json_object", "json_schema": dict(schema)}


# -- tools -----------------------------------------------------------------------------


def _tools(chat: Chat, lost: list[str]) -> dict[str, Json]:
    """The tools and the choice among them: `auto` needs no word, and a tool that is named becomes the only one."""
    choice = chat.tool_choice or ToolChoice("auto")
    tools = chat.tools
    if choice.mode == "named":
        tools = tuple(tool for tool in tools if tool.name == choice.name) or tools
        lost += [ONLY_TOOL] if len(tools) < len(chat.tools) else []
    if not tools:
        return {}
    words = {"required": "REQUIRED", "named": "REQUIRED", "none": "NONE"}
    return {"tools": [_tool(tool) for tool in tools], "tool_choice": words.get(choice.mode)}


def _tool(tool: ToolSpec) -> Json:
    function: dict[str, Json] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    function["parameters"] = {"type": "object", "properties": {}, **tool.schema}
    return {"type": "function", "function": function}


# -- messages --------------------------------------------------------------------------


def _messages(chat: Chat, lost: list[str], *, reasons: bool) -> list[Json]:
    system = "\n\n".join(text for text in chat.system if not is_blank(text))
    messages: list[Json] = [{"role": "system", "content": system}] if system else []
    for n, turn in enumerate(chat.turns):
        at = f"turns[{n}]"
        messages += _of_user(turn, at, lost) if turn.role == "user" else _of_model(turn, at, lost, reasons=reasons)
    return messages


def _of_model(turn: Turn, at: str, lost: list[str], *, reasons: bool) -> list[Json]:
    """Thoughts are for models that think. What was said before a call is its plan."""
    thoughts: list[Json] = []
    texts: list[str] = []
    calls: list[Json] = []
    for part in turn.parts:
        match part:
            case Text(text):
                texts.append(text)
            case Thinking(text):
                if text:
                    thoughts.append({"type": "thinking", "thinking": text})
            case ToolUse(id, name, args):
                calls.append({"id": id, "type": "function", "function": {"name": name, "arguments": args or "{}"}})
            case CachePoint():
                pass
            case InlineImage() | LinkedImage() | InlineFile() | LinkedFile() | ToolResult() | Instruction():
                raise _misplaced_part_error(part, "assistant", at)
    if thoughts and not reasons:
        lost.append(f"{at}: thinking")
        thoughts = []
    said = "".join(texts)
    if not calls:
        spoken = [_leaf(Text(text)) for text in texts if text]
        plain: Json = [*thoughts, *spoken] if thoughts or len(spoken) > 1 else said
        return [{"role": "assistant", "content": plain}] if said else []
    message: dict[str, Json] = {"role": "assistant", "content": thoughts or None, "tool_plan": said or None}
    return [{**{key: value for key, value in message.items() if value is not None}, "tool_calls": calls}]


def _of_user(turn: Turn, at: str, lost: list[str]) -> list[Json]:
    """Tool results first, as they follow their calls; the images in them are the user's, in a message behind."""
    results: list[Json] = []
    moved: list[Leaf] = []
    rest: list[Leaf] = []
    for part in turn.parts:
        match part:
            case Text() | InlineImage() | LinkedImage() | InlineFile() | LinkedFile():
                rest.append(part)
            case ToolResult(tool_use_id, content, is_error):
                texts = [_leaf(leaf) for leaf in content if isinstance(leaf, Text) or is_text_file(leaf)]
                moved += [leaf for leaf in content if not (isinstance(leaf, Text) or is_text_file(leaf))]
                results.append({"role": "tool", "tool_call_id": tool_use_id, "content": _plain(texts, "(no output)")})
                lost += ["is_error"] if is_error else []
            case Instruction():
                rest.append(marked_as_text(part))
            case CachePoint():
                pass
            case ToolUse() | Thinking():
                raise _misplaced_part_error(part, "user", at)
    if moved:
        lost.append(f"{at}: which tool result an image belongs to")
    said = [_leaf(leaf) for leaf in (*moved, *rest) if leaf != Text("")]
    return [*results, {"role": "user", "content": _plain(said, "(nothing)")}] if said or not results else results


def _plain(content: list[dict[str, Json]], empty: str) -> Json:
    """A string where one will do, and `empty` for no content: "message must not be empty in a turn"."""
    match content:
        case []:
            return empty
        case [{"type": "text", "text": text}]:
            return text
        case _:
            return [*content]


def _leaf(leaf: Leaf) -> dict[str, Json]:
    match leaf:
        case Text(text):
            return {"type": "text", "text": text}
        case InlineImage(media_type, data):
            return {"type": "image_url", "image_url": {"url": f"data:{media_type};base64,{data}"}}
        case LinkedImage(url):
            return {"type": "image_url", "image_url": {"url": url}}
        case InlineFile():
            return {"type": "text", "text": file_as_text(leaf).text}
        case LinkedFile():
            raise AssertionError("what is not carried was refused before")


def _misplaced_part_error(part: Part, role: str, at: str) -> FaultError:
    return FaultError(FaultKind.UNSUPPORTED, f"{at}: Cohere takes no {type(part).__name__} from the {role}")
