"""OpenAI Responses: the answer as an object, written. See `openai_responses` for the source.

It repeats what was asked for, as the API does, except the instructions: they are not told apart from developer
messages here, and would travel three times per stream.
"""

from collections.abc import Sequence
from dataclasses import replace

from openclaw_extproc.model.chat import Chat, ToolSpec
from openclaw_extproc.model.facts import Started, Stop
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.usage import Usage
from openclaw_extproc.wire.openai_responses.provider.upstream import choice, text_format, tool
from openclaw_extproc.wire.translation import efforts

_REASONS = {Stop.LENGTH: "max_output_tokens", Stop.REFUSAL: "content_filter"}
"""The values of `incomplete_details.reason`."""


def head(chat: Chat, created: int, started: Started) -> dict[str, Json]:
    """An answer that has begun."""
    return {
        "id": started.id or f"resp_{created}",
        "object": "response",
        "created_at": created,
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "max_output_tokens": chat.max_output_tokens,
        "max_tool_calls": None,
        "model": started.model or chat.model,
        "output": [],
        "parallel_tool_calls": chat.parallel_tool_calls is not False,
        "previous_response_id": None,
        "prompt_cache_key": chat.prompt_cache_key,
        "reasoning": _reasoning(chat),
        "store": False,
        "temperature": chat.temperature,
        "text": _text(chat),
        "tool_choice": _choice(chat),
        "tools": [_tool(one) for one in chat.tools],
        "top_p": chat.top_p,
        "truncation": "disabled",
        "usage": None,
        "user": chat.user,
        "metadata": dict(chat.tags),
    }


def finished_response(begun: dict[str, Json], output: Sequence[Json], usage: Usage, stop: Stop) -> dict[str, Json]:
    reason = _REASONS.get(stop)
    return {
        **begun,
        "status": "incomplete" if reason else "completed",
        "incomplete_details": {"reason": reason} if reason else None,
        "output": list(output),
        "usage": usage_of(usage),
    }


def failed_response(begun: dict[str, Json], output: Sequence[Json], error: Json) -> dict[str, Json]:
    return {**begun, "status": "failed", "error": error, "output": list(output)}


def _tool(spec: ToolSpec) -> Json:
    """Writes a tool as the client declared it; each tool of a namespace in a namespace of its own."""
    namespace = spec.native.get("namespace")
    plain = {key: value for key, value in spec.native.items() if key != "namespace"}
    own = tool(replace(spec, name=str(plain["name"]))) if plain.get("type") == "function" else plain or tool(spec)
    if not namespace:
        return own
    return {"type": "namespace", "name": namespace, "description": spec.description, "tools": [own]}


def _choice(chat: Chat) -> Json:
    if chat.tool_choice is None:
        return "auto"
    for spec in chat.tools:
        if spec.native and spec.name == chat.tool_choice.name:
            return {key: spec.native[key] for key in ("type", "name", "namespace") if spec.native.get(key)}
    return choice(chat.tool_choice)


def _reasoning(chat: Chat) -> Json:
    asked = chat.reasoning
    effort = None if asked is None else efforts.effort(asked)
    return {"effort": effort, "summary": "auto" if asked is not None and asked.visible else None}


def _text(chat: Chat) -> Json:
    format_: Json = {"type": "text"} if chat.output is None else text_format(chat.output)
    return {"format": format_, **({"verbosity": chat.verbosity} if chat.verbosity else {})}


def usage_of(usage: Usage) -> Json:
    """Writes the token counts; `null` when the upstream never said. The details have to be numbers: what is not known
    of them is 0."""
    if usage.input_tokens is None and usage.output_tokens is None:
        return None
    given, said = usage.input_tokens or 0, usage.output_tokens or 0
    cached, written = usage.cached_tokens or 0, usage.cache_written_tokens or 0
    return {
        "input_tokens": given,
        "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": written},
        "output_tokens": said,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens or 0},
        "total_tokens": given + said,
    }
