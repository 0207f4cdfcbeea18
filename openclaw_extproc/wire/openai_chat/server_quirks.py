"""OpenAI Chat Completions: a body made to fit a server that differs from OpenAI, by the words of `translation/quirks`.

The same for what a client of this format wrote and for what was translated: a body goes in, a body comes out, and what
need not change is the very same value in both.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.base import UpstreamEdit
from openclaw_extproc.wire.openai_chat.client.messages import REASONING
from openclaw_extproc.wire.openai_chat.client.requests import LIMITS
from openclaw_extproc.wire.restrictions.openai import accepted_chat
from openclaw_extproc.wire.translation.quirks import Quirk

Body: TypeAlias = dict[str, Json]

_REFUSED_FIELDS: dict[Quirk, tuple[str, ...]] = {
    "no_stream_options": ("stream_options",),
    "no_parallel_tool_calls": ("parallel_tool_calls",),
    "no_reasoning_effort": ("reasoning_effort",),
    "no_penalties": ("frequency_penalty", "presence_penalty"),
    "no_seed": ("seed",),
    "no_user": ("user", "safety_identifier"),
    "no_store": ("store", "metadata"),
    "no_service_tier": ("service_tier",),
    "no_prompt_cache_key": ("prompt_cache_key",),
    "no_verbosity": ("verbosity",),
}
_UNSAID: Mapping[str, Json] = {"parallel_tool_calls": True, "store": False, "stream_options": {"include_usage": True}}
"""What a server does anyway, or what only we asked for: no loss."""


def fit_to_server(body: Body, edit: UpstreamEdit, losses: list[str], *, translated: bool = False) -> Body:
    """Raises `FaultError`: the server could not be told something that must be told."""
    fit = accepted_chat(body, edit, losses, translated=translated)
    if edit.has("max_tokens"):
        _rename_limit(fit)
    if edit.has("random_seed") and "seed" in fit:
        fit["random_seed"] = fit.pop("seed")
    _fit_output(fit, edit, losses)
    _fit_tools(fit, edit, losses)
    _fit_messages(fit, edit)
    for key in (key for quirk, keys in _REFUSED_FIELDS.items() if edit.has(quirk) for key in keys):
        value = fit.pop(key, None)
        losses += [key] if value is not None and value != _UNSAID.get(key) else []
    return fit


def _rename_limit(fit: Body) -> None:
    current, old = LIMITS
    if current in fit:
        limits = [limit for limit in (fit.pop(current), fit.get(old)) if isinstance(limit, int)]
        fit[old] = min(limits, default=None)


# -- the form of the answer -------------------------------------------------


def _fit_output(fit: Body, edit: UpstreamEdit, losses: list[str]) -> None:
    format = fit.get("response_format")
    if not isinstance(format, dict):
        return
    by_schema = format.get("type") == "json_schema" and (edit.has("no_json_schema") or edit.has("no_json_object"))
    if by_schema or (format.get("type") == "json_object" and edit.has("no_json_object")):
        losses.append("response_format: asked for in words")
        fit["messages"] = [_in_words(format), *j.an_array(fit.get("messages"), at="messages")]
        fit["response_format"] = {"type": "json_object"}
        if edit.has("no_json_object"):
            del fit["response_format"]


def _in_words(format: Mapping[str, Json]) -> Json:
    """DeepSeek and Groq refuse the mode when the prompt does not say JSON."""
    said = format.get("json_schema")
    schema = said.get("schema") if isinstance(said, dict) else None
    words = "Answer with one JSON object and nothing else."
    if schema:
        words += f" It has to be valid against this JSON Schema: {j.text(schema)}"
    return {"role": "system", "content": words}


# -- tools ------------------------------------------------------------------


def _fit_tools(fit: Body, edit: UpstreamEdit, losses: list[str]) -> None:
    choice = fit.get("tool_choice")
    if edit.has("no_tool_choice_required") and choice not in (None, "auto", "none"):
        del fit["tool_choice"]
        losses.append("tool_choice")
    elif edit.has("tool_choice_any") and choice == "required":
        fit["tool_choice"] = "any"
    if edit.has("no_strict") and isinstance(fit.get("tools"), list):
        _each(fit, "tools", _without_strict)


def _without_strict(tool: Body) -> Body:
    function = tool.get("function")
    if not isinstance(function, dict) or "strict" not in function:
        return tool
    return {**tool, "function": {key: value for key, value in function.items() if key != "strict"}}


def _each(fit: Body, key: str, change: Callable[[Body], Body]) -> None:
    """Change the objects of a list; a list in which nothing changes stays the very same."""
    items = fit.get(key)
    if isinstance(items, list):
        changed = [change(item) if isinstance(item, dict) else item for item in items]
        if any(new is not old for new, old in zip(changed, items, strict=True)):
            fit[key] = list[Json](changed)


# -- messages ----------------------------------------------------------------


def _fit_messages(fit: Body, edit: UpstreamEdit) -> None:
    if edit.has("no_image_links"):
        _each(fit, "messages", _refuse_image_links)
    if edit.has("nine_character_ids"):
        _each(fit, "messages", _with_short_ids)
    if edit.has("no_reasoning_content"):
        _each(fit, "messages", _without_thoughts)


def _refuse_image_links(message: Body) -> Body:
    parts = message.get("content")
    for part in parts if isinstance(parts, list) else []:
        image = part.get("image_url") if isinstance(part, dict) else None
        url = image.get("url") if isinstance(image, dict) else None
        if isinstance(url, str) and not url[:5].lower() == "data:":
            raise FaultError(FaultKind.UNSUPPORTED, "the provider cannot carry this: image_link")
    return message


def _without_thoughts(message: Body) -> Body:
    return {key: value for key, value in message.items() if key not in REASONING} if _thinks(message) else message


def _thinks(message: Iterable[str]) -> bool:
    return any(name in message for name in REASONING)


_NINE = re.compile(r"[A-Za-z0-9]{9}")


def _with_short_ids(message: Body) -> Body:
    changed = dict(message)
    if isinstance(id := message.get("tool_call_id"), str):
        changed["tool_call_id"] = nine(id)
    if isinstance(message.get("tool_calls"), list):
        _each(changed, "tool_calls", _with_short_id)
    return message if changed == message else changed


def _with_short_id(call: Body) -> Body:
    id = call.get("id")
    return {**call, "id": nine(id)} if isinstance(id, str) else call


def nine(id: str) -> str:
    """Nine letters and digits, for the same id always the same."""
    return id if _NINE.fullmatch(id) else hashlib.sha256(id.encode()).hexdigest()[:9]
