"""OpenAI Responses: items of a history that tell what OpenAI ran, as others can read them. See `openai_responses`.

What a tool of OpenAI's brought to light is told as text in the model's turn, where the item has it; where it has not (a
search names its words, not what it found), the answer that follows has what mattered, and the item is a named loss.

Source: `response_input_item_param` of openai-python (main of 2026-08).
Left out: pictures that were made (`image_generation_call`), as no other model takes one from the model's own turn.
"""

from collections.abc import Callable, Mapping

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json

MAX_TOLD_CHARS = 64 * 1024
"""The length to which the text of one tool's findings is cut."""

Object = Mapping[str, Json]


def _words(value: Json) -> str:
    return value if isinstance(value, str) else "" if value in (None, [], {}) else j.text(value)


def _as_text(what: str, asked: Json, brought: Json) -> str:
    if not (found := _words(brought)):
        return ""
    asked_words = _words(asked)
    return f"[{what}{': ' if asked_words else ''}{asked_words}]\n{found[:MAX_TOLD_CHARS]}"


def _mcp_call(item: Object) -> str:
    return _as_text(f"{_words(item.get('name'))} at {_words(item.get('server_label'))}", item.get("arguments"),
                 item.get("output") or item.get("error"))  # fmt: skip


VENDOR_ITEMS: Mapping[str, Callable[[Object], str]] = {
    "web_search_call": lambda _: "",
    "file_search_call": lambda item: _as_text("search in files", item.get("queries"), item.get("results")),
    "code_interpreter_call": lambda item: _as_text("code that was run", item.get("code"), item.get("outputs")),
    "image_generation_call": lambda _: "",
    "mcp_call": _mcp_call,
    "mcp_list_tools": lambda _: "",
    "mcp_approval_request": lambda _: "",
    "mcp_approval_response": lambda _: "",
    "program": lambda item: _as_text("program", None, item.get("code")),
    "program_output": lambda item: _as_text("its result", None, item.get("result")),
    "configuration_update": lambda _: "",
}
"""The functions that write an item as text, by its type; an empty text: the item has nothing that others could use."""
