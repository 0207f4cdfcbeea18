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
from openclaw_extproc.wire.anthropic_messages.client import billing
from openclaw_extproc.wire.anthropic_messages.client.model_rules import fit_to_model
from openclaw_extproc.wire.anthropic_messages.client.requests import PATH, decode_request, limit
from openclaw_extproc.wire.anthropic_messages.thinking import MIN_BUDGET, NO_THOUGHT_BEFORE_TOOLS
from openclaw_extproc.wire.base import ClientRequest, EncodedRequest, UpstreamEdit
from openclaw_extproc.wire.claude import starts_with_thought
from openclaw_extproc.wire.restrictions import betas, lengths
from openclaw_extproc.wire.restrictions.addresses import vendor_of
from openclaw_extproc.wire.translation import provider_state


def edit(asked: ClientRequest, change: UpstreamEdit) -> EncodedRequest:
    given = limit(asked.body)
    wanted = change.limit(given)
    if wanted == given or wanted is None:
        return _encode(asked, change, {}, PATH)
    return _encode(asked, change, {"max_tokens": wanted, **_thinking_within(wanted, asked.body.get("thinking"))}, PATH)


def _thinking_within(limit: int, thinking: Json) -> dict[str, Json]:
    """Anthropic refuses a budget that is not below the limit; a limit of ours has to make it fit."""
    budget = thinking.get("budget_tokens") if isinstance(thinking, dict) else None
    if not isinstance(thinking, dict) or not isinstance(budget, int) or budget < limit:
        return {}
    if limit <= MIN_BUDGET:
        return {"thinking": {"type": "disabled"}}
    return {"thinking": {**thinking, "budget_tokens": limit - 1}}


def edit_without_limit(asked: ClientRequest, change: UpstreamEdit, path: str) -> EncodedRequest:
    """Edits a request that asks for no output, which therefore gets no `max_tokens`."""
    return _encode(asked, change, {}, path)


def _encode(asked: ClientRequest, change: UpstreamEdit, changes: dict[str, Json], path: str) -> EncodedRequest:
    losses: list[str] = []
    if asked.body.get("model") != change.model:
        changes = {"model": change.model, **changes}
    if provider_state.MARK.encode() in asked.raw:
        changes = {**changes, **_without_foreign_thinking(asked)}
    wanted = {**asked.body, **changes, **_not_for(asked, change)}
    body = fit_to_model(_short(wanted, change, losses), asked.body.get("model"), change, losses)
    if body.get("system") in ("", []) and asked.body.get("system") != body["system"]:
        del body["system"]
    if _by_budget(body) and body.get("messages") and not _started_with_thought(asked, body):
        body["thinking"] = {"type": "disabled"}
        losses.append(NO_THOUGHT_BEFORE_TOOLS)
    changed = {key: value for key, value in body.items() if key in changes or value is not asked.body.get(key)}
    raw = j.patch(asked.raw, changed, remove=asked.body.keys() - body.keys())
    return EncodedRequest(path, raw, tuple(losses), _headers(change))


def _headers(change: UpstreamEdit) -> dict[str, str]:
    """Flags for a provider that is asked with a key of ours; nothing where the client's go as they are."""
    said = change.headers.get(betas.HEADER, "")
    kept = said if change.provider.auth == "forward" else betas.without_oauth(said)
    return {} if betas.OAUTH not in said or kept == said else {betas.HEADER: kept}


def _short(body: dict[str, Json], change: UpstreamEdit, losses: list[str]) -> dict[str, Json]:
    """Returns the body with a `metadata.user_id` that is short enough for Anthropic."""
    metadata = body.get("metadata")
    user = metadata.get("user_id") if isinstance(metadata, dict) else None
    if vendor_of(change.provider) != "anthropic" or not isinstance(metadata, dict) or not isinstance(user, str):
        return body
    kept = lengths.anthropic_user(user, losses)
    return body if kept == user else {**body, "metadata": {**metadata, "user_id": kept}}


def _not_for(asked: ClientRequest, change: UpstreamEdit) -> dict[str, Json]:
    """What only Anthropic itself has to know, changed for everybody else. Who is asked with the caller's own credential
    is Anthropic, at whatever address."""
    if vendor_of(change.provider) == "anthropic" or change.provider.auth == "forward":
        return {}
    given = asked.body.get("system")
    kept = billing.left_out(given)
    return {} if kept is given else {"system": kept}


def _by_budget(body: Mapping[str, Json]) -> bool:
    thinking = body.get("thinking")
    return isinstance(thinking, dict) and thinking.get("type") == "enabled"


def _started_with_thought(asked: ClientRequest, changes: Mapping[str, Json]) -> bool:
    return starts_with_thought(decode_request(replace(asked, raw=b"", body={**asked.body, **changes})).turns)


def _without_foreign_thinking(asked: ClientRequest) -> dict[str, Json]:
    body = j.parse(asked.raw, where="request")
    given = j.an_array(body.get("messages"), at="messages")
    kept: list[Json] = [clean for message in given if (clean := _clean(message)) is not None]
    return {} if kept == given else {"messages": kept}


def _clean(message: Json) -> Json:
    """Returns a message without the thinking of other models; `None` when nothing else is in it."""
    if not isinstance(message, dict) or not isinstance(content := message.get("content"), list):
        return message
    kept = [block for block in content if not state.foreign(block)]
    return {**message, "content": kept} if kept or not content else None
