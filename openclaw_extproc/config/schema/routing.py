"""The written sections about choosing: rules, maps, tiers, experiments, users, compliance, cost centres.

Wherever a model is named, this is a name that clients may ask for (a model of a provider, an alias of `gateway.models`,
a pool, a virtual name) or `provider/model`.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from openclaw_extproc.config.read.narrow import at, mapping
from openclaw_extproc.config.schema.base import Amount, Fraction, Name, Section
from openclaw_extproc.strategy import Sticky


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _models(value: object) -> object:
    return _listed(at(value, "models") if [*mapping(value)] == ["models"] else value)


def _share(value: object) -> object:
    if isinstance(value, int | float) and not 0 <= value <= 1:
        raise ValueError("write a share from 0 to 1: 5 % is 0.05")
    return value


_NAMES = {"type": "array", "items": {"type": "string"}}
Names: TypeAlias = Annotated[
    list[Name], BeforeValidator(_listed), WithJsonSchema({"anyOf": [{"type": "string"}, _NAMES]})
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


Reported: TypeAlias = Annotated[Name, Field(max_length=64), AfterValidator(_tidy)]
"""A name that is told in headers, logs and metrics."""

CONDITION = 'An expression in CEL over the variables of a request, such as task_complexity == "simple".'


class StrategyRule(Section):
    """One rule. Rules are looked at in their order; the first that holds and names a model chooses."""

    name: Reported | None = None
    """What it is called in headers and logs. Without one it is called by its place: rules[2]."""
    condition: Name | None = Field(default=None, alias="if", description=CONDITION)
    model: Name | None = None
    """Where the request goes. Left out: where it would go anyway, and the rule only sets the rest."""
    priority: Literal["cost", "quality"] | None = None
    """`cost`: of the models that can stand in, the cheaper ones, dearer ones only if nothing else is left; `quality`:
    the best ones, whatever they cost."""
    fallback: Names = Field(default_factory=list[Name])
    """What stands in for `model`, in this order, before its own fallbacks. A rule of nothing but `fallback`, the last
    one, names the model of all requests that nobody else chose a model for."""


class ExperimentEntry(Section):
    """A share of the requests goes to another model, so that the two can be compared."""

    name: Reported | None = None
    """What it is called in headers, logs and metrics, as `name=arm` and `name=control`. Left out: the arm's name."""
    model: Name | None = None
    """The arm: the model that gets the share."""
    share: Share = 0.05
    """0 to 1: 0.05 is one session in twenty."""
    of: Names = Field(default_factory=list[Name])
    """Only requests that would go to one of these models; left out: all."""
    condition: Name | None = Field(default=None, alias="if", description=CONDITION)
    sticky: Sticky = "session"
    """What stays in its arm: a session (of a request without one, its user), a user, or nothing (request)."""


class CanaryEntry(Section):
    """A new version of a model on trial. It gets nothing while its provider is not healthy."""

    name: Reported | None = None
    """As with experiments. Left out: the new version's name."""
    model: Name | None = None
    """The version that is in use."""
    to: Name | None = None
    """The version on trial."""
    share: Share = 0.05
    """0 to 1: 0.05 is one session in twenty."""
    sticky: Sticky = "session"
    """As with experiments."""


class SecondOpinionSection(Section):
    """A model that is asked how complex a request is, where our own judgement is unsure. Costs the wait for it."""

    enabled: bool = False
    """Off unless it says `true`."""
    endpoint: Name | None = None
    """Base URL of an OpenAI-compatible server, with its path: http://127.0.0.1:8080/v1."""
    model: Name | None = None
    """As that server calls it."""
    timeout_ms: int = Field(default=50, ge=1, le=10_000)
    """Without an answer by then, our own judgement holds."""
    below: Fraction = 0.6
    """Asked only where our confidence is lower than this."""
    data_classes: list[Name] = Field(default_factory=list[Name])
    """Of requests whose last words this model may read; `"*"`: of all. It is no provider that `compliance` could judge:
    without this key it sees no request that has a data class, and none at all where `compliance` restricts all."""


class RoutingRules(Section):
    """`gateway.routing_strategy`: who is asked, by what a request is like."""

    policy: Literal["rules", "cost_aware_capability"] | None = None
    """`cost_aware_capability`: where no rule says otherwise, `priority: cost` holds: of the models that can do what a
    request needs, cheaper ones stand in, and dearer ones only if nothing else is left. `rules`: only the rules decide;
    the same as leaving it out."""
    applies_to: Literal["all", "auto"] = "all"
    """Whether rules, tasks and tiers also choose for a client that named a model, or only for the name `auto`."""
    rules: list[StrategyRule] = Field(default_factory=list[StrategyRule])
    tasks: dict[str, Name] = Field(default_factory=dict[str, str])
    """From a kind of task to a model, after the rules. A client that named a model never gets a dearer one by this."""
    fallbacks: dict[str, Names] = Field(default_factory=dict[str, list[str]])
    """From a model to those that stand in for it, before its own fallbacks."""
    tiers: dict[str, TierNames] = Field(default_factory=dict[str, list[str]])
    """From simple, standard (reasoning), large (large_context), complex (standard and large) or coding to models or
    pools, after the tasks; the first that can do it is taken. A client that named a model never gets a dearer one."""
    experiments: list[ExperimentEntry] = Field(default_factory=list[ExperimentEntry])
    canary: list[CanaryEntry] = Field(default_factory=list[CanaryEntry])
    second_opinion: SecondOpinionSection = SecondOpinionSection()


class UserSection(Section):
    """What is known of a user, by the verified name; by `x-openclaw-user` or the body's `user` where callers are
    believed (docs/identity.md)."""

    preferred_model: Name | None = None
    """Goes before the rules, and after what a session or a request says itself."""


class Permitted(Section):
    """Where requests may go. What is left out permits all."""

    providers: list[Name] | None = None
    """Names of providers."""
    regions: list[Name] | None = None
    """As `region` of the providers says. A provider without a region is in none of them."""
    models: list[Name] | None = None
    """Names of models, aliases or pools, or `provider/model`."""


class ComplianceRule(Section):
    """Gives requests a data class. One that cannot be evaluated counts as one that holds: for a header that may not be
    there write `"x-team" in headers && headers["x-team"] == "hr"`."""

    condition: Name | None = Field(default=None, alias="if", description=CONDITION)
    data_class: Name | None = None
    """The class that it gives: a name of `data_classes`."""


class ComplianceSection(Permitted):
    """Where requests may go, whatever else chose a model. What is not permitted is refused, also as a fallback.

    Providers, regions and models here hold for all requests; those of every data class that a request has, besides.
    """

    data_class: Name | None = None
    """Of all requests of this sidecar. A request can name a further one, and never take this one off."""
    require_data_class: bool = False
    """A request without any data class is refused."""
    data_classes: dict[str, Permitted] = Field(default_factory=dict[str, Permitted])
    """What each class permits. A class that is not named here is refused."""
    rules: list[ComplianceRule] = Field(default_factory=list[ComplianceRule])


class CostCentreSection(Permitted):
    """What requests of a cost centre may use. Whose they are, the caller's identity says; `x-openclaw-cost-centre`
    where callers are believed, and to narrow in any case (docs/identity.md)."""

    max_cost_usd: Amount | None = None
    """Of a single request, as estimated before it is sent, in US dollars."""
