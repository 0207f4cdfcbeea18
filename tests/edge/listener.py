"""A small real HTTP server that keeps what it was asked, every byte of it, and answers what a test wants."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Seen:
    method: str
    target: str
    """Path and query as they came."""
    headers: dict[str, str]
    """Names in lower case; what came twice is joined by commas."""
    body: bytes


Answer: TypeAlias = tuple[int, dict[str, str], bytes]


class Listener(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, answer: Callable[[Seen], Answer]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer: Callable[[Seen], Answer] = answer
        self.seen: list[Seen] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Listener  # pyright: ignore[reportIncompatibleVariableOverride]  # it serves no other
    protocol_version = "HTTP/1.1"

    def _any(self) -> None:
        headers: dict[str, str] = {}
        for name, value in self.headers.items():
            headers[name.lower()] = f"{headers[name.lower()]}, {value}" if name.lower() in headers else value
        body = self.rfile.read(int(headers.get("content-length", "0")))
        seen = Seen(self.command, self.path, headers, body)
        self.server.seen.append(seen)
        status, said, content = self.server.answer(seen)
        self.send_response(status)
        for name, value in {"content-type": "application/json", "content-length": str(len(content)), **said}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = _any  # noqa: N815  # the base class looks for these names

    def log_message(self, format: str, *args: object) -> None:  # the base class names them so
        pass


@contextmanager
def listening(answer: Callable[[Seen], Answer]) -> Generator[Listener]:
    server = Listener(answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
