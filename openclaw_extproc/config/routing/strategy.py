"""Links everything about model selection into one `Strategy`."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

from openclaw_extproc.config.conditions.compiler import Compiler, activate, any_of
from openclaw_extproc.config.findings import Finding, warning
from openclaw_extproc.config.models.names import Names, skipped_names
from openclaw_extproc.config.providers.link import Providers
from openclaw_extproc.config.read.forms import Forms
from openclaw_extproc.config.routing.compliance import Permitting, link_compliance, link_cost_centres
from openclaw_extproc.config.routing.overrides import link_levels
from openclaw_extproc.config.routing.rules import (
    PATH,
    Linking,
    link_experiments,
    link_fallbacks,
    link_rules,
    link_second_opinion,
    link_tasks,
    link_tiers,
)
from openclaw_extproc.config.schema.config_file import RoutingStrategy, Written
from openclaw_extproc.gateway import Gateway
from openclaw_extproc.strategy import Pool, Strategy, Virtual

VirtualNames: TypeAlias = Mapping[str, Virtual]


def link_strategy(
    written: Written,
    forms: Forms,
    providers: Providers,
    gateway: Gateway,
    pools: Mapping[str, Pool],
    virtual: VirtualNames,
) -> tuple[Strategy, list[Finding]]:
    """The strategy of all sections about the choice of a model; pools, costs and context are added to it by others.

    Args:
        written: The configuration.
        forms: The same, with the overrides of `session.yml`.
        providers: The linked providers.
        gateway: Has the providers and the complete chains.
        pools: The linked pools by name.
        virtual: The virtual models of the configuration by name.
    """
    section = written.gateway.routing_strategy or RoutingStrategy()
    names = Names(gateway, pools, virtual, skipped_names(forms, providers, _left_out(written)))
    linking = Linking(names, Compiler(names.findings))
    permitting = Permitting(linking, providers)
    compliance = link_compliance(written.compliance, permitting)
    levels, about_levels = link_levels(forms, gateway.chains, compliance.classes)
    names.findings.extend(about_levels)
    strategy = replace(
        _link_section(section, written, linking),
        mode=written.gateway.mode,
        compliance=compliance,
        users=dict(_users(written, names)),
        cost_centres=link_cost_centres(written.cost_centres, permitting),
        levels=levels,
        second_opinion=link_second_opinion(section.second_opinion, names.findings),
    )
    return strategy, names.findings


def _link_section(section: RoutingStrategy, written: Written, linking: Linking) -> Strategy:
    """The part of the strategy that `gateway.routing_strategy` sets, with `task_to_model` and `fallback_map`."""
    rules, default = link_rules(section, linking)
    return Strategy(
        applies_to=section.applies_to,
        activate=activate,
        any_of=any_of,
        rules=rules,
        default=default,
        default_priority="cost" if section.policy == "cost_aware_capability" else "",
        tasks=link_tasks(section, written.task_to_model, linking),
        fallbacks=link_fallbacks(section, written.fallback_map, linking),
        tiers=link_tiers(section, linking),
        experiments=link_experiments(section, linking),
    )


def without_choice(strategy: Strategy) -> tuple[Strategy, list[Finding]]:
    """The strategy of a router that is off: it chooses nothing any more. Compliance and budgets stay."""
    off = replace(
        strategy,
        rules=(),
        default="",
        default_priority="",
        tasks={},
        fallbacks={},
        tiers={},
        experiments=(),
        second_opinion=None,
    )
    if off == strategy:
        return strategy, []
    return off, [warning(PATH, "not used: the router is switched off", "remove router.enabled: false")]


def _left_out(written: Written) -> set[str]:
    balancing = written.load_balancing
    return {*written.gateway.models, *(balancing.pools if balancing else ())}


def _users(written: Written, names: Names) -> Iterator[tuple[str, str]]:
    for user, one in written.users.items():
        if one.preferred_model is None:
            continue
        if model := names.model(one.preferred_model, f"users.{user}.preferred_model"):
            yield user, model
