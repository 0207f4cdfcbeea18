"""What the tests of the Anthropic Messages format say and read. Fixtures: `tests/fixtures/anthropic_messages`."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import anthropic
import httpx2
from hypothesis import strategies as st

from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import (
    BlockEnded,
    Delta,
    Fact,
    Finished,
    Grammar,
    ThinkingProgress,
    ToolStarted,
    Usage,
    UsageReported,
)
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Chat, Text, Turn
from openclaw_extproc.wire.anthropic_messages import FORMAT
from openclaw_extproc.wire.base import ClientRequest, EncodedRequest, UpstreamEdit

assert FORMAT.client is not None
assert FORMAT.provider is not None
CLIENT, PROVIDER = FORMAT.client, FORMAT.provider

ROOT = Path(__file__).parents[2] / "fixtures" / "anthropic_messages"
CASES = sorted(path.name for path in ROOT.iterdir())
HELLO = Chat("claude", (Turn("user", (Text("Hello"),)),))


def ask(body: Mapping[str, Json]) -> ClientRequest:
    raw = j.dump(dict(body))
    return ClientRequest("/v1/messages", "", raw, j.parse(raw, where="request"))


def written(chat: Chat, change: UpstreamEdit | None = None) -> dict[str, Json]:
    return j.parse(encoded(chat, change).body, where="encoded")


def encoded(chat: Chat, change: UpstreamEdit | None = None) -> EncodedRequest:
    return PROVIDER.encode_request(chat, change or UpstreamEdit(chat.model))


def messages(*turns: Turn) -> list[Json]:
    return j.an_array(written(replace(HELLO, turns=turns))["messages"], at="messages")


def blocks(message: Json) -> list[dict[str, Json]]:
    content = j.an_array(j.an_object(message, at="message")["content"], at="content")
    return [j.an_object(block, at="block") for block in content]


def facts(streamed: bool, *chunks: bytes) -> list[Fact]:
    """Every fact of a whole body, checked against the grammar on the way."""
    decoder, grammar = PROVIDER.decoder(streamed), Grammar()
    told: list[Fact] = []
    for chunk in chunks:
        told += decoder.feed(chunk)
    told += decoder.end()
    for fact in told:
        grammar.check(fact)
    return told


def gist(told: Iterable[Fact]) -> list[Fact]:
    """The facts with deltas joined, JSON arguments in one spelling, usage summed up before the end, thoughts apart."""
    joined: list[Fact] = []
    usage = Usage()
    in_tool = False
    for fact in told:
        match fact, joined[-1] if joined else None:
            case UsageReported(seen), _:
                usage = usage.or_later(seen)
            case ThinkingProgress(), _:
                pass
            case Delta(text), Delta(before):
                joined[-1] = Delta(before + text)
            case BlockEnded(), Delta(text) if in_tool:
                joined[-1] = Delta(j.text(j.parse(text, where="arguments")))
                joined.append(fact)
            case Finished(), _:
                joined += [UsageReported(usage), fact]
            case _:
                in_tool = isinstance(fact, ToolStarted) or (in_tool and isinstance(fact, Delta))
                joined.append(fact)
    return joined


def block(start: dict[str, Json], *deltas: dict[str, Json], index: int = 0) -> Iterator[dict[str, Json]]:
    yield {"type": "content_block_start", "index": index, "content_block": start}
    for delta in deltas:
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


def sdk(status: int, content_type: str, body: bytes) -> anthropic.Anthropic:
    """The official client, answered with these bytes."""

    def reply(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(status, headers={"content-type": content_type}, content=body)

    http = httpx2.Client(transport=httpx2.MockTransport(reply))
    return anthropic.Anthropic(api_key="made-up", http_client=http, max_retries=0)


AWKWARD: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
