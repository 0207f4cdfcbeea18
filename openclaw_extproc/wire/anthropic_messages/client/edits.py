"""Requests that stay with Anthropic: what changes in their bytes, and nothing else does.

Thoughts that another provider had, told to the client as Anthropic's, go: Anthropic refuses a signature that is not its
own. Thinking by budget goes where Anthropic would refuse it: in a tool loop without a thought at its beginning, because
another provider, whose thoughts nobody saw, began it.
"""

from collections.abc import Mapping
from dataclasses import replace

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.anthropic_messages import state
from openclaw_extproc.wire.anthropic_messages.client.requests import PATH, decode_request, limit
from openclaw_extproc.wire.anthropic_messages.thinking import (
    MIN_BUDGET,
    NO_THOUGHT_BEFORE_TOOLS,
)
from openclaw_extproc.wire.base import Asked, Edit, Encoded
from openclaw_extproc.wire.claude import starts_with_thought
from openclaw_extproc.wire.translation import provider_state


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
    if provider_state.MARK.encode() in asked.raw:
        changes = {**changes, **_freed(asked)}
    if _by_budget(asked.body) and asked.body.get("messages") and not _started_with_thought(asked, changes):
        changes, losses = {**changes, "thinking": {"type": "disabled"}}, (NO_THOUGHT_BEFORE_TOOLS,)
    return Encoded(path, j.patch(asked.raw, changes), losses)


def _by_budget(body: Mapping[str, Json]) -> bool:
    thinking = body.get("thinking")
    return isinstance(thinking, dict) and thinking.get("type") == "enabled"


def _started_with_thought(asked: Asked, changes: Mapping[str, Json]) -> bool:
    body = {**asked.body, **changes}
    return starts_with_thought(decode_request(replace(asked, raw=b"", body=body)).turns)


def _freed(asked: Asked) -> dict[str, Json]:
    body = j.parse(asked.raw, where="request")
    given = j.an_array(body.get("messages"), at="messages")
    kept: list[Json] = [clean for message in given if (clean := _clean(message)) is not None]
    return {} if kept == given else {"messages": kept}


def _clean(message: Json) -> Json:
    """Without thoughts of others; `None` when nothing else is in it."""
    if not isinstance(message, dict) or not isinstance(content := message.get("content"), list):
        return message
    kept = [block for block in content if not state.foreign(block)]
    return {**message, "content": kept} if kept or not content else None
