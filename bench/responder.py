"""A provider that always says the same, and costs next to nothing: `python -m bench.responder PORT`.

It reads as much HTTP/1.1 as Envoy speaks to it: requests with a content length, one after the other. A stream goes out
an event a write and a write a millisecond, so that Envoy sees every event by itself, as it does with real providers.
Below `/burst` ten events go out at a time, below `/down` is a provider that answers 503, and below `/long` answers have
a MiB.
"""
# ruff: noqa: TID251  # a server of its own, not part of the core

import asyncio
import re
import sys

from bench import canned

TICK_SECONDS = 0.001

BURST = 10
"""Events in a write, for who asks below `/burst`."""
_REFUSED = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
_AGAIN = b"\r\nx-envoy-attempt-count: 2\r\n"
"""Envoy alone finds an answer below `/down` when it tries again; our second attempt goes elsewhere."""
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_STREAM = re.compile(rb'"stream": ?true')


class Pace:
    """One clock for all streams: at each tick every one of them gets its next piece."""

    def __init__(self) -> None:
        self._playing: dict[asyncio.Transport, list[bytes]] = {}
        """What is still to be written, the last piece first."""

    def play(self, transport: asyncio.Transport, pieces: tuple[bytes, ...]) -> None:
        if not self._playing:
            asyncio.get_running_loop().call_later(TICK_SECONDS, self._tick)
        self._playing[transport] = list(reversed(pieces))

    def stop(self, transport: asyncio.Transport) -> None:
        self._playing.pop(transport, None)

    def _tick(self) -> None:
        for transport, pieces in list(self._playing.items()):
            transport.write(pieces.pop())
            if not pieces:
                self.stop(transport)
        if self._playing:
            asyncio.get_running_loop().call_later(TICK_SECONDS, self._tick)


class Connection(asyncio.Protocol):
    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._waiting = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio names it
        self._pace.stop(self._transport)

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        head, found, body = self._waiting.partition(b"\r\n\r\n")
        if not found:
            return
        length = _LENGTH.search(head)
        if length is None:
            self._transport.abort()
        elif len(body) >= int(length[1]):
            self._waiting = body[int(length[1]) :]
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        asked = head.partition(b"\r\n")[0]
        path = canned.ANTHROPIC_PATH if canned.ANTHROPIC_PATH.encode() + b" " in asked else ""
        if b" /down/" in asked and _AGAIN not in head.lower() + b"\r\n":
            self._transport.write(_REFUSED)
        elif _STREAM.search(body):
            first, *rest = (_BURSTS if b" /burst/" in asked else _STREAMS)[path]
            self._transport.write(first)
            self._pace.play(self._transport, tuple(rest))
        else:
            self._transport.write(_LONG if b" /long/" in asked else _WHOLES[path])


def _whole(body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _together(events: tuple[bytes, ...]) -> tuple[bytes, ...]:
    return tuple(b"".join(events[at : at + BURST]) for at in range(0, len(events), BURST))


def _stream(events: tuple[bytes, ...]) -> tuple[bytes, ...]:
    first, *rest = [f"{len(event):x}\r\n".encode() + event + b"\r\n" for event in events]
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    return (head + first, *rest[:-1], rest[-1] + b"0\r\n\r\n")


_PATHS = (canned.ANTHROPIC_PATH, "")
"""The second one stands for every other."""
_WHOLES = {path: _whole(canned.whole(path)) for path in _PATHS}
_LONG = _whole(canned.long_whole())
_BURSTS = {path: _stream(_together(canned.stream(path))) for path in _PATHS}
_STREAMS = {path: _stream(canned.stream(path)) for path in _PATHS}


async def _serve(port: int) -> None:
    pace = Pace()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(pace), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
