"""A peer made of bytes: it speaks to a `Connection` without a socket, and can be as rude as a test wants."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from hpack import Decoder, Encoder

from openclaw_extproc.edge.ext_proc.h2 import frames
from openclaw_extproc.edge.ext_proc.h2.calls import PROCESS, GrpcRouter
from openclaw_extproc.edge.ext_proc.h2.connection import Connection
from openclaw_extproc.edge.ext_proc.h2.frames import END_HEADERS, END_STREAM, Frame, Frames
from openclaw_extproc.edge.ext_proc.h2.grpc_messages import grpc_frame
from openclaw_extproc.edge.ext_proc.transport import Answerer, RunQueue, nobody
from tests.edge.h2.sessions import Echo, Opened

HEADERS = {
    ":method": "POST",
    ":scheme": "http",
    ":path": PROCESS,
    ":authority": "stage",
    "te": "trailers",
    "content-type": "application/grpc",
}
MAX_BYTES = 64 * 1024 * 1024


@dataclass(slots=True)
class Clock:
    at: float = 0.0
    fails: bool = False

    def __call__(self) -> float:
        if self.fails:
            raise ValueError("as asked")
        return self.at


@dataclass(slots=True)
class Peer:
    make: Callable[[], Echo] = Echo
    answerer: Answerer = nobody
    clock: Clock = field(default_factory=Clock)
    opened: Opened = field(init=False)
    connection: Connection = field(init=False)
    queue: RunQueue = field(init=False)
    writes: list[bytes] = field(default_factory=list[bytes])
    encoder: Encoder = field(default_factory=Encoder)
    decoder: Decoder = field(default_factory=Decoder)
    _closed: int = 0

    def __post_init__(self) -> None:
        self.opened = Opened(self.make)
        calls = GrpcRouter(self.opened, self.answerer, lambda: True)
        self.queue = calls.queue
        self.connection = Connection(calls, self.writes.append, self._close, self.clock)
        self.connection.begin()

    def _close(self) -> None:
        self._closed += 1

    def closed(self) -> int:
        """How often it was."""
        return self._closed

    @property
    def sessions(self) -> list[Echo]:
        return self.opened.sessions

    # -- what it says --------------------------------------------------------------------

    def greet(self, settings: dict[int, int] | None = None) -> "Peer":
        self.say(frames.PREFACE + frames.settings(settings or {}))
        self.heard()
        return self

    def say(self, *said: bytes) -> None:
        self.connection.receive(b"".join(said))

    def block(self, **changed: str) -> bytes:
        return self.encoder.encode([*(HEADERS | changed).items()])

    def open(self, number: int, *, end: bool = False) -> bytes:
        return frames.frame(frames.HEADERS, END_HEADERS | (END_STREAM if end else 0), number, self.block())

    def message(self, number: int, message: bytes, *, end: bool = False) -> bytes:
        return frames.frame(frames.DATA, END_STREAM if end else 0, number, grpc_frame(message))

    # -- what it hears -------------------------------------------------------------------

    def heard(self) -> list[Frame]:
        """Since the last time."""
        reader = Frames()
        said = list(reader.feed(frames.PREFACE + b"".join(self.writes)))
        self.writes.clear()
        return said

    def fields(self, headers: Frame) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in self.decoder.decode(headers[3], raw=True)}

    def messages(self, heard: Sequence[Frame] | None = None) -> bytes:
        """All payloads of data, one behind the other."""
        return b"".join(payload for kind, _, _, payload in heard or self.heard() if kind == frames.DATA)


def kinds(heard: Sequence[Frame]) -> list[tuple[int, int]]:
    """Kind and stream of each."""
    return [(kind, number) for kind, _, number, _ in heard]


def goodbye(heard: Sequence[Frame]) -> int | None:
    """The code of GOAWAY, if it was said."""
    for kind, _, _, payload in heard:
        if kind == frames.GOAWAY:
            return int.from_bytes(payload[4:8])
    return None


def resets(heard: Sequence[Frame]) -> list[tuple[int, int]]:
    """Stream and code of each."""
    return [(number, int.from_bytes(payload)) for kind, _, number, payload in heard if kind == frames.RST_STREAM]
