"""Clients that ask for answers and do not read them, over HTTP/1.1 and HTTP/2, with all the windows they may give."""

import socket
from typing import Final, Protocol

import hpack

from openclaw_extproc.edge.ext_proc.h2 import frames
from openclaw_extproc.edge.ext_proc.h2.frames import DATA, END_HEADERS, END_STREAM, HEADERS, MAX_NUMBER

_WINDOW: Final = 4
"""SETTINGS_INITIAL_WINDOW_SIZE."""
PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


class Client(Protocol):
    def rest(self, seconds: float) -> bytes:
        """All that comes until the other side has no more, or is silent for so long."""
        ...

    def close(self) -> None: ...


class _Connection:
    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))

    def rest(self, seconds: float) -> bytes:
        self._socket.settimeout(seconds)
        got = bytearray()
        try:
            while piece := self._socket.recv(1 << 20):
                got += piece
        except (TimeoutError, ConnectionError):
            pass
        return bytes(got)

    def close(self) -> None:
        self._socket.close()


class Http1(_Connection):
    """Asks one question after the other, without waiting for an answer."""

    def __init__(self, port: int, path: str, bodies: list[bytes]) -> None:
        super().__init__(port)
        for body in bodies:
            head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
            self._socket.sendall(head.encode() + b"\r\n\r\n" + body)


class Http2(_Connection):
    """Asks all questions at once. It gives windows without end, so that all of the answers is Envoy's to keep."""

    def __init__(self, port: int, path: str, bodies: list[bytes]) -> None:
        super().__init__(port)
        encoder = hpack.Encoder()
        opening = [PREFACE, frames.settings({_WINDOW: MAX_NUMBER}), frames.window_update(0, MAX_NUMBER - 65_535)]
        for number, body in enumerate(bodies):
            stream = 2 * number + 1
            head = [(":method", "POST"), (":scheme", "http"), (":authority", "x"), (":path", path)]
            block = encoder.encode([*head, ("content-type", "application/json")])
            opening.append(frames.frame(HEADERS, END_HEADERS, stream, block))
            opening.append(frames.frame(DATA, END_STREAM, stream, body))
        self._socket.sendall(b"".join(opening))
