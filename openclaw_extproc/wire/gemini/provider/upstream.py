"""Gemini: the request to a provider, written. See the package for the source.

The turns of a request to a Gemini provider. See the package for the source.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import (
    CachePoint,
    Chat,
    InlineFile,
    InlineImage,
    Instruction,
    LinkedFile,
    LinkedImage,
    Part,
    Text,
    Thinking,
    ToolResult,
    ToolSpec,
    ToolUse,
    Turn,
    is_blank,
)
from openclaw_extproc.wire.base import EncodedRequest, UpstreamEdit
from openclaw_extproc.wire.gemini import api, thinking, tools
from openclaw_extproc.wire.gemini.api import camel
from openclaw_extproc.wire.gemini.schemas import Dialect
from openclaw_extproc.wire.gemini.thinking import UNSIGNED_CALL
from openclaw_extproc.wire.translation.losses import EVERYTHING, Need, translation_losses
from openclaw_extproc.wire.translation.messages import mark_instruction

# -- turns -----------------------------------------------------------------------------


NOT_JSON = "tool arguments are not JSON"
WHOSE_IMAGE = "which tool result an image belongs to"
CACHE_POINTS = "cache points"
FILE_NAMES = "names of files"

_Media = InlineImage | LinkedImage | InlineFile | LinkedFile


class Contents:
    """The turns as Gemini wants them: strictly alternating, and results in the order of their calls."""

    def __init__(self, turns: Iterable[Turn], model: str) -> None:
        self._turns = tuple(turns)
        self._third = thinking.is_third(model)
        uses = [part for turn in self._turns for part in turn.parts if isinstance(part, ToolUse)]
        self._names = {use.id: use.name for use in uses}
        self._places = {use.id: n for n, use in enumerate(uses)}
        self._losses: list[str] = []

    def encode(self, losses: list[str]) -> list[Json]:
        contents: list[Json] = []
        for role, turns in groupby(self._turns, key=lambda turn: turn.role):
            parts = [part for turn in turns for part in turn.parts]
            written = self._model(parts) if role == "assistant" else self._user(parts)
            if written:
                contents.append({"role": "model" if role == "assistant" else "user", "parts": written})
        losses += self._losses
        return contents

    def _model(self, parts: Iterable[Part]) -> list[Json]:
        """Writes the parts of a model's turn. Of parallel calls Gemini signs the first one, so that one has to have a
        signature."""
        written: list[Json] = []
        first = True
        for part in parts:
            if isinstance(part, ToolUse):
                signature = thinking.own(part.sealed) or (UNSIGNED_CALL if first else "")
                written.append({**self._call(part), **_signature_field(signature)})
                first = False
            else:
                written += self._user([part])
        return written

    def _user(self, parts: Iterable[Part]) -> list[Json]:
        """Results first, all together, as the API wants them behind their calls; then their images, then the rest."""
        results: list[ToolResult] = []
        rest: list[Json] = []
        for part in parts:
            match part:
                case Text(text):
                    if text:  # Vertex AI refuses an empty one
                        rest.append({"text": text})
                case InlineImage() | LinkedImage() | InlineFile() | LinkedFile():
                    rest.append(self._media(part))
                case ToolResult():
                    results.append(part)
                case Thinking(text, seal):
                    if signature := thinking.own(seal):
                        rest.append({"text": text, "thought": True, "thoughtSignature": signature})
                case CachePoint():
                    self._losses.append(CACHE_POINTS)
                case ToolUse():
                    rest.append(self._call(part))
                case Instruction(text):
                    rest.append({"text": mark_instruction(text)})
        results.sort(key=lambda result: self._places.get(result.tool_use_id, len(self._places)))
        behind = [self._media(part) for result in results for part in _media(result) if not self._within(part)]
        if behind and len(results) > 1:
            self._losses.append(WHOSE_IMAGE)
        return [*(self._result(result) for result in results), *behind, *rest]

    def _result(self, result: ToolResult) -> Json:
        text = "\n".join(part.text for part in result.content if isinstance(part, Text))
        response: Json = {"error" if result.is_error else "result": text}
        name = self._names.get(result.tool_use_id, result.tool_use_id)
        said: dict[str, Json] = {**self._id(result.tool_use_id), "name": name, "response": response}
        if within := [self._media(part) for part in _media(result) if self._within(part)]:
            said["parts"] = within
        return {"functionResponse": said}

    def _within(self, part: _Media) -> bool:
        """Whether a result itself may hold this."""
        return self._third and isinstance(part, InlineImage | InlineFile) and part.media_type in api.IN_RESULTS

    def _call(self, use: ToolUse) -> dict[str, Json]:
        return {"functionCall": {**self._id(use.id), "name": use.name, "args": self._args(use)}}

    def _id(self, id: str) -> dict[str, Json]:
        return {"id": id} if self._third else {}

    def _args(self, use: ToolUse) -> dict[str, Json]:
        try:
            return j.parse(use.args, where="tool arguments") if not is_blank(use.args) else {}
        except UnreadableError:
            self._losses.append(NOT_JSON)
            return {"_raw": use.args}

    def _media(self, part: _Media) -> Json:
        if isinstance(part, InlineFile | LinkedFile) and part.name:
            self._losses.append(FILE_NAMES)
        return api.encode_media(part)


def _media(result: ToolResult) -> list[_Media]:
    return [part for part in result.content if not isinstance(part, Text)]


def _signature_field(signature: str) -> dict[str, Json]:
    return {"thoughtSignature": signature} if signature else {}


# -- upstream --------------------------------------------------------------------------


CARRIES: frozenset[Need] = EVERYTHING - {"audio_link", "video_link", "file_link"}
"""Links to images, PDFs and texts are fetched by Gemini itself, up to 100 MB, but for Gemini 2.0
(https://ai.google.dev/gemini-api/docs/file-input-methods)."""

MAX_STOPS = 5
"""The number of stop sequences, as the API reference says of `stopSequences`."""


def encode_request(chat: Chat, change: UpstreamEdit, carries: frozenset[Need] = CARRIES) -> EncodedRequest:
    losses: list[str] = [*_own_losses(chat)]
    dialect = Dialect()
    fields: dict[str, Json] = {
        "systemInstruction": _system((*chat.system, tools.in_words(chat, change.model))),
        "contents": Contents(chat.turns, change.model).encode(losses),
        "tools": [{"functionDeclarations": [_tool(tool, dialect) for tool in chat.tools]}] if chat.tools else None,
        "toolConfig": _tool_config(chat) if chat.tools else None,
        "generationConfig": _config(chat, change, losses) or None,
    }
    if dialect.dropped:
        losses.append(f"tools[].parameters: {', '.join(dialect.dropped)}")
    body: Json = {key: value for key, value in fields.items() if value is not None}
    path = api.write(change.model, api.STREAM) + "?alt=sse" if chat.stream else api.write(change.model, api.WHOLE)
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
        **tools.encode_output(chat, change.model, losses),
        "thinkingConfig": thinking.encode_thinking(chat, change.model, losses) or None,
    }
    return {key: value for key, value in said.items() if value is not None}


def _penalties(chat: Chat, change: UpstreamEdit, losses: list[str]) -> dict[str, Json]:
    given = {"frequency_penalty": chat.frequency_penalty, "presence_penalty": chat.presence_penalty}
    refused = change.has("no_penalties") or not thinking.takes_penalties(change.model)
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
