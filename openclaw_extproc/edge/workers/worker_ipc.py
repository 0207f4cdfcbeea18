"""Messages between the parent and one worker, over a socket pair that only the two of them have."""

import asyncio
import pickle
import socket
import struct
from dataclasses import dataclass, field
from typing import TypeAlias, cast

from prometheus_client import Metric

from openclaw_extproc.config.settings import StageTls
from openclaw_extproc.edge.envoy.admin import Unusable
from openclaw_extproc.edge.reload.config_files import Origin
from openclaw_extproc.edge.reload.restart_needed import Kept
from openclaw_extproc.edge.runtime.health_watch import Verdict
from openclaw_extproc.notices.kinds import Notice
from openclaw_extproc.policy.health.provider_health import HealthView

_LENGTH = struct.Struct("!I")
_BROKEN = (asyncio.IncompleteReadError, ConnectionError)


@dataclass(frozen=True, slots=True)
class Start:
    """The first message to a worker."""

    origin: Origin
    route: str
    """`unix:/path` or `host:port`."""
    attempt: str
    tls: StageTls | None
    """For `host:port`."""
    inside: str
    """What our own questions are known by: one worker may ask, and another one get the request."""
    kept: Kept
    """What stays as it was at the start, whatever the configuration says since."""
    unusable: Unusable = field(default_factory=Unusable)
    """Clusters that Envoy cannot ask, as is known now."""


@dataclass(frozen=True, slots=True)
class Prepare:
    """Get ready for this configuration. Answered by a `Reply`, with what went wrong or nothing."""

    number: int
    origin: Origin


@dataclass(frozen=True, slots=True)
class Apply:
    """From the next request on, work with what was expected."""


@dataclass(frozen=True, slots=True)
class CollectMetrics:
    """Answered by a `Reply` with all metrics."""

    number: int


@dataclass(frozen=True, slots=True)
class HealthSnapshotRequest:
    """Answered by a `Reply` with the state of every provider and model."""

    number: int


@dataclass(frozen=True, slots=True)
class Drain:
    """Take no new streams, end when those under way have, after this time in any case."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Probe:
    """From now on ask the providers how they are: nobody else does."""


@dataclass(frozen=True, slots=True)
class Ejected:
    """Clusters that Envoy cannot ask, as is known for so long."""

    found: Unusable
    seconds: float


@dataclass(frozen=True, slots=True)
class Probed:
    """From the worker that probes to the parent, and from there to all others."""

    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Tokens:
    """Access tokens that one worker puts on requests, to the parent, and from there to all others."""

    identity: str
    tokens: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ready:
    """The stages are listened for."""


@dataclass(frozen=True, slots=True)
class Reply:
    number: int
    problem: str = ""
    metrics: tuple[Metric, ...] = ()
    views: tuple[HealthView, ...] = ()


@dataclass(frozen=True, slots=True)
class NoticeSent:
    """Something that people are to be told: the parent knows through what, and whether they know already."""

    notice: Notice


@dataclass(frozen=True, slots=True)
class FinalMetrics:
    """What was counted in a worker's whole life, just before its end."""

    metrics: tuple[Metric, ...]


ToWorker: TypeAlias = (
    Start | Prepare | Apply | CollectMetrics | HealthSnapshotRequest | Drain | Probe | Ejected | Probed | Tokens
)
FromWorker: TypeAlias = Ready | Reply | NoticeSent | FinalMetrics | Probed | Tokens
Message: TypeAlias = ToWorker | FromWorker


class Channel:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def on(cls, end: socket.socket) -> "Channel":
        return cls(*await asyncio.open_connection(sock=end))

    def send(self, message: Message) -> None:
        """Whoever is not there any more does not get it: that is noticed when reading."""
        if self._writer.is_closing():
            return
        packed = pickle.dumps(message)
        self._writer.write(_LENGTH.pack(len(packed)) + packed)

    async def flush(self) -> None:
        try:
            await self._writer.drain()
        except ConnectionError:
            return

    async def receive(self) -> Message | None:
        """`None`: the other side has gone."""
        try:
            (length,) = _LENGTH.unpack(await self._reader.readexactly(_LENGTH.size))
            packed = await self._reader.readexactly(length)
        except _BROKEN:
            return None
        return cast("Message", pickle.loads(packed))  # noqa: S301  # from our own process, on a socket without a name

    def close(self) -> None:
        self._writer.close()
