"""Counts of tokens: asked for like a model call, answered by one number. What the vendors' have in common.

A count for a client of another format is the very prompt that a chat would be there, in the words of that vendor's
count. Left out there: what concerns the answer alone.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from openclaw_extproc.faults import Fault
from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import Fact, Failed, Finished, Started, Stop, Usage, UsageReported
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Chat
from openclaw_extproc.wire.base import (
    ClientRequest,
    Decoder,
    EncodedRequest,
    Injection,
    ProviderSide,
    UpstreamEdit,
    WireFormat,
    always_json,
    no_trimming,
)
from openclaw_extproc.wire.examples import Example, fits_nothing
from openclaw_extproc.wire.streams.event_decoder import WholeDecoder

MAX_BYTES = 64 * 1024
"""The size of a response body that has one number in it."""


def counting(
    name: str,
    of: WireFormat[Chat],
    *,
    key: str,
    path: str,
    serves: Callable[[str], bool],
    decode_request: Callable[[ClientRequest], Chat],
    edit: Callable[[ClientRequest, UpstreamEdit], EncodedRequest],
    estimate: Callable[[int], bytes],
    amend: Callable[[dict[str, Json], Injection, list[str]], dict[str, Json]],
    written: Callable[[dict[str, Json], str], tuple[str, dict[str, Json]]],
) -> WireFormat[Chat]:
    """A vendor's way to count, beside its chat format `of`.

    `key`: under which the number stands in an answer. `written`: from a chat's body and the model to path and body.
    """
    assert of.client is not None
    assert of.provider is not None
    of_client = of.client

    def encoder(_chat: Chat, _limit: int) -> CountEncoder:
        return CountEncoder(estimate, of_client.encode_error)

    client = replace(
        of.client,
        serves=serves,
        decode_request=decode_request,
        encoder=encoder,
        edit=edit,
        example=Example(path, of.client.example.body, streams=False),
        looks_like=fits_nothing,
        content_type=always_json,
        estimate=estimate,
        trim=no_trimming,
        amend=amend,
        conversation=None,
    )
    counts = _provider(of.provider, key, written)
    return WireFormat(name, client, counts, operation="count_tokens", same_vendor=of.name, translated=False)


def _provider(
    of: ProviderSide[Chat], key: str, written: Callable[[dict[str, Json], str], tuple[str, dict[str, Json]]]
) -> ProviderSide[Chat]:
    encode_chat = of.encode_request

    def encode_request(chat: Chat, change: UpstreamEdit) -> EncodedRequest:
        encoded = encode_chat(replace(chat, stream=False), change)
        to, body = written(j.parse(encoded.body, where="encoded"), change.model)
        return EncodedRequest(to, j.dump(body), encoded.losses)

    def decoder(_streamed: bool) -> Decoder:
        return count_decoder(key)

    return replace(of, decoder=decoder, encode_request=encode_request)


def count_decoder(key: str) -> Decoder:
    def told(body: dict[str, Json]) -> Iterator[Fact]:
        tokens = j.an_amount(body.get(key), at=key)
        yield Started("", "")
        yield UsageReported(Usage(input_tokens=tokens))
        yield Finished(Stop.END)

    return WholeDecoder(told, limit=MAX_BYTES)


class CountEncoder:
    """Writes a provider's count for a client of another format."""

    def __init__(self, write: Callable[[int], bytes], encode_error: Callable[[Fault], bytes]) -> None:
        self._write = write
        self._encode_error = encode_error
        self._tokens = 0

    def feed(self, fact: Fact) -> bytes:
        match fact:
            case UsageReported(usage):
                self._tokens = usage.input_tokens or 0
                return b""
            case Finished():
                return self._write(self._tokens)
            case Failed(fault):
                return self._encode_error(fault)
            case _:
                return b""
