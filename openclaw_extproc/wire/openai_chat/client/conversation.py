"""OpenAI Chat Completions: the messages of a request as pieces. See `wire/edits/conversation`."""

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.edits.conversation import Conversation, Piece
from openclaw_extproc.wire.edits.messages import a_text, around, merge_contents, part_list, texts_and_files
from openclaw_extproc.wire.openai_chat.client.history import REASONING

_MARKS = ("cache_control", "prompt_cache_breakpoint")
_FUNCTION = "function:"
"""The prefix that makes an id from the name of a legacy function, which has none."""


def piece(message: Json) -> Piece:
    if not isinstance(message, dict):
        return Piece("fixed")
    parts = part_list(message.get("content"), "text")
    texts, files = texts_and_files(parts, _text)
    marked = any(isinstance(part, dict) and part.get(mark) for part in parts for mark in _MARKS)
    match message.get("role"):
        case "user":
            return Piece("user", texts, files, marked=marked)
        case "assistant":
            return _of_model(message, texts, files, marked=marked)
        case "tool":
            return Piece("results", texts, files, answers=frozenset([a_text(message.get("tool_call_id"))]))
        case "function":
            return Piece("results", texts, files, answers=frozenset([_FUNCTION + a_text(message.get("name"))]))
        case _:
            return Piece("fixed", texts, files)


def _of_model(message: dict[str, Json], texts: tuple[str, ...], files: int, *, marked: bool) -> Piece:
    value = message.get("tool_calls")
    calls = [call for call in value if isinstance(call, dict)] if isinstance(value, list) else []
    ids = [a_text(call.get("id")) for call in calls]
    more = [j.text(call) for call in calls]
    if isinstance(legacy := message.get("function_call"), dict):
        ids.append(_FUNCTION + a_text(legacy.get("name")))
        more.append(j.text(legacy))
    thoughts = [a_text(message.get(key)) for key in (*REASONING, "refusal")]
    return Piece("model", (*texts, *thoughts, *more), files, frozenset(ids), marked=marked)


def _text(part: dict[str, Json]) -> str | None:
    text = part.get("text", part.get("refusal"))
    return text if isinstance(text, str) else None


CONVERSATION = Conversation("messages", piece, around("text"), merge_contents("text"))
