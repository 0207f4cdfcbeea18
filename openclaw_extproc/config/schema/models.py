"""The schema of models: their properties, prompt templates, virtual models and cost limits."""

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias, cast

from pydantic import AfterValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from openclaw_extproc.config.schema.base import Amount, Choice, Count, Duration, Fraction, Name, Section

MAX_TEMPLATE_BYTES = 4_096
"""It goes with every attempt, in the plan and in the prompt."""


NEITHER = "neither_short_nor_long"
"""Type of pydantic's error about a value that is not a section in either way of writing it."""


@dataclass(frozen=True, slots=True)
class Short:
    """A section that may be written as the value of one of its keys alone: `gpt-4o` for `{name: gpt-4o}`."""

    key: str
    kind: Literal["string", "array"] = "string"

    def __get_pydantic_core_schema__(self, source: type[Section], handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._spelt_out, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        whole = handler(schema)
        alone = handler.resolve_ref_schema(whole)["properties"][self.key]
        alone = {key: value for key, value in alone.items() if key not in ("default", "title", "description")}
        return {"anyOf": [_not_null(alone), whole]}

    def _spelt_out(self, value: object) -> object:
        if isinstance(value, str if self.kind == "string" else list):
            return {self.key: cast("object", value)}
        if isinstance(value, dict):
            return cast("object", value)
        short = "text" if self.kind == "string" else "a list"
        raise PydanticCustomError(NEITHER, "expected {short} or a mapping", {"short": short})


def _not_null(schema: JsonSchemaValue) -> JsonSchemaValue:
    """Of `Name | None` the name."""
    options: list[JsonSchemaValue] = schema.get("anyOf", [schema])
    return next(one for one in options if one.get("type") != "null")


def _short_enough(text: str) -> str:
    if len(text.encode()) > MAX_TEMPLATE_BYTES:
        raise ValueError(f"write at most {MAX_TEMPLATE_BYTES} bytes")
    return text


Words: TypeAlias = Annotated[str, AfterValidator(_short_enough)]
Tokens: TypeAlias = Annotated[int, Field(ge=1, le=1_000_000_000)]
Dollars: TypeAlias = Amount


class Template(Section):
    """Sets text that is added to the system prompt of every request to a provider or model."""

    preamble: Words = ""
    """Sets text that is put before the system prompt, at most 4 KiB."""
    style: Words = ""
    """Sets text that is put after the system prompt, at most 4 KiB."""


class Facts(Section):
    """The properties of a model. All of them are optional: list prices and context windows of well-known models are
    built in."""

    base_model: Name | None = None
    """Names the vendor's model when `model` is an Azure deployment, a fine-tuned model or another alias. List price,
    context window and capabilities are looked up under this name."""
    context_window: Tokens | None = None
    """Sets the context window in tokens, prompt and response together. For a self-hosted model, set the value that the
    server was started with if it is smaller."""
    max_output_tokens: Tokens | None = None
    """Sets the maximum length of a response in tokens. A higher limit in a request is lowered to it, and where the wire
    format demands a limit and the request has none, it is sent. Default: that of a well-known model."""
    cost_per_token: Dollars | None = None
    """Sets the price per token in US dollars, the same for prompt and response. If any such value in the file is 0.001
    or more, all of them are taken as dollars per thousand tokens (see docs/decisions/0010). The four keys below have an
    unambiguous unit."""
    input_cost_per_million: Dollars | None = None
    """Sets the price of a million prompt tokens in US dollars; 0 is a free model. Default: the list price of a
    well-known model."""
    output_cost_per_million: Dollars | None = None
    """Sets the price of a million response tokens in US dollars. Default: the list price of a well-known model."""
    cache_read_cost_per_million: Dollars | None = None
    """Sets the price in US dollars of a million prompt tokens that the provider reads from its cache."""
    cache_write_cost_per_million: Dollars | None = None
    """Sets the price in US dollars of a million prompt tokens that the provider writes to its cache."""
    capabilities: list[Name] = Field(default_factory=list[Name])
    """Lists the model's capabilities. Known ones are compared with what a request needs: `vision`, `pdf`, `audio`,
    `video`, `tools`, `json_schema`, `reasoning`. Any other word may be used by rules and tiers."""
    lacks: list[Name] = Field(default_factory=list[Name])
    """Lists known capabilities that the model does not have. Requests that need one of them are routed to another
    model."""
    quality: Fraction | None = None
    """Sets your rating of the model, from 0 to 1, for `quality_threshold` and the virtual model `best`. Well-known
    models have a coarse built-in rating: 0.95 for the best, 0.85 for standard, 0.7 for small and 0.5 for tiny
    models."""
    kind: Literal["local", "open_source", "paid"] | None = None
    """Sets the kind of model, for `cost_optimization.priority`. Default: the built-in kind of a well-known model;
    `local` at a private address."""
    family: Name | None = None
    """Names the tokenizer family: openai, anthropic, gemini, llama, mistral, qwen, deepseek, grok … Estimated token
    counts of a family are corrected by the counts that its providers report."""
    template: Template | None = None
    """Sets the prompt template of this model. It takes precedence over the provider's template."""


class CatalogueEntry(Facts):
    """The properties of a model in a list of models or aliases."""

    max_tokens: Tokens | None = None
    """Is an alternative spelling of `context_window`. The maximum length of a response is `max_output_tokens`."""


class ModelChoice(Choice, Facts):
    """One model of one provider, with its properties."""


class ListedModel(CatalogueEntry):
    """Lists a provider's models: each is a model name, or a mapping with the model's properties."""

    name: Name | None = None
    """Sets the model's name, which is the same for the provider and for clients."""


ListedModelOrName: TypeAlias = Annotated[ListedModel, Short("name")]
Models: TypeAlias = list[ListedModelOrName]


def names(models: Models) -> tuple[str, ...]:
    """Each once, in the order written."""
    return tuple(dict.fromkeys(model.name for model in models if model.name))


class VirtualModel(Section):
    """A virtual model: a name that stands for a choice among several models by one preference.

    A list of names alone is a value of `among`.
    """

    wish: Literal["auto", "fast", "cheap", "best"] | None = None
    """Selects the preference. `fast`: the lowest measured time to first token. `cheap`: the cheapest model that is
    capable of the request. `best`: the highest quality. `auto`: the choice of rules and tiers. Default: the preference
    that the name itself says, otherwise `auto`."""
    among: list[Name] = Field(default_factory=list[Name])
    """Lists the models or aliases to choose from. Default: all chat models."""


VirtualEntry: TypeAlias = Annotated[VirtualModel, Short("among", "array")]
Virtuals: TypeAlias = dict[str, VirtualEntry]


class CostThreshold(Section):
    """Sets budgets. The cost of each request is estimated before it is sent."""

    daily_budget: Amount | None = None
    """Limits the daily cost of all requests of this sidecar, in US dollars. If `max_daily_budget` is set too, the lower
    value applies. `cost_aware.on_exceeded` says what happens at the limit."""
    hourly_budget: Amount | None = None
    """Limits the hourly cost of all requests of this sidecar, in US dollars. `cost_aware.on_exceeded` says what happens
    at the limit."""


class CostOptimization(Section):
    """Configures the preferred kinds of models and the budgets."""

    enabled: bool = True
    """Disables the section when `false`."""
    priority: list[Name] = Field(default_factory=list[Name])
    """Lists kinds of models (`local`, `open_source`, `paid`), the preferred one first."""
    cost_threshold: CostThreshold = CostThreshold()


class Constraints(Section):
    """Sets constraints that hold for every choice by cost."""

    max_cost_per_session: Amount | None = None
    """Limits the cost of a session in US dollars. The cost of each request is estimated before it is sent."""
    max_daily_budget: Amount | None = None
    """Limits the daily cost of all requests of this sidecar, in US dollars."""
    quality_threshold: Fraction | None = None
    """Sets the minimum `quality`, from 0 to 1, of the models that `minimize_cost` chooses from. A model below it is
    used only if no other model is capable of the request."""


class CostTarget(Section):
    """Configures the optimization target and its constraints."""

    target: Name | None = None
    """Selects the target. `minimize_cost`: the cheapest capable model is tried first."""
    constraints: Constraints = Constraints()


class SwitchingRule(Section):
    """Lists actions that are taken when a metric exceeds its threshold."""

    metric: Name | None = None
    """Names the metric: `cost_per_task` (estimated US dollars per request), `error_rate` (0 to 1) or `latency_p99`
    (milliseconds)."""
    threshold: Amount | None = None
    """Sets the threshold, in the unit of the metric."""
    action: Name | None = None
    """Selects the action: `downgrade_model` for `cost_per_task`, `switch_provider` for `error_rate`, `fallback_fast`
    for `latency_p99`."""
    downgrade_to: Name | None = None
    """Selects the model of a downgrade. `next_cheaper`: the next cheaper model that is capable of the request."""


class DynamicSwitching(Section):
    """Configures switching by cost, error rate and latency."""

    strategy: Name | None = None
    """Selects the strategy: `cost_window`."""
    window_minutes: Count | None = None
    """Sets the window, in minutes, over which `error_rate` and `latency_p99` are measured. Default: 5."""
    check_interval: Duration | None = None
    """Sets the interval at which `error_rate` and `latency_p99` are evaluated. Default: 30s."""
    rules: list[SwitchingRule] = Field(default_factory=list[SwitchingRule])


class CostAware(Section):
    """Configures cost limits and how requests are kept below them."""

    enabled: bool = True
    """Disables the section when `false`."""
    optimization: CostTarget = CostTarget()
    dynamic_switching: DynamicSwitching = DynamicSwitching()
    on_exceeded: Literal["downgrade", "reject"] = "downgrade"
    """Selects what happens when a cost limit is reached. `downgrade`: only cheaper and free models are used, and the
    request is rejected with 429 if there is none. `reject`: the request is rejected with 429."""
    unknown_price: Literal["allow", "deny"] = "allow"
    """Selects how cost limits treat models without a known price. `allow`: they may be used and are not counted.
    `deny`: they are not used."""
