"""Links everything about models: the catalogue, request changes, costs and virtual models."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from openclaw_extproc.catalog import ModelFacts
from openclaw_extproc.config.findings import Finding, warning
from openclaw_extproc.config.models.catalog import link_catalogue, with_changes
from openclaw_extproc.config.models.chains import Chain
from openclaw_extproc.config.models.virtual_names import link_virtual
from openclaw_extproc.config.providers.link import Providers
from openclaw_extproc.config.read.clusters import Clusters
from openclaw_extproc.config.read.forms import Forms
from openclaw_extproc.config.routing.optimization import link_optimization
from openclaw_extproc.config.schema.config_file import Written
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
    """To be called when all chains are there."""
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
