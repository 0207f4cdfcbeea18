"""Gemini embeddings: the answer, read and written. See the package for the source."""

from collections.abc import Iterator

from openclaw_extproc.model import json as j
from openclaw_extproc.model.embed import Embed
from openclaw_extproc.model.facts import Embedded, Fact, Started, UsageReported
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.usage import Usage
from openclaw_extproc.wire.gemini.errors import encode_error, fault_in_answer
from openclaw_extproc.wire.gemini.fields import fields, whole
from openclaw_extproc.wire.translation import vectors


def decoder(_: bool) -> vectors.VectorDecoder:
    """The reader of one answer. There are no streams."""
    return vectors.VectorDecoder(_read, fault_in_answer)


def encoder(embed: Embed, _created: int) -> vectors.VectorEncoder:
    """The writer of one answer: a list, where a list was asked for."""

    def write(answer: vectors.Answer) -> dict[str, Json]:
        found: list[Json] = [{"values": vectors.numbers(vector)} for vector in answer.vectors()]
        tokens = answer.usage.input_tokens
        usage: dict[str, Json] = {} if tokens is None else {"usageMetadata": {"promptTokenCount": tokens}}
        return {"embeddings": found, **usage} if embed.in_list else {"embedding": found[0], **usage}

    return vectors.VectorEncoder(embed, write, encode_error)


def _read(body: dict[str, Json]) -> Iterator[Fact]:
    items = [body["embedding"]] if "embedding" in body else j.an_array(body.get("embeddings"), at="embeddings")
    if not items:
        raise UnreadableError("embeddings: expected vectors, found none")
    yield Started("", "")
    for n, item in enumerate(items):
        at = f"embeddings[{n}]"
        yield Embedded(n, vectors.read(j.an_object(item, at=at).get("values"), at=f"{at}.values"))
    if (tokens := _tokens(body.get("usageMetadata"))) is not None:
        yield UsageReported(Usage(input_tokens=tokens))


def _tokens(usage: Json) -> int | None:
    """What is no count says nothing."""
    try:
        return whole(fields(usage, at="usageMetadata").get("promptTokenCount"), at="promptTokenCount")
    except UnreadableError:
        return None
