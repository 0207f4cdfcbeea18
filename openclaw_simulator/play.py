"""Playing steps on a real socket.

Knows what aiohttp does with a connection; knows nothing of providers.
"""

import asyncio
import socket
import struct
from collections.abc import Iterable
from http import HTTPStatus

from aiohttp import web

from openclaw_simulator.recorder import Record
from openclaw_simulator.steps import Head, Interim, Reset, Send, Step, Steps, Wait

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER on, for zero seconds: close sends RST (socket(7))."""


class ResetByUsError(ConnectionError):
    """We closed the connection; aiohttp takes a `ConnectionError` for a client that left, and says nothing."""


async def play(
    request: web.Request, steps: Steps, headers: Iterable[tuple[str, str]], record: Record | None
) -> web.StreamResponse:
    """Do the steps; note in `record` what was answered.

    Raises:
        ResetByUsError: the last step was a reset.
        ConnectionError, CancelledError: the client has left, or the server ends.
    """
    try:
        response = await _played(request, steps, headers, record)
    except ResetByUsError:
        _finish(record)
        raise
    _finish(record)
    return response


def _finish(record: Record | None) -> None:
    if record:
        record.finished = True


async def _played(
    request: web.Request, steps: Steps, headers: Iterable[tuple[str, str]], record: Record | None
) -> web.StreamResponse:
    match steps:
        case (Head(length=int()) as head, Send(body)):  # the common case, in one write
            return _begun(web.Response(status=head.status, body=body), head, headers, record)
        case _:
            return await _step_by_step(request, steps, headers, record)


async def _step_by_step(
    request: web.Request, steps: Iterable[Step], headers: Iterable[tuple[str, str]], record: Record | None
) -> web.StreamResponse:
    response = web.StreamResponse()
    for step in steps:
        match step:
            case Head():
                response = _begun(web.StreamResponse(status=step.status), step, headers, record)
                if step.length is not None:
                    response.content_length = step.length
                await response.prepare(request)
            case Send(body):
                await response.write(body)
            case Wait(seconds):
                await asyncio.sleep(seconds)
            case Reset():
                _reset(request)
            case Interim(status):
                _say_more_to_come(request, status)
    await response.write_eof()
    return response


def _begun(
    response: web.StreamResponse, head: Head, headers: Iterable[tuple[str, str]], record: Record | None
) -> web.StreamResponse:
    for name, value in (*head.headers, *headers):
        response.headers[name] = value
    if record:
        record.status = head.status
    return response


def _say_more_to_come(request: web.Request, status: int) -> None:
    """aiohttp itself knows only 100."""
    if request.transport is None:
        raise ConnectionError
    request.transport.write(f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n\r\n".encode())


def _reset(request: web.Request) -> None:
    transport = request.transport
    if transport is not None:
        plug = transport.get_extra_info("socket")
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        transport.abort()
    raise ResetByUsError
