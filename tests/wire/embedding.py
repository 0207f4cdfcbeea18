"""Requests for embeddings and their answers, for the tests of all formats that have them."""

from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import Embedded, Fact, Failed, Finished, Started, Stop, Usage, UsageReported
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Embed
from openclaw_extproc.wire import api_path_of, client_side
from openclaw_extproc.wire.base import ClientRequest, EncodedRequest, UpstreamEdit
from tests.samples import provider_side

FORMATS = ["gemini_embeddings", "openai_embeddings"]

OPENAI, GEMINI = "/v1/embeddings", "/v1beta/models/m:batchEmbedContents"
ONE = "/v1beta/models/m:embedContent"


def asked(target: str, body: dict[str, Json]) -> ClientRequest:
    spoken = api_path_of(target)
    assert spoken.served
    return ClientRequest(spoken.path, spoken.query, j.dump(body), body)


def read(target: str, body: dict[str, Json]) -> Embed:
    embed = api_path_of(target).client.decode_request(asked(target, body))
    assert isinstance(embed, Embed)
    return embed


def again(to: str, encoded: EncodedRequest) -> Embed:
    """What was written for a provider, as that format's client side reads it."""
    target = provider_side(to).base_path("") + encoded.path
    assert api_path_of(target).format == to
    return read(target, j.parse(encoded.body, where="encoded"))


def sent(to: str, embed: Embed, model: str = "m") -> EncodedRequest:
    return provider_side(to).encode_request(embed, UpstreamEdit(model))


def answer(*vectors: str | tuple[float, ...], tokens: int | None = 5, model: str = "m") -> list[Fact]:
    counted = [] if tokens is None else [UsageReported(Usage(input_tokens=tokens))]
    found = [Embedded(n, vector) for n, vector in enumerate(vectors)]
    return [Started("", model), *found, *counted, Finished(Stop.END)]


def written(client: str, embed: Embed, facts: list[Fact]) -> dict[str, Json]:
    encoder = client_side(client).encoder(embed, 0)
    parts = [encoder.feed(fact) for fact in facts]
    assert not any(parts[:-1]), "only the last fact makes an answer"
    return j.parse(parts[-1], where="answer")


def failed(facts: list[Fact]) -> Failed:
    assert isinstance(facts[-1], Failed)
    return facts[-1]
