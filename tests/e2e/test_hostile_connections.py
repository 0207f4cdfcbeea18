"""Connections that are only there cost nobody else a call; what Envoy refuses by itself is answered and counted."""

import resource
import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from tests.e2e import world
from tests.e2e.callers import body
from tests.e2e.harness import Providers, Sidecar, http, sidecar, until

PATH = "/v1/messages"
HEAD = f"POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n".encode()
HALF_BODY = HEAD + b'content-length: 1000\r\n\r\n{"model": "bee'
CONNECTIONS = 2_100
LIMITS = "{max_connections: 4000, idle_timeout_ms: 3000, request_headers_timeout_ms: 1000, request_timeout_ms: 4000}"


@pytest.fixture(scope="module")
def up(providers: Providers) -> Iterator[Sidecar]:
    with sidecar(world.config(providers), world.KEYS, gateway=f"downstream: {LIMITS}") as started:
        yield started


def connect(up: Sidecar, first: bytes = b"") -> socket.socket:
    made = socket.create_connection(("127.0.0.1", int(up.url.rpartition(":")[2])), timeout=10)
    made.sendall(first)
    return made


def answer(up: Sidecar, request: bytes) -> bytes:
    got = b""
    with connect(up, request) as asked:
        while piece := asked.recv(65_536):
            got += piece
    return got


def is_served(up: Sidecar, client: httpx.Client = http) -> bool:
    return client.post(f"{up.url}/v1/chat/completions", content=body("openai", "bee-model")).status_code == 200


@pytest.fixture
def elsewhere() -> Iterator[httpx.Client]:
    """A client with another address than all the connections of these tests."""
    with httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.2"), timeout=30) as client:
        yield client


def test_half_bodies_take_no_call_from_anybody(up: Sidecar, elsewhere: httpx.Client) -> None:
    """Neither from other addresses nor from that of whoever sends them."""
    with ExitStack() as stack:
        halves = [stack.enter_context(connect(up, HALF_BODY)) for _ in range(CONNECTIONS)]

        served = [is_served(up, client) for client in (http, elsewhere) for _ in range(5)]

        assert served == [True] * 10
        assert up.metric("openclaw_shed_total", reason="requests") == 0
        assert b" 408 " in halves[0].recv(1_000).partition(b"\r\n")[0]
    until(lambda: up.metric("openclaw_envoy_refused_total", reason="request_timeout") >= 1, 20)


def test_idle_connections_are_closed_and_take_no_call_from_anybody(up: Sidecar) -> None:
    with ExitStack() as stack:
        idle = [stack.enter_context(connect(up)) for _ in range(CONNECTIONS)]

        served = [is_served(up) for _ in range(5)]

        assert served == [True] * 5
        assert idle[-1].recv(1) == b""


def test_ten_thousand_idle_connections_leave_room_for_others(providers: Providers) -> None:
    """All that there may be, long before any of them has been idle for too long. Clients need files too."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(10_000, files[1] - 1_000)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files[1], files[1]))
    try:
        with (
            sidecar(world.config(providers), world.KEYS, gateway=f"downstream: {{max_connections: {count}}}") as many,
            ExitStack() as stack,
        ):
            idle = [stack.enter_context(connect(many)) for _ in range(count)]

            until(lambda: closed(idle) > count / 2, 30, many.logged)
            assert [is_served(many) for _ in range(10)] == [True] * 10
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, files)


def closed(connections: list[socket.socket]) -> int:
    """How many Envoy has closed."""
    looking = select.poll()
    for one in connections:
        looking.register(one, select.POLLIN)
    return len(looking.poll(0))


def test_one_connection_too_many_is_closed_and_counted(providers: Providers) -> None:
    with (
        sidecar(world.config(providers), world.KEYS, gateway="downstream: {max_connections: 20}") as few,
        ExitStack() as stack,
    ):
        for _ in range(40):
            stack.enter_context(connect(few))
        until(lambda: few.metric("openclaw_envoy_refused_total", reason="connections") >= 1, 10)

        stack.close()
        until(lambda: is_served(few), 10)


@pytest.mark.parametrize(
    ("request_text", "status", "why"),
    [
        (HEAD + b"".join(b"h-%d: 1\r\n" % n for n in range(300)) + b"\r\n", b"431", "http1.too_many_headers"),
        (HEAD + b"h: " + b"x" * 90_000 + b"\r\n\r\n", b"431", "http1.headers_too_large"),
        (
            HEAD + b"content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            b"400",
            "http1.content_length_and_chunked_not_allowed",
        ),
        (b"\x00\x01\x02\r\n\r\n", b"400", "http1.codec_error"),
        (HEAD.replace(b"POST", b"BREW") + b"content-length: 2\r\n\r\n{}", b"400", "http1.codec_error"),
        (f"POST {PATH} HTTP/1.1\r\nhost:".encode(), b"408", "request_header_timeout"),
    ],
    ids=["many-headers", "large-headers", "two-lengths", "garbage", "unknown-method", "half-a-head"],
)
def test_what_envoy_refuses_is_answered_logged_and_counted(
    up: Sidecar, request_text: bytes, status: bytes, why: str
) -> None:
    reason = "headers_timeout" if "timeout" in why else "protocol"
    before = up.metric("openclaw_envoy_refused_total", reason=reason)

    got = answer(up, request_text)

    assert got.split(b" ")[1] == status
    until(lambda: up.metric("openclaw_envoy_refused_total", reason=reason) > before, 10)
    line = f"refused: {status.decode()} {why} from 127.0.0.1"
    until(lambda: any(line == said["data"].get("line") for said in up.lines("envoy_log")), 10, up.logged)


def test_a_stream_may_pause_for_longer_than_a_connection_may_idle(up: Sidecar, providers: Providers) -> None:
    """Its pauses and all of it are longer than what a connection has to send a request, or to be idle."""
    providers["bee"].set_fault("slow-4500", times=1)
    began = time.monotonic()

    got = http.post(f"{up.url}/v1/chat/completions", content=body("openai", "bee-model", streamed=True))

    assert got.text.rstrip().endswith("[DONE]")
    assert time.monotonic() - began > 4.5
