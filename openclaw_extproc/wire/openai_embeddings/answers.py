"""OpenAI embeddings: the answer, read and written. See the package for the source."""

from collections.abc import Iterator

from openclaw_extproc.model import json as j
from openclaw_extproc.model.embed import Embed
from openclaw_extproc.model.facts import Embedded, Fact, Started, UsageReported
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.usage import Usage
from openclaw_extproc.wire.openai.api import count, text
from openclaw_extproc.wire.openai.errors import encode_error, fault_in_answer
from openclaw_extproc.wire.translation import vectors


def decoder(_: bool) -> vectors.VectorDecoder:
    """The reader of one answer. There are no streams."""
    return vectors.VectorDecoder(_read, fault_in_answer)


def encoder(embed: Embed, _created: int) -> vectors.VectorEncoder:
    """The writer of one answer, in the form of numbers that was asked for."""
    form = vectors.to_base64 if embed.packed else vectors.numbers

    def write(answer: vectors.Answer) -> dict[str, Json]:
        data: list[Json] = [
            {"object": "embedding", "index": index, "embedding": form(vector)}
            for index, vector in enumerate(answer.vectors())
        ]
        tokens = answer.usage.input_tokens
        usage: dict[str, Json] = {} if tokens is None else {"usage": {"prompt_tokens": tokens, "total_tokens": tokens}}
        return {"object": "list", "data": data, "model": answer.model, **usage}

    return vectors.VectorEncoder(embed, write, encode_error)


def _read(body: dict[str, Json]) -> Iterator[Fact]:
    items = j.an_array(body.get("data"), at="data")
    if not items:
        raise UnreadableError("data: expected vectors, found none")
    yield Started("", text(body, "model") or "")
    for n, item in enumerate(items):
        yield _read_vector(n, item)
    usage = body.get("usage")
    if isinstance(usage, dict) and (tokens := count(usage.get("prompt_tokens"))) is not None:
        yield UsageReported(Usage(input_tokens=tokens))


def _read_vector(n: int, item: Json) -> Embedded:
    """Reads one vector with its index. Where a server leaves the index out, the order is that of the inputs."""
    at = f"data[{n}]"
    found = j.an_object(item, at=at)
    index = n if found.get("index") is None else j.an_int(found["index"], at=f"{at}.index")
    return Embedded(index, vectors.read(found.get("embedding"), at=f"{at}.embedding"))
