"""Anthropic Messages: the messages of a request as pieces. See `wire/edits/conversation`.

A message of the user that brings results of tools is no new round, whatever else it says.
"""

from collections.abc import Mapping

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.anthropic_messages.client.requests import THREAD
from openclaw_extproc.wire.edits.conversation import Conversation, Piece
from openclaw_extproc.wire.edits.messages import a_text, around, merge_contents, part_list, texts_and_files

_FILES = ("image", "document")


def piece(message: Json) -> Piece:
    if not isinstance(message, dict):
        return Piece("fixed")
    blocks = [block for block in part_list(message.get("content"), "text") if isinstance(block, dict)]
    texts, files = texts_and_files(blocks, _text)
    marked = any(block.get("cache_control") for block in blocks)
    match message.get("role"):
        case "user":
            answers = frozenset(a_text(b.get("tool_use_id")) for b in blocks if b.get("type") == "tool_result")
            return Piece("results" if answers else "user", texts, files, answers=answers, marked=marked)
        case "assistant":
            calls = frozenset(a_text(block.get("id")) for block in blocks if block.get("type") == "tool_use")
            return Piece("model", texts, files, calls, marked=marked)
        case _:
            return Piece("fixed", texts, files)


def _text(block: dict[str, Json]) -> str | None:
    kind = block.get("type")
    if kind == "tool_result":
        inner, files = texts_and_files(part_list(block.get("content"), "text"), _text)
        return None if files else "\n".join(inner)
    if kind in _FILES:
        source = block.get("source")
        data = source.get("data") if isinstance(source, dict) and source.get("type") == "text" else None
        return data if isinstance(data, str) else None
    text = block.get("text", block.get("thinking"))
    return text if isinstance(text, str) else j.text(block)


def _elsewhere(body: Mapping[str, Json]) -> bool:
    return body.get(THREAD) is not None


CONVERSATION = Conversation("messages", piece, around("text"), merge_contents("text"), _elsewhere)
