"""The settings of a process: everything that it needs to start or to reload."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from openclaw_extproc.gateway import Gateway, Provider
from openclaw_extproc.notices.channels import Channel

LogLevel: TypeAlias = Literal["debug", "info", "warning", "error"]
LogFormat: TypeAlias = Literal["json", "text"]

BasePath: TypeAlias = Callable[[str], str]
"""`ProviderSide.base_path`: from the path of an endpoint's URL to the base that the format's own path goes behind."""


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a port."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Upstream:
    """A provider of `openclaw.yml`, for which the service renders an Envoy cluster."""

    provider: Provider
    """`provider.cluster` is the cluster's name."""
    scheme: Literal["http", "https"]
    host: str
    """A host name or an address; an IPv6 address without its brackets."""
    port: int
    max_requests: int | None = None
    """The most calls at a time that its cluster may carry; `None`: nobody limits them."""

    @property
    def clusters(self) -> tuple[str, ...]:
        """Names of all clusters that are rendered for it."""
        return tuple(filter(None, (self.provider.cluster, self.provider.unread_cluster)))

    @property
    def authority(self) -> str:
        """What goes into `:authority`: the host, with the port where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == {"http": 80, "https": 443}[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class ProviderAddress:
    """The address of a provider."""

    scheme: Literal["http", "https"]
    host: str
    port: int
    authority: str
    """As requests to it say."""


@dataclass(frozen=True, slots=True)
class Overload:
    """The limits above which a worker rejects requests."""

    max_requests: int = 2_000
    """Under way at a time."""
    max_body_bytes: int = 512 * 1024 * 1024
    """Of requests that are under way."""
    max_lag_seconds: float = 1.0
    """That work waits for its turn in the event loop."""


@dataclass(frozen=True, slots=True)
class Downstream:
    """The limits of client connections, which Envoy enforces."""

    max_connections: int = 10_000
    max_heap_bytes: int = 1024 * 1024 * 1024
    idle_timeout_ms: int = 75_000
    request_headers_timeout_ms: int = 10_000
    request_timeout_ms: int = 300_000
    delayed_close_timeout_ms: int = 1_000


@dataclass(frozen=True, slots=True)
class Drills:
    """The schedule of drills."""

    every_seconds: float
    notify: bool = False
    """Whether what a drill finds is worth a warning, and is told through channels."""


@dataclass(frozen=True, slots=True)
class LedgerSettings:
    """Where the ledger is and how long its entries are kept."""

    enabled: bool = True
    path: str | None = None
    """`None`: in the state folder of the service, if it has one."""
    retention_days: int = 90
    max_entries: int = 5_000_000
    """The oldest are removed beyond this number."""


UNIX: Final = "unix:"
ROUTE_ADDRESS: Final = "unix:/run/openclaw/route.sock"
ATTEMPT_ADDRESS: Final = "unix:/run/openclaw/attempt.sock"
"""Where the stages are when nobody says anything else."""


@dataclass(frozen=True, slots=True)
class StageTls:
    """Paths of the PEM files for TLS between Envoy and the stages. Those of the client are on Envoy's machine."""

    certificate_chain: str
    private_key: str
    trusted_ca: str
    client_certificate_chain: str
    client_private_key: str
    client_trusted_ca: str
    """Who has to have signed the service's certificate."""
    client_subject_alt_names: frozenset[str] = frozenset()
    """Empty: any."""
    server_name: str = ""
    """As the service's certificate says; empty: the host of the address."""


@dataclass(frozen=True, slots=True)
class StageAddresses:
    """The addresses at which Envoy connects to the two stages."""

    route: str = ""
    """`unix:/path` or `host:port`; empty: nobody said."""
    attempt: str = ""
    tls: StageTls | None = None
    """For what is not a unix socket; `None`: without."""
    allow_plaintext: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of a process."""

    gateway: Gateway
    listen: Address
    """Where Envoy's listener accepts the application's calls."""
    admin: Address
    """Where our own health and metrics are served."""
    upstreams: tuple[Upstream, ...]
    """Only those whose clusters are rendered; a cluster of the clusters file has none."""
    endpoints: Mapping[str, ProviderAddress] = field(default_factory=dict[str, ProviderAddress])
    """By provider, of all whose place is known."""
    log_level: LogLevel = "info"
    log_output: str | None = None
    """A file's path; `None` is standard output."""
    log_format: LogFormat = "json"
    workers: int = 1
    """How many processes do the work. One: this one."""
    envoy_concurrency: int | None = None
    """The worker threads of the Envoy that `up` starts; `None`: as many as suit this machine."""
    stages: StageAddresses = StageAddresses()
    drain_ms: int = 10_000
    """How long calls under way have to end when we are ended."""
    envoy_admin_port: int | None = None
    """Of the admin interface of an Envoy that somebody else runs on this machine; `None`: it is not known."""

    fail_open: Mapping[str, Upstream] = field(default_factory=dict[str, Upstream])
    """By the vendor whose API is spoken, who gets the calls when no worker answers; the others are rejected."""
    overload: Overload = Overload()
    downstream: Downstream = Downstream()
    drills: Drills | None = None
    """`None`: nobody asked for any."""
    channels: tuple[Channel, ...] = ()
    """Through which people are told."""
    ledger: LedgerSettings = LedgerSettings()

    @property
    def has_one_worker(self) -> bool:
        """Whether nobody else can take a stage's call: this process alone, on sockets of its machine."""
        addresses = (self.stages.route, self.stages.attempt)
        return not self.is_crewed and all(not one or one.startswith(UNIX) for one in addresses)

    @property
    def is_crewed(self) -> bool:
        """Whether other processes do the work: somebody has to be left when one dies."""
        return self.workers > 1 or bool(self.fail_open)
