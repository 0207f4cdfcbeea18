"""Addresses that take no connection: who connects waits until it gives up."""

import socket
from collections.abc import Generator
from contextlib import ExitStack, contextmanager

_MOST = 16
"""Connections that fill the queue; Linux needs one more than the queue is long."""


@contextmanager
def full() -> Generator[str]:
    """`host:port` of a socket whose queue is full, so that the kernel drops what asks for more: nobody is told no."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        host, port = server.getsockname()
        assert any(not _connects(stack, (host, port)) for _ in range(_MOST)), "the queue has no end"
        yield f"{host}:{port}"


def _connects(stack: ExitStack, address: tuple[str, int]) -> bool:
    one = stack.enter_context(socket.socket())
    one.settimeout(0.2)
    try:
        one.connect(address)
    except TimeoutError:
        return False
    return True


@contextmanager
def mute() -> Generator[str]:
    """`host:port` of a socket that takes connections (the kernel does) and never reads or says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        host, port = server.getsockname()
        yield f"{host}:{port}"
