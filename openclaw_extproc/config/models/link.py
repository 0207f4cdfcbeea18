"""Linking of everything about models: the catalogue, request changes, costs and virtual models."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Literal, TypeAlias

from openclaw_extproc.catalog import ModelFacts
from openclaw_extproc.config.findings import Finding, error, suggestion, warning
from openclaw_extproc.config.models.catalog import Catalogue, link_catalogue, with_changes
from openclaw_extproc.config.models.chains import Chain
from openclaw_extproc.config.providers.link import Providers
from openclaw_extproc.config.read.clusters import Clusters
from openclaw_extproc.config.read.forms import Forms
from openclaw_extproc.config.routing.optimization import link_optimization
from openclaw_extproc.config.schema.config_file import Written
from openclaw_extproc.config.schema.models import VirtualModel
from openclaw_extproc.gateway import AUTO
from openclaw_extproc.strategy import Optimization, Strategy, Switching, Virtual


@dataclass(frozen=True, slots=True)
class LinkedModels:
    """The linked models of one configuration."""

    chains: Mapping[str, Chain]
    """Those given, whose targets now have their `changes`."""
    catalog: Mapping[str, ModelFacts]
    optimization: Optimization
    switching: tuple[Switching, ...]
    virtual: Mapping[str, Virtual]
    chatting: frozenset[str]
    """As the catalogue has it."""
    region: str
    findings: tuple[Finding, ...]

    def into(self, strategy: Strategy) -> Strategy:
        """The strategy with what is linked here; the choice of the fastest is another part's."""
        return replace(
            strategy,
            optimization=replace(self.optimization, latency=strategy.optimization.latency),
            switching=self.switching,
            virtual=self.virtual,
            region=self.region,
        )


def link_models(
    written: Written,
    forms: Forms,
    clusters: Clusters,
    providers: Providers,
    chains: Mapping[str, Chain],
    today: date,
) -> LinkedModels:
    """Links everything about models. `chains` are complete."""
    catalogue, findings = link_catalogue(forms, clusters, providers.by_name, chains, today)
    optimization, switching, about_money = link_optimization(written, catalogue)
    virtual, about_names = link_virtual(written, chains, catalogue)
    findings += [*about_money, *about_names]
    region = written.region or ""
    if region and providers.by_name and not any(one.region for one in providers.by_name.values()):
        findings.append(warning("region", "has no effect: no provider has a region", "set region of the providers"))
    return LinkedModels(
        chains=with_changes(chains, catalogue),
        catalog=catalogue.facts,
        optimization=optimization,
        switching=switching,
        virtual=virtual,
        chatting=catalogue.chatting,
        region=region,
        findings=tuple(findings),
    )


Wish: TypeAlias = Literal["auto", "fast", "cheap", "best"]
_BUILT_IN: Mapping[str, Wish] = MappingProxyType({"fast": "fast", "cheap": "cheap", "best": "best"})
_PATH = "gateway.routing_strategy.virtual"


def link_virtual(
    written: Written, chains: Mapping[str, Chain], catalogue: Catalogue
) -> tuple[dict[str, Virtual], list[Finding]]:
    """A model that is really called `fast` is that model; the name is then none of ours."""
    strategy = written.gateway.routing_strategy
    own = strategy.virtual if strategy else {}
    models = tuple(_models(chains, catalogue))
    names = {*chains, *written.gateway.models}
    pools = written.load_balancing.pools if written.load_balancing else {}
    found: dict[str, Virtual] = {
        name: Virtual(wish, models) for name, wish in _BUILT_IN.items() if models and name not in names
    }
    findings: list[Finding] = []
    for name, one in own.items():
        findings += _findings(name, one, names, pools)
        among = tuple(dict.fromkeys(model for model in one.among if model in chains)) if one.among else models
        if among and name not in names:
            found[name] = Virtual(one.wish or _wish(name), among)
    return found, findings


def _wish(name: str) -> Wish:
    return _BUILT_IN.get(name, "auto")


def _models(chains: Mapping[str, Chain], catalogue: Catalogue) -> Iterator[str]:
    """Each model that chats under its own name, once: aliases are second names."""
    for name, chain in chains.items():
        if name != AUTO and chain[0].model == name and chain[0].name in catalogue.chatting:
            yield name


def _findings(name: str, one: VirtualModel, names: Collection[str], pools: Collection[str]) -> Iterator[Finding]:
    path = f"{_PATH}.{name}"
    if name == AUTO:
        yield error(path, "this name is reserved for the default choice", "give it another name")
    elif name in names:
        yield error(path, "is the name of a model, which clients could not reach any more", "give it another name")
    elif name in pools:
        yield error(path, "is also the name of a pool", "give one of them another name")
    for n, model in enumerate(one.among):
        if model not in names:
            remedy = suggestion(model, names) or "write a model or an alias that is listed"
            yield error(f"{path}.among[{n}]", f'no model is named "{model}"', remedy)
