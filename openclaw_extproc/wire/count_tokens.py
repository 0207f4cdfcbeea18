"""Counts of tokens: asked for like a model call, answered by one number. What two vendors' have in common."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from openclaw_extproc.model import json as j
from openclaw_extproc.model.chat import Chat
from openclaw_extproc.model.facts import Fact, Finished, Started, Stop, UsageReported
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.usage import Usage
from openclaw_extproc.wire.base import (
    ClientRequest,
    Decoder,
    Encoded,
    Injection,
    UpstreamEdit,
    WireFormat,
    always_json,
    untrimmed,
)
from openclaw_extproc.wire.examples import Example, fits_nothing
from openclaw_extproc.wire.streams.json_body import WholeDecoder

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
    edit: Callable[[ClientRequest, UpstreamEdit], Encoded],
    estimate: Callable[[int], bytes],
    amend: Callable[[dict[str, Json], Injection, list[str]], dict[str, Json]],
) -> WireFormat[Chat]:
    """A vendor's way to count, beside its chat format `of`: passed to who can count, estimated otherwise.

    `key`: under which the number stands in an answer. `path`: where clients of it ask, as of `Example`.
    """
    assert of.client is not None
    assert of.provider is not None

    def decoder(_: bool) -> Decoder:
        return count_decoder(key)

    client = replace(
        of.client,
        serves=serves,
        decode_request=decode_request,
        encoder=_encoder,
        edit=edit,
        example=Example(path, of.client.example.body, streams=False),
        looks_like=fits_nothing,
        content_type=always_json,
        estimate=estimate,
        trim=untrimmed,
        amend=amend,
        conversation=None,
    )
    provider = replace(of.provider, decoder=decoder)
    return WireFormat(name, client, provider, operation="count_tokens", same_vendor=of.name, translated=False)


def count_decoder(key: str) -> Decoder:
    def told(body: dict[str, Json]) -> Iterator[Fact]:
        tokens = j.an_amount(body.get(key), at=key)
        yield Started("", "")
        yield UsageReported(Usage(input_tokens=tokens))
        yield Finished(Stop.END)

    return WholeDecoder(told, limit=MAX_BYTES)


class CountEncoder:
    """An encoder that only completes the record: a count is never translated, it is passed on or estimated."""

    def feed(self, fact: Fact) -> bytes:
        raise AssertionError(f"a count is not translated: {type(fact).__name__}")


def _encoder(_: Chat, created: int) -> CountEncoder:  # noqa: ARG001  # the shape of every encoder
    return CountEncoder()
