"""Requests to providers that speak Anthropic Messages.

Source: the types of the official SDK (anthropic 2.11, read 2026-11-21), and what Anthropic was seen to refuse in
public issues, named at each place.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import CachePoint, Chat, JsonSchema, Part, ToolChoice, ToolSpec, Turn, is_blank
from openclaw_extproc.wire.anthropic_messages import thinking
from openclaw_extproc.wire.anthropic_messages.client.requests import PATH
from openclaw_extproc.wire.anthropic_messages.provider import messages, schemas
from openclaw_extproc.wire.anthropic_messages.thinking import DEFAULT_MAX_TOKENS
from openclaw_extproc.wire.base import EncodedRequest, UpstreamEdit
from openclaw_extproc.wire.claude import abilities
from openclaw_extproc.wire.restrictions import lengths
from openclaw_extproc.wire.translation.losses import Need, translation_losses
from openclaw_extproc.wire.translation.messages import in_words

__all__ = ["CARRIES", "DEFAULT_MAX_TOKENS", "body_of", "encode_request"]

CARRIES: frozenset[Need] = frozenset({"image", "image_link", "pdf", "pdf_link", "text_file"})

BLANK_STOP = "stop: only white space"
CACHE_POINTS = "cache_control: more than 4, the first ones"

MAX_CACHE_POINTS = 4
""" "A maximum of 4 blocks with cache_control may be provided"."""

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")


def encode_request(chat: Chat, change: UpstreamEdit, *, carries: frozenset[Need] = CARRIES) -> EncodedRequest:
    body, losses = body_of(chat, change, carries=carries)
    return EncodedRequest(PATH, j.dump(body), losses)


def body_of(
    chat: Chat, change: UpstreamEdit, *, carries: frozenset[Need] = CARRIES
) -> tuple[dict[str, Json], tuple[str, ...]]:
    """The request, and what was lost.

    Raises:
        FaultError: something would be lost that must not be dropped silently, or a tool cannot be called by its name.
    """
    lost: list[str] = []
    able = abilities(change.model)
    chat = in_words(chat, lost, objects=True, schemas=not able.writes_schemas or change.has("no_json_schema"))
    chat = thinking.without_forced_tool(chat, able, lost)
    made = thinking.plan(chat, change.limit(chat.max_output_tokens), able, change.longest(DEFAULT_MAX_TOKENS))
    sampled = thinking.sampling(chat, made, able)
    found: set[str] = set()
    chat = _cached_at_most(chat, lost)
    told = messages.encode_turns(chat.turns, thinks=made.on, losses=found)
    fields: dict[str, Json] = {
        "model": change.model,
        "max_tokens": made.max_tokens,
        "system": _system(chat.system, chat.cache_system),
        "messages": told,
        "tools": _tools(chat, lost),
        "tool_choice": _tool_choice(chat),
        "temperature": sampled.temperature,
        "top_p": sampled.top_p,
        "top_k": sampled.top_k,
        "stop_sequences": [text for text in chat.stop if not is_blank(text)] or None,
        "thinking": made.thinking,
        "output_config": _output_config(chat, made.effort, lost),
        "metadata": None if chat.user is None else {"user_id": lengths.anthropic_user(chat.user, lost)},
        "stream": chat.stream or None,
    }
    also = (*_unknown(chat), *made.losses, *sampled.losses, *sorted(found), *lost)
    losses = translation_losses(chat, also, carries=carries)
    return {key: value for key, value in fields.items() if value is not None}, losses


def _unknown(chat: Chat) -> Iterator[str]:
    """Words that Anthropic has no place for."""
    wishes = {
        "frequency_penalty": chat.frequency_penalty or None,
        "presence_penalty": chat.presence_penalty or None,
        "seed": chat.seed,
        "verbosity": chat.verbosity,
        "prompt_cache_key": chat.prompt_cache_key,
        "service_tier": chat.service_tier,
        "store": chat.store or None,
        "metadata": chat.tags or None,
    }
    yield from (name for name, said in wishes.items() if said is not None)
    if any(is_blank(text) for text in chat.stop):
        yield BLANK_STOP  # "each stop sequence must contain non-whitespace": BerriAI/litellm#3286


# -- the form of the answer ----------------------------------------------------------


def _output_config(chat: Chat, effort: str | None, lost: list[str]) -> Json:
    config: dict[str, Json] = {} if effort is None else {"effort": effort}
    if isinstance(chat.output, JsonSchema):
        form: dict[str, Json] = {"type": "json_schema", "schema": schemas.of_answer(chat.output.schema, lost)}
        config["format"] = form
    return config or None


# -- prompts ------------------------------------------------------------------------


def _system(texts: Iterable[str], point: CachePoint | None) -> Json:
    said = [text for text in texts if not is_blank(text)]
    if not said:
        return None
    if len(said) == 1 and point is None:
        return said[0]
    blocks: list[dict[str, Json]] = [{"type": "text", "text": text} for text in said]
    if point is not None:
        blocks[-1]["cache_control"] = messages.cache_control(point)
    return [*blocks]


def _cached_at_most(chat: Chat, lost: list[str]) -> Chat:
    """The last cache points: the longest prefixes, whose beginnings Anthropic looks up by itself."""
    last = sum(isinstance(part, CachePoint) for turn in chat.turns for part in turn.parts)
    first = (chat.cache_tools is not None) + (
        chat.cache_system is not None and any(not is_blank(t) for t in chat.system)
    )
    excess = last + first - MAX_CACHE_POINTS
    if excess <= 0:
        return chat
    lost.append(CACHE_POINTS)
    if chat.cache_tools is not None:
        chat, excess = replace(chat, cache_tools=None), excess - 1
    if excess and chat.cache_system is not None:
        chat, excess = replace(chat, cache_system=None), excess - 1
    return replace(chat, turns=_without_first_points(chat, excess)) if excess > 0 else chat


def _without_first_points(chat: Chat, excess: int) -> tuple[Turn, ...]:
    turns: list[Turn] = []
    for turn in chat.turns:
        kept: list[Part] = []
        for part in turn.parts:
            if isinstance(part, CachePoint) and excess > 0:
                excess -= 1
            else:
                kept.append(part)
        turns.append(replace(turn, parts=tuple(kept)))
    return tuple(turns)


# -- tools --------------------------------------------------------------------------


def _tools(chat: Chat, lost: list[str]) -> Json:
    tools = [_tool(tool, lost) for tool in chat.tools]
    if tools and chat.cache_tools is not None:
        tools[-1]["cache_control"] = messages.cache_control(chat.cache_tools)
    return [*tools] or None


def _tool(tool: ToolSpec, lost: list[str]) -> dict[str, Json]:
    if not _NAME.fullmatch(tool.name):
        # The answer's reader knows nothing of the request, so a changed name could not be changed back.
        raise FaultError(
            FaultKind.UNSUPPORTED, "a tool's name: Anthropic takes 1 to 128 letters, digits, underscores and hyphens"
        )
    about: dict[str, Json] = {"description": tool.description} if tool.description else {}
    return {"name": tool.name, **about, "input_schema": schemas.of_tool(tool.schema, tool.name, lost)}


def _tool_choice(chat: Chat) -> Json:
    """Refused without tools, and the place of `parallel_tool_calls` too."""
    if not chat.tools or (chat.tool_choice is None and chat.parallel_tool_calls is not False):
        return None
    choice = chat.tool_choice or ToolChoice("auto")
    alone: dict[str, Json] = {} if chat.parallel_tool_calls is not False else {"disable_parallel_tool_use": True}
    match choice.mode:
        case "none":
            return {"type": "none"}
        case "auto":
            return {"type": "auto", **alone}
        case "required":
            return {"type": "any", **alone}
        case "named":
            return {"type": "tool", "name": choice.name, **alone}
