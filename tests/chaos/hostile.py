"""What strangers and bad luck do beside the load: each of it in a loop of its own, and what has to come of it.

Refused upgrades, clients that stop reading, streams at full speed, half bodies, idle connections, bursts far above what
fits, bodies made to cost, paths that are almost ours, an Envoy that is killed, and a reload with a thousand providers.
None of it may take a call of the load with it; an answer where there should have been none is noted as `wrong`.
"""

import asyncio
import json
import os
import signal
import socket
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Container, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeAlias

import httpx

from tests.chaos import world
from tests.chaos.load import Down
from tests.e2e.harness import Sidecar

UPGRADE_SECONDS, PATH_SECONDS, BODY_SECONDS, BURST_SECONDS, KILL_SECONDS, MANY_SECONDS = 2.0, 1.0, 7.0, 45.0, 60.0, 90.0
STANDING, STANDING_SECONDS = 10, 60.0
FIREHOSES = 2
HALF_BODIES, IDLE, HELD_SECONDS = 300, 300, 30.0
BURST = 400
BURST_STATUSES = (200, 429, 500, 502, 503, 504, 529)
"""500 too: where every provider failed in the same way, the last one's status is kept."""
MANY_PROVIDERS = 1_000
SHOWN = 20

Reader: TypeAlias = asyncio.StreamReader
Writer: TypeAlias = asyncio.StreamWriter


@dataclass(slots=True)
class Hostility:
    """What was done, how often, and what of it came to an end that it should not have."""

    done: Counter[str] = field(default_factory=Counter[str])
    wrong: list[str] = field(default_factory=list[str])

    def note(self, kind: str, wrong: str = "") -> None:
        self.done[kind] += 1
        if wrong and len(self.wrong) < SHOWN:
            self.wrong.append(f"{kind}: {wrong}")


@dataclass(frozen=True, slots=True)
class Field:
    """Where it happens."""

    up: Sidecar
    host: str
    port: int
    down: Down
    notes: Hostility
    config: Callable[[int], str]
    """The configuration below `gateway:`, with so many providers more."""

    def note_answer(self, kind: str, status: int, words: str, *, allowed: Container[int], began: float) -> None:
        """An answer to be expected, or none because Envoy was just killed; a refused connection is a limit at work."""
        excused = status in allowed or status < 0 or self.down.covers(began, time.monotonic())
        self.notes.note(kind, "" if excused else f"{status or 'no answer'} ({words})")


def actors(here: Field) -> list[Coroutine[None, None, None]]:
    """Everything at once; each runs until it is cancelled."""
    return [
        _upgrades(here),
        *(_standing(here) for _ in range(STANDING)),
        *(_firehose(here) for _ in range(FIREHOSES)),
        _held(here, "half body", HALF_BODIES, _HALF),
        _held(here, "idle connection", IDLE, b""),
        _bursts(here),
        _bodies(here),
        _paths(here),
        _kills(here),
        _many_providers(here),
    ]


# -- upgrades ----------------------------------------------------------------------

_UPGRADED = ("/openai/v1/responses", "/openai/v1/realtime", "/v1/responses", "/anthropic/v1/messages", "/nowhere")


async def _upgrades(here: Field) -> None:
    n = 0
    while True:
        await asyncio.sleep(UPGRADE_SECONDS)
        path = _UPGRADED[n % len(_UPGRADED)]
        n += 1
        head = (
            f"GET {path}?model=openai-1-model HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
            "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        began = time.monotonic()
        status = await _status(here, head.encode())
        here.note_answer("upgrade", status, path, allowed=range(101, 600), began=began)


# -- connections -------------------------------------------------------------------

_BIG = json.dumps(
    {"model": world.FIREHOSE, "stream": True, "messages": [{"role": "user", "content": "much, please"}]}
).encode()
_HALF = b"POST /openai/v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{"


def _post(body: bytes) -> bytes:
    head = "POST /openai/v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    return f"{head}content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode() + body


async def _standing(here: Field) -> None:
    """Asks for a stream of many MiB, and reads nothing of it for a minute."""
    while True:
        async with _connected(here) as (_, writer):
            if writer is not None:
                writer.write(_post(_BIG))
                await asyncio.sleep(STANDING_SECONDS)
                here.notes.note("standing reader")
        await asyncio.sleep(1)


async def _firehose(here: Field) -> None:
    """Reads such a stream as fast as it comes."""
    while True:
        async with _connected(here) as (reader, writer):
            if reader is not None and writer is not None:
                writer.write(_post(_BIG))
                with suppress(OSError, TimeoutError):
                    async with asyncio.timeout(STANDING_SECONDS):
                        while await reader.read(1 << 20):
                            pass
                here.notes.note("stream at full speed")
        await asyncio.sleep(5)


async def _held(here: Field, kind: str, count: int, opening: bytes) -> None:
    """So many connections at a time that say half of something, or nothing."""

    async def one() -> None:
        async with _connected(here) as (reader, writer):
            if reader is None or writer is None:
                return
            writer.write(opening)
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(HELD_SECONDS):
                    await reader.read()
            here.notes.note(kind)

    while True:
        await asyncio.gather(*(one() for _ in range(count)))
        await asyncio.sleep(1)


# -- requests ----------------------------------------------------------------------


async def _bursts(here: Field) -> None:
    """Many times what fits, at once. Refusals are right; that none breaks for it, `make bench-overload` shows."""

    async def one(client: httpx.AsyncClient) -> None:
        body = {"model": "openai-2-model", "messages": [{"role": "user", "content": "now"}], "stream": True}
        began = time.monotonic()
        try:
            answer = await client.post("/openai/v1/chat/completions", json=body)
        except httpx.RemoteProtocolError:  # as the load's: a provider cut it, or the worker that carried it was killed
            here.notes.note("broken in a burst")
            return
        except httpx.TransportError as problem:
            excused = here.down.covers(began, time.monotonic()) or isinstance(problem, httpx.ConnectError)
            here.notes.note("burst", "" if excused else repr(problem))
            return
        text = answer.text[-200:]
        here.note_answer("burst", answer.status_code, text, allowed=BURST_STATUSES, began=began)

    while True:
        await asyncio.sleep(BURST_SECONDS)
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        async with httpx.AsyncClient(base_url=here.up.url, timeout=30, limits=limits) as client:
            await asyncio.gather(*(one(client) for _ in range(BURST)))


def _costly() -> list[bytes]:
    """Bodies that are cheap to send and were dear to read."""
    message = b'{"role":"user","content":"x"}'
    start = b'{"model":"openai-1-model","messages":['
    return [
        b'{"' + b"k" * 8_000_000 + b'":1}',
        b"{" + b",".join(b'"k%d":1' % n for n in range(300_000)) + b"}",
        start + b",".join([message] * 100_000) + b"]}",
        start + b'{"role":"user","content":[' + b",".join([b'{"type":"text","text":"x"}'] * 200_000) + b"]}]}",
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        start + message + b'],"max_tokens":' + b"9" * 400 + b"}",
    ]


async def _bodies(here: Field) -> None:
    bodies = _costly()
    n = 0
    while True:
        await asyncio.sleep(BODY_SECONDS)
        began = time.monotonic()
        status = await _status(here, _post(bodies[n % len(bodies)]))
        here.note_answer("costly body", status, f"number {n % len(bodies)}", allowed=(400, 404, 413, 503), began=began)
        n += 1


_ALMOST = (
    ("POST", "/v1/chat%2fcompletions"), ("POST", "/v1//chat/completions"), ("POST", "/v1/chat/completions;x"),
    ("POST", "/V1/CHAT/COMPLETIONS"), ("PUT", "/openai/v1/chat/completions"), ("TRACE", "/openai/v1/models"),
    ("DELETE", "/openai/v1/files/x"), ("POST", "/openai/v1/organization/admin_api_keys"), ("GET", "/openai/v1/../x"),
)  # fmt: skip


async def _paths(here: Field) -> None:
    n = 0
    while True:
        await asyncio.sleep(PATH_SECONDS)
        method, path = _ALMOST[n % len(_ALMOST)]
        n += 1
        began = time.monotonic()
        status = await _status(here, f"{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n".encode())
        here.note_answer("path", status, f"{method} {path}", allowed=range(300, 600), began=began)


# -- processes and files -----------------------------------------------------------


async def _kills(here: Field) -> None:
    """Kills Envoy; `up` starts it again, and until it is ready calls may find nobody."""
    while True:
        await asyncio.sleep(KILL_SECONDS)
        with here.down.now():
            for pid in world.children(here.up.process.pid, "envoy.yaml"):
                os.kill(pid, signal.SIGKILL)
            here.notes.note("Envoy killed")
            await asyncio.sleep(0.2)
            if not await _ready_again(here):
                here.notes.note("Envoy restarted", "not ready within 30 s")


async def _ready_again(here: Field) -> bool:
    async with httpx.AsyncClient(timeout=2) as client:
        for _ in range(150):
            with suppress(httpx.TransportError):
                if (await client.get(f"{here.up.admin_url}/readyz")).status_code == 200:
                    return True
            await asyncio.sleep(0.2)
    return False


async def _many_providers(here: Field) -> None:
    while True:
        await asyncio.sleep(MANY_SECONDS)
        here.up.rewrite(here.config(MANY_PROVIDERS))
        here.notes.note("reload with many providers")


# -- sockets -----------------------------------------------------------------------


async def _status(here: Field, request: bytes) -> int:
    """The status of the answer; 0 where the connection was closed without one, -1 where nobody listens."""
    return await asyncio.to_thread(_status_on_socket, here.host, here.port, request)


def _status_on_socket(host: str, port: int, request: bytes) -> int:
    """The same on a blocking socket: a stream of asyncio whose write fails forgets the refusal that has arrived."""
    try:
        connection = socket.create_connection((host, port), timeout=10)
    except OSError:
        return -1
    with connection:
        connection.settimeout(20)
        with suppress(OSError):  # an early refusal: the rest of the body is not taken any more
            connection.sendall(request)
        with suppress(OSError, ValueError, IndexError):
            return int(connection.makefile("rb").readline().split()[1])
    return 0


@asynccontextmanager
async def _connected(here: Field) -> AsyncGenerator[tuple[Reader | None, Writer | None]]:
    """A connection to the listener, closed afterwards; twice `None` where nobody takes it."""
    try:
        async with asyncio.timeout(10):
            reader, writer = await asyncio.open_connection(here.host, here.port)
    except (OSError, TimeoutError):
        yield None, None
        return
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
