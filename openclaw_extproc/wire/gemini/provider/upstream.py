"""Gemini: the request to a provider, written. See the package for the source."""

from collections.abc import Iterable, Iterator

from openclaw_extproc.model import json as j
from openclaw_extproc.model.chat import Chat, ToolSpec
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.base import EncodedRequest, UpstreamEdit
from openclaw_extproc.wire.gemini import output, paths, thinking
from openclaw_extproc.wire.gemini.fields import camel
from openclaw_extproc.wire.gemini.provider import model_families
from openclaw_extproc.wire.gemini.provider.turns import CACHE_POINTS, Contents
from openclaw_extproc.wire.gemini.schemas import Dialect
from openclaw_extproc.wire.translation.losses import translation_losses
from openclaw_extproc.wire.translation.needs import EVERYTHING, Need

CARRIES: frozenset[Need] = EVERYTHING - {"audio_link", "video_link", "file_link"}
"""Links to images, PDFs and texts are fetched by Gemini itself, up to 100 MB, but for Gemini 2.0
(https://ai.google.dev/gemini-api/docs/file-input-methods)."""

MAX_STOPS = 5
"""The number of stop sequences, as the API reference says of `stopSequences`."""


def encode_request(chat: Chat, change: UpstreamEdit, carries: frozenset[Need] = CARRIES) -> EncodedRequest:
    losses: list[str] = [*_own_losses(chat)]
    dialect = Dialect()
    fields: dict[str, Json] = {
        "systemInstruction": _system((*chat.system, output.in_words(chat, change.model))),
        "contents": Contents(chat.turns, change.model).encode(losses),
        "tools": [{"functionDeclarations": [_tool(tool, dialect) for tool in chat.tools]}] if chat.tools else None,
        "toolConfig": _tool_config(chat) if chat.tools else None,
        "generationConfig": _config(chat, change, losses) or None,
    }
    if dialect.dropped:
        losses.append(f"tools[].parameters: {', '.join(dialect.dropped)}")
    body: Json = {key: value for key, value in fields.items() if value is not None}
    path = (
        paths.write(change.model, paths.STREAM) + "?alt=sse" if chat.stream else paths.write(change.model, paths.WHOLE)
    )
    return EncodedRequest(path, j.dump(body), translation_losses(chat, dict.fromkeys(losses), carries=carries))


def _own_losses(chat: Chat) -> Iterator[str]:
    """What Gemini has no word for."""
    if chat.parallel_tool_calls is False:
        yield "parallel_tool_calls"
    if len(chat.stop) > MAX_STOPS:
        yield f"stop: more than {MAX_STOPS}"
    if chat.cache_tools or chat.cache_system:
        yield CACHE_POINTS
    for name in ("user", "verbosity", "prompt_cache_key", "service_tier", "store"):
        if getattr(chat, name) is not None:
            yield name
    if chat.tags:
        yield "tags"


def _system(texts: Iterable[str]) -> Json:
    parts: list[Json] = [{"text": text} for text in texts if text]
    return {"parts": parts} if parts else None


def _config(chat: Chat, change: UpstreamEdit, losses: list[str]) -> dict[str, Json]:
    said: dict[str, Json] = {
        "maxOutputTokens": change.limit(chat.max_output_tokens),
        "temperature": chat.temperature,
        "topP": chat.top_p,
        "topK": chat.top_k,
        "stopSequences": list[Json](chat.stop[:MAX_STOPS]) or None,
        "seed": chat.seed,
        **_penalties(chat, change, losses),
        **output.encode_output(chat, change.model, losses),
        "thinkingConfig": thinking.encode_thinking(chat, change.model, losses) or None,
    }
    return {key: value for key, value in said.items() if value is not None}


def _penalties(chat: Chat, change: UpstreamEdit, losses: list[str]) -> dict[str, Json]:
    given = {"frequency_penalty": chat.frequency_penalty, "presence_penalty": chat.presence_penalty}
    refused = change.has("no_penalties") or not model_families.takes_penalties(change.model)
    losses += [name for name, value in given.items() if value and refused]
    return {camel(name): value for name, value in given.items() if not (value and refused)}


def _tool(tool: ToolSpec, dialect: Dialect) -> Json:
    parameters = dialect.parameters(tool.schema)
    said: dict[str, Json] = {
        "name": tool.name,
        "description": tool.description or None,
        "parameters": parameters,
    }
    return {key: value for key, value in said.items() if value is not None}


def _tool_config(chat: Chat) -> Json:
    choice = chat.tool_choice
    if choice is None:
        return None
    calling: dict[str, Json]
    match choice.mode:
        case "auto":
            calling = {"mode": "AUTO"}
        case "none":
            calling = {"mode": "NONE"}
        case "required":
            calling = {"mode": "ANY"}
        case "named":
            calling = {"mode": "ANY", "allowedFunctionNames": [choice.name]}
    return {"functionCallingConfig": calling}
