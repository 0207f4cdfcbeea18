"""OpenAI Responses: requests that stay with OpenAI: what changes in their bytes, and nothing else does.

What others thought, told to the client as OpenAI's, goes: OpenAI refuses what it did not make. A summary of ours is
told as a message.
"""

from collections.abc import Callable

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.base import ClientRequest, EncodedRequest, UpstreamEdit
from openclaw_extproc.wire.openai_responses import state
from openclaw_extproc.wire.openai_responses.client.compaction_items import summaries
from openclaw_extproc.wire.openai_responses.client.requests import LIMIT
from openclaw_extproc.wire.openai_responses.provider.upstream import PATH
from openclaw_extproc.wire.restrictions.openai_bodies import accepted_responses
from openclaw_extproc.wire.translation import provider_state


def edit(asked: ClientRequest, change: UpstreamEdit) -> EncodedRequest:
    limit = None if asked.body.get(LIMIT) is None else j.an_int(asked.body[LIMIT], at=LIMIT)
    wanted = change.limit(limit)
    return edit_at_path(asked, change, PATH, {} if wanted == limit else {LIMIT: wanted})


def edit_at_path(
    asked: ClientRequest, change: UpstreamEdit, path: str, also: dict[str, Json] | None = None
) -> EncodedRequest:
    """The request to this path, with the model's name and these changes."""
    changes: dict[str, Json] = {} if asked.body.get("model") == change.model else {"model": change.model}
    changes |= also or {}
    if provider_state.MARK.encode() in asked.raw:
        changes |= _left(asked.raw, lambda items: state.without_strangers(summaries_as_messages(items)))
    if change.fallback:
        changes |= _left(asked.raw, lambda items: state.without_reasoning(summaries_as_messages(items)))
    losses: list[str] = []
    body = accepted_responses({**asked.body, **changes}, change, losses, translated=False)
    changed = {key: value for key, value in body.items() if key in changes or value is not asked.body.get(key)}
    return EncodedRequest(path, j.patch(asked.raw, changed, remove=asked.body.keys() - body.keys()), tuple(losses))


def _left(raw: bytes, of: Callable[[list[Json]], list[Json]]) -> dict[str, Json]:
    items = j.parse(raw, where="request").get("input")
    kept = of(items) if isinstance(items, list) else items
    return {} if kept == items else {"input": kept}


def summaries_as_messages(items: list[Json]) -> list[Json]:
    """The items with our summaries as messages."""
    return [_as_message(item) for item in items]


def _as_message(item: Json) -> Json:
    if not isinstance(item, dict) or item.get("type") not in summaries.ITEMS:
        return item
    content = item.get("encrypted_content")
    summary = summaries.summary_of(content) if isinstance(content, str) else None
    if summary is None:
        return item
    return {"type": "message", "role": "user", "content": summaries.as_message(summary)}
