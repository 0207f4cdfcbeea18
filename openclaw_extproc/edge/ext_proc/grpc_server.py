"""The stages over TCP: `grpc.aio` with generic handlers, so that messages arrive as bytes.

For a peer that is not on this machine, behind TLS: what meets a network is a library that many others use and mend.
Costs some 400 µs of CPU a stream more than `h2`. Of each stream one task reads ahead, as far as `WaitingBytes` allows,
and another one works messages off and writes.
"""

import asyncio
import errno
import logging
import os
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final, cast

os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
# Read when grpc is imported. We start programs and never fork ourselves: without the first gRPC warns about each of
# them. Without the second it writes lines of its own for every stranger whose handshake fails.

import grpc  # after the line above
import grpc.aio

from openclaw_extproc.config.settings import StageTls
from openclaw_extproc.edge.ext_proc.h2.grpc_messages import MAX_HEADER_BYTES, MAX_MESSAGE_BYTES
from openclaw_extproc.edge.ext_proc.stage_tls import Certificates, names_of
from openclaw_extproc.edge.ext_proc.transport import (
    GAP_SECONDS,
    LEAST_SECONDS,
    Answerer,
    ListenError,
    Open,
    Session,
    WaitingBytes,
)
from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.stages.events import Close

log = logging.getLogger(__name__)

_EOF: Any = getattr(grpc.aio, "EOF")  # noqa: B009  # its stubs forget it
_SERVICE: Final = "envoy.service.ext_proc.v3.ExternalProcessor"
_HEALTH: Final = "grpc.health.v1.Health"
_SERVING, _NOT_SERVING = b"\x08\x01", b"\x08\x02"
"""`HealthCheckResponse`, whose only field is an enum."""
_LINGER_SECONDS: Final = 5.0
"""The time that a stream which is over waits for Envoy to end it."""
_IDENTITY_ONLY: Final = 1

_OPTIONS: Final = [
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),  # the default of 4 MiB would break larger prompts
    ("grpc.max_send_message_length", -1),
    ("grpc.max_metadata_size", MAX_HEADER_BYTES),
    ("grpc.absolute_max_metadata_size", MAX_HEADER_BYTES),
    ("grpc.max_concurrent_streams", 4096),
    ("grpc.compression_enabled_algorithms_bitset", _IDENTITY_ONLY),  # Envoy does not compress; others may bomb
    ("grpc.so_reuseport", 0),  # a second service on the same port is an error, not a silent half of the load
    # A host that is gone without a word is noticed within 40 s. A stream lives as long as the answer it watches: no
    # connection is too old, and none is too idle.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),  # for Envoy's own connection_keepalive
    ("grpc.server_handshake_timeout_ms", 10_000),
]


class GrpcServer:
    """Serves one stage at `host:port`, from `start` to `stop`."""

    def __init__(
        self, address: str, opens: Open, answerer: Answerer, is_serving: Callable[[], bool], tls: StageTls | None
    ) -> None:
        """Raises `ListenError`."""
        self._opens = opens
        self._answerer = answerer
        self._is_serving = is_serving
        self._waiting = WaitingBytes()
        self._allowed = tls.client_subject_alt_names if tls else frozenset[str]()
        self._server = grpc.aio.server(options=_OPTIONS)
        handler = cast("grpc.RpcMethodHandler[bytes, bytes]", grpc.stream_stream_rpc_method_handler(self._process))
        checks = cast("grpc.RpcMethodHandler[bytes, bytes]", grpc.unary_unary_rpc_method_handler(self._check))
        self._server.add_generic_rpc_handlers([
            grpc.method_handlers_generic_handler(_SERVICE, {"Process": handler}),
            grpc.method_handlers_generic_handler(_HEALTH, {"Check": checks}),
        ])  # fmt: skip
        credentials = Certificates(tls).credentials() if tls else None
        try:
            if credentials is None:
                self._server.add_insecure_port(address)
            else:
                self._server.add_secure_port(address, credentials)
        except RuntimeError as problem:
            raise ListenError(f"cannot listen on {address}: {_why(address)}") from problem

    async def start(self) -> None:
        await self._server.start()

    async def stop(self, seconds: float | None) -> None:
        """Take no more connections and no more streams; those under way get so long to end."""
        await self._server.stop(seconds or 0)

    async def _check(self, _: object, __: object) -> bytes:
        return _SERVING if self._is_serving() else _NOT_SERVING

    async def _process(self, _: object, context: Any) -> None:  # grpc ships no types
        if self._allowed and not self._allowed & names_of(context):
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "the client certificate has no accepted name")
        try:
            session = self._opens()
        except Exception:  # a mistake of ours, which ends this call and no other
            log.exception("a stream could not be opened")
            await context.abort(grpc.StatusCode.UNKNOWN, "the gateway failed")
            raise  # never reached: `abort` raises
        await _Stream(session, _Inbox(context, self._waiting), context, self._answerer).run()


class _Inbox:
    """Messages that a stream has brought, read ahead of whoever takes them: what waits does so here, not in Envoy."""

    def __init__(self, context: Any, waiting: WaitingBytes) -> None:
        self._context = context
        self._waiting = waiting
        self._messages = deque[Any]()
        self._size = 0
        self._is_held = False
        self._changed = asyncio.Event()
        """A message came or was taken, or more of them may come."""
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        self._task = asyncio.create_task(self._read())

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self._count(-self._size)
        self._messages.clear()

    @property
    def is_too_full(self) -> bool:
        """Returns whether no more is read until some of the waiting bytes are taken."""
        return self._waiting.is_too_much(self._size)

    def hold(self) -> None:
        """Stops reading for now, because the peer does not read either."""
        self._is_held = True

    def release(self) -> None:
        self._is_held = False
        self._changed.set()

    async def next(self, seconds: float | None) -> Any:
        """The next message. Raises `TimeoutError` if none comes within so many seconds, or what ended the stream."""
        async with asyncio.timeout(seconds):
            while not self._messages:
                self._changed.clear()
                await self._changed.wait()
        message = self._messages.popleft()
        self._changed.set()
        if isinstance(message, BaseException):
            raise message
        if message is not _EOF:
            self._count(-len(message))
        return message

    async def _read(self) -> None:
        message: Any = None
        while message is not _EOF and not isinstance(message, BaseException):
            try:
                message = await self._context.read()
            except Exception as problem:  # noqa: BLE001  # raised where the message would have been taken
                message = problem
            else:
                self._count(0 if message is _EOF else len(message))
            self._messages.append(message)
            self._changed.set()
            while self.is_too_full or self._is_held:
                self._changed.clear()
                await self._changed.wait()

    def _count(self, more: int) -> None:
        self._size += more
        self._waiting.total += more


class _Stream:
    """A stage's session on a stream. Whatever ends it, the session is closed once."""

    def __init__(self, session: Session, inbox: _Inbox, context: Any, answerer: Answerer) -> None:
        self._session = session
        self._inbox = inbox
        self._context = context
        self._answerer = answerer

    async def run(self) -> None:
        fault: Fault | None = None
        self._inbox.open()
        try:
            await self._serve()
        except asyncio.CancelledError:
            raise  # Envoy closed the stream, or its deadline is over: the usual end
        except Exception as problem:  # a mistake of ours, which ends this call and no other
            log.error("a stream broke", exc_info=problem)
            fault = Fault(FaultKind.BUG, "the gateway failed")
        finally:
            self._inbox.close()
            with suppress(Exception):  # there is nobody left to tell
                self._session.close(fault)
        if fault is not None:
            await self._context.abort(grpc.StatusCode.UNKNOWN, "the gateway failed")
        if self._session.closing is Close.BROKEN:
            # Envoy resets what it has begun to pass on, so the client sees it break off.
            await asyncio.sleep(GAP_SECONDS)
            await self._context.abort(grpc.StatusCode.ABORTED, "the provider fell silent")
        # Envoy ends the stream itself now, which cancels us here. A handler that returns into that leaks the batch of
        # its last status, 112 bytes a time (grpcio 1.85, grpc issue 43360); one that is cancelled does not.
        await asyncio.sleep(_LINGER_SECONDS)

    async def _serve(self) -> None:
        session = self._session
        while session.closing is None:
            message = await self._next()
            if message is None:
                await self._write(session.wake())
                continue
            if message is _EOF:
                return
            await self._write(session.receive(message))
            while session.has_more:
                await asyncio.sleep(0)  # others have a turn
                await self._write(session.overrun() if self._inbox.is_too_full else ())
                if session.has_more:
                    await self._write(session.resume())
            while (question := session.ask) is not None:  # a client that leaves meanwhile cancels us here
                await self._write(session.take_answer(await self._answerer(question)))

    async def _next(self) -> Any:
        """The next message; `None` when the session wants to be woken before one comes."""
        wake_at = self._session.wake_at
        try:
            return await self._inbox.next(None if wake_at is None else max(wake_at - time.time(), LEAST_SECONDS))
        except TimeoutError:
            return None

    async def _write(self, answers: Iterable[bytes]) -> None:
        """Returns when the peer takes more."""
        self._inbox.hold()
        for answer in answers:
            await self._context.write(answer)
        self._inbox.release()


def _why(address: str) -> str:
    """gRPC does not say why it cannot listen: ask the system again."""
    host, _, port = address.rpartition(":")
    try:
        found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, _, _, _, place in found:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.bind(place)
    except OSError as problem:
        remedies = {
            errno.EADDRINUSE: ": stop what listens there, or use another port",
            errno.EADDRNOTAVAIL: ": it is not an address of this machine",
            errno.EACCES: ": use a port from 1024 on",
        }
        return f"{problem.strerror}{remedies.get(problem.errno or 0, '')}"
    return "gRPC cannot listen there"
