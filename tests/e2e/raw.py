"""A provider that sends the very bytes a test wants, when it wants, whatever HTTP libraries allow."""

import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import TypeAlias

Send: TypeAlias = Callable[[bytes], object]
Play: TypeAlias = Callable[[Send], object]
"""Plays the answer to one request; the connection is closed after it."""

STREAM = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
)
FOR_A_MINUTE = 60.0


def chunk(body: bytes) -> bytes:
    """Of a chunked body; an empty one ends it."""
    return b"%x\r\n%s\r\n" % (len(body), body)


def json_head(status: str, length: int) -> bytes:
    kind = "content-type: application/json\r\nconnection: close"
    return f"HTTP/1.1 {status}\r\n{kind}\r\ncontent-length: {length}\r\n\r\n".encode()


class RawProvider(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False  # a connection may still be waiting for its end

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.play: Play = lambda send: send(json_head("204 No Content", 0))
        self.left = threading.Event()
        """The last connection was closed by the other side."""
        self.reads_bodies = True
        """Before it answers."""
        self.requests = 0
        """How many it got."""

    def reset(self, _: Send) -> None:
        """A `Play`: the connection of the last request ends with a TCP reset."""
        self._last.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._last.close()

    def began(self, connection: socket.socket) -> None:
        self.requests += 1
        self._last = connection

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Connection(socketserver.StreamRequestHandler):
    server: RawProvider  # pyright: ignore[reportIncompatibleVariableOverride]  # it serves no other

    def handle(self) -> None:
        length = 0
        while (line := self.rfile.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        if self.server.reads_bodies:
            self.rfile.read(length)
        self.server.left.clear()
        self.server.began(self.connection)
        with suppress(OSError):
            self.server.play(self.wfile.write)


def silent(provider: RawProvider) -> None:
    """Until the test is over, or the minute."""
    provider.left.wait(FOR_A_MINUTE)


@contextmanager
def raw_provider() -> Generator[RawProvider]:
    server = RawProvider()
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server
    finally:
        server.left.set()
        server.shutdown()
        server.server_close()
