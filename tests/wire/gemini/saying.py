"""What the tests of the Gemini format say and read. Fixtures: `tests/fixtures/gemini`."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

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
from openclaw_extproc.wire.base import EncodedRequest, UpstreamEdit
from openclaw_extproc.wire.gemini import FORMAT

assert FORMAT.client is not None
assert FORMAT.provider is not None
CLIENT, PROVIDER = FORMAT.client, FORMAT.provider

ROOT = Path(__file__).parents[2] / "fixtures" / "gemini"
CASES = sorted(path.name for path in ROOT.iterdir())
HELLO = Chat("gemini", (Turn("user", (Text("Hello"),)),))
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
STREAM = "/v1beta/models/gemini:streamGenerateContent"
WHOLE = "/v1beta/models/gemini:generateContent"
GEMINIS = (
    *("gemini-2.0-flash", "gemini-2.5-flash", "gemini-2.5-flash-lite", "gemini-2.5-pro", "gemini-3-pro-preview"),
    *("gemini-3.1-pro-preview", "gemini-3-flash-preview", "gemini-3.8-flash", "gemini-flash-latest", "gemma-4-31b"),
)
"""Models of every family."""


def encoded(chat: Chat, change: UpstreamEdit | None = None) -> EncodedRequest:
    return PROVIDER.encode_request(chat, change or UpstreamEdit(chat.model))


def written(chat: Chat, change: UpstreamEdit | None = None) -> dict[str, Json]:
    return j.parse(encoded(chat, change).body, where="encoded")


def contents(*turns: Turn) -> Json:
    return written(replace(HELLO, turns=turns))["contents"]


def sse(*chunks: Mapping[str, Json]) -> bytes:
    return b"".join(b"data: %s\r\n\r\n" % j.dump(dict(chunk)) for chunk in chunks)


def candidate(*parts: Json, reason: Json = "STOP", **more: Json) -> dict[str, Json]:
    said: Json = {"content": {"role": "model", "parts": [*parts]}, "finishReason": reason}
    return {"candidates": [said], "responseId": "r-1", "modelVersion": "gemini", **more}


def answer(*chunks: Mapping[str, Json]) -> list[Fact]:
    return facts(True, sse(*chunks))


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


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
