"""OpenAI Responses: the items of a request as pieces. See `wire/edits/conversation`.

Items of kinds that only OpenAI knows stay where they are.
"""

from collections.abc import Mapping

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.edits.conversation import Conversation, Piece
from openclaw_extproc.wire.edits.messages import a_text, around, merge_contents, part_list, texts_and_files
from openclaw_extproc.wire.openai_responses.client.injection import TEXT

_KEPT_THERE = ("previous_response_id", "conversation", "prompt", "context_management")
_OUTPUT = ("function_call_output", "custom_tool_call_output")


def piece(item: Json) -> Piece:
    if not isinstance(item, dict):
        return Piece("fixed")
    match item.get("type", "message" if "role" in item else None):
        case "message":
            return _message(item)
        case "reasoning":
            return Piece("model", (j.text(item),))
        case "function_call" | "custom_tool_call":
            return Piece("model", (j.text(item),), calls=frozenset([a_text(item.get("call_id"))]))
        case str() as kind if kind in _OUTPUT:
            texts, files = texts_and_files(part_list(item.get("output"), TEXT), _text)
            return Piece("results", texts, files, answers=frozenset([a_text(item.get("call_id"))]))
        case _:
            return Piece("fixed", (j.text(item),))


def _message(item: dict[str, Json]) -> Piece:
    texts, files = texts_and_files(part_list(item.get("content"), TEXT), _text)
    match item.get("role"):
        case "user":
            return Piece("user", texts, files)
        case "assistant":
            return Piece("model", texts, files)
        case _:
            return Piece("fixed", texts, files)


def _text(part: dict[str, Json]) -> str | None:
    text = part.get("text", part.get("refusal"))
    return text if isinstance(text, str) else None


def _elsewhere(body: Mapping[str, Json]) -> bool:
    return any(body.get(key) for key in _KEPT_THERE)


CONVERSATION = Conversation("input", piece, around(TEXT), merge_contents(TEXT), _elsewhere)
