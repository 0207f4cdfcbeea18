"""The linked form of all configuration sections about model selection.

Everything here names models by the words a client or an operator uses (a model, an alias, a pool, a tier, a virtual
name); `Gateway.chains` and `Strategy.pools` say what they stand for. Made by `config/`, read by `policy/`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Tier: TypeAlias = Literal["simple", "standard", "large"]
"""How much of a model a request needs. `standard` is where reasoning models are, `large` also needs a wide context."""
TIERS: tuple[Tier, ...] = ("simple", "standard", "large")
"""From the cheapest to the dearest."""

Task: TypeAlias = Literal[
    "simple_qa",
    "conversation",
    "classification",
    "extraction",
    "translation",
    "summarization",
    "content_creation",
    "structured_data",
    "code_generation",
    "code_review",
    "analysis",
    "critical_analysis",
    "document_analysis",
    "math_reasoning",
]

Mode: TypeAlias = Literal["observe", "shadow", "enforce"]
"""`observe`: each request goes to the model its client asked for. `shadow`: likewise, and what would have been chosen
is logged. `enforce`: it goes to the model that was chosen. Compliance, budgets, windows and failover hold in each."""

Sticky: TypeAlias = Literal["session", "user", "request"]

Values: TypeAlias = Mapping[str, object]
"""The variables of a condition by name; see `policy/select/variables.py`."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A CEL expression, compiled when the configuration was read."""

    source: str
    """As the operator wrote it."""
    test: Callable[[object], bool | None] = field(compare=False)
    """Takes what `Strategy.activate` made of the variables. `None`: it could not be evaluated (a missing key)."""
    variables: frozenset[str] | None = None
    """The variables that it looks at, and perhaps some more; `None`: any of them."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A routing rule."""

    name: str
    """Its own, or its place: `rules[2]`."""
    condition: Condition | None
    """`None`: always."""
    model: str = ""
    """Empty: keeps what is chosen, and only sets the rest."""
    priority: Literal["", "cost", "quality"] = ""
    """`cost`: the cheapest capable of the candidates first; `quality`: the best, and fallbacks that cost more are
    welcome."""
    fallback: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pool:
    """Models among which Envoy distributes requests by weight."""

    members: Mapping[str, int]
    """Model names and weights."""
    max_concurrent: int | None = None


@dataclass(frozen=True, slots=True)
class Virtual:
    """A virtual model: a name that stands for a choice among models by one preference."""

    wish: Literal["auto", "fast", "cheap", "best"]
    among: tuple[str, ...] = ()
    """Model names; empty: all."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """An experiment or canary: a share of the requests is sent to another model."""

    name: str
    arm: str
    """The other model's name."""
    share: float = 0.05
    """0 to 1."""
    of: frozenset[str] = frozenset()
    """Only requests that would go to one of these; empty: all."""
    condition: Condition | None = None
    sticky: Sticky = "session"
    canary: bool = False
    """A new version on trial: switched off by itself while its provider or model is not healthy."""


@dataclass(frozen=True, slots=True)
class Restriction:
    """The permitted providers, regions and models; `None` permits all. Several restrictions are intersected."""

    name: str
    """As a refusal tells it: `data class pii`."""
    providers: frozenset[str] | None = None
    regions: frozenset[str] | None = None
    models: frozenset[str] | None = None
    """`Target.name`s."""


@dataclass(frozen=True, slots=True)
class Compliance:
    """The linked section `compliance`."""

    always: tuple[Restriction, ...] = ()
    classes: Mapping[str, Restriction] = field(default_factory=dict[str, Restriction])
    """By data class."""
    data_class: str = ""
    """Of every request of this sidecar; a client can only add a further one."""
    when: tuple[tuple[Condition, str], ...] = ()
    """A condition, and the data class of what it holds for, or of what it cannot be evaluated for."""
    required: bool = False
    """A request without any data class is refused."""


@dataclass(frozen=True, slots=True)
class CostCentre:
    """The restrictions and limits of one cost centre."""

    restriction: Restriction | None = None
    max_cost_usd: float | None = None
    """Of a single request, as estimated."""


@dataclass(frozen=True, slots=True)
class Optimization:
    """The linked preferences and limits of cost, latency and quality."""

    minimize_cost: bool = False
    """Of the candidates the cheapest that can do it goes first."""
    quality_threshold: float | None = None
    kinds: tuple[str, ...] = ()
    """Words of `ModelFacts.kind`, those to be preferred first."""
    max_cost_per_session: float | None = None
    hourly_budget: float | None = None
    daily_budget: float | None = None
    on_exceeded: Literal["downgrade", "reject"] = "downgrade"
    max_cost_per_task: float | None = None
    """Above this estimate the next cheaper capable model is taken."""
    latency: bool = False
    """`load_balancing.strategy: least_latency`: the fastest of the candidates goes first."""
    unknown_price: Literal["allow", "deny"] = "allow"
    """What a limit in dollars does with a model whose price nobody knows."""


@dataclass(frozen=True, slots=True)
class Switching:
    """A rule of `cost_aware.dynamic_switching`: the action if a provider or model exceeds a threshold."""

    metric: Literal["error_rate", "latency_p99"]
    threshold: float
    """A share from 0 to 1, or milliseconds."""
    action: Literal["switch_provider", "fallback_fast"]
    window_seconds: float = 300.0
    """What is measured over."""
    interval_seconds: float = 30.0
    """How often it is looked at."""


@dataclass(frozen=True, slots=True)
class Affinity:
    """The rule that keeps a session at the model that answered it."""

    ttl_seconds: float = 900.0


@dataclass(frozen=True, slots=True)
class Level:
    """The overrides of a session or a request. Empty fields override nothing."""

    name: str = ""
    """As a reason tells it: `session`, `session.yml: night-*`, `prompt`, `x-openclaw-model`."""
    model: str = ""
    """A name of `Gateway.chains`: it is asked instead of what the client asked for."""
    routing: bool | None = None
    """Whether rules, tiers and fallbacks are used at all."""
    timeout_ms: int | None = None
    data_class: str = ""
    max_cost_usd: float | None = None
    fallback: tuple[str, ...] = ()
    """Names of models that stand in for `model`, before all others."""


@dataclass(frozen=True, slots=True)
class Levels:
    """Of the levels that a request has (its own, `prompt`, one of `sessions`, `session`) the nearest that says
    something holds. Limits are another matter: the data classes of all of them count, and the lowest amount.
    """

    session: Level | None = None
    """Of every request that belongs to a session."""
    sessions: Mapping[str, Level] = field(default_factory=dict[str, Level])
    """By session id, or a pattern with `*`; the first that fits."""
    prompt: Level | None = None
    """Of every request."""


@dataclass(frozen=True, slots=True)
class Context:
    """The linked section `context_management`, which shortens long conversations."""

    threshold: float = 0.8
    """Share of the window."""
    method: Literal["truncate", "summarize"] = "truncate"
    preserve_critical: bool = True
    summarizer: str = ""
    """Name of the model that summarizes."""
    deadline_ms: int = 10_000


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """The model that classifies requests when the built-in classification is uncertain."""

    endpoint: str
    """Base URL of an OpenAI-compatible server: `http://127.0.0.1:8080/v1`."""
    model: str
    deadline_ms: int = 50
    below: float = 0.6
    """Asked only when our confidence is lower than this."""
    data_classes: frozenset[str] = frozenset()
    """Of requests whose text this model may see; `*`: all. It is no provider that compliance could judge."""


def _nothing(_: Values) -> object:
    return None


def _no_short_cut(_: Sequence[Condition]) -> Condition | None:
    return None


@dataclass(frozen=True, slots=True)
class Strategy:
    """Everything that the configuration says about model selection."""

    mode: Mode = "enforce"
    applies_to: Literal["all", "auto"] = "all"
    """Whether rules, tasks and tiers also choose for clients that named a model."""
    activate: Callable[[Values], object] = field(default=_nothing, compare=False)
    """Makes the variables ready for all conditions of one request."""
    any_of: Callable[[Sequence[Condition]], Condition | None] = field(default=_no_short_cut, compare=False)
    """One condition in place of several, to be asked first: `False` means that each of them is. `None`: no such one."""
    rules: tuple[Rule, ...] = ()
    default: str = ""
    """`- fallback: NAME` of the rules: where a request goes for which nobody else chose a model."""
    default_priority: Literal["", "cost", "quality"] = ""
    tasks: Mapping[str, str] = field(default_factory=dict[str, str])
    """From a task to a model's name."""
    fallbacks: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """From a model's name to those that stand in for it, before the chain's own."""
    tiers: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """From a tier, or `coding`, to model or pool names; the first that can is taken."""
    pools: Mapping[str, Pool] = field(default_factory=dict[str, Pool])
    virtual: Mapping[str, Virtual] = field(default_factory=dict[str, Virtual])
    experiments: tuple[Experiment, ...] = ()
    compliance: Compliance = Compliance()
    users: Mapping[str, str] = field(default_factory=dict[str, str])
    """From a user to the model they prefer."""
    cost_centres: Mapping[str, CostCentre] = field(default_factory=dict[str, CostCentre])
    optimization: Optimization = Optimization()
    switching: tuple[Switching, ...] = ()
    affinity: Affinity | None = None
    region: str = ""
    """Ours: providers of this region go before others that are as good."""
    levels: Levels = Levels()
    context: Context | None = None
    second_opinion: SecondOpinion | None = None
