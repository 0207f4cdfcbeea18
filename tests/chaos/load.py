"""Requests at a steady rate, of all formats, streamed or not; and what each of them came to."""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import httpx

from openclaw_extproc.model.json import Json
from tests.chaos.world import SHAPES

Ended: TypeAlias = Literal["right", "error", "broken", "wrong", "hung", "down"]
"""`right`: a whole answer. `error`: a status of ours and a body in the client's format, or its error event in a
stream. `broken`: a connection that broke in the middle of a stream, which no client takes for an end. `down`: no
connection, or one that broke, while Envoy had been killed. `wrong`: the rest."""

HANG_SECONDS = 15.0
"""Two attempts of the configured patience, a wait between them, a stream's idle time, and room."""
SHOWN = 20


@dataclass(slots=True)
class Down:
    """When Envoy was killed, and when it was ready again: seconds of `time.monotonic`."""

    periods: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])

    @contextmanager
    def now(self) -> Generator[None]:
        began = time.monotonic()
        self.periods.append((began, float("inf")))
        try:
            yield
        finally:
            self.periods[-1] = (began, time.monotonic())

    def covers(self, began: float, ended: float) -> bool:
        """Whether a call of these times may have met an Envoy that was not there."""
        return any(began <= over and ended >= start for start, over in self.periods)


@dataclass(slots=True)
class Seen:
    down: Down = field(default_factory=Down)
    counts: Counter[Ended] = field(default_factory=Counter[Ended])
    statuses: Counter[str] = field(default_factory=Counter[str])
    unasked: list[str] = field(default_factory=list[str])
    """Answers of Envoy's own, for want of an address, to calls that began there and that somebody else could have
    answered. A stand-in that gets another name while the call is under way is not meant (decision 31)."""
    odd: list[str] = field(default_factory=list[str])
    longest: float = 0.0

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def note(self, ended: Ended, status: str, seconds: float, words: str) -> None:
        self.counts[ended] += 1
        self.statuses[status] += 1
        self.longest = max(self.longest, seconds)
        if ended in ("wrong", "hung") and len(self.odd) < SHOWN:
            self.odd.append(f"{ended} after {seconds:.1f} s: {words[:300]}")


async def load(url: str, rate: float, over: asyncio.Event, seen: Seen) -> None:
    """Begin requests at this rate, whatever becomes of those before; end when all have."""
    running: set[asyncio.Task[None]] = set()
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=50)
    async with httpx.AsyncClient(timeout=HANG_SECONDS, limits=limits) as client:
        began, number = time.monotonic(), 0
        while not over.is_set():
            number += 1
            task = asyncio.create_task(_one(client, url, number, seen))
            running.add(task)
            task.add_done_callback(running.discard)
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
        await asyncio.gather(*running)


async def _one(client: httpx.AsyncClient, url: str, number: int, seen: Seen) -> None:
    shape, streamed = random.choice(SHAPES), random.random() < 0.5  # noqa: S311  # load, no secret
    began, text, status = time.monotonic(), f"hello n{number}", "none"
    path, asked = _asked(shape, text, streamed)
    try:
        async with asyncio.timeout(HANG_SECONDS), client.stream("POST", url + path, json=asked) as answer:
            status = str(answer.status_code)
            body = ""
            async for part in answer.aiter_text():
                body += part
        began_there = answer.headers.get("x-openclaw-attempts") in ("0", "1")
        if began_there and ":unresolved" in answer.headers.get("x-openclaw-fallbacks", ""):
            seen.unasked.append(f"{answer.headers['x-openclaw-fallbacks']}, {answer.headers.get('x-openclaw-reason')}")
        ended, words = _judged(shape, answer, body, text, streamed=streamed)
    except (TimeoutError, httpx.TimeoutException):
        ended, words = "hung", f"{shape} {'streamed' if streamed else 'whole'}"
    except httpx.TransportError as problem:
        ended = "broken" if status == "200" and streamed else "wrong"
        if seen.down.covers(began, time.monotonic()):
            ended = "down"
        words = f"{shape} {'streamed' if streamed else 'whole'} after status {status}: {problem!r}"
    seen.note(ended, status, time.monotonic() - began, words)


def _asked(shape: str, text: str, streamed: bool) -> tuple[str, Json]:
    model = f"{shape}-1-model"
    if shape == "gemini":
        method = "streamGenerateContent?alt=sse" if streamed else "generateContent"
        return f"/gemini/v1beta/models/{model}:{method}", {"contents": [{"role": "user", "parts": [{"text": text}]}]}
    path = "/openai/v1/chat/completions" if shape == "openai" else "/anthropic/v1/messages"
    messages: Json = [{"role": "user", "content": text}]
    return path, {"model": model, "max_tokens": 100, "stream": streamed, "messages": messages}


def _judged(shape: str, answer: httpx.Response, body: str, text: str, *, streamed: bool) -> tuple[Ended, str]:
    words = f"{shape} {'streamed' if streamed else 'whole'} {answer.status_code}: {body[-300:]!r}"
    if answer.status_code >= 400:
        return ("error" if _is_error(shape, body) else "wrong"), words
    if not streamed:
        return ("right" if _text_of(shape, json.loads(body)).endswith(text) else "wrong"), words
    events = [line[6:] for line in body.splitlines() if line.startswith("data: ")]
    said: list[Json] = [json.loads(event) for event in events if event != "[DONE]"]
    if said and _is_error(shape, json.dumps(said[-1])):
        return "error", words
    whole = events[-1:] == ["[DONE]"] if shape == "openai" else bool(said) and _ends(shape, said[-1])
    right = whole and "".join(_text_of(shape, one) for one in said).endswith(text)
    return ("right" if right else "wrong"), words


def _is_error(shape: str, body: str) -> bool:
    try:
        said: Json = json.loads(body)
    except ValueError:
        return False
    match said:
        case [{"error": _}] | {"error": _} if shape == "gemini":
            return True
        case {"error": _, "type": "error"}:
            return shape == "anthropic"
        case {"error": _}:
            return shape == "openai"
        case _:
            return False


def _ends(shape: str, event: Json) -> bool:
    match event:
        case {"type": "message_stop"}:
            return shape == "anthropic"
        case {"candidates": [{"finishReason": _}]}:
            return shape == "gemini"
        case _:
            return False


def _text_of(shape: str, said: Json) -> str:
    """Of a whole answer or of one event."""
    match shape, said:
        case "openai", {"choices": [{"message": {"content": str(text)}}]}:
            return text
        case "openai", {"choices": [{"delta": {"content": str(text)}}]}:
            return text
        case "anthropic", {"content": [{"text": str(text)}]} | {"delta": {"text": str(text)}}:
            return text
        case "gemini", {"candidates": [{"content": {"parts": [{"text": str(text)}]}}]}:
            return text
        case _:
            return ""
