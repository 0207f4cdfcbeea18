"""What a translation costs in Python alone: both stages, without Envoy and gRPC, each pair against no translation.

Ratios within one run and medians of batches, because the machines are shared.
"""
# ruff: noqa: TID251  # a program of its own, not part of the core

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from bench import canned
from openclaw_extproc.gateway import Gateway, Provider, Target
from openclaw_extproc.policy.runtime_state import RuntimeState
from openclaw_extproc.snapshots import Snapshots
from openclaw_extproc.stages.attempt.stage import AttemptStage
from openclaw_extproc.stages.events import Continue, RequestBody, RequestHead, ResponseBody, ResponseHead
from openclaw_extproc.stages.route.stage import RouteStage

BATCHES = 9
SMALL, LARGE = 2 * 1024, 1024 * 1024
AT = 1_754_000_000.0
_PROSE = "Words of an ordinary size, some longer than others, in sentences. "

Json = dict[str, object]


def _openai(text: str) -> Json:
    turns = [("system", "Be brief."), ("user", text), ("assistant", "Yes."), ("user", "And now?")]
    return {"model": "m", "max_tokens": 512, "messages": [{"role": role, "content": said} for role, said in turns]}


def _anthropic(text: str) -> Json:
    turns = [("user", text), ("assistant", "Yes."), ("user", "And now?")]
    messages = [{"role": role, "content": said} for role, said in turns]
    return {"model": "m", "max_tokens": 512, "system": "Be brief.", "messages": messages}


def _gemini(text: str) -> Json:
    turns = [("user", text), ("model", "Yes."), ("user", "And now?")]
    contents = [{"role": role, "parts": [{"text": said}]} for role, said in turns]
    return {"contents": contents, "systemInstruction": {"parts": [{"text": "Be brief."}]}}


def _responses(text: str) -> Json:
    turns = [("user", text), ("assistant", "Yes."), ("user", "And now?")]
    return {
        "model": "m",
        "instructions": "Be brief.",
        "input": [{"role": role, "content": said} for role, said in turns],
    }


CLIENTS: dict[str, tuple[str, Callable[[str], Json]]] = {
    "openai_chat": ("/v1/chat/completions", _openai),
    "anthropic_messages": ("/v1/messages", _anthropic),
    "gemini": ("/v1beta/models/m:generateContent", _gemini),
    "openai_responses": ("/v1/responses", _responses),
}
ANSWERS = {
    "openai_chat": canned.whole(canned.OPENAI_PATH),
    "anthropic_messages": canned.whole(canned.ANTHROPIC_PATH),
}
STREAMS = {
    "openai_chat": canned.stream(canned.OPENAI_PATH),
    "anthropic_messages": canned.stream(canned.ANTHROPIC_PATH),
}


@dataclass(frozen=True, slots=True)
class Row:
    client: str
    provider: str
    small_ms: float
    """Both stages, a request of 2 KiB and a whole answer."""
    added_ms: float
    """More than without a translation, in the same batch."""
    large_ms: float
    """The same with a request of 1 MiB."""
    event_us: float
    """For one event of a stream."""


def measure() -> list[Row]:
    return [_row(client, provider) for client in CLIENTS for provider in ANSWERS]


def _row(client: str, provider: str) -> Row:
    own = "openai_chat"
    pairs = [(client, provider), (own, own)]
    small = [[_timed(c, p, SMALL, times=100) for c, p in pairs] for _ in range(BATCHES)]
    large = [_timed(client, provider, LARGE, times=3) for _ in range(BATCHES)]
    streams = [_streamed(client, provider) for _ in range(BATCHES)]
    return Row(
        client,
        provider,
        median(ours for ours, _ in small),
        median(ours - without for ours, without in small),
        median(large),
        median(streams),
    )


def _timed(client: str, provider: str, size: int, *, times: int) -> float:
    """Milliseconds of CPU for one request."""
    path, written = CLIENTS[client]
    body = json.dumps(written(_PROSE * (size // len(_PROSE)))).encode()
    began = time.process_time()
    for _ in range(times):
        _call(client, provider, path, body, "application/json", (ANSWERS[provider],))
    return (time.process_time() - began) * 1000 / times


def _streamed(client: str, provider: str) -> float:
    """Microseconds of CPU for one event, the request taken away."""
    path, written = CLIENTS[client]
    asked = {**written("Hello"), **({} if client == "gemini" else {"stream": True})}
    path = path.replace(":generateContent", ":streamGenerateContent?alt=sse")
    body = json.dumps(asked).encode()
    times = 10
    spent: list[float] = []
    for events in (STREAMS[provider], STREAMS[provider][:3] + STREAMS[provider][-3:]):
        began = time.process_time()
        for _ in range(times):
            _call(client, provider, path, body, "text/event-stream", events)
        spent.append((time.process_time() - began) * 1e6 / times)
    return (spent[0] - spent[1]) / (len(STREAMS[provider]) - 6)


def _call(client: str, provider: str, path: str, body: bytes, kind: str, chunks: tuple[bytes, ...]) -> None:
    """One request through both stages; fails when it was not answered."""
    only = Provider("one", "c1", provider, "/v1", models=("m",))
    gateway = Gateway(providers={"one": only}, chains={"m": (Target(only, "m"),)})
    route, attempt = RouteStage(gateway, RuntimeState()), AttemptStage(Snapshots(gateway))
    headers = {":method": "POST", ":path": path, "content-type": "application/json"}
    route.receive(RequestHead(headers, AT))
    planned = route.receive(RequestBody(body, AT)).answers[-1]
    assert isinstance(planned, Continue), planned
    attempt.receive(RequestHead(headers, AT, cluster="c1", metadata=planned.metadata))
    attempt.receive(RequestBody(body, AT))
    attempt.receive(ResponseHead({":status": "200", "content-type": kind}, AT))
    *others, last = chunks
    for chunk in others:
        attempt.receive(ResponseBody(chunk, end=False, at=AT))
    step = attempt.receive(ResponseBody(last, end=True, at=AT))
    assert step.entry is not None, client
    assert step.entry.fault is None, step.entry.fault


def markdown(rows: list[Row]) -> str:
    lines = [
        "| client format | provider format | 2 KiB, ms | added by translation, ms | 1 MiB, ms | stream event, µs |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for row in rows:
        numbers = f"{row.small_ms:.2f} | {row.added_ms:+.2f} | {row.large_ms:.1f} | {row.event_us:.0f}"
        lines.append(f"| {row.client} | {row.provider} | {numbers} |")
    return "\n".join(lines)
