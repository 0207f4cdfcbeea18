"""The schema of model selection: rules, maps, tiers, experiments, users, compliance and cost centres.

Wherever a key names a model, its value is a name that clients may ask for (a model of a provider, an alias of
`gateway.models`, a pool, a virtual name) or `provider/model`.

The schema of overrides: `session:` and `prompt:` of openclaw.yml, and the file session.yml.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from openclaw_extproc.config.read.narrow import at, mapping
from openclaw_extproc.config.schema.base import Amount, Choice, Fraction, Name, Section
from openclaw_extproc.strategy import Sticky

# -- routing ---------------------------------------------------------------------------


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _models(value: object) -> object:
    return _as_list(at(value, "models") if [*mapping(value)] == ["models"] else value)


def _share(value: object) -> object:
    if isinstance(value, int | float) and not 0 <= value <= 1:
        raise ValueError("write a share from 0 to 1: 5 % is 0.05")
    return value


_NAMES = {"type": "array", "items": {"type": "string"}}
Names: TypeAlias = Annotated[
    list[Name], BeforeValidator(_as_list), WithJsonSchema({"anyOf": [{"type": "string"}, _NAMES]})
]
"""One name, or a list of them."""
TierNames: TypeAlias = Annotated[
    list[Name],
    BeforeValidator(_models),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                _NAMES,
                {"type": "object", "properties": {"models": _NAMES}, "required": ["models"]},
            ]
        }
    ),
]
"""One name, a list of them, or `{models: [...]}`."""
Share: TypeAlias = Annotated[Fraction, BeforeValidator(_share)]


def _tidy(name: str) -> str:
    if not name.isascii() or any(letter in name for letter in "=,;\r\n"):
        raise ValueError("write it without = , ; and in plain letters: it is reported in headers")
    return name


ReportedName: TypeAlias = Annotated[Name, Field(max_length=64), AfterValidator(_tidy)]
"""A name that is reported in headers, logs and metrics."""


class StrategyRule(Section):
    """Lists routing rules. They are evaluated in order; the first rule that matches and names a model chooses it."""

    name: ReportedName | None = None
    """Sets the rule's name in headers and logs. Default: its position, for example `rules[2]`."""
    condition: Name | None = Field(default=None, alias="if")
    """Sets the condition: a CEL expression over the request variables, for example `task_complexity == "simple"`."""
    model: Name | None = None
    """Names the model that matching requests are sent to. Without it, the rule does not choose a model and only sets
    its other keys."""
    priority: Literal["cost", "quality"] | None = None
    """Orders the fallbacks. `cost`: the cheaper ones first; more expensive ones are used only if no other is left.
    `quality`: those of the highest quality first, whatever they cost."""
    fallback: Names = Field(default_factory=list[Name])
    """Lists the fallbacks for `model`, in order, before its own fallbacks. If the last rule has no key but `fallback`,
    it names the model of all requests for which nothing else chose one."""


class ExperimentEntry(Section):
    """Lists experiments: each sends a share of the requests to another model, so that the two can be compared."""

    name: ReportedName | None = None
    """Sets the experiment's name in headers, logs and metrics, where it appears as `name=arm` or `name=control`.
    Default: the model of the arm."""
    model: Name | None = None
    """Names the arm: the model that receives the share."""
    share: Share = 0.05
    """Sets the share, from 0 to 1: 0.05 is one session in twenty."""
    of: Names = Field(default_factory=list[Name])
    """Limits the experiment to requests that would otherwise go to one of these models. Default: all requests."""
    condition: Name | None = Field(default=None, alias="if")
    """Sets the condition: a CEL expression over the request variables, for example `task_complexity == "simple"`."""
    sticky: Sticky = "session"
    """Selects what is assigned to an arm and stays there: a `session` (the user if a request has no session), a `user`,
    or each `request` on its own."""


class CanaryEntry(Section):
    """Lists canaries: each sends a share of the requests for a model to its new version. A canary receives no requests
    while its provider is unhealthy."""

    name: ReportedName | None = None
    """Sets the canary's name in headers, logs and metrics. Default: the name of the new version."""
    model: Name | None = None
    """Names the current version."""
    to: Name | None = None
    """Names the new version."""
    share: Share = 0.05
    """Sets the share, from 0 to 1: 0.05 is one session in twenty."""
    sticky: Sticky = "session"
    """Selects what is assigned to a version and stays there, as for experiments: `session`, `user` or `request`."""


class SecondOpinionSection(Section):
    """Configures a model that is asked to classify requests when the built-in classification is uncertain. Such
    requests wait for its answer."""

    enabled: bool = False
    """Enables the section when `true`."""
    endpoint: Name | None = None
    """Sets the base URL of an OpenAI-compatible server, including the path, for example `http://127.0.0.1:8080/v1`."""
    model: Name | None = None
    """Names the model, as that server calls it."""
    timeout_ms: int = Field(default=50, ge=1, le=10_000)
    """Limits the wait for the answer in milliseconds. When it expires, the built-in classification is used."""
    below: Fraction = 0.6
    """Sets the confidence, from 0 to 1, below which the model is asked."""
    data_classes: list[Name] = Field(default_factory=list[Name])
    """Lists the data classes of requests whose last user turn may be sent to this model; `"*"` allows all. The model is
    not a provider, so `compliance` does not cover it: without this key it receives no request that has a data class,
    and none at all if `compliance` restricts all requests."""


class RoutingRules(Section):
    """The keys of `gateway.routing_strategy`: how a model is chosen from what a request contains."""

    policy: Literal["rules", "cost_aware_capability"] | None = None
    """Selects the default order of targets. `cost_aware_capability`: as if every rule said `priority: cost` unless it
    says otherwise: cheaper capable models are fallbacks, and more expensive ones are used only if no other is left.
    `rules`: only the rules decide. Default: `rules`."""
    applies_to: Literal["all", "auto"] = "all"
    """Selects the requests that rules, tasks and tiers apply to. `all`: every request. `auto`: only requests for the
    model `auto`."""
    rules: list[StrategyRule] = Field(default_factory=list[StrategyRule])
    tasks: dict[str, Name] = Field(default_factory=dict[str, str])
    """Maps kinds of task to models. They are evaluated after the rules. A client that named a model never gets a more
    expensive one this way."""
    fallbacks: dict[str, Names] = Field(default_factory=dict[str, list[str]])
    """Maps models to their fallbacks, which are tried before the fallbacks configured elsewhere."""
    tiers: dict[str, TierNames] = Field(default_factory=dict[str, list[str]])
    """Maps tiers to models or pools; the first capable one is used. Tiers are evaluated after tasks. The tiers are
    `simple`, `standard` (alias `reasoning`), `large` (alias `large_context`) and `coding`; `complex` sets `standard`
    and `large`. A client that named a model never gets a more expensive one this way."""
    experiments: list[ExperimentEntry] = Field(default_factory=list[ExperimentEntry])
    canary: list[CanaryEntry] = Field(default_factory=list[CanaryEntry])
    second_opinion: SecondOpinionSection = SecondOpinionSection()


class UserSection(Section):
    """Sets preferences of users, by name: the verified name, or `x-openclaw-user` or the body's `user` if callers'
    labels are trusted (docs/identity.md)."""

    preferred_model: Name | None = None
    """Names the user's preferred model. It takes precedence over rules, and a session or request override takes
    precedence over it."""


class Permitted(Section):
    """Restricts where requests may go. A key that is left out restricts nothing."""

    providers: list[Name] | None = None
    """Lists the permitted providers."""
    regions: list[Name] | None = None
    """Lists the permitted regions, compared with the `region` of each provider. A provider without a region is in none
    of them."""
    models: list[Name] | None = None
    """Lists the permitted models, aliases or pools, or `provider/model`."""


class ComplianceRule(Section):
    """Lists rules that assign data classes. A condition that cannot be evaluated counts as true; for a header that may
    be absent, write `"x-team" in headers && headers["x-team"] == "hr"`."""

    condition: Name | None = Field(default=None, alias="if")
    """Sets the condition: a CEL expression over the request variables, for example `task_complexity == "simple"`."""
    data_class: Name | None = None
    """Names the data class to assign, from `data_classes`."""


class ComplianceSection(Permitted):
    """Restricts where requests may go, whatever else chose the model.

    A target that is not permitted is never used, not even as a fallback. The keys `providers`, `regions` and `models`
    of this section apply to all requests; those of every data class of a request apply in addition.
    """

    data_class: Name | None = None
    """Assigns a data class to all requests of this sidecar. A request can add a class and cannot remove this one."""
    require_data_class: bool = False
    """Rejects requests that have no data class."""
    data_classes: dict[str, Permitted] = Field(default_factory=dict[str, Permitted])
    """Defines the data classes and what each of them permits. Requests with a class that is not defined here are
    rejected."""
    rules: list[ComplianceRule] = Field(default_factory=list[ComplianceRule])


class CostCentreSection(Permitted):
    """Restricts what the requests of each cost centre may use. The caller's identity names the cost centre; so does
    `x-openclaw-cost-centre` if callers' labels are trusted, and in any case to restrict further (docs/identity.md)."""

    max_cost_usd: Amount | None = None
    """Limits the estimated cost of a single request in US dollars."""


# -- overrides -------------------------------------------------------------------------


_ALL = "holds for every request, and no level may change it"

_WHOLE = (
    "gateway",
    "mode",
    "compliance",
    "cost_centres",
    "users",
    "cost_aware",
    "load_balancing",
    "failover",
    "region",
)
_ROUTERS = (
    "retry_policy", "timeouts", "emergency", "health_check", "secondary_fallback", "cost_optimization",
    "context_management",
)  # fmt: skip


class LevelRouter(Section):
    """Sets the targets of this override, in the order in which they are tried."""

    elsewhere: ClassVar[Mapping[str, str]] = MappingProxyType(dict.fromkeys((*_WHOLE, *_ROUTERS), _ALL))

    enable: bool | None = None
    """Disables rules, tiers, experiments and fallbacks when `false`. Default: `true`."""
    enabled: bool | None = None
    """Is an alternative spelling of `enable`."""
    primary: Choice | None = None
    """Sets the model that is tried first."""
    fallback: Choice | None = None
    """Sets the model that is tried when the primary fails."""
    secondary: Choice | None = None
    """Sets the model that is tried when the fallback fails too."""
    timeout_ms: int | None = Field(default=None, ge=1, le=86_400_000)
    """Limits the duration of each attempt in milliseconds. It can shorten the configured limit and not extend it."""


class Level(Section):
    """Overrides settings for a request, a session or all requests. The most specific override applies: request, then
    session, then global."""

    elsewhere: ClassVar[Mapping[str, str]] = MappingProxyType(dict.fromkeys(_WHOLE, _ALL))

    model: Choice | None = None
    """Sets a model that is tried before those of `router`. It does not have to be listed anywhere else."""
    router: LevelRouter = LevelRouter()
    data_class: Name | None = None
    """Adds a data class of `compliance.data_classes` to the classes that the requests already have."""
    max_cost_usd: Amount | None = None
    """Limits the estimated cost of a single request in US dollars. It can lower a configured limit and not raise it."""


class SessionFile(Section):
    """The file `session.yml` beside openclaw.yml. It is read, checked and watched in the same way."""

    session: Level | None = None
    """Sets overrides for requests that belong to a session. It takes precedence over `session` in openclaw.yml."""
    sessions: dict[str, Level] = Field(default_factory=dict[str, Level])
    """Sets overrides for single sessions, by session name or by a pattern in which `*` matches any characters. The
    first match applies and takes precedence over `session`."""
