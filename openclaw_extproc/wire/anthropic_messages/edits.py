"""Requests that stay with Anthropic: what changes in their bytes, and nothing else does.

Thoughts that another provider had, told to the client as Anthropic's, go: Anthropic refuses a signature that is not its
own. Where that leaves a tool loop without the thought it began with, thinking by budget is refused too, and goes.
"""

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire import sealed
from openclaw_extproc.wire.anthropic_messages import state
from openclaw_extproc.wire.anthropic_messages.requests import PATH, decode_request, limit
from openclaw_extproc.wire.anthropic_messages.thinking import (
    MIN_BUDGET,
    NO_THOUGHT_BEFORE_TOOLS,
    starts_with_thought,
)
from openclaw_extproc.wire.base import Asked, Edit, Encoded


def edit(asked: Asked, change: Edit) -> Encoded:
    given = limit(asked.body)
    wanted = change.limit(given)
    if wanted == given or wanted is None:
        return _edited(asked, change, {}, PATH)
    return _edited(asked, change, {"max_tokens": wanted, **_thinking_within(wanted, asked.body.get("thinking"))}, PATH)


def _thinking_within(limit: int, thinking: Json) -> dict[str, Json]:
    """Anthropic refuses a budget that is not below the limit; a limit of ours has to make it fit."""
    budget = thinking.get("budget_tokens") if isinstance(thinking, dict) else None
    if not isinstance(thinking, dict) or not isinstance(budget, int) or budget < limit:
        return {}
    if limit <= MIN_BUDGET:
        return {"thinking": {"type": "disabled"}}
    return {"thinking": {**thinking, "budget_tokens": limit - 1}}


def edit_without_limit(asked: Asked, change: Edit, path: str) -> Encoded:
    """For a request that asks for no output."""
    return _edited(asked, change, {}, path)


def _edited(asked: Asked, change: Edit, changes: dict[str, Json], path: str) -> Encoded:
    losses: tuple[str, ...] = ()
    if asked.body.get("model") != change.model:
        changes = {"model": change.model, **changes}
    if sealed.MARK.encode() in asked.raw:
        freed, losses = _freed(asked)
        changes = {**changes, **freed}
    return Encoded(path, j.patch(asked.raw, changes), losses)


def _freed(asked: Asked) -> tuple[dict[str, Json], tuple[str, ...]]:
    body = j.parse(asked.raw, where="request")
    given = j.an_array(body.get("messages"), at="messages")
    kept: list[Json] = [clean for message in given if (clean := _clean(message)) is not None]
    if kept == given:
        return {}, ()
    changes: dict[str, Json] = {"messages": kept}
    thinking = body.get("thinking")
    by_budget = isinstance(thinking, dict) and thinking.get("type") == "enabled"
    if by_budget and not starts_with_thought(decode_request(Asked(asked.path, asked.query, b"", body | changes)).turns):
        return {**changes, "thinking": {"type": "disabled"}}, (NO_THOUGHT_BEFORE_TOOLS,)
    return changes, ()


def _clean(message: Json) -> Json:
    """Without thoughts of others; `None` when nothing else is in it."""
    if not isinstance(message, dict) or not isinstance(content := message.get("content"), list):
        return message
    kept = [block for block in content if not state.foreign(block)]
    return {**message, "content": kept} if kept or not content else None
