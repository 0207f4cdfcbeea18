"""Gemini: the request to a provider, written. See the package for the source."""

from collections.abc import Iterable, Iterator
from itertools import groupby

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
    ToolResult,
    ToolSpec,
    ToolUse,
    Turn,
)
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.base import Edit, Encoded
from openclaw_extproc.wire.gemini import paths
from openclaw_extproc.wire.gemini.images import guessed_type
from openclaw_extproc.wire.gemini.schemas import Dialect
from openclaw_extproc.wire.losses import carried
from openclaw_extproc.wire.needs import Need

CARRIES: frozenset[Need] = frozenset({"image", "image_link"})

MAX_STOPS = 5
"""As the API reference says of `stopSequences`."""

UNSIGNED = "skip_thought_signature_validator"
"""Gemini 3 refuses a call of its own history without the signature of the thought behind it. This word stands for one
that is not there, because another model made the call (https://ai.google.dev/gemini-api/docs/thought-signatures);
Gemini 2.5 takes it too (strands-agents/harness-sdk#1298)."""

NOT_JSON = "tool arguments are not JSON"
WHOSE_IMAGE = "which tool result an image belongs to"


def encode_request(chat: Chat, change: Edit) -> Encoded:
    losses: list[str] = [*_own_losses(chat)]
    dialect = Dialect()
    fields: dict[str, Json] = {
        "systemInstruction": _system(chat.system),
        "contents": _Contents(chat.turns).written(losses),
        "tools": [{"functionDeclarations": [_tool(tool, dialect) for tool in chat.tools]}] if chat.tools else None,
        "toolConfig": _tool_config(chat) if chat.tools else None,
        "generationConfig": _config(chat, change) or None,
    }
    if dialect.dropped:
        losses.append(f"tools[].parameters: {', '.join(dialect.dropped)}")
    body: Json = {key: value for key, value in fields.items() if value is not None}
    path = (
        paths.write(change.model, paths.STREAM) + "?alt=sse" if chat.stream else paths.write(change.model, paths.WHOLE)
    )
    return Encoded(path, j.dump(body), carried(chat, dict.fromkeys(losses), carries=CARRIES))


def _own_losses(chat: Chat) -> Iterator[str]:
    if chat.parallel_tool_calls is False:
        yield "parallel_tool_calls"
    if chat.user is not None:
        yield "user"
    if len(chat.stop) > MAX_STOPS:
        yield f"stop: more than {MAX_STOPS}"


def _system(texts: Iterable[str]) -> Json:
    parts: list[Json] = [{"text": text} for text in texts if text]
    return {"parts": parts} if parts else None


def _config(chat: Chat, change: Edit) -> dict[str, Json]:
    said: dict[str, Json] = {
        "maxOutputTokens": change.limit(chat.max_output_tokens),
        "temperature": chat.temperature,
        "topP": chat.top_p,
        "topK": chat.top_k,
        "stopSequences": list[Json](chat.stop[:MAX_STOPS]) or None,
    }
    return {key: value for key, value in said.items() if value is not None}


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


class _Contents:
    """The turns as Gemini wants them: strictly alternating, and results in the order of their calls."""

    def __init__(self, turns: Iterable[Turn]) -> None:
        self._turns = tuple(turns)
        uses = [part for turn in self._turns for part in turn.parts if isinstance(part, ToolUse)]
        self._names = {use.id: use.name for use in uses}
        self._places = {use.id: n for n, use in enumerate(uses)}

    def written(self, losses: list[str]) -> list[Json]:
        contents: list[Json] = []
        for role, turns in groupby(self._turns, key=lambda turn: turn.role):
            parts = [part for turn in turns for part in turn.parts]
            written = self._model(parts, losses) if role == "assistant" else self._user(parts, losses)
            if written:
                contents.append({"role": "model" if role == "assistant" else "user", "parts": written})
        return contents

    def _model(self, parts: Iterable[Part], losses: list[str]) -> list[Json]:
        """Of parallel calls, Gemini signs the first one only."""
        written: list[Json] = []
        signed: dict[str, Json] = {"thoughtSignature": UNSIGNED}
        for part in parts:
            if isinstance(part, ToolUse):
                written.append({"functionCall": _call(part, losses), **signed})
                signed = {}
            else:
                written += self._user([part], losses)
        return written

    def _user(self, parts: Iterable[Part], losses: list[str]) -> list[Json]:
        """Results first, all together, as the API wants them behind their calls; then their images, then the rest."""
        results: list[ToolResult] = []
        rest: list[Json] = []
        for part in parts:
            match part:
                case Text(text):
                    if text:  # Vertex AI refuses an empty one
                        rest.append({"text": text})
                case InlineImage() | LinkedImage():
                    rest.append(_image(part))
                case ToolResult():
                    results.append(part)
                case Thinking() | CachePoint() | InlineFile() | LinkedFile():
                    pass
                case ToolUse():
                    rest.append({"functionCall": _call(part, losses)})
        results.sort(key=lambda result: self._places.get(result.tool_use_id, len(self._places)))
        images = [_image(part) for result in results for part in result.content if isinstance(part, Image)]
        if images and len(results) > 1:
            losses.append(WHOSE_IMAGE)
        return [*(self._result(result) for result in results), *images, *rest]

    def _result(self, result: ToolResult) -> Json:
        text = "\n".join(part.text for part in result.content if isinstance(part, Text))
        name = self._names.get(result.tool_use_id, result.tool_use_id)
        response: Json = {"error" if result.is_error else "result": text}
        return {"functionResponse": {"name": name, "response": response}}


def _call(use: ToolUse, losses: list[str]) -> Json:
    args: dict[str, Json]
    try:
        args = j.parse(use.args, where="tool arguments") if use.args.strip() else {}
    except UnreadableError:
        losses.append(NOT_JSON)
        args = {"_raw": use.args}
    return {"name": use.name, "args": args}


def _image(image: Image) -> Json:
    match image:
        case InlineImage(media_type, base64):
            return {"inlineData": {"mimeType": media_type, "data": base64}}
        case LinkedImage(url):
            return {"fileData": {"mimeType": guessed_type(url) or "image/jpeg", "fileUri": url}}
