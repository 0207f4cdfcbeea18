"""OpenAI embeddings, both sides.

Source: https://platform.openai.com/docs/api-reference/embeddings and the types of the official SDK (openai-python
3.52), which asks for base64 unless its caller said otherwise.
Left out: lists of tokens pass only to the same format, because they mean something to the model alone that they were
counted for. Of an answer above 32 MB (2,048 vectors of 3,072 numbers) the usage is not known.

OpenAI embeddings: the request, read and written. See the package for the source.

OpenAI embeddings: the answer, read and written. See the package for the source.

Vectors in base64 for a client that asked for them, of a server that only has numbers.

OpenAI's SDKs ask for base64 unless told otherwise, and the JavaScript one reads nothing else. Ollama, llama.cpp and
others pass over `encoding_format`. An answer that is as it was asked for keeps every byte.
"""

from collections.abc import Iterator, Mapping

from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import Embedded, Fact, Started, Usage, UsageReported
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import Embed, Input
from openclaw_extproc.wire.base import (
    ByteTransform,
    ClientRequest,
    ClientSide,
    EncodedRequest,
    ProviderSide,
    UpstreamEdit,
    WireFormat,
)
from openclaw_extproc.wire.examples import HELLO, Body, Example, Likeness, has_any
from openclaw_extproc.wire.openai import api
from openclaw_extproc.wire.openai import errors as openai_errors
from openclaw_extproc.wire.openai.api import count, model, text, whole
from openclaw_extproc.wire.openai.errors import encode_error, fault_in_answer
from openclaw_extproc.wire.streams.sse import MAX_EVENT_BYTES
from openclaw_extproc.wire.translation import vectors
from openclaw_extproc.wire.translation.losses import MUST_CARRY, translation_losses

# -- requests --------------------------------------------------------------------------


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


# -- answers ---------------------------------------------------------------------------


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


# -- packing ---------------------------------------------------------------------------


def repack(embed: Embed) -> ByteTransform | None:
    return Packing() if embed.packed else None


class Packing:
    """Holds an answer until its end. One above the limit passes as it is."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._passes = False

    def feed(self, chunk: bytes) -> bytes:
        if self._passes:
            return chunk
        self._held += chunk
        if len(self._held) <= MAX_EVENT_BYTES:
            return b""
        self._passes = True
        return self._repack()

    def end(self) -> bytes:
        raw = self._repack()
        try:
            body = j.parse(raw, where="answer") if raw else {}
        except UnreadableError:
            return raw
        items = body.get("data")
        if not isinstance(items, list) or not any(_is_in_numbers(item) for item in items):
            return raw
        try:
            return j.patch(raw, {"data": [_to_base64(item) for item in items]})
        except UnreadableError:  # whoever decodes the answer says so
            return raw

    def _repack(self) -> bytes:
        raw = bytes(self._held)
        self._held.clear()
        return raw


def _is_in_numbers(item: Json) -> bool:
    return isinstance(item, dict) and isinstance(item.get("embedding"), list)


def _to_base64(item: Json) -> Json:
    if not isinstance(item, dict) or not _is_in_numbers(item):
        return item
    return {**item, "embedding": vectors.to_base64(vectors.read(item["embedding"], at="embedding"))}


# -- openai embeddings -----------------------------------------------------------------


NAME = "openai_embeddings"
PATH = "/embeddings"


EXAMPLE = Example(f"/v1{PATH}", {"input": HELLO}, streams=False)


def serves(path: str) -> bool:
    return path == EXAMPLE.path


def looks_like(body: Body) -> Likeness:
    embeds = has_any(body, "encoding_format", "dimensions") or "embed" in str(body.get("model", ""))
    return Likeness.CERTAIN if "input" in body and embeds else Likeness.NONE


def edit(asked: ClientRequest, change: UpstreamEdit) -> EncodedRequest:
    same = asked.body.get("model") == change.model
    return EncodedRequest(PATH, j.patch(asked.raw, {} if same else {"model": change.model}))


FORMAT = WireFormat(
    NAME,
    client=ClientSide(
        serves=serves,
        decode_request=decode_request,
        encoder=encoder,
        encode_error=openai_errors.encode_error,
        encode_stream_error=openai_errors.encode_stream_error,
        edit=edit,
        family="openai",
        example=EXAMPLE,
        looks_like=looks_like,
        repack=repack,
    ),
    provider=ProviderSide(
        base_path=api.base_path,
        credential_header=api.credential_header,
        headers=api.HEADERS,
        encode_request=lambda embed, change: EncodedRequest(PATH, *encode_request(embed, change)),
        decoder=decoder,
        decode_error=openai_errors.decode_error,
        simulator="openai",
        client_headers=api.CLIENT_HEADERS,
    ),
    operation="embeddings",
)
FORMATS = (FORMAT,)
