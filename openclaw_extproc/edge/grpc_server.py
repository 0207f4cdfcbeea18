"""The first transport: `grpc.aio` with generic handlers, so that messages arrive as bytes."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import grpc
import grpc.aio

from openclaw_extproc.edge.alarms import Alarm
from openclaw_extproc.edge.transport import Answerer, Open, nobody
from openclaw_extproc.faults import Fault, Kind

log = logging.getLogger(__name__)

_EOF: Any = getattr(grpc.aio, "EOF")  # noqa: B009  # its stubs forget it

SERVICE = "envoy.service.ext_proc.v3.ExternalProcessor"
HEALTH = "grpc.health.v1.Health"
_SERVING, _NOT_SERVING = b"\x08\x01", b"\x08\x02"
"""`HealthCheckResponse`, whose only field is an enum."""

MAX_MESSAGE_BYTES = 64 * 1024 * 1024
"""Twice the largest body that passes. gRPC's own limit of 4 MiB would break larger prompts."""

LINGER_SECONDS = 5.0
"""How long a stream that is over waits for Envoy to end it."""

_OPTIONS = [
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.so_reuseport", 0),  # a second service on the same port is an error, not a silent half of the load
    # A stream lives as long as the answer it watches: no connection is too old.
]


class ListenError(Exception):
    """The address cannot be listened on."""


def server() -> grpc.aio.Server:
    return grpc.aio.server(options=_OPTIONS)


def add(
    server: grpc.aio.Server,
    address: str,
    opens: Open,
    answerer: Answerer = nobody,
    is_serving: Callable[[], bool] = lambda: True,
) -> None:
    """Serve a stage at `unix:/path` or `host:port`. One gRPC server serves one stage: the socket says which.

    Envoy asks each address whether it is well; `is_serving` is what it gets told.

    Raises:
        ListenError: somebody else has the address, or the folder is not there.
    """

    async def process(_: object, context: Any) -> None:  # grpc ships no types
        session = opens()
        alarm = Alarm(session, context)
        fault: Fault | None = None
        try:
            while not session.over and (message := await context.read()) is not _EOF:
                alarm.busy = True
                for answer in session.receive(message):
                    await context.write(answer)
                while (question := session.question) is not None:  # a client that leaves meanwhile cancels us here
                    for answer in session.found(await answerer(question)):
                        await context.write(answer)
                alarm.busy = False
                alarm.set()
        except asyncio.CancelledError:
            raise  # Envoy closed the stream: the usual end
        except Exception:
            log.exception("a stream broke")
            fault = Fault(Kind.BUG, "the gateway failed")
            raise
        finally:
            alarm.stop()
            session.close(fault)
        # Envoy ends the stream itself now, which cancels us here. A handler that returns into that leaks the batch of
        # its last status, 112 bytes a time (grpcio 1.85, grpc issue 43360); one that is cancelled does not.
        await asyncio.sleep(LINGER_SECONDS)

    async def check(_: object, __: object) -> bytes:
        return _SERVING if is_serving() else _NOT_SERVING

    handler = cast("grpc.RpcMethodHandler[bytes, bytes]", grpc.stream_stream_rpc_method_handler(process))
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(SERVICE, {"Process": handler})])
    checks = cast("grpc.RpcMethodHandler[bytes, bytes]", grpc.unary_unary_rpc_method_handler(check))
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(HEALTH, {"Check": checks})])
    try:
        server.add_insecure_port(address)
    except RuntimeError as problem:
        raise ListenError(f"cannot listen on {address}: in use, or not ours to use") from problem
    if address.startswith("unix:"):
        Path(address.removeprefix("unix:")).chmod(0o600)  # the file's mode is the access control
