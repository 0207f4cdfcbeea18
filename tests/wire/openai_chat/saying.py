"""What the tests of the OpenAI Chat Completions format say and read. Fixtures: `tests/fixtures/openai_chat`."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import httpx2
import openai
import pytest
from hypothesis import strategies as st

from openclaw_extproc.model import json as j
from openclaw_extproc.model.facts import Delta, Fact, Grammar, Usage, UsageReported
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Chat, Text, Turn
from openclaw_extproc.wire.base import ClientRequest, Decoder, EncodedRequest
from openclaw_extproc.wire.openai_chat import FORMAT

assert FORMAT.client is not None
assert FORMAT.provider is not None
CLIENT, PROVIDER = FORMAT.client, FORMAT.provider

ROOT = Path(__file__).parents[2] / "fixtures" / "openai_chat"
CASES = sorted(path.name for path in ROOT.iterdir())
PNG = "iVBORw0KGgo="

every_case = pytest.mark.parametrize("case", CASES)


def ask(body: Mapping[str, Json]) -> ClientRequest:
    raw = j.dump(dict(body))
    return ClientRequest("/v1/chat/completions", "", raw, j.parse(raw, where="request"))


def user(*parts: Json) -> Json:
    return {"role": "user", "content": list(parts)}


def call(id: str, name: str, arguments: str) -> Json:
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def body_of(encoded: EncodedRequest) -> dict[str, Json]:
    return j.parse(encoded.body, where="encoded")


def facts_of(decoder: Decoder, chunks: Iterable[bytes]) -> list[Fact]:
    """Every fact of an answer, checked against the grammar."""
    grammar = Grammar()
    facts: list[Fact] = []
    for chunk in chunks:
        facts += decoder.feed(chunk)
    facts += decoder.end()
    for fact in facts:
        grammar.check(fact)
    return facts


def chunk(delta: Json = None, reason: str | None = None, **more: Json) -> Json:
    choice: Json = {"index": 0, "delta": delta, "finish_reason": reason}
    return {"id": "chatcmpl-1", "model": "gpt", "choices": [choice], **more}


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


def chat(*, stream: bool = True, usage: bool = False) -> Chat:
    extras: dict[str, Json] = {"stream_options": {"include_usage": True}} if usage else {}
    return Chat("gpt", (Turn("user", (Text("Hello"),)),), stream=stream, extras=extras)


AWKWARD: st.SearchStrategy[Json] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["role", "content", "type", "text", "image_url", "url", "tool_calls", "function", "id", "name"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def sdk_answering(body: bytes, *, status: int = 200, content_type: str = "text/event-stream") -> openai.OpenAI:
    """The official SDK in front of one recorded answer."""

    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(status, content=body, headers={"content-type": content_type})

    return openai.OpenAI(api_key="k", max_retries=0, http_client=httpx2.Client(transport=httpx2.MockTransport(answer)))
