"""What the tests of the OpenAI Responses format say and read. Fixtures: `tests/fixtures/openai_responses`."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import httpx2
import openai
import pytest

from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import (
    BlockEnded,
    Delta,
    Fact,
    Started,
    StateAttached,
    TextStarted,
    ThoughtStarted,
    Usage,
    UsageReported,
)
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Chat, SealedState, Text, Turn
from openclaw_extproc.wire.base import ClientRequest, EncodedRequest, UpstreamEdit
from openclaw_extproc.wire.openai_responses import FORMAT
from tests import samples

assert FORMAT.client is not None
assert FORMAT.provider is not None
CLIENT, PROVIDER = FORMAT.client, FORMAT.provider

ROOT = Path(__file__).parents[2] / "fixtures" / "openai_responses"
CASES = sorted(path.name for path in ROOT.iterdir())
PNG = "iVBORw0KGgo="
CREATED = 1_754_000_000

NATIVE = SealedState("openai", '{"id":"rs_1","encrypted_content":"gAAAAopaque"}')
FOREIGN = SealedState("anthropic", "c2lnbmF0dXJl")

every_case = pytest.mark.parametrize("case", CASES)


def ask(**body: Json) -> ClientRequest:
    raw = j.dump({"model": "gpt-5", "input": "Hello", **body})
    return ClientRequest("/v1/responses", "", raw, j.parse(raw, where="request"))


def read(**body: Json) -> Chat:
    return CLIENT.decode_request(ask(**body))


def chat(*turns: Turn, stream: bool = True) -> Chat:
    return Chat("gpt-5", turns or (Turn("user", (Text("Hello"),)),), stream=stream)


def sent(request: Chat, edit: UpstreamEdit | None = None) -> dict[str, Json]:
    return body_of(PROVIDER.encode_request(request, edit or UpstreamEdit("gpt-5")))


def body_of(encoded: EncodedRequest) -> dict[str, Json]:
    return j.parse(encoded.body, where="encoded")


def write(request: Chat, facts: Iterable[Fact]) -> bytes:
    encoder = CLIENT.encoder(request, CREATED)
    return b"".join([encoder.feed(fact) for fact in facts])


def events_in(stream: bytes) -> list[dict[str, Json]]:
    """The data of all events; each one's name is its type."""
    told: list[dict[str, Json]] = []
    for block in stream.decode().split("\n\n")[:-1]:
        name, _, data = block.partition("\n")
        told.append(j.parse(data.removeprefix("data: "), where="event"))
        assert name == f"event: {told[-1]['type']}"
    return told


def stream_of(*events: Mapping[str, Json]) -> bytes:
    return b"".join(b"data: " + j.dump({"sequence_number": n, **event}) + b"\n\n" for n, event in enumerate(events))


def facts_of(*chunks: bytes, streamed: bool = True) -> list[Fact]:
    return samples.decode(PROVIDER, *chunks, streamed=streamed)


def joined(facts: Iterable[Fact]) -> list[Fact]:
    """Facts of one meaning look the same: deltas of a block in one piece, usage as the last fact but one."""
    told: list[Fact] = []
    usage = Usage()
    for fact in facts:
        match fact, told[-1] if told else None:
            case Delta(more), Delta(text):
                told[-1] = Delta(text + more)
            case UsageReported(seen), _:
                usage = usage.or_later(seen)
            case _:
                told.append(fact)
    return [*told[:-1], UsageReported(usage), told[-1]]


def thinking(text: str, sealed: SealedState | None = None) -> list[Fact]:
    shown: list[Fact] = [Delta(text)] if text else []
    signed: list[Fact] = [StateAttached(sealed)] if sealed else []
    return [ThoughtStarted(), *shown, *signed, BlockEnded()]


def saying(text: str) -> list[Fact]:
    return [TextStarted(), Delta(text), BlockEnded()]


BEGUN = Started("resp_1", "gpt-5-2025")


def sdk_answering(body: bytes, *, status: int = 200, content_type: str = "text/event-stream") -> openai.OpenAI:
    """The official SDK in front of one recorded answer."""

    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(status, content=body, headers={"content-type": content_type})

    return openai.OpenAI(api_key="k", max_retries=0, http_client=httpx2.Client(transport=httpx2.MockTransport(answer)))
