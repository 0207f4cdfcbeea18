"""One request by an official SDK, and what its user gets: an answer, or an exception and of which kind.

A client that leaves is raw, because an SDK decides itself when it closes a connection.
"""

import contextlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import anthropic
import httpx
import httpx2
import openai
from google.genai import errors

from tests.e2e.callers import CALLERS, OURS, Answer, Caller, GeminiCaller
from tests.e2e.harness import http
from tests.faults.cells import Cell

AnyCaller: TypeAlias = Caller | GeminiCaller
Ended: TypeAlias = Literal["answer", "error", "break", "left", "other"]
"""`break`: the exception is of the HTTP client below the SDK. `other`: of neither, so no user would catch it."""

BREAKS = ("RemoteProtocolError", "ReadError", "APIConnectionError")
LEAVES_AFTER_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Seen:
    """What one request came to."""

    ended: Ended
    seconds: float
    answer: Answer | None = None
    status: int | None = None
    """Of an error; `None`: it came in the stream, or has none."""
    words: str = ""
    """Of the exception."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of the answer or of the error; names in lower case."""


def caller(client: str, url: str) -> AnyCaller:
    return GeminiCaller(url) if client == "gemini" else CALLERS[client](url)


def ask(by: AnyCaller, cell: Cell) -> Seen:
    began = time.monotonic()
    try:
        answer = by.ask(cell.models[0], cell.text, streamed=cell.streamed)
    except Exception as problem:  # noqa: BLE001  # which kind it is, is the question
        return _raised(problem, time.monotonic() - began)
    return Seen("answer", time.monotonic() - began, answer, headers=_lower(answer.headers))


def _raised(problem: Exception, seconds: float) -> Seen:
    words = f"{type(problem).__name__}: {problem}"[:300]
    match problem:
        case openai.APIStatusError() | anthropic.APIStatusError():
            # An error that comes in a stream is raised with the status of the head: 200.
            status = problem.status_code if problem.status_code >= 400 else None
            return Seen("error", seconds, None, status, words, _lower(problem.response.headers))
        case errors.APIError():
            # An error that comes in a stream has no answer of the HTTP client behind it, but one of the SDK's own.
            response: object = vars(problem).get("response")
            if not isinstance(response, httpx.Response | httpx2.Response):
                return Seen("error", seconds, words=words)
            return Seen("error", seconds, None, problem.code, words, _lower(response.headers))
        case openai.APIConnectionError() | anthropic.APIConnectionError():
            return Seen("break", seconds, words=words)
        case openai.APIError() | anthropic.APIError():
            return Seen("error", seconds, words=words)
        case _ if type(problem).__name__ in BREAKS:
            return Seen("break", seconds, words=words)
        case _:
            return Seen("other", seconds, words=words)


def _lower(headers: Mapping[str, str]) -> Mapping[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def leave(url: str, cell: Cell) -> Seen:
    """Go away in the middle of a stream, or before an answer in one piece has begun."""
    path, body = _raw(cell)
    began = time.monotonic()
    headers = {"authorization": f"Bearer {OURS}", "x-request-id": cell.name}
    limits = httpx.Timeout(30, read=None if cell.streamed else LEAVES_AFTER_SECONDS)
    with (
        contextlib.suppress(httpx.ReadTimeout),
        http.stream("POST", url + path, content=body, headers=headers, timeout=limits) as answer,
    ):
        if answer.status_code != 200:
            return Seen("other", time.monotonic() - began, words=f"{answer.status_code} before the client left")
        next(answer.iter_bytes(), b"")
    return Seen("left", time.monotonic() - began)


def _raw(cell: Cell) -> tuple[str, bytes]:
    model, text = cell.models[0], cell.text
    if cell.client == "gemini":
        method = "streamGenerateContent?alt=sse" if cell.streamed else "generateContent"
        asked: dict[str, object] = {"contents": [{"role": "user", "parts": [{"text": text}]}]}
        return f"/gemini/v1beta/models/{model}:{method}", json.dumps(asked).encode()
    asked = {"model": model, "max_tokens": 100, "messages": [{"role": "user", "content": text}]}
    return CALLERS[cell.client].path, json.dumps({**asked, "stream": cell.streamed}).encode()
