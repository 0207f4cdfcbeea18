"""Clients that do with their connection what no SDK does, through real Envoy."""

import json
import socket
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.harness import Providers, Sidecar, http, sidecar, until

PATH = "/openai/v1/chat/completions"
READS_AT_ONCE = 16 * 1024
PATIENT_MS = 10_000
IDLE_MS = 5_000
PAUSE_SECONDS = 2.5
"""More than the second that Envoy gives a connection it is about to close where nothing is configured."""


def config(providers: Providers) -> str:
    at = f"http://127.0.0.1:{providers['ace'].port}"
    return (
        f'model: {{providers: [{{name: a, endpoint: "{at}", format: openai_chat, api_key: "${{KEY}}", models: [m]}}]}}'
    )


@pytest.fixture(scope="module")
def up(providers: Providers) -> Iterator[Sidecar]:
    slow = f"downstream: {{delayed_close_timeout_ms: {PATIENT_MS}}}"
    with sidecar(config(providers), {"KEY": "sk-ours"}, gateway=slow) as started:
        yield started


@pytest.fixture(scope="module")
def untimed(providers: Providers) -> Iterator[Sidecar]:
    """Without a timer of Envoy's for closing connections."""
    slow = f"downstream: {{delayed_close_timeout_ms: 0, idle_timeout_ms: {IDLE_MS}}}"
    with sidecar(config(providers), {"KEY": "sk-ours"}, gateway=slow) as started:
        yield started


def body(*, stream: bool) -> bytes:
    asked = {"model": "m", "stream": stream, "messages": [{"role": "user", "content": "hello you"}]}
    return json.dumps(asked).encode()


@contextmanager
def asking(up: Sidecar, *headers: str, stream: bool = False, mark: bytes = b"") -> Generator[socket.socket]:
    """A connection on which a request has been sent."""
    said = mark + body(stream=stream)
    lines = (f"POST {PATH} HTTP/1.1", "host: x", "content-type: application/json", f"content-length: {len(said)}")
    with socket.socket() as plug:
        plug.settimeout(20)
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        plug.connect(("127.0.0.1", int(up.url.rpartition(":")[2])))
        plug.sendall("\r\n".join((*lines, *headers, "", "")).encode() + said)
        yield plug


def rest(plug: socket.socket, *, pause: float = 0.0) -> bytes:
    """All that comes until the end of the connection. `pause`: after each piece."""
    pieces: list[bytes] = []
    while piece := plug.recv(READS_AT_ONCE):
        pieces.append(piece)
        time.sleep(pause)
    return b"".join(pieces)


def is_whole(got: bytes, *, stream: bool) -> bool:
    head, _, rest = got.partition(b"\r\n\r\n")
    if stream:
        return rest.endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n")
    length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    return len(rest) == length


@pytest.mark.parametrize("stream", [True, False])
def test_a_slow_reader_that_wants_its_connection_closed_gets_all(
    up: Sidecar, providers: Providers, *, stream: bool
) -> None:
    providers["ace"].set_fault("big-32" if stream else "big-512")

    with asking(up, "connection: close", stream=stream) as plug:
        got = rest(plug, pause=0.01)

    assert got.startswith(b"HTTP/1.1 200 OK")
    assert is_whole(got, stream=stream)


def test_so_does_one_that_stops_reading_for_a_while(up: Sidecar, providers: Providers) -> None:
    """More waits for it than the kernel holds, and Envoy closes as soon as all of it is through."""
    providers["ace"].set_fault("big-12000")

    with asking(up, "connection: close") as plug:
        begun = plug.recv(READS_AT_ONCE)
        time.sleep(PAUSE_SECONDS)
        got = begun + rest(plug)

    assert is_whole(got, stream=False)


def test_without_a_timer_a_slow_reader_gets_all(untimed: Sidecar, providers: Providers) -> None:
    providers["ace"].set_fault("big-12000")

    with asking(untimed, "connection: close") as plug:
        begun = plug.recv(READS_AT_ONCE)
        time.sleep(PAUSE_SECONDS)
        got = begun + rest(plug)

    assert is_whole(got, stream=False)


def test_without_a_timer_the_end_of_a_broken_stream_is_seen_at_once(untimed: Sidecar, providers: Providers) -> None:
    """With one of `IDLE_MS` or more, it would be seen when that is over."""
    providers["ace"].set_fault("reset-mid")

    with asking(untimed, stream=True) as plug:
        began = time.monotonic()
        got = rest(plug)
        seconds = time.monotonic() - began

    assert got.startswith(b"HTTP/1.1 200 OK")
    assert not is_whole(got, stream=True)
    assert seconds < IDLE_MS / 1000


def test_without_a_timer_who_takes_nothing_is_cut_off_by_the_kernel(untimed: Sidecar, providers: Providers) -> None:
    providers["ace"].set_fault("big-30000")

    with asking(untimed, "connection: close") as plug:
        plug.recv(READS_AT_ONCE)
        until(lambda: not is_kept(plug), 90)  # the kernel asks in ever longer pauses


def is_kept(plug: socket.socket) -> bool:
    """Whether the other side still has the connection. The kernel gives it up without a word to this side."""
    ours = f":{plug.getsockname()[1]:04X}"
    entries = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return any(entry[2].endswith(ours) for entry in entries)


@pytest.mark.parametrize("stream", [True, False])
def test_who_closes_its_sending_side_has_left(up: Sidecar, providers: Providers, *, stream: bool) -> None:
    """Envoy 1.40 has no half-closed HTTP/1.1 clients: never half an answer, and nobody works on for nothing."""
    providers["ace"].set_fault("slow-400")

    with asking(up, stream=stream) as plug:
        until(lambda: providers["ace"].requests, 5)
        plug.shutdown(socket.SHUT_WR)
        began = time.monotonic()
        got = rest(plug)
        seconds = time.monotonic() - began

    assert seconds < 5, "the connection is not kept"
    assert not got or not is_whole(got, stream=stream)
    (asked,) = providers["ace"].requests
    until(lambda: asked.disconnected, 5)
    providers["ace"].set_fault("ok")
    assert http.post(up.url + PATH, content=body(stream=False)).status_code == 200


def test_a_request_behind_a_byte_order_mark_is_answered(up: Sidecar, providers: Providers) -> None:
    with asking(up, "connection: close", mark=b"\xef\xbb\xbf") as plug:
        got = rest(plug)

    assert got.startswith(b"HTTP/1.1 200 OK"), got
    (asked,) = providers["ace"].requests
    assert (asked.body or "").startswith("{")
