"""OpenAI embeddings: the request, read and written. See the package for the source."""

from collections.abc import Mapping

from openclaw_extproc.model import json as j
from openclaw_extproc.model.embed import Embed, Input
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.wire.base import ClientRequest, UpstreamEdit
from openclaw_extproc.wire.openai.api import model, text, whole
from openclaw_extproc.wire.translation.losses import MUST_CARRY, translation_losses

_KNOWN_FIELDS = frozenset({"model", "input", "dimensions", "encoding_format", "user"})
_ENCODINGS = (None, "float", "base64")


def decode_request(asked: ClientRequest) -> Embed:
    body = asked.body
    inputs = _inputs(body.get("input"))
    encoding = text(body, "encoding_format")
    lost = [] if all(isinstance(one, str) for one in inputs) else [f"{MUST_CARRY}input: tokens"]
    if encoding not in _ENCODINGS:
        lost.append(f"{MUST_CARRY}encoding_format: unknown")  # other servers have more of them
    return Embed(
        model=model(body),
        inputs=inputs,
        dimensions=whole(body, "dimensions"),
        packed=encoding == "base64",
        user=text(body, "user"),
        extras=j.without(body, _KNOWN_FIELDS),
        losses=tuple(lost),
    )


def _inputs(value: Json) -> tuple[Input, ...]:
    """A text, several, the tokens of one, or of several."""
    if isinstance(value, str):
        return (value,)
    items = j.an_array(value, at="input")
    if not items:
        raise UnreadableError("input: expected at least one text")
    if isinstance(items[0], int):
        return (_tokens(items, at="input"),)
    return tuple(_input(item, at=f"input[{n}]") for n, item in enumerate(items))


def _input(item: Json, *, at: str) -> Input:
    return _tokens(item, at=at) if isinstance(item, list) else j.a_string(item, at=at)


def _tokens(items: list[Json], *, at: str) -> tuple[int, ...]:
    return tuple(j.an_int(item, at=f"{at}[{n}]") for n, item in enumerate(items))


def encode_request(embed: Embed, change: UpstreamEdit) -> tuple[bytes, tuple[str, ...]]:
    """The body, and what was lost."""
    said: Mapping[str, Json] = {
        "model": change.model,
        "input": [one if isinstance(one, str) else [*one] for one in embed.inputs],
        "dimensions": embed.dimensions,
        "encoding_format": "base64" if embed.packed else None,
        "user": embed.user,
    }
    return j.dump({key: value for key, value in said.items() if value is not None}), translation_losses(embed)
