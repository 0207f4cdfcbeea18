"""Google Gemini `embedContent` and `batchEmbedContents`, both sides.

Source: https://ai.google.dev/api/embeddings and the official SDK (google-genai 3.4), which sends every request as a
batch. Usage stands in `usageMetadata.promptTokenCount` (maximhq/bifrost#7295); earlier models said none.
Left out: Vertex AI's `predict`. What is not text passes only to the same format; task types and titles are dropped
on the way to another, by name.

Gemini embeddings: the client's request, read and edited. See the package for the source.

Gemini embeddings: the answer, read and written. See the package for the source.

The paths of Gemini embeddings: each has the model, and says whether there is one text or several.

Gemini embeddings: the request to a provider, written. See the package for the source.
"""

from collections.abc import Iterator

from openclaw_extproc.faults import FaultError, FaultKind
from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import Embedded, Fact, Started, Usage, UsageReported
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import Embed
from openclaw_extproc.wire.base import ClientRequest, ClientSide, EncodedRequest, ProviderSide, UpstreamEdit, WireFormat
from openclaw_extproc.wire.examples import HELLO, Body, Example, Likeness
from openclaw_extproc.wire.gemini import FORMAT as CHAT
from openclaw_extproc.wire.gemini import api
from openclaw_extproc.wire.gemini.api import Losses, fields, several, whole
from openclaw_extproc.wire.gemini.errors import encode_error, fault_in_answer
from openclaw_extproc.wire.translation import vectors
from openclaw_extproc.wire.translation.losses import translation_losses

# -- answers ---------------------------------------------------------------------------


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


# -- paths -----------------------------------------------------------------------------


ONE, SEVERAL = api.EMBED, api.EMBED_BATCH


def serves(path: str) -> bool:
    return api.serves(path, (ONE, SEVERAL))


read, write = api.read, api.write


def body_name(model: str) -> str:
    """Returns the name of a model as a body has it."""
    return model if model.startswith("tunedModels/") else f"models/{model.removeprefix('models/')}"


# -- requests --------------------------------------------------------------------------


_CONFIG = "embedContentConfig"
_DIMENSIONS = "outputDimensionality"


def decode_request(asked: ClientRequest) -> Embed:
    model, method = read(asked.path)
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
        in_list=method == SEVERAL,
        extras=j.without(body, frozenset({"requests"})) if method == SEVERAL else {},
        losses=losses.all(),
    )


def _requests(body: dict[str, Json], method: str) -> Iterator[tuple[str, dict[str, Json]]]:
    """Yields each request of a batch, or the only one, with its place in the body."""
    if method == ONE:
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
    model, method = read(asked.path)
    changes: dict[str, Json] = {}
    if body_name(model) == body_name(change.model):
        pass
    elif method == SEVERAL:
        requests = several(asked.body.get("requests"), at="requests")
        changes["requests"] = [_with_model(request, change.model) for request in requests]
    elif "model" in asked.body:
        changes["model"] = body_name(change.model)
    return EncodedRequest(write(change.model, method), j.patch(asked.raw, changes))


def _with_model(request: Json, model: str) -> Json:
    return {**j.an_object(request, at="requests[]"), "model": body_name(model)}


# -- upstream --------------------------------------------------------------------------


MAX_INPUTS = 100
"""The number of texts in one batch (lancedb/lancedb#3618). OpenAI takes 2,048."""


def encode_request(embed: Embed, change: UpstreamEdit) -> EncodedRequest:
    losses = translation_losses(embed, () if embed.user is None else ("user",))
    if len(embed.inputs) > MAX_INPUTS:
        raise FaultError(FaultKind.UNSUPPORTED, f"input: the provider embeds at most {MAX_INPUTS} texts at once")
    size: dict[str, Json] = {} if embed.dimensions is None else {"outputDimensionality": embed.dimensions}
    requests: list[Json] = [
        {"model": body_name(change.model), "content": {"parts": [{"text": text}]}, **size}
        for text in embed.inputs
        if isinstance(text, str)  # tokens were refused above
    ]
    return EncodedRequest(write(change.model, SEVERAL), j.dump({"requests": requests}), losses)


# -- gemini embeddings -----------------------------------------------------------------


NAME = "gemini_embeddings"

EXAMPLE = Example("/v1beta/models/{model}:embedContent", {"content": {"parts": [{"text": HELLO}]}}, streams=False)


def looks_like(body: Body) -> Likeness:
    return Likeness.CERTAIN if "content" in body else Likeness.NONE


assert CHAT.client is not None
assert CHAT.provider is not None

FORMAT = WireFormat(
    NAME,
    client=ClientSide(
        serves=serves,
        decode_request=decode_request,
        encoder=encoder,
        encode_error=CHAT.client.encode_error,
        encode_stream_error=CHAT.client.encode_stream_error,
        edit=edit,
        family=CHAT.client.family,
        example=EXAMPLE,
        looks_like=looks_like,
    ),
    provider=ProviderSide(
        base_path=CHAT.provider.base_path,
        credential_header=CHAT.provider.credential_header,
        headers=CHAT.provider.headers,
        encode_request=encode_request,
        decoder=decoder,
        decode_error=CHAT.provider.decode_error,
        simulator=CHAT.provider.simulator,
        client_headers=CHAT.provider.client_headers,
        retry_after=CHAT.provider.retry_after,
    ),
    operation="embeddings",
    same_vendor=CHAT.name,
)
FORMATS = (FORMAT,)
