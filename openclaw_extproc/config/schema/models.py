"""The written sections about models: what is known of each, what goes with a request to it, and what it may cost."""

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
    """Words that go with each request to a provider or a model, whoever asked and whatever for."""

    preamble: Words = ""
    """Goes before the system text. At most 4 KiB."""
    style: Words = ""
    """Goes behind it. At most 4 KiB."""


class Facts(Section):
    """What is known of a model. All may be left out: list prices and windows of well-known models are known."""

    base_model: Name | None = None
    """The vendor's own name of the model, where `model` is a deployment of Azure, a fine-tuned one or another alias:
    list price, window and abilities are then looked up under this name."""
    context_window: Tokens | None = None
    """Tokens of prompt and answer together. What a server of your own was started with, if it is less."""
    max_output_tokens: Tokens | None = None
    """The longest answer it can give."""
    cost_per_token: Dollars | None = None
    """Dollars for each token, prompt and answer alike. If any of them in the file is 0.001 or more, all of them are
    taken as dollars for a thousand tokens; see docs/decisions/0010. Unambiguous: the four keys below."""
    input_cost_per_million: Dollars | None = None
    """Dollars for a million tokens of the prompt; 0 for a model that costs nothing. Goes before the list price."""
    output_cost_per_million: Dollars | None = None
    """Dollars for a million tokens of the answer."""
    cache_read_cost_per_million: Dollars | None = None
    """Dollars for a million tokens of the prompt that the provider had in its cache."""
    cache_write_cost_per_million: Dollars | None = None
    """Dollars for a million tokens of the prompt that are put into its cache."""
    capabilities: list[Name] = Field(default_factory=list[Name])
    """What it is good for. Words of your own, for rules and tiers, and the known ones, which are compared with what a
    request needs: vision, pdf, audio, video, tools, json_schema, reasoning."""
    lacks: list[Name] = Field(default_factory=list[Name])
    """Which of the known words it is unable to: requests that need one of them go elsewhere."""
    quality: Fraction | None = None
    """Your judgement from 0 to 1, for `quality_threshold` and `best`. Well-known models have a coarse one: 0.95 for
    the best there are, 0.85 for a standard one, 0.7 for a small, 0.5 for a tiny one."""
    kind: Literal["local", "open_source", "paid"] | None = None
    """For `cost_optimization.priority`. Known of well-known models, and of addresses that are private."""
    family: Name | None = None
    """Whose tokenizer it has: openai, anthropic, gemini, llama, mistral, qwen, deepseek, grok … Token counts of a
    family are corrected by what its providers report."""
    template: Template | None = None
    """Goes before the provider's own."""


class CatalogueEntry(Facts):
    """The same in a list of models, where the published examples say `max_tokens`."""

    max_tokens: Tokens | None = None
    """Another word for `context_window`. For the longest answer write `max_output_tokens`."""


class ModelChoice(Choice, Facts):
    """One model at one provider, and what is known of it."""


class ListedModel(CatalogueEntry):
    """A model of a provider's list: its name alone, or a mapping with what is known of it."""

    name: Name | None = None
    """As the provider calls it, and as clients ask for it."""


Listed: TypeAlias = Annotated[ListedModel, Short("name")]
Models: TypeAlias = list[Listed]


def names(models: Models) -> tuple[str, ...]:
    """Each once, in the order written."""
    return tuple(dict.fromkeys(model.name for model in models if model.name))


class VirtualModel(Section):
    """A name of yours that clients may ask for as if it were a model: the choice among some models, under one wish.

    A list of names alone is `among`.
    """

    wish: Literal["auto", "fast", "cheap", "best"] | None = None
    """`fast`: the one that answers soonest by measurement; `cheap`: the cheapest that can do it; `best`: the one of
    the highest quality; `auto`: as rules and tiers decide. Left out: what the name says, else `auto`."""
    among: list[Name] = Field(default_factory=list[Name])
    """Names of models or aliases; left out: all models that chat."""


VirtualEntry: TypeAlias = Annotated[VirtualModel, Short("among", "array")]
Virtuals: TypeAlias = dict[str, VirtualEntry]


class CostThreshold(Section):
    """How much may be spent, as estimated before each request."""

    daily_budget: Amount | None = None
    """Dollars a day, of all requests of this sidecar. The lower one holds of this and `max_daily_budget`."""
    hourly_budget: Amount | None = None
    """Dollars an hour."""


class CostOptimization(Section):
    """Which kinds of models are preferred, and how much may be spent."""

    enabled: bool = True
    """`false`: as if the section were not there."""
    priority: list[Name] = Field(default_factory=list[Name])
    """Kinds of models, those to be preferred first: local, open_source, paid."""
    cost_threshold: CostThreshold = CostThreshold()


class Constraints(Section):
    """What has to hold whatever is cheap."""

    max_cost_per_session: Amount | None = None
    """Dollars, estimated before each request of the session."""
    max_daily_budget: Amount | None = None
    """Dollars a day, of all requests of this sidecar."""
    quality_threshold: Fraction | None = None
    """0 to 1: `minimize_cost` takes no model of less `quality` where another can do it."""


class CostTarget(Section):
    """What is aimed at, and within which bounds."""

    target: Name | None = None
    """`minimize_cost`: of the models that can do it, the cheapest one first."""
    constraints: Constraints = Constraints()


class SwitchingRule(Section):
    """What is to happen when a number goes over a threshold."""

    metric: Name | None = None
    """`cost_per_task` (dollars, estimated for each request), `error_rate` (a share), `latency_p99` (milliseconds)."""
    threshold: Amount | None = None
    """In the unit of the metric."""
    action: Name | None = None
    """`downgrade_model` for `cost_per_task`, `switch_provider` for `error_rate`, `fallback_fast` for `latency_p99`."""
    downgrade_to: Name | None = None
    """`next_cheaper`: the next cheaper model that can do it."""


class DynamicSwitching(Section):
    """What happens when a number goes over a threshold."""

    strategy: Name | None = None
    """`cost_window`."""
    window_minutes: Count | None = None
    """What `error_rate` and `latency_p99` are measured over. Default: 5."""
    check_interval: Duration | None = None
    """How often `error_rate` and `latency_p99` are looked at. Default: 30s."""
    rules: list[SwitchingRule] = Field(default_factory=list[SwitchingRule])


class CostAware(Section):
    """Limits in dollars, and what is done to stay below them."""

    enabled: bool = True
    """`false`: as if the section were not there."""
    optimization: CostTarget = CostTarget()
    dynamic_switching: DynamicSwitching = DynamicSwitching()
    on_exceeded: Literal["downgrade", "reject"] = "downgrade"
    """What happens when a limit is reached: cheaper and free models only, and a refusal where there is none; or a
    refusal at once."""
    unknown_price: Literal["allow", "deny"] = "allow"
    """What a limit in dollars does with a model whose price nobody knows: let it pass, uncounted, or leave it out."""
