"""Whoever asks for another protocol, and whatever a provider answers before a request is through: Envoy lives."""

import json
import socket
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

import pytest
from hpack import Encoder

from tests.e2e import world
from tests.e2e.commands import envoy_of, is_running
from tests.e2e.harness import Sidecar, http, sidecar
from tests.e2e.raw import STREAM, Play, RawProvider, Send, chunk, json_head, raw_provider
from tests.e2e.test_workers import nobody_left

ERROR = b'{"error": {"message": "No."}}'
SILENCE_SECONDS = 0.5
"""A connection that is left open after an answer is not waited for longer."""
CONFIG = """
model:
  providers:
    - {{name: openai, models: [gpt], endpoint: '{url}', api_key: '${{OPENAI_API_KEY}}'}}
    - {{name: anthropic, models: [claude], endpoint: '{url}', api_key: '${{ANTHROPIC_API_KEY}}'}}
    - {{name: google, models: [gemini], endpoint: '{url}', api_key: '${{GOOGLE_API_KEY}}'}}
"""


@dataclass(frozen=True, slots=True)
class World:
    up: Sidecar
    provider: RawProvider
    envoy: int
    """Its process at the beginning."""

    def lives(self) -> bool:
        return is_running(self.envoy) and self.up.process.poll() is None


@pytest.fixture(scope="module")
def at() -> Iterator[World]:
    with raw_provider() as provider, sidecar(CONFIG.format(url=provider.url)) as up:
        provider.reads_bodies = False
        yield World(up, provider, envoy_of(up.process.pid))


# -- what a provider answers ---------------------------------------------------------


def whole(status: str, body: bytes = ERROR) -> Play:
    """At once, in one piece: the answer is over before anything of it was looked at."""
    return lambda send: send(json_head(status, len(body)) + body)


def pieces(*parts: bytes) -> Play:
    def play(send: Send) -> None:
        for part in parts:
            send(part)

    return play


REFUSED = b"HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n"
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\nhello"
ANSWERS: dict[str, Play] = {
    "101": lambda send: send(SWITCH),
    "200": whole("200 OK"),
    "302": whole("302 Found"),
    "400": whole("400 Bad Request"),
    "401": whole("401 Unauthorized"),
    "403": whole("403 Forbidden"),
    "404": whole("404 Not Found"),
    "413": whole("413 Too Large"),
    "426": whole("426 Upgrade Required"),
    "426 with its header": lambda send: send(
        b"HTTP/1.1 426 Upgrade Required\r\nconnection: upgrade\r\nupgrade: websocket\r\ncontent-length: 0\r\n\r\n"
    ),
    "429": whole("429 Too Many Requests"),
    "500": whole("500 Internal Server Error"),
    "503": whole("503 Unavailable"),
    "503 without a body": whole("503 Unavailable", b""),
    "401 after 100": lambda send: send(b"HTTP/1.1 100 Continue\r\n\r\n" + json_head("401 No", len(ERROR)) + ERROR),
    "401 in chunks": pieces(REFUSED + b"transfer-encoding: chunked\r\n\r\n", chunk(ERROR), chunk(b"")),
    "401 in one chunk": lambda send: send(REFUSED + b"transfer-encoding: chunked\r\n\r\n" + chunk(ERROR) + chunk(b"")),
    "401 cut off": lambda send: send(REFUSED + b"content-length: 50\r\n\r\nab"),
    "401 to the end": lambda send: send(b"HTTP/1.0 401 Unauthorized\r\n\r\nab"),
    "a stream": lambda send: send(STREAM + chunk(b"data: {}\n\n") + chunk(b"")),
    "garbage": lambda send: send(b"\x00\x01garbage\r\n\r\n"),
    "nothing": pieces(),
}


def answered(at: World, request: bytes) -> bytes:
    """All that comes back on a connection of its own."""
    url = urlsplit(at.up.url)
    assert url.hostname
    assert url.port
    got = b""
    with socket.create_connection((url.hostname, url.port), timeout=10) as plug:
        plug.sendall(request)
        try:
            while more := plug.recv(65536):
                got += more
                plug.settimeout(SILENCE_SECONDS)
        except OSError:
            pass  # it stays open, or it is reset: it has said what it had to
    return got


def all_answered(at: World, requests: Iterable[bytes]) -> list[bytes]:
    """At the same time."""
    with ThreadPoolExecutor() as threads:
        return list(threads.map(partial(answered, at), requests))


def asking(line: str, *headers: str, body: bytes = b"") -> bytes:
    return "\r\n".join([f"{line} HTTP/1.1", "host: sidecar", *headers, "", ""]).encode() + body


def handshake(path: str, *more: str, method: str = "GET", protocol: str = "websocket", body: bytes = b"") -> bytes:
    key = ("sec-websocket-version: 13", "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==")
    return asking(f"{method} {path}", "connection: upgrade", f"upgrade: {protocol}", *key, *more, body=body)


# -- where a websocket is spoken -------------------------------------------------------

CHUNKED = "transfer-encoding: chunked"
UNDER_WAY = {
    "a websocket": handshake("/v1/realtime?model=x"),
    "a websocket with a body": handshake("/openai/v1/realtime", CHUNKED, body=chunk(b"hello") + chunk(b"")),
    "a websocket that speaks first": handshake("/v1/realtime", body=b"hello"),
    "an upload in chunks": asking("POST /v1/files", CHUNKED, body=chunk(b"hello")),
    "an upload": asking("POST /anthropic/v1/files", "content-length: 50000", body=b"hello"),
    "an upload that asks first": asking("POST /upload/v1beta/files", "expect: 100-continue", "content-length: 5"),
}
"""Requests that are not through when the answer comes."""


@pytest.mark.parametrize("play", ANSWERS.values(), ids=ANSWERS)
def test_no_answer_ends_envoy(at: World, play: Play) -> None:
    at.provider.play = play

    got = all_answered(at, UNDER_WAY.values())

    assert at.lives(), at.up.logged()[-3000:]
    assert [one for one in got if not one.startswith(b"HTTP/1.1 ")] == []


def test_a_connection_that_is_reset_does_not_either(at: World) -> None:
    at.provider.play = at.provider.reset

    got = all_answered(at, UNDER_WAY.values())

    assert at.lives()
    assert {one.split()[1] for one in got} <= {b"100", b"503"}


def test_nobody_there_is_an_error_of_the_vendors_format() -> None:
    with raw_provider() as nobody, sidecar(CONFIG.format(url=f"http://{world.NOBODY}")) as up:
        at = World(up, nobody, envoy_of(up.process.pid))
        got = {one.split()[1] for one in all_answered(at, UNDER_WAY.values())}
        assert at.lives()
        assert http.get(f"{up.url}/v1/files").json()["error"]["message"]

    assert got <= {b"100", b"503"}


def test_a_refused_handshake_comes_back_with_the_providers_words(at: World) -> None:
    at.provider.play = whole("401 Unauthorized")
    before = at.up.metric("openclaw_passthrough_total", provider="openai", outcome="failed")

    got = answered(at, handshake("/v1/realtime?model=x"))

    head, _, body = got.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 401 ")
    assert b"x-openclaw-provider: openai" in head
    assert body == ERROR
    assert at.up.metric("openclaw_passthrough_total", provider="openai", outcome="failed") == before + 1


def test_no_header_of_ours_comes_from_a_provider(at: World) -> None:
    forged = b"x-openclaw-provider: me\r\nx-openclaw-tier: 1\r\nx-envoy-overloaded: 1\r\n"
    at.provider.play = lambda send: send(b"HTTP/1.1 200 OK\r\n" + forged + b"content-length: 0\r\n\r\n")

    got = http.get(f"{at.up.url}/v1/files")

    assert got.headers["x-openclaw-provider"] == "openai"
    assert "x-openclaw-tier" not in got.headers
    assert "x-envoy-overloaded" not in got.headers


# -- where none is ---------------------------------------------------------------------

SHAPES: dict[str, Callable[[dict[str, object]], bool]] = {
    "/openai/v1/responses": lambda error: "error" in error and "type" not in error,
    "/v1/responses": lambda error: "error" in error and "type" not in error,
    "/openai/v1/chat/completions": lambda error: "error" in error and "type" not in error,
    "/openai/v1/files": lambda error: "error" in error and "type" not in error,
    "/no/such/path": lambda error: "error" in error and "type" not in error,
    "/anthropic/v1/messages": lambda error: error["type"] == "error",
    "/v1/messages/batches": lambda error: error["type"] == "error",
    "/gemini/v1beta/models/gemini:streamGenerateContent": lambda error: '"status"' in json.dumps(error),
    "/v1beta/cachedContents": lambda error: '"status"' in json.dumps(error),
}


@pytest.mark.parametrize("path", SHAPES)
def test_it_is_refused_at_once_in_the_callers_format(at: World, path: str) -> None:
    at.provider.play = whole("401 Unauthorized")
    before = at.provider.requests

    got = all_answered(
        at,
        [
            handshake(path, method=method, protocol=protocol)
            for method in ("GET", "POST")
            for protocol in ("websocket", "WebSocket", "websocket, x", "x", "h2c, x")
        ],
    )

    assert at.lives()
    for one in got:
        head, _, body = one.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 426 "), head
        assert b"x-should-retry: false" in head
        assert SHAPES[path](json.loads(body)), body
    assert at.provider.requests == before, "nobody was asked"


@pytest.mark.parametrize("protocol", ["h2c", "TLS/1.2", "HTTP/3.0"])
def test_what_clients_offer_by_the_way_is_passed_over(at: World, protocol: str) -> None:
    at.provider.play = whole("200 OK", b"{}")
    more = ("http2-settings: AAMAAABkAARAAAAAAAIAAAAA",) if protocol == "h2c" else ()
    connection = "connection: upgrade, http2-settings" if more else "connection: upgrade"

    got = answered(at, asking("GET /v1/files", connection, f"upgrade: {protocol}", *more))

    assert at.lives()
    assert got.startswith(b"HTTP/1.1 200 "), got


@pytest.mark.parametrize("path", ["/v1/realtime", "/v1/responses", "/v1/messages"])
def test_extended_connect_is_not_offered_and_does_no_harm(at: World, path: str) -> None:
    """RFC 8441: who uses it without having been told that it may is in the wrong, and alone with it."""
    at.provider.play = whole("401 Unauthorized")

    got = answered(at, over_http2((":method", "CONNECT"), (":protocol", "websocket"), (":path", path)))
    control = answered(at, over_http2((":method", "GET"), (":path", "/v1/files")))

    assert at.lives()
    assert b"No." not in got
    assert ERROR in control


def over_http2(*fields: tuple[str, str]) -> bytes:
    """A connection's first bytes, with one request that has no end yet."""
    block = Encoder().encode([*fields, (":scheme", "http"), (":authority", "sidecar")])
    settings = b"\0\0\0\4\0\0\0\0\0"
    return b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings + len(block).to_bytes(3, "big") + b"\1\4\0\0\0\1" + block


# -- without a stage -------------------------------------------------------------------


@pytest.mark.parametrize("gateway", ["on_sidecar_failure: passthrough", "workers: 2"])
def test_it_is_the_same_when_no_worker_is_left(gateway: str) -> None:
    with raw_provider() as provider:
        provider.reads_bodies = False
        config = CONFIG.format(url=provider.url).replace("api_key: '${OPENAI_API_KEY}'", "auth: forward")
        with sidecar(config, gateway=gateway) as up:
            at = World(up, provider, envoy_of(up.process.pid))
            with nobody_left(up):
                for play in ANSWERS.values():
                    provider.play = play
                    assert all(one.startswith(b"HTTP/1.1 ") for one in all_answered(at, UNDER_WAY.values()))
            assert at.lives()
