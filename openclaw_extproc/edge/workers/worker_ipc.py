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
from openclaw_extproc.edge.envoy.call_lines import CallLine
from openclaw_extproc.edge.reload.config_files import Origin
from openclaw_extproc.edge.reload.restart_needed import FixedSettings
from openclaw_extproc.edge.runtime.health_watch import Verdict
from openclaw_extproc.ledger.entry import LedgerEntry
from openclaw_extproc.notices.kinds import Notice
from openclaw_extproc.policy.health.provider_health import HealthView
from openclaw_extproc.stages.route.reservation import AskBudget

_LENGTH = struct.Struct("!I")
_BROKEN = (asyncio.IncompleteReadError, ConnectionError)


@dataclass(frozen=True, slots=True)
class Start:
    """The first message to a worker: all that it needs to serve."""

    origin: Origin
    route: str
    """`unix:/path` or `host:port`."""
    attempt: str
    tls: StageTls | None
    """The TLS settings of an address `host:port`; `None`: there are none."""
    inside: str
    """What our own questions are known by: one worker may ask, and another one get the request."""
    kept: FixedSettings
    """What stays as it was at the start, whatever the configuration says since."""
    unusable: Unusable = field(default_factory=Unusable)
    """Clusters that Envoy cannot ask, as is known now."""
    has_ledger: bool = False
    """Whether the parent takes entries of the ledger."""


@dataclass(frozen=True, slots=True)
class Prepare:
    """Tells a worker to get ready for a configuration. The `Reply` has what went wrong, or nothing."""

    number: int
    origin: Origin


@dataclass(frozen=True, slots=True)
class Apply:
    """Tells a worker to put the prepared configuration in force."""


@dataclass(frozen=True, slots=True)
class CollectMetrics:
    """Asks a worker for its metrics, which the `Reply` has."""

    number: int


@dataclass(frozen=True, slots=True)
class HealthSnapshotRequest:
    """Asks a worker for the state of every provider and model, which the `Reply` has."""

    number: int


@dataclass(frozen=True, slots=True)
class Drain:
    """Tells a worker to accept no new streams, and to end when the running ones have, or the seconds are over."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Probe:
    """Tells a worker to probe the providers from now on, as the only one."""


@dataclass(frozen=True, slots=True)
class EjectedClusters:
    """The clusters that Envoy does not call, which holds for so many seconds."""

    found: Unusable
    seconds: float


@dataclass(frozen=True, slots=True)
class ProbeResults:
    """A result of probes, from the probing worker to the parent and from there to all others."""

    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Tokens:
    """Access tokens that requests of one worker carry, to the parent and from there to all others."""

    identity: str
    tokens: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class NotFirst:
    """Names of providers and of targets that Envoy should send no call to by itself, as one worker knows them."""

    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Ready:
    """Tells the parent that the worker serves."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The response to a message with a number."""

    number: int
    problem: str = ""
    metrics: tuple[Metric, ...] = ()
    views: tuple[HealthView, ...] = ()


@dataclass(frozen=True, slots=True)
class NoticeSent:
    """A notice for the operator, which the parent sends through its channels."""

    notice: Notice


@dataclass(frozen=True, slots=True)
class FinalMetrics:
    """The last metrics of a worker, sent just before it ends."""

    metrics: tuple[Metric, ...]


@dataclass(frozen=True, slots=True)
class LedgerEntries:
    """Entries of the ledger, which the parent writes."""

    entries: tuple[LedgerEntry, ...]


@dataclass(frozen=True, slots=True)
class Reserve:
    """Asks the parent for a reservation in the books of the budgets, which `Reserved` answers."""

    number: int
    asked: AskBudget


@dataclass(frozen=True, slots=True)
class Reserved:
    """The parent's answer to a `Reserve` of this number."""

    number: int
    answer: str


@dataclass(frozen=True, slots=True)
class Release:
    """Tells the parent that a request got no answer of any attempt."""

    request_id: str


ToWorker: TypeAlias = (
    Start
    | Prepare
    | Apply
    | CollectMetrics
    | HealthSnapshotRequest
    | Drain
    | Probe
    | EjectedClusters
    | ProbeResults
    | Tokens
    | CallLine
    | Reserved
)
FromWorker: TypeAlias = (
    Ready | Reply | NoticeSent | FinalMetrics | ProbeResults | Tokens | LedgerEntries | NotFirst | Reserve | Release
)
Message: TypeAlias = ToWorker | FromWorker


class Channel:
    """The connection between the parent and one worker."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def on(cls, end: socket.socket) -> "Channel":
        return cls(*await asyncio.open_connection(sock=end))

    def send(self, message: Message) -> None:
        """Sends a message. The end of the other process is noticed when reading."""
        if self._writer.is_closing():
            return
        packed = pickle.dumps(message)
        self._writer.write(_LENGTH.pack(len(packed)) + packed)

    @property
    def waiting_bytes(self) -> int:
        """What was sent and the other process has not taken yet."""
        return self._writer.transport.get_write_buffer_size()

    async def flush(self) -> None:
        """Waits until everything was sent."""
        try:
            await self._writer.drain()
        except ConnectionError:
            return

    async def receive(self) -> Message | None:
        """The next message; `None`: the other process has ended."""
        try:
            (length,) = _LENGTH.unpack(await self._reader.readexactly(_LENGTH.size))
            packed = await self._reader.readexactly(length)
        except _BROKEN:
            return None
        return cast("Message", pickle.loads(packed))  # noqa: S301  # from our own process, on a socket without a name

    def close(self) -> None:
        self._writer.close()
