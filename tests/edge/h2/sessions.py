"""Small real sessions, and a server that runs them on a loop of its own."""

import asyncio
import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from openclaw_extproc.edge.ext_proc.stage_servers import StageServer, stage_server
from openclaw_extproc.edge.ext_proc.transport import Answerer, Session, nobody
from openclaw_extproc.edge.workers import processes
from openclaw_extproc.faults import Fault
from openclaw_extproc.stages.events import Close
from openclaw_extproc.stages.route.side_requests import AskOpinion, Question

SLICES = b"slices:"
new_loop = processes.factory({}) or asyncio.new_event_loop
"""Makes the loop of a server; a test may put another one here."""
QUESTION = AskOpinion("http://nobody", b"{}", 1_000)


@dataclass(slots=True)
class Echo:
    """Says every message again. Some words mean something; what becomes of it is kept."""

    messages: list[bytes] = field(default_factory=list[bytes])
    closed: list[Fault | None] = field(default_factory=list["Fault | None"])
    found_texts: list[str | None] = field(default_factory=list["str | None"])
    closing: Close | None = None
    ask: Question | None = None
    wake_at: float | None = None
    answer: Callable[[bytes], Sequence[bytes]] = lambda message: [message]
    woken: int = 0
    slices: list[bytes] = field(default_factory=list[bytes])
    """Of the message `slices:a,b,c` those that are left."""
    overruns: int = 0
    breaks_when_overrun: bool = False
    begins: bool = False

    @property
    def has_more(self) -> bool:
        return bool(self.slices)

    def resume(self) -> list[bytes]:
        assert not self.closed, "a session that is closed gets nothing"
        return [self.slices.pop(0)]

    def receive(self, message: bytes | bytearray) -> list[bytes]:
        assert not self.closed, "a session that is closed gets nothing"
        assert self.ask is None, "a session that waits gets nothing"
        assert not self.slices, "a session that has slices left gets nothing else"
        message = bytes(message)
        self.messages.append(message)
        if message.startswith(SLICES):
            self.slices = message.removeprefix(SLICES).split(b",")
            return self.resume()
        match message:
            case b"break":
                raise ValueError("as asked")
            case b"ask":
                self.ask = QUESTION
                return []
            case b"last":
                self.closing = Close.DONE
            case _:
                pass
        return [*self.answer(message)]

    def take_answer(self, text: str | None) -> list[bytes]:
        self.ask = None
        self.found_texts.append(text)
        return [(text or "nothing").encode()]

    def wake(self) -> list[bytes]:
        self.wake_at = None
        self.woken += 1
        return [b"woken"]

    def overrun(self) -> list[bytes]:
        assert not self.closed, "a session that is closed gets nothing"
        self.overruns += 1
        if not self.breaks_when_overrun:
            return []
        self.slices, self.closing = [], Close.BROKEN
        return [b"too fast"]

    def close(self, fault: Fault | None) -> None:
        self.closed.append(fault)


@dataclass(slots=True)
class Opened:
    """Every session of a server."""

    make: Callable[[], Echo] = Echo
    sessions: list[Echo] = field(default_factory=list[Echo])

    def __call__(self) -> Session:
        self.sessions.append(self.make())
        return self.sessions[-1]


@dataclass(slots=True)
class Running:
    address: str
    opened: Opened
    server: StageServer
    loop: asyncio.AbstractEventLoop
    is_serving: bool = True

    def stop(self, seconds: float) -> None:
        asyncio.run_coroutine_threadsafe(self.server.stop(seconds), self.loop).result(20)


@contextmanager
def serving(address: str, make: Callable[[], Echo] = Echo, answerer: Answerer = nobody) -> Generator[Running]:
    loop = new_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def started() -> Running:
        opened = Opened(make)
        server = stage_server(address, opened, answerer, lambda: running.is_serving)
        await server.start()
        return Running(address, opened, server, loop)

    try:
        running = asyncio.run_coroutine_threadsafe(started(), loop).result(10)
        try:
            yield running
        finally:
            running.stop(0)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def lengths(messages: Iterable[bytes]) -> list[int]:
    return [len(message) for message in messages]
