"""The catalogue: the properties of every model that a request can reach, and the changes to requests for it.

What is written goes before what is known by name, key by key. A model may be written of in several forms (an alias, an
entry of a list, a role, the clusters file); what they say is put together, and must not differ.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from openclaw_extproc.catalog import POSSIBLE, ModelFacts, Price
from openclaw_extproc.config.findings import Finding, error, unknown_words
from openclaw_extproc.config.known.hosting import kind
from openclaw_extproc.config.known.models import KnownModel, known_model
from openclaw_extproc.config.known.prices import price_at_seller, prices_at_vendor, seller, window_at_vendor
from openclaw_extproc.config.models.chains import Chain
from openclaw_extproc.config.models.costs import link_prices, per_million
from openclaw_extproc.config.models.mentions import ModelSettings, collect_settings
from openclaw_extproc.config.read.clusters import Clusters
from openclaw_extproc.config.read.forms import Forms
from openclaw_extproc.config.schema.models import Facts, Template
from openclaw_extproc.gateway import Changes, Provider, Target

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
