"""Every fault, at every endpoint of the OpenAI-shaped simulator: it breaks as it says, never by a crash of ours."""

import asyncio
import json

import httpx
import pytest

from openclaw_simulator import FAULTS, serve
from openclaw_simulator.reading import Json
from tests.simulator.asking import Request, client

KEYS = {"authorization": "Bearer test", "api-key": "test"}
CHAT: dict[str, Json] = {"messages": [{"role": "user", "content": "hello you"}]}
WAYS: dict[str, tuple[str, dict[str, Json]]] = {
    "responses": ("/v1/responses", {"input": "hello you", "reasoning": {"summary": "auto"}}),
    "responses streamed": ("/v1/responses", {"input": "hello you", "stream": True}),
    "completions": ("/v1/completions", {"prompt": "hello you"}),
    "completions streamed": ("/v1/completions", {"prompt": "hello you", "stream": True}),
    "embeddings": ("/v1/embeddings", {"input": "hello you"}),
    "anything": ("/v1/images/generations", {}),
    "azure": ("/openai/deployments/mine/chat/completions?api-version=1", CHAT),
    "azure streamed": ("/openai/deployments/mine/chat/completions?api-version=1", {**CHAT, "stream": True}),
}
STATUS = {name: int(name[:3]) for name in FAULTS if name[:3].isdecimal()} | {
    "flap": 503,
    "context-length": 400,
    "html-502": 502,
    "no-credit": 429,
}
BROKEN = ("reset", "reset-mid", "silent", "interim", "gzip-lies")
"""The connection ends without an answer that is whole."""
TIMED = ("silent", "interim", "late", "opened", "headers-then-silent", "stall", "slow", "alive")
NOT_WHOLE = ("first-event-error", "lifecycle-then-error", "mid-error")
"""Have no events to break in a whole answer: 503."""


def meet(way: str, *faults: str) -> list[tuple[int | None, str]]:
    """Of each fault the status, `None` for a broken connection, and the text."""

    async def inside() -> list[tuple[int | None, str]]:
        async with serve("openai", "sim") as simulator, client(simulator) as http:
            return [await _met(http, way, fault) for fault in faults]

    return asyncio.run(inside())


KINDS = ("wrong-kind", "array")


async def _met(http: httpx.AsyncClient, way: str, fault: str) -> tuple[int | None, str]:
    path, body = WAYS[way]
    number = "-0.01" if fault in TIMED else ""
    request = Request(path, {"model": "model", **body}, {**KEYS, "x-simulator-fault": fault + number})
    try:
        answer = await http.post(request.path, content=request.raw, headers=request.headers)
    except (httpx.TransportError, httpx.DecodingError):
        return None, ""
    return answer.status_code, answer.text


def streams(way: str) -> bool:
    """Whether this API has streams: the faults of kinds of answers are about the two of them."""
    return "streamed" in way or f"{way} streamed" in WAYS


@pytest.mark.parametrize("way", WAYS)
def test_a_fault_is_the_same_everywhere(way: str) -> None:
    faults = [fault for fault in FAULTS if fault not in KINDS or streams(way)]

    for fault, (status, text) in zip(faults, meet(way, *faults), strict=True):
        usual = 503 if fault in NOT_WHOLE and "streamed" not in way else 200
        assert status == (None if fault in BROKEN else STATUS.get(fault, usual)), fault
        assert "got itself in trouble" not in text, fault
        if status and status >= 400 and fault != "html-502":
            assert json.loads(text)["error"]["message"], fault


@pytest.mark.parametrize("way", [way for way in WAYS if "streamed" in way])
def test_a_slow_stream_ends_well(way: str) -> None:
    slow, quick = meet(way, "slow", "ok")

    assert slow[0] == quick[0] == 200
    assert slow[1].count("data: ") == quick[1].count("data: ")
