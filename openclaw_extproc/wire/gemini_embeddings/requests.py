"""Gemini embeddings: the client's request, read and edited. See the package for the source."""

from collections.abc import Iterator

from openclaw_extproc.model import json as j
from openclaw_extproc.model.embed import Embed
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.base import ClientRequest, EncodedRequest, UpstreamEdit
from openclaw_extproc.wire.gemini.fields import Losses, fields, several, whole
from openclaw_extproc.wire.gemini_embeddings import paths

_CONFIG = "embedContentConfig"
_DIMENSIONS = "outputDimensionality"


def decode_request(asked: ClientRequest) -> Embed:
    model, method = paths.read(asked.path)
    body, losses = fields(asked.body, at="request"), Losses()
    texts: list[str] = []
    dimensions: set[int | None] = set()
    for at, request in _requests(body, method):
        texts.append(_text(request.get("content"), f"{at}content", losses))
        wanted = {**fields(request.get(_CONFIG), at=f"{at}{_CONFIG}"), **request}
        dimensions.add(whole(wanted.get(_DIMENSIONS), at=f"{at}{_DIMENSIONS}"))
        for key in wanted.keys() - {"model", "content", _DIMENSIONS, _CONFIG}:
            losses.drop(key, f"{at}{key}")
    if len(dimensions) > 1:
        losses.refuse(f"{_DIMENSIONS}: not the same for all")
    return Embed(
        model=model,
        inputs=tuple(texts),
        dimensions=next(iter(dimensions)),
        in_list=method == paths.SEVERAL,
        extras=j.without(body, frozenset({"requests"})) if method == paths.SEVERAL else {},
        losses=losses.all(),
    )


def _requests(body: dict[str, Json], method: str) -> Iterator[tuple[str, dict[str, Json]]]:
    """Yields each request of a batch, or the only one, with its place in the body."""
    if method == paths.ONE:
        yield "", body
        return
    items = several(body.get("requests"), at="requests")
    if not items:
        raise UnreadableError("requests: expected at least one")
    for n, item in enumerate(items):
        yield f"requests[{n}].", fields(item, at=f"requests[{n}]")


def _text(content: Json, at: str, losses: Losses) -> str:
    """Returns the text of a content. Gemini makes one vector of several parts."""
    if content is None:
        raise UnreadableError(f"{at}: expected an object, found nothing")
    found = fields(content, at=at)
    parts = [
        fields(part, at=f"{at}.parts[{n}]") for n, part in enumerate(several(found.get("parts"), at=f"{at}.parts"))
    ]
    if not parts:
        raise UnreadableError(f"{at}.parts: expected at least one")
    texts = [j.a_string(part["text"], at=f"{at}.parts.text") for part in parts if "text" in part]
    if len(texts) != len(parts):
        losses.refuse(f"{at}: more than text")
    if len(parts) > 1:
        losses.drop("parts", f"{at}.parts: their bounds")
    return "\n".join(texts)


def edit(asked: ClientRequest, change: UpstreamEdit) -> EncodedRequest:
    """The model stands in the path, and once more in each request of a batch."""
    model, method = paths.read(asked.path)
    changes: dict[str, Json] = {}
    if paths.body_name(model) == paths.body_name(change.model):
        pass
    elif method == paths.SEVERAL:
        requests = several(asked.body.get("requests"), at="requests")
        changes["requests"] = [_with_model(request, change.model) for request in requests]
    elif "model" in asked.body:
        changes["model"] = paths.body_name(change.model)
    return EncodedRequest(paths.write(change.model, method), j.patch(asked.raw, changes))


def _with_model(request: Json, model: str) -> Json:
    return {**j.an_object(request, at="requests[]"), "model": paths.body_name(model)}
