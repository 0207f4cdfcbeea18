"""The turns of a request to a Gemini provider. See the package for the source."""

from collections.abc import Iterable
from itertools import groupby

from openclaw_extproc.model import json as j
from openclaw_extproc.model.chat import (
    CachePoint,
    InlineFile,
    InlineImage,
    Instruction,
    LinkedFile,
    LinkedImage,
    Part,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
    Turn,
    is_blank,
)
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.gemini import media, signatures
from openclaw_extproc.wire.gemini.provider import model_families
from openclaw_extproc.wire.gemini.signatures import UNSIGNED_CALL
from openclaw_extproc.wire.translation.instructions import mark_instruction

NOT_JSON = "tool arguments are not JSON"
WHOSE_IMAGE = "which tool result an image belongs to"
CACHE_POINTS = "cache points"
FILE_NAMES = "names of files"

_Media = InlineImage | LinkedImage | InlineFile | LinkedFile


class Contents:
    """The turns as Gemini wants them: strictly alternating, and results in the order of their calls."""

    def __init__(self, turns: Iterable[Turn], model: str) -> None:
        self._turns = tuple(turns)
        self._third = model_families.is_third(model)
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
                signature = signatures.own(part.sealed) or (UNSIGNED_CALL if first else "")
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
                    if signature := signatures.own(seal):
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
        return self._third and isinstance(part, InlineImage | InlineFile) and part.media_type in media.IN_RESULTS

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
        return media.encode_media(part)


def _media(result: ToolResult) -> list[_Media]:
    return [part for part in result.content if not isinstance(part, Text)]


def _signature_field(signature: str) -> dict[str, Json]:
    return {"thoughtSignature": signature} if signature else {}
