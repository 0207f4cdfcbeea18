"""Answers the route stage's questions over HTTP: within their deadline, or with nothing.

A second opinion comes from a server of the operator's. A summary comes from a model of the configuration, asked through
our own listener like any client asks: credentials, formats, failover, compliance and accounting are those of everybody.
"""

import asyncio
import hashlib
import logging
import secrets
import ssl
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import httpx

from openclaw_extproc.callers import ListenerTls
from openclaw_extproc.config.settings import Address
from openclaw_extproc.edge.telemetry import logs
from openclaw_extproc.gateway import Gateway
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.stages.route.reservation import AskBudget
from openclaw_extproc.stages.route.side_requests import INSIDE, AskOpinion, AskSummary, Question

FAILURES_IN_A_ROW = 5
PAUSE_SECONDS = 30.0
"""The pause after repeated failures of a server: a dead one must not cost every request its deadline."""
MAX_SUMMARIES = 512
"""The number of summaries in memory, of a few kilobytes each."""
MAX_ANSWER_BYTES = 1024 * 1024
_SUMMARIES_AT = "/openai/v1/chat/completions"
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # listened on, not called

Outcome: TypeAlias = Literal["answered", "cached", "late", "failed", "refused", "paused"]
RecordOutcome: TypeAlias = Callable[[str, Outcome], None]
"""A function that records the kind of each side request and its outcome."""


@dataclass(slots=True)
class Breaker:
    """A circuit breaker for requests of our own: after failures in a row there is a pause."""

    failures: int = 0
    closed_until: float = 0.0
    """Seconds of a clock that does not jump."""

    def is_paused(self, at: float) -> bool:
        return at < self.closed_until

    def note(self, at: float, *, ok: bool) -> bool:
        """Takes the result of a request. Returns whether a pause begins with it."""
        self.failures = 0 if ok else self.failures + 1
        if self.failures < FAILURES_IN_A_ROW:
            return False
        self.failures, self.closed_until = 0, at + PAUSE_SECONDS
        return True


@dataclass(slots=True)
class Summaries:
    """Summaries by a key of what was summarized. The ones used longest ago are dropped first."""

    known: OrderedDict[str, str] = field(default_factory=OrderedDict[str, str])

    def find(self, key: str) -> str | None:
        if key in self.known:
            self.known.move_to_end(key)
        return self.known.get(key)

    def store(self, key: str, summary: str) -> None:
        self.known[key] = summary
        while len(self.known) > MAX_SUMMARIES:
            self.known.popitem(last=False)


class SideRequestClient:
    """Sends our own requests to other models: classifications and summaries."""

    def __init__(
        self, listener: Callable[[], Address], told: RecordOutcome, tls: Callable[[], ListenerTls | None] = lambda: None
    ) -> None:
        """`listener`: where our own listener is; `tls`: what it shows, where it has TLS."""
        self.secret = secrets.token_urlsafe(32)
        """Known to nobody outside this process, so that no client can pass for one of our questions."""
        self._listener = listener
        self._tls = tls
        self._told = told
        self._client: httpx.AsyncClient | None = None
        self._breakers: dict[str, Breaker] = {}
        self._summaries = Summaries()

    def update(self, gateway: Gateway) -> None:
        """Prepares what the first request would have to wait for, which takes longer than its deadline."""
        strategy = gateway.strategy
        if self._client is None and (strategy.second_opinion or (strategy.context and strategy.context.summarizer)):
            # No proxy of the environment's: nothing here is for the world outside.
            self._client = httpx.AsyncClient(timeout=None, trust_env=False)  # noqa: S113  # the deadline is the question's

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def __call__(self, question: Question) -> str | None:
        match question:
            case AskOpinion(url, body, deadline_ms):
                return await self._ask("second_opinion", url, body, {}, deadline_ms, self._client)
            case AskSummary():
                return await self._summary(question)
            case AskBudget():
                return None  # the books are not here: `Service.answer`

    async def _summary(self, question: AskSummary) -> str | None:
        said = sorted(question.headers.items())
        key = hashlib.sha256(repr((question.body, said)).encode()).hexdigest()
        if known := self._summaries.find(key):
            self._told("summary", "cached")
            return known
        headers = {**question.headers, INSIDE: self.secret}
        tls = self._tls()
        own = self._client if tls is None else _own_client(tls)
        text = await self._ask("summary", self._own_url(), question.body, headers, question.deadline_ms, own)
        if own is not None and own is not self._client:
            await own.aclose()
        if text and text.strip():
            self._summaries.store(key, text)
        return text

    def _own_url(self) -> str:
        at = self._listener()
        host = _ANY.get(at.host, at.host)
        scheme = "http" if self._tls() is None else "https"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{at.port}{_SUMMARIES_AT}"

    async def _ask(
        self,
        kind: str,
        url: str,
        body: bytes,
        headers: dict[str, str],
        deadline_ms: int,
        client: httpx.AsyncClient | None,
    ) -> str | None:
        breaker = self._breakers.setdefault(url, Breaker())
        if breaker.is_paused(time.monotonic()) or client is None:
            self._told(kind, "paused")
            return None
        outcome: Outcome = "failed"
        text = None
        try:
            async with asyncio.timeout(deadline_ms / 1000):
                text = await _post(client, url, body, headers)
                outcome = "answered"
        except TimeoutError:
            outcome = "late"
        except httpx.HTTPStatusError as refusal:
            outcome = "refused" if refusal.response.is_client_error else "failed"
        except (httpx.HTTPError, UnreadableError):
            pass
        # Who refuses one request (compliance does) may well take the next.
        if breaker.note(time.monotonic(), ok=outcome in ("answered", "refused")):
            said: dict[str, Json] = {"of": kind, "seconds": PAUSE_SECONDS}
            logs.event("questions", "paused", said, level=logging.WARNING)
        self._told(kind, outcome)
        return text


def _own_client(tls: ListenerTls) -> httpx.AsyncClient | None:
    """Returns an HTTP client that trusts the certificate of our own listener and no other; its name is for the world
    outside. It is made for each question: the file may have been renewed, and questions are rare. `None`: the file
    cannot be read."""
    try:
        context = ssl.create_default_context(cafile=tls.cert_file)
    except OSError:
        return None
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return httpx.AsyncClient(timeout=None, trust_env=False, verify=context)  # noqa: S113  # the deadline is the question's


async def _post(client: httpx.AsyncClient, url: str, body: bytes, headers: dict[str, str]) -> str:
    """The text of a chat completion.

    Raises:
        httpx.HTTPError: nobody there, or an error for an answer.
        UnreadableError: no chat completion.
    """
    async with client.stream("POST", url, content=body, headers={**headers, "content-type": "application/json"}) as got:
        got.raise_for_status()
        raw = b""
        async for chunk in got.aiter_bytes():
            raw += chunk
            if len(raw) > MAX_ANSWER_BYTES:
                raise UnreadableError("longer than any answer to a question")
    return completion_text(raw)


def completion_text(raw: bytes) -> str:
    """The text of a chat completion. Raises `UnreadableError`."""
    choices = j.an_array(j.parse(raw, where="answer").get("choices"), at="choices")
    choice = j.an_object(choices[0] if choices else None, at="choices[0]")
    return j.a_string(j.an_object(choice.get("message"), at="message").get("content"), at="content")
