"""Requests that stay with Anthropic: what changes in their bytes, and nothing else does.

Thoughts that another provider had, told to the client as Anthropic's, go: Anthropic refuses a signature that is not its
own. Thinking by budget goes where Anthropic would refuse it: in a tool loop without a thought at its beginning, because
another provider, whose thoughts nobody saw, began it.

Anthropic Messages: the messages of a request as pieces. See `wire/conversation`.

A message of the user that brings results of tools is no new round, whatever else it says.

Anthropic Messages: what an operator adds to a client's request. See `anthropic_messages` for the source.

A system text in blocks gets blocks of ours at its ends, so that what the client has cached stays cached. Temperatures
go up to 1, and not every model takes one, or takes one beside thinking or `top_p` (see `wire/claude`).
"""

from collections.abc import Mapping
from dataclasses import replace

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.anthropic_messages import thinking as state
from openclaw_extproc.wire.anthropic_messages.client import requests
from openclaw_extproc.wire.anthropic_messages.client.model_rules import fit_to_model
from openclaw_extproc.wire.anthropic_messages.client.requests import PATH, THREAD, decode_request, limit
from openclaw_extproc.wire.anthropic_messages.thinking import MIN_BUDGET, NO_THOUGHT_BEFORE_TOOLS
from openclaw_extproc.wire.base import ClientRequest, EncodedRequest, Injection, UpstreamEdit
from openclaw_extproc.wire.claude import Abilities, abilities, starts_with_thought
from openclaw_extproc.wire.conversation import Conversation, Piece
from openclaw_extproc.wire.edits import (
    a_text,
    around,
    content_around,
    merge_contents,
    part_list,
    texts_and_files,
    within,
)
from openclaw_extproc.wire.restrictions import betas, lengths
from openclaw_extproc.wire.restrictions.lengths import vendor_of
from openclaw_extproc.wire.translation import provider_state

# -- edits -----------------------------------------------------------------------------


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
    kept = requests.left_out(given)
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


# -- conversation ----------------------------------------------------------------------


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


# -- injection -------------------------------------------------------------------------


HOTTEST = 1.0


def inject(body: dict[str, Json], wanted: Injection, losses: list[str]) -> dict[str, Json]:
    amended = amend_system(body, wanted, losses)
    temperature = wanted.changes.temperature
    return amended if temperature is None else _with_temperature(amended, temperature, abilities(wanted.model), losses)


def amend_system(body: dict[str, Json], wanted: Injection, losses: list[str]) -> dict[str, Json]:  # noqa: ARG001  # the shape of all
    """Adds the operator's texts to the system prompt. A count of tokens needs no more, because it takes no
    temperature."""
    before, after = wanted.changes.preamble, wanted.changes.style
    return {**body, "system": content_around(body.get("system"), before, after, "text")} if before or after else body


def _with_temperature(body: dict[str, Json], temperature: float, able: Abilities, losses: list[str]) -> dict[str, Json]:
    if not able.samples or _thinks(body, able):
        losses.append("temperature: not beside thinking" if able.samples else "temperature: not this model")
        return body
    heated = {**body, "temperature": within(temperature, HOTTEST)}
    if not able.samples_both and heated.pop("top_p", None) is not None:
        losses.append("top_p: not beside temperature")
    return heated


def _thinks(body: Mapping[str, Json], able: Abilities) -> bool:
    asked = body.get("thinking")
    return able.unasked if not isinstance(asked, dict) else asked.get("type") != "disabled"
