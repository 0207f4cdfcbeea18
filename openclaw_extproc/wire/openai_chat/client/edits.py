"""OpenAI Chat Completions: a request for a provider of the same format, edited. See `openai_chat` for the source.

Streams are asked to say their usage, which we count; `trimming` takes it out again where the client did not ask.
"""

from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire.base import ClientRequest, EncodedRequest, UpstreamEdit
from openclaw_extproc.wire.openai_chat.client.requests import LIMITS
from openclaw_extproc.wire.openai_chat.provider.upstream import PATH
from openclaw_extproc.wire.openai_chat.server_quirks import fit_to_server


def edit(asked: ClientRequest, change: UpstreamEdit) -> EncodedRequest:
    losses: list[str] = []
    wanted = {**asked.body, "model": change.model, **_with_cap(asked.body, change), **_with_usage(asked.body)}
    body = fit_to_server(wanted, change, losses)
    changes = {key: value for key, value in body.items() if key not in asked.body or value is not asked.body[key]}
    if changes.get("model") == asked.body.get("model"):
        changes.pop("model", None)
    removed = asked.body.keys() - body.keys()
    return EncodedRequest(PATH, j.patch(asked.raw, changes, remove=removed), tuple(losses))


def _with_cap(body: dict[str, Json], change: UpstreamEdit) -> dict[str, Json]:
    limits = {name: j.an_int(body[name], at=name) for name in LIMITS if body.get(name) is not None}
    if not limits and change.cap is not None:
        return {LIMITS[0]: change.cap}
    return {name: change.limit(asked) for name, asked in limits.items() if change.limit(asked) != asked}


def _with_usage(body: dict[str, Json]) -> dict[str, Json]:
    if body.get("stream") is not True:
        return {}
    options = body.get("stream_options")
    said = options if isinstance(options, dict) else {}
    return {} if said.get("include_usage") is True else {"stream_options": {**said, "include_usage": True}}
