"""The schema of `openclaw.yml`: every key with its type, range and description.

Only the files of this folder and `read/complaints.py` use pydantic, which reports all errors at once and generates the
JSON Schema. The keys come from the published configuration examples under `tests/fixtures/seed_config`, and from this
project where those have none. No key is required by the schema: `link` reports what a configuration lacks.

The JSON Schema of `openclaw.yml` for editors, generated from the pydantic schema that the loader uses.

An editor checks a value before variables are expanded, so every number and boolean also accepts `${NAME}`.
"""

from collections.abc import Iterator
from typing import Annotated, Literal, TypeAlias, cast

from pydantic import BeforeValidator, Field, JsonValue

from openclaw_extproc.config.schema.base import Access, Choice, Fraction, Header, Milliseconds, Name, Section
from openclaw_extproc.config.schema.callers import CallersSection, ClientEntry
from openclaw_extproc.config.schema.load_balancing import Failover, LoadBalancing
from openclaw_extproc.config.schema.models import (
    CatalogueEntry,
    CostAware,
    ListedModelOrName,
    ModelChoice,
    Models,
    Template,
    VirtualEntry,
    Virtuals,
)
from openclaw_extproc.config.schema.notices import Channel, RoutingRule
from openclaw_extproc.config.schema.router import OnMidstreamFault, RetryPolicy, RouterSection, Timeouts
from openclaw_extproc.config.schema.routing import (
    ComplianceSection,
    CostCentreSection,
    Level,
    Names,
    ReportedName,
    RoutingRules,
    UserSection,
)
from openclaw_extproc.config.schema.workers import Processes
from openclaw_extproc.gateway import Auth, ClassificationMode, ResponseHeaders
from openclaw_extproc.strategy import Mode

# -- config file -----------------------------------------------------------------------


Port: TypeAlias = Annotated[int, Field(ge=1, le=65_535)]


def _off(value: object) -> object:
    """YAML takes the plain word `off` for false."""
    return "off" if value is False else value


class GatewayModel(Choice, CatalogueEntry):
    """Defines model aliases: names that clients may ask for, each with the provider and model it stands for."""

    status: Name | None = None
    """Disables the alias when set to anything but `active`. Default: `active`."""


class RoutingStrategy(RoutingRules):
    """Configures how a model is chosen from what a request contains."""

    virtual: Virtuals = Field(default_factory=dict[str, VirtualEntry])
    """Defines virtual models: names that clients may ask for and that stand for a choice among several models. `fast`,
    `cheap` and `best` always exist and choose among all chat models."""


class GatewaySection(Processes, CallersSection):
    """Configures the listener, the admin port, the model aliases and the routing strategy."""

    version: Name | None = None
    """Sets a version string of the configuration file. It has no effect."""
    mode: Mode = "enforce"
    """Selects whether the model decision is applied. `enforce`: rules, tiers, overrides and experiments choose the
    model. `observe`: every request goes to the model that its client asked for. `shadow`: as `observe`, and the model
    that `enforce` would have chosen is logged. Compliance, budgets, context windows, health and fallbacks apply in
    every mode."""
    host: Name = "127.0.0.1"
    """Sets the IP address of Envoy's listener. It is read only at startup."""
    port: Port = 3000
    """Sets the TCP port of Envoy's listener, which applications call. It is read only at startup."""
    admin_host: Name = "127.0.0.1"
    """Sets the IP address of the admin port. It is separate from `host`, so that exposing one does not expose the
    other. It is read only at startup."""
    admin_port: Port = 3001
    """Sets the TCP port of the service's `/metrics`, `/healthz` and `/readyz`. It is read only at startup."""
    envoy_admin_port: Port | None = None
    """Sets the port of Envoy's admin interface on 127.0.0.1, for use with `serve`: `render` configures it, and `serve`
    polls it every second for Envoy's readiness and for unreachable clusters. Without it, `serve` looks the
    names of providers up itself and leaves out those that do not exist; where a name server fails or does not respond,
    one call per worker in half a minute ends with 503, `retry-after: 1` and `x-should-retry: true`, and the next one is
    sent elsewhere. Anyone who can reach this port can stop Envoy. It is read only at startup; `up` does not need it.
    Default: no admin port."""
    passthrough: bool | list[Name] = True
    """Selects whether requests that are not model calls (files, batches, audio, images) are forwarded to their
    provider, within the table in docs/wire-formats.md. `true`: the rows that are open by default. A list opens further
    rows by name, for example `[fine_tuning, delete]`. `false`: none."""
    forward_headers: list[Header] = Field(default_factory=list[Header])
    """Lists request headers that are forwarded to every provider in addition to the headers of the vendors' own SDKs:
    names, or prefixes such as `x-team-*`. Default: of tracing headers only `traceparent` and `tracestate`, and no
    header added by a mesh, a proxy or a browser."""
    response_headers: Annotated[ResponseHeaders, BeforeValidator(_off)] = "all"
    """Selects which `x-openclaw-*` response headers callers receive. `all`: all of them. `minimal`: the provider, the
    model, and what was changed or dropped. `off`: none."""
    classification: ClassificationMode = "when_used"
    """Selects which requests are classified by tier and task. `when_used`: those whose decision can depend on it, and
    all in the modes `observe` and `shadow`; the others have no tier, task, score and confidence in response headers,
    log, metrics and metadata. `always`: all of them, at the cost of CPU time."""
    fast_path: bool = False
    """Selects whether the Envoy that `up` starts routes calls by itself where the configuration leaves nothing to
    decide: ordinary requests of up to 16 KiB for models whose first target is always the same. Such a call passes one
    stage of the service instead of two; `explain` says which way a request takes and why. `false`: every call passes
    both stages, as it does where `on_sidecar_failure` is set, or Envoy is run separately. Experimental."""
    models: dict[str, GatewayModel] = Field(default_factory=dict[str, GatewayModel])
    routing_strategy: RoutingStrategy | None = None


class ModelRouter(Section):
    """Configures failover and health checking. Its values take precedence over the same settings in the top-level
    `router`."""

    enabled: bool | None = None
    """Disables failover when `false`: each model keeps only its first target. Default: `true`."""
    health_check_interval_ms: Milliseconds | None = None
    """Sets the interval between active health checks (probes) in milliseconds, as `router.health_check.interval_ms`
    does. 0 disables them."""
    failure_threshold: Fraction | None = None
    """Sets the failure rate, from 0 to 1, at which a circuit opens: if a larger share of the calls to a model (or to a
    provider as a whole) failed in the last minute, it moves to the end of every chain until it answers again. Three
    consecutive failures have the same effect. With 1, only a `retry-after` from the provider opens the circuit.
    Default: 0.2."""
    retry_policy: RetryPolicy = RetryPolicy()
    """Sets the retry policy, as `router.retry_policy` does."""


class ProviderEntry(Access):
    """Lists the providers and the models that each of them serves."""

    name: Name | None = None
    """Sets the provider's name in plans, metrics and logs. The known providers in docs/wire-formats.md need no
    endpoint."""
    provider: Name | None = None
    """Is an alternative spelling of `name`."""
    model: Name | None = None
    """Names a single model, as an alternative to `models`."""
    models: Models = Field(default_factory=list[ListedModelOrName])
    """Lists the models that the provider serves. Requests for one of them go to this provider first."""
    template: Template | None = None
    """Sets a prompt template for all models of this provider."""
    primary: bool = False
    """Gives this provider precedence over others that list the same model, and makes its first model the meaning of
    `auto`."""
    fallback: Name | None = None
    """Names the provider that is tried when this one fails."""
    timeouts: Timeouts | None = None
    """Sets the timeouts of this provider; keys that are left out keep their value from `router.timeouts`. Envoy has one
    timeout for all attempts of a request until the response headers arrive: the longest in the chain applies to every
    attempt."""
    on_midstream_fault: OnMidstreamFault | None = None
    """Sets the handling of streams that fail midway for this provider. Default: `router.on_midstream_fault`."""
    fallback_model: Name | None = None
    """Names the model that is requested from the fallback provider. Default: the same model if the fallback provider
    lists it, otherwise its first model."""


class ModelSection(ModelChoice):
    """Defines the models: a single model, models by role (`primary`, `fallback`, `secondary`), or a list of
    providers."""

    primary: ModelChoice | None = None
    """Sets the model that is tried first."""
    fallback: ModelChoice | None = None
    """Sets the model that is tried when the primary fails."""
    secondary: ModelChoice | None = None
    """Sets the model that is tried when the fallback fails too."""
    providers: list[ProviderEntry] = Field(default_factory=list[ProviderEntry])
    router: ModelRouter = ModelRouter()
    unknown_models: Literal["reject", "auto"] = "reject"
    """Selects the handling of models that no provider lists. `reject`: the request is rejected with 404. `auto`: the
    request is treated as one for `auto`."""
    embedding_fallbacks: Literal["same_model", "any_model"] = "same_model"
    """Selects the fallbacks of embeddings requests. `same_model`: only targets with the same model, because vectors of
    different models cannot be compared. `any_model`: all fallbacks."""


class Memory(Section):
    """Configures a semantic memory."""

    storage: Name | None = None
    """Selects the vector store: `qdrant`."""
    embedding_model: Name | None = None
    """Names the model that computes the embeddings."""
    collection_name: Name | None = None
    """Names the collection in the vector store."""


class Logging(Section):
    """Configures the service's log, which has one event per line."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """Sets the lowest severity that is logged."""
    format: Literal["json", "text"] = "json"
    """Selects the log format. `json`: one JSON object per line. `text`: time, level, component and event, followed by
    `key=value` pairs."""
    output: Name | None = None
    """Names the log file, which is reopened after it is rotated; `-` is standard output. If the file cannot be opened
    at startup, the log goes to standard output and its first line reports that. Default: standard output."""


class LedgerSection(Section):
    """Configures the ledger, which records what each attempt at a provider used and cost. It contains no prompts and no
    answers. docs/costs.md describes its file."""

    enabled: bool = True
    """Disables the ledger when `false`. It is read only at startup."""
    path: Name | None = None
    """Sets the path of the ledger's SQLite file. It is read only at startup. Default: `ledger.db` in the folder that
    the environment variable `STATE_DIRECTORY` names (systemd sets it), otherwise in `/var/lib/openclaw` if that folder
    exists; if neither exists, there is no ledger."""
    retention_days: Annotated[int, Field(ge=1, le=3_660)] = 90
    """Sets how many days entries are kept. It is read only at startup."""
    max_entries: Annotated[int, Field(ge=1_000, le=1_000_000_000)] = 5_000_000
    """Limits the number of entries; beyond it the oldest are removed. It is read only at startup."""


class Written(Section):
    gateway: GatewaySection = GatewaySection()
    model: ModelSection = ModelSection()
    router: RouterSection = RouterSection()
    session: Level | None = None
    """Sets overrides for requests that belong to a session. Overrides of single sessions are in session.yml."""
    prompt: Level | None = None
    """Sets overrides for every request. They take precedence over the model choices of sessions, users and rules."""
    clients: dict[ReportedName, ClientEntry] = Field(default_factory=dict[str, ClientEntry])
    users: dict[str, UserSection] = Field(default_factory=dict[str, UserSection])
    compliance: ComplianceSection = ComplianceSection()
    cost_centres: dict[str, CostCentreSection] = Field(default_factory=dict[str, CostCentreSection])
    task_to_model: dict[str, Name] = Field(default_factory=dict[str, str])
    """Is an alternative place for `gateway.routing_strategy.tasks`, which takes precedence."""
    fallback_map: dict[str, Names] = Field(default_factory=dict[str, list[str]])
    """Is an alternative place for `gateway.routing_strategy.fallbacks`, which takes precedence."""
    memory: Memory | None = None
    logging: Logging = Logging()
    cost_aware: CostAware | None = None
    region: Name | None = None
    """Sets the region in which this sidecar runs. Among equally good targets, those of providers in this region are
    tried first."""
    load_balancing: LoadBalancing | None = None
    failover: Failover | None = None
    channels: dict[str, Channel] = Field(default_factory=dict[str, Channel])
    routing_rules: list[RoutingRule] = Field(default_factory=list[RoutingRule])
    ledger: LedgerSection = LedgerSection()


class ClusterMetadata(Section):
    """`metadata.filter_metadata.openclaw` of a cluster in the clusters file."""

    provider: Name | None = None
    format: Name | None = None
    base_path: str | None = None
    credential: Name | None = None
    auth: Auth = "inject"
    allow_http: bool = False
    models: Models = Field(default_factory=list[ListedModelOrName])
    template: Template | None = None
    region: str = ""
    also: list[Name] = Field(default_factory=list[Name])
    quirks: list[Name] = Field(default_factory=list[Name])
    api_version: str = ""
    project: str = ""
    forward_headers: list[Header] = Field(default_factory=list[Header])


# -- json schema -----------------------------------------------------------------------


ADDRESS = "https://json-schema.org/draft/2020-12/schema"

_VARIABLE: JsonValue = {"type": "string", "pattern": r"^\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}$"}
_FILLED_IN = ("integer", "number", "boolean")


def schema() -> dict[str, JsonValue]:
    made = cast("dict[str, JsonValue]", _accept_variables(Written.model_json_schema(by_alias=True)))
    return {
        "$schema": ADDRESS,
        "$id": "openclaw.schema.json",
        **made,
        "title": "openclaw.yml",
        "description": "Which providers and models there are, and which of them a request goes to.",
    }


def _accept_variables(part: JsonValue) -> JsonValue:
    if isinstance(part, list):
        return [_accept_variables(one) for one in part]
    if not isinstance(part, dict):
        return part
    inner = dict(_without_titles(part))
    if part.get("type") not in _FILLED_IN and "enum" not in part:
        return inner
    about: dict[str, JsonValue] = {key: inner.pop(key) for key in ("default", "description") if key in inner}
    return {**about, "anyOf": [inner, _VARIABLE]}


def _without_titles(part: dict[str, JsonValue]) -> Iterator[tuple[str, JsonValue]]:
    """Without the titles that pydantic makes of names: editors show them instead of what the key is for."""
    for key, value in part.items():
        if key == "properties" and isinstance(value, dict):
            yield key, {name: _accept_variables(one) for name, one in value.items()}
        elif key == "description" and isinstance(value, str):
            yield key, " ".join(value.split())
        elif not (key == "title" and isinstance(value, str)):
            yield key, _accept_variables(value)
