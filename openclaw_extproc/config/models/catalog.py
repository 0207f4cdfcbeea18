"""The catalogue: the properties of every model that a request can reach, and the changes to requests for it.

What is written goes before what is known by name, key by key. A model may be written of in several forms (an alias, an
entry of a list, a role, the clusters file); what they say is put together, and must not differ.

All settings of one model from all places of the configuration, each with its place.

The configured price of a model, which takes precedence over the list price.

`cost_per_token` is ambiguous by a factor of a thousand: see docs/decisions/0010. The other keys are not.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeAlias

from openclaw_extproc.catalog import MILLION, POSSIBLE, ModelFacts, Price
from openclaw_extproc.config.findings import Finding, error, unknown_words, warning
from openclaw_extproc.config.known.hosting import kind
from openclaw_extproc.config.known.models import KnownModel, known_model
from openclaw_extproc.config.known.prices import price_at_seller, prices_at_vendor, seller, window_at_vendor
from openclaw_extproc.config.models.chains import Chain
from openclaw_extproc.config.read.clusters import Clusters
from openclaw_extproc.config.read.forms import Forms
from openclaw_extproc.config.read.narrow import sequence
from openclaw_extproc.config.schema.models import CatalogueEntry, Facts, Template
from openclaw_extproc.gateway import Changes, Provider, Target

# -- mentions --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """The settings of one model and the place of each of them."""

    values: Mapping[str, object] = field(default_factory=dict[str, object])
    """By the name of a field of `CatalogueEntry`."""
    places: Mapping[str, str] = field(default_factory=dict[str, str])
    """Where each of them is written."""

    def place(self, key: str) -> str:
        """The path of a setting; empty: it is not written."""
        return self.places.get(key, "")

    def text(self, key: str) -> str:
        """A setting as text; empty: it is not written."""
        found = self.values.get(key)
        return found if isinstance(found, str) else ""

    def count(self, key: str) -> int | None:
        """A setting as a whole number; `None`: it is not written."""
        found = self.values.get(key)
        return found if isinstance(found, int) else None

    def number(self, key: str) -> float | None:
        """A setting as a number; `None`: it is not written."""
        found = self.values.get(key)
        return float(found) if isinstance(found, int | float) else None

    def words(self, key: str) -> frozenset[str]:
        """A setting as a set of words."""
        return frozenset(map(str, sequence(self.values.get(key))))


def collect_settings(sources: Iterable[tuple[str, str, Facts]], findings: list[Finding]) -> dict[str, ModelSettings]:
    """The settings of each model by `provider/model`. A source is that name, a path, and what is written there."""
    said: dict[str, ModelSettings] = {}
    for name, path, facts in sources:
        before = said.get(name, ModelSettings())
        values, places = dict(before.values), dict(before.places)
        for key, value in _written_values(facts).items():
            if values.setdefault(key, value) != value:
                finding = f"differs from {places[key]} for {name}"
                findings.append(error(f"{path}.{key}", finding, "write it once"))
            places.setdefault(key, f"{path}.{key}")
        said[name] = ModelSettings(values, places)
    return said


def _written_values(facts: Facts) -> dict[str, object]:
    keys = facts.model_fields_set & CatalogueEntry.model_fields.keys()
    found: dict[str, object] = {key: getattr(facts, key) for key in CatalogueEntry.model_fields if key in keys}
    return {key: value for key, value in found.items() if value is not None}


# -- costs -----------------------------------------------------------------------------


PER_THOUSAND_FROM = 0.001
"""Nobody asks a thousand dollars for a million tokens; the dearest model of 2026 asks 600 for its answers."""
DEAREST = 1_000.0
CHEAPEST = 0.001
"""Dollars a million tokens: what is outside is taken for a slip of a factor of a thousand or a million."""

PerMillion: TypeAlias = Callable[[float], float]

_CACHES = ("cache_read_cost_per_million", "cache_write_cost_per_million")


def per_million(said: Mapping[str, ModelSettings], findings: list[Finding]) -> PerMillion:
    """Converts a written `cost_per_token` to dollars per million tokens; a warning if it is not taken literally."""
    written = [(one.place("cost_per_token"), cost) for one in said.values() if (cost := one.number("cost_per_token"))]
    large = next((place for place, cost in written if cost >= PER_THOUSAND_FROM), None)
    if large is None:
        return lambda cost: round(cost * MILLION, 9)
    finding = "would be a thousand dollars a million tokens or more: every cost_per_token is read as dollars per 1,000"
    findings.append(warning(large, finding, "write input_cost_per_million and output_cost_per_million"))
    return lambda cost: round(cost * 1_000, 9)


def link_prices(
    one: ModelSettings, listed: tuple[Price, ...], cost: PerMillion, findings: list[Finding]
) -> tuple[Price, ...]:
    """Written prices hold for requests of any size; a written price of the cache alone changes the list price."""
    flat = one.number("cost_per_token")
    both = None if flat is None else cost(flat)
    tokens_in = _first(one.number("input_cost_per_million"), both)
    out = _first(one.number("output_cost_per_million"), both)
    if tokens_in is None and out is None:
        findings += _about_caches(one, listed)
        return tuple(_with_caches(price, one) for price in listed)
    base = listed[0] if listed else None
    tokens_in = _first(tokens_in, base.input if base else None)
    out = _first(out, base.output if base else None)
    if tokens_in is None or out is None:
        findings.append(_half(one, "output" if out is None else "input"))
        return ()
    price = _with_caches(Price(tokens_in, out), one)
    findings += _odd(one, price, base)
    return (price,)


def _with_caches(price: Price, one: ModelSettings) -> Price:
    return replace(
        price,
        cache_read=_first(one.number("cache_read_cost_per_million"), price.cache_read),
        cache_write=_first(one.number("cache_write_cost_per_million"), price.cache_write),
    )


def _first(one: float | None, other: float | None) -> float | None:
    return other if one is None else one


def _half(one: ModelSettings, missing: str) -> Finding:
    written = "input" if missing == "output" else "output"
    finding = f"only half of the price is set, and the list price is unknown: {missing}_cost_per_million is missing"
    return error(one.place(f"{written}_cost_per_million"), finding, f"write {missing}_cost_per_million too")


def _about_caches(one: ModelSettings, listed: tuple[Price, ...]) -> Iterator[Finding]:
    for key in _CACHES:
        if key in one.values and not listed:
            finding = "not used: what the model itself costs is not known"
            yield warning(one.place(key), finding, "write input_cost_per_million and output_cost_per_million")


def _odd(one: ModelSettings, price: Price, listed: Price | None) -> Iterator[Finding]:
    place = next(one.place(key) for key in _KEYS if key in one.values)
    dollars = [cost for cost in (price.input, price.output) if cost]
    if any(cost >= DEAREST for cost in dollars):
        yield warning(place, "is a thousand dollars a million tokens or more", "check the number of zeros")
    if any(cost < CHEAPEST for cost in dollars):
        yield warning(place, "is less than a thousandth of a dollar a million tokens", "check the number of zeros")
    if "cost_per_token" in one.values and listed and price.output < 0.9 * listed.output:
        finding = f"counts answers at ${price.output:g} a million tokens, and their list price is ${listed.output:g}"
        yield warning(place, f"{finding}: limits in dollars come too late", "write output_cost_per_million")


_KEYS = ("cost_per_token", "input_cost_per_million", "output_cost_per_million")


# -- catalog ---------------------------------------------------------------------------


_SYNONYMS: Mapping[str, str] = {
    "images": "vision",
    "documents": "pdf",
    "function_calling": "tools",
    "tool_use": "tools",
    "structured_output": "json_schema",
    "structured_outputs": "json_schema",
    "thinking": "reasoning",
}
"""Other words for those of `POSSIBLE`."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The properties of all models, and where each was set."""

    facts: Mapping[str, ModelFacts] = field(default_factory=dict[str, ModelFacts])
    """By `Target.name`."""
    changes: Mapping[str, Changes] = field(default_factory=dict[str, Changes])
    """By `Target.name`; of a target without any: absent."""
    said: Mapping[str, ModelSettings] = field(default_factory=dict[str, ModelSettings])
    """What is written of each model, by `Target.name`; also of those whose provider was skipped."""
    at_vendor: Mapping[str, Price] = field(default_factory=dict[str, Price])
    """What the vendor asks for models without a price, by `Target.name`: those that are asked at another address, and
    whose weights nobody else has."""
    paths: Mapping[str, str] = field(default_factory=dict[str, str])
    """Where each model is written, by `Target.name`."""
    chatting: frozenset[str] = frozenset()
    """`Target.name` of those that answer in words: no embeddings, no speech, no pictures."""


def link_catalogue(
    forms: Forms, clusters: Clusters, providers: Mapping[str, Provider], chains: Mapping[str, Chain], today: date
) -> tuple[Catalogue, list[Finding]]:
    """The catalogue of all models in the chains, from the configuration and the built-in tables."""
    findings: list[Finding] = []
    said = collect_settings(_sources(forms, clusters), findings)
    cost = per_million(said, findings)
    catalogue: dict[str, ModelFacts] = {}
    chatting: set[str] = set()
    at_vendor: dict[str, Price] = {}
    for target in _targets(providers, chains):
        one = said.get(target.name, ModelSettings())
        model = one.text("base_model") or target.model
        known = known_model(model)
        sold = price_at_seller(seller(target.provider), model, today)
        prices = link_prices(one, sold.prices, cost, findings)
        catalogue[target.name] = _facts(target, one, known, prices, sold.window or window_at_vendor(model))
        chatting |= {target.name} if known.chats else set()
        if not prices and known.is_open is False and (asked := prices_at_vendor(model, today)):
            at_vendor[target.name] = asked[0]
    findings += _nameless(forms, clusters)
    for one in said.values():
        findings += _nonsense(one)
    changes = _changes(forms, clusters, said, catalogue)
    paths = {name: path for name, path, _ in _sources(forms, clusters)}
    return Catalogue(catalogue, changes, said, at_vendor, paths, frozenset(chatting)), findings


def with_changes(chains: Mapping[str, Chain], catalogue: Catalogue) -> dict[str, Chain]:
    """The same chains, whose targets know what goes with a request to them. What a target has by itself stays."""
    return {name: tuple(_with_changes(target, catalogue) for target in chain) for name, chain in chains.items()}


def _with_changes(target: Target, catalogue: Catalogue) -> Target:
    found = catalogue.changes.get(target.name)
    if found is None:
        return target
    return replace(target, changes=replace(target.changes, preamble=found.preamble, style=found.style))


def _sources(forms: Forms, clusters: Clusters) -> Iterator[tuple[str, str, Facts]]:
    """`provider/model`, where it stands, what is written there."""
    for wanted in forms.wanted_models():
        yield f"{wanted.provider}/{wanted.model}", wanted.path, wanted.facts
    for entry in forms.entries.values():
        for n, one in enumerate(entry.listed):
            yield f"{entry.name}/{one.name}", f"{entry.path}.models[{n}]", one
    for found in clusters.providers:
        for n, one in enumerate(found.listed):
            yield f"{found.provider.name}/{one.name}", f"{found.path}.models[{n}]", one


def _nameless(forms: Forms, clusters: Clusters) -> Iterator[Finding]:
    lists = [(entry.path, entry.listed) for entry in forms.entries.values()]
    lists += [(found.path, found.listed) for found in clusters.providers]
    for path, models in lists:
        for n, one in enumerate(models):
            if not one.name:
                yield error(f"{path}.models[{n}].name", "missing", "name the model")


def _targets(providers: Mapping[str, Provider], chains: Mapping[str, Chain]) -> Iterator[Target]:
    targets = [target for chain in chains.values() for target in chain]
    targets += [Target(provider, model) for provider in providers.values() for model in provider.models]
    yield from {target.name: target for target in targets}.values()


def _facts(
    target: Target, one: ModelSettings, known: KnownModel, prices: tuple[Price, ...], listed_window: int | None
) -> ModelFacts:
    words = one.words("capabilities")
    able = words | {_SYNONYMS[word] for word in words if word in _SYNONYMS}
    unable = {_SYNONYMS.get(word, word) for word in one.words("lacks")}
    widest = min((width for width in (listed_window, known.window) if width), default=None)
    width = one.count("context_window") or one.count("max_tokens") or widest
    longest = one.count("max_output_tokens") or known.max_output
    quality = one.number("quality")
    return ModelFacts(
        prices=prices,
        window=width,
        max_output=min(longest, width) if longest and width else longest,
        capabilities=frozenset((able | known.can) - unable),
        lacks=frozenset((known.lacks - able) | unable),
        quality=known.quality if quality is None else quality,
        family=one.text("family") or known.family,
        kind=one.text("kind") or kind(target.provider, known),
    )


def _nonsense(one: ModelSettings) -> Iterator[Finding]:
    width, other, longest = one.count("context_window"), one.count("max_tokens"), one.count("max_output_tokens")
    if width and other and width != other:
        finding = f"differs from {one.place('context_window')}"
        yield error(one.place("max_tokens"), finding, "if the longest answer is meant, write max_output_tokens")
    window = width or other
    if window and longest and longest > window:
        finding = f"is more than the whole window of {window}"
        yield error(one.place("max_output_tokens"), finding, "write less here, or more into context_window")
    words = one.words("lacks")
    yield from unknown_words(one.place("lacks"), "ability", sorted(words), {*POSSIBLE, *_SYNONYMS})
    for word in sorted(words & one.words("capabilities")):
        yield error(one.place("lacks"), f"{word} is also among its capabilities", "write it in one of the two")


def _changes(
    forms: Forms, clusters: Clusters, said: Mapping[str, ModelSettings], targets: Mapping[str, object]
) -> dict[str, Changes]:
    """The model's own words, and the provider's where it has none."""
    of_providers = {found.provider.name: found.template for found in clusters.providers if found.template}
    of_providers |= {entry.name: entry.template for entry in forms.entries.values() if entry.template}
    found: dict[str, Changes] = {}
    for name in targets:
        own = said.get(name, ModelSettings()).values.get("template")
        templates = [one for one in (own, of_providers.get(name.partition("/")[0])) if isinstance(one, Template)]
        preamble = next((one.preamble for one in templates if one.preamble), "")
        style = next((one.style for one in templates if one.style), "")
        if preamble or style:
            found[name] = Changes(preamble, style)
    return found
