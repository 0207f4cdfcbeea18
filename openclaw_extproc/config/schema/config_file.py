"""The configuration as it is written: every key of `openclaw.yml`, its type and its range.

Only the `written*` files and `complaints` use pydantic: it finds all errors at once and makes the JSON Schema.
Source: the snippets under `tests/fixtures/seed_config`, and our own additions where they are silent.
Everything may be left out: what a configuration needs, `link` says in the words of the domain.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from openclaw_extproc.config.schema.base import Access, Choice, Fraction, Header, Milliseconds, Name, Section
from openclaw_extproc.config.schema.callers import CallersSection, ClientEntry
from openclaw_extproc.config.schema.load_balancing import Failover, LoadBalancing
from openclaw_extproc.config.schema.models import (
    CatalogueEntry,
    CostAware,
    Listed,
    ModelChoice,
    Models,
    Template,
    VirtualEntry,
    Virtuals,
)
from openclaw_extproc.config.schema.notices import Channel, RoutingRule
from openclaw_extproc.config.schema.overrides import Level
from openclaw_extproc.config.schema.reliability import OnMidstreamFault, Timeouts
from openclaw_extproc.config.schema.router import RetryPolicy, RouterSection
from openclaw_extproc.config.schema.routing import (
    ComplianceSection,
    CostCentreSection,
    Names,
    Reported,
    RoutingRules,
    UserSection,
)
from openclaw_extproc.config.schema.workers import Processes
from openclaw_extproc.gateway import Auth, ResponseHeaders
from openclaw_extproc.strategy import Mode

Port: TypeAlias = Annotated[int, Field(ge=1, le=65_535)]


def _off(value: object) -> object:
    """YAML takes the plain word `off` for false."""
    return "off" if value is False else value


class GatewayModel(Choice, CatalogueEntry):
    """An entry of `gateway.models`: an alias, and what it stands for."""

    status: Name | None = None
    """`active`; anything else, and the entry is skipped."""


class RoutingStrategy(RoutingRules):
    """Who is asked, by what a request is like."""

    virtual: Virtuals = Field(default_factory=dict[str, VirtualEntry])
    """Names that clients may ask for as if they were models. `fast`, `cheap` and `best` are there by themselves, over
    all models that chat."""


class GatewaySection(Processes, CallersSection):
    """Where calls come in, and which models and rules there are."""

    version: Name | None = None
    """Of the file, for its readers: nothing depends on it."""
    mode: Mode = "enforce"
    """`enforce`: rules, tiers, levels and experiments choose the model. `observe`: each request goes to the model its
    client asked for. `shadow`: likewise, and the model that `enforce` would have chosen is logged. Compliance, budgets,
    context windows, health and fallbacks hold in every mode."""
    host: Name = "127.0.0.1"
    """Envoy's listener, an address."""
    port: Port = 3000
    """Envoy's listener: the application's calls. Read at the start only, as are all four addresses."""
    admin_host: Name = "127.0.0.1"
    """Our own health and metrics: not where the calls go, so that opening one does not open the other."""
    admin_port: Port = 3001
    """`/metrics`, `/healthz` and `/readyz`."""
    envoy_admin_port: Port | None = None
    """The admin interface of the Envoy beside `serve`, on 127.0.0.1: `render` opens it there, and `serve` asks it each
    second whether Envoy is ready and whom it can ask. Without it nobody knows beforehand that a provider's name does
    not resolve: one call of each worker in half a minute ends with 503, `retry-after: 1` and `x-should-retry: true`,
    and the next one goes elsewhere. Whoever reaches it can end Envoy. Read at the start only; `up` needs none."""
    passthrough: bool | list[Name] = True
    """Whether requests that are no model calls (files, batches, audio, images) go on to their own provider: those of
    the table in docs/wire-formats.md. A list opens more of that table by name, besides what is open anyway:
    `[fine_tuning, delete]`. `false`: none of them."""
    forward_headers: list[Header] = Field(default_factory=list[Header])
    """Request headers of callers that go to every provider besides those of the vendors' own clients: names, or
    beginnings such as `x-team-*`. Without it no tracing header but `traceparent` and `tracestate` leaves the sidecar,
    and nothing that a mesh, a proxy or a browser adds."""
    response_headers: Annotated[ResponseHeaders, BeforeValidator(_off)] = "all"
    """What callers are told in `x-openclaw-*` headers: `all`; `minimal`: who answered, and what was changed or left
    out; `off`: nothing."""
    models: dict[str, GatewayModel] = Field(default_factory=dict[str, GatewayModel])
    routing_strategy: RoutingStrategy | None = None


class ModelRouter(Section):
    """Failover and health. Where `router:` says something else of the same, this holds."""

    enabled: bool | None = None
    """`false`: each model keeps its first target only."""
    health_check_interval_ms: Milliseconds | None = None
    """How often all providers are probed, as `router.health_check.interval_ms`; 0: never."""
    failure_threshold: Fraction | None = None
    """Share of the calls to a model that may fail in the last minute; above it the model goes behind all others until
    it answers again, and so does a provider that fails as a whole. Three failures in a row do the same. 0.2 where
    nothing is written; 1: only a `retry-after` counts."""
    retry_policy: RetryPolicy = RetryPolicy()
    """As `router.retry_policy`."""


class ProviderEntry(Access):
    """An entry of `model.providers`."""

    name: Name | None = None
    """How plans, metrics and logs call it. Known ones need no endpoint: see docs/wire-formats.md."""
    provider: Name | None = None
    """Another word for `name`."""
    model: Name | None = None
    """A single model, instead of `models`."""
    models: Models = Field(default_factory=list[Listed])
    """The models it serves; a request for one of them goes here first."""
    template: Template | None = None
    """Of all its models."""
    primary: bool = False
    """Asked before others that list the same model; its first model is what `auto` means."""
    fallback: Name | None = None
    """Name of the provider that is tried next."""
    timeouts: Timeouts | None = None
    """Its own, in place of those of `router.timeouts`. Envoy has one limit for the time before a provider's response
    head for all attempts of a request: the longest of them holds."""
    on_midstream_fault: OnMidstreamFault | None = None
    """Its own, in place of `router.on_midstream_fault`."""
    fallback_model: Name | None = None
    """Model asked for at the fallback provider. Default: the same one if that provider lists it, else its first."""


class ModelSection(ModelChoice):
    """A single model, or several in one of two forms: by role, or as a list of providers."""

    primary: ModelChoice | None = None
    fallback: ModelChoice | None = None
    secondary: ModelChoice | None = None
    providers: list[ProviderEntry] = Field(default_factory=list[ProviderEntry])
    router: ModelRouter = ModelRouter()
    unknown_models: Literal["reject", "auto"] = "reject"
    """What happens to a model that nobody lists: `reject` answers 404, `auto` leaves the choice to us."""
    embedding_fallbacks: Literal["same_model", "any_model"] = "same_model"
    """Where a request for embeddings may go when its first target fails: vectors of two models cannot be compared."""


class Memory(Section):
    """A semantic memory, for the gateway's own use."""

    storage: Name | None = None
    """`qdrant`."""
    embedding_model: Name | None = None
    """What makes the vectors."""
    collection_name: Name | None = None
    """Where they are kept."""


class Logging(Section):
    """Our log: one event a line."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """From which level on."""
    format: Literal["json", "text"] = "json"
    """`json`: one object a line. `text`: time, level, component and event, then `key=value`, for people."""
    output: Name | None = None
    """A file's path, opened anew when it is rotated; `-` or nothing: standard output. If the file cannot be opened at
    the start, the log goes to standard output, and its first line says so."""


class Written(Section):
    gateway: GatewaySection = GatewaySection()
    model: ModelSection = ModelSection()
    router: RouterSection = RouterSection()
    session: Level | None = None
    """Of every request that belongs to a session. See session.yml for levels of single sessions."""
    prompt: Level | None = None
    """Of every request. It hides what sessions, users and rules say about the model."""
    clients: dict[Reported, ClientEntry] = Field(default_factory=dict[str, ClientEntry])
    users: dict[str, UserSection] = Field(default_factory=dict[str, UserSection])
    compliance: ComplianceSection = ComplianceSection()
    cost_centres: dict[str, CostCentreSection] = Field(default_factory=dict[str, CostCentreSection])
    task_to_model: dict[str, Name] = Field(default_factory=dict[str, str])
    """Another place for `gateway.routing_strategy.tasks`, which goes before it."""
    fallback_map: dict[str, Names] = Field(default_factory=dict[str, list[str]])
    """Another place for `gateway.routing_strategy.fallbacks`, which goes before it."""
    memory: Memory | None = None
    logging: Logging = Logging()
    cost_aware: CostAware | None = None
    region: Name | None = None
    """Where this sidecar is: providers of this region go before others that are as good."""
    load_balancing: LoadBalancing | None = None
    failover: Failover | None = None
    channels: dict[str, Channel] = Field(default_factory=dict[str, Channel])
    routing_rules: list[RoutingRule] = Field(default_factory=list[RoutingRule])


class ClusterMetadata(Section):
    """`metadata.filter_metadata.openclaw` of a cluster in the clusters file."""

    provider: Name | None = None
    format: Name | None = None
    base_path: str | None = None
    credential: Name | None = None
    auth: Auth = "inject"
    allow_http: bool = False
    models: Models = Field(default_factory=list[Listed])
    template: Template | None = None
    region: str = ""
    also: list[Name] = Field(default_factory=list[Name])
    quirks: list[Name] = Field(default_factory=list[Name])
    api_version: str = ""
    project: str = ""
    forward_headers: list[Header] = Field(default_factory=list[Header])
