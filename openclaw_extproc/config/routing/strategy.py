"""Links everything about model selection into one `Strategy`.

Linking of `session:`, `prompt:` and `session.yml`. `models/chains.py` builds the chains of their models.

Linking of `router.context_management`.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

from openclaw_extproc.catalog import ModelFacts
from openclaw_extproc.config.conditions import Compiler, activate, any_of
from openclaw_extproc.config.findings import Finding, error, suggestion, warning
from openclaw_extproc.config.models.names import Names, skipped_names
from openclaw_extproc.config.providers.link import Providers
from openclaw_extproc.config.read.forms import PROMPT, SESSION, SESSION_FILE, Forms, LevelForm
from openclaw_extproc.config.routing.compliance import Permitting, link_compliance, link_cost_centres, no_such_class
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
from openclaw_extproc.config.schema.router import ContextManagement
from openclaw_extproc.gateway import AUTO, Gateway, Provider, Target
from openclaw_extproc.policy.context import SUMMARY_TOKENS
from openclaw_extproc.strategy import Context, Level, Levels, Pool, Strategy, Virtual

# -- overrides -------------------------------------------------------------------------


MAX_SESSIONS = 10_000
"""In a file that is looked through for each request."""


def link_levels(
    forms: Forms, chains: Mapping[str, tuple[Target, ...]], classes: Collection[str]
) -> tuple[Levels, list[Finding]]:
    """`classes`: the data classes there are."""
    by_label = {form.label: _level(form, chains) for form in forms.levels}
    findings = [finding for form in forms.levels for finding in _findings(form, chains, classes)]
    once = (PROMPT, SESSION, SESSION_FILE)
    sessions = {label.removeprefix(f"{SESSION_FILE}: "): one for label, one in by_label.items() if label not in once}
    if len(sessions) > MAX_SESSIONS:
        path = forms.levels[-1].path.rpartition(".")[0]
        findings.append(error(path, f"more than {MAX_SESSIONS:,} sessions", "write patterns: night-*"))
    session = _join(by_label.get(SESSION_FILE), by_label.get(SESSION))
    return Levels(session, sessions, by_label.get(PROMPT)), findings + list(_two_classes(forms))


def _level(form: LevelForm, chains: Mapping[str, tuple[Target, ...]]) -> Level:
    router = form.written.router
    return Level(
        name=form.label,
        model=form.chain if form.chain in chains else "",
        routing=router.enabled if router.enable is None else router.enable,
        timeout_ms=router.timeout_ms,
        data_class=form.written.data_class or "",
        max_cost_usd=form.written.max_cost_usd,
    )


def _join(nearer: Level | None, further: Level | None) -> Level | None:
    """The `session` of both files as one: what is nearer holds, and the lower limit."""
    if nearer is None or further is None:
        return nearer or further
    costs = [one.max_cost_usd for one in (nearer, further) if one.max_cost_usd is not None]
    return Level(
        name=nearer.name if nearer.model or not further.model else further.name,
        model=nearer.model or further.model,
        routing=further.routing if nearer.routing is None else nearer.routing,
        timeout_ms=further.timeout_ms if nearer.timeout_ms is None else nearer.timeout_ms,
        data_class=nearer.data_class or further.data_class,
        max_cost_usd=min(costs, default=None),
    )


def _findings(form: LevelForm, chains: Mapping[str, tuple[Target, ...]], classes: Collection[str]) -> Iterator[Finding]:
    level, path = form.written, form.path
    if form.label == PROMPT and form.wanted:
        finding = "applies to every request: the model choices of clients, sessions, users and rules are not used"
        yield warning(path, finding, "remove it, and send it with single requests as the header x-openclaw-prompt")
    if form.wanted and form.chain not in chains:
        finding = "none of its models has a provider that is there: it chooses no model"
        yield warning(path, finding, "name a provider of openclaw.yml, or give its own an endpoint")
    enable, enabled = level.router.enable, level.router.enabled
    if enable is not None and enabled is not None and enable != enabled:
        yield error(f"{path}.router.enabled", "differs from enable", "write one of the two")
    if level.data_class is not None:
        yield from no_such_class(level.data_class, f"{path}.data_class", classes)


def _two_classes(forms: Forms) -> Iterator[Finding]:
    """One `session` has one class, and leaving one out in silence would permit what the operator forbade."""
    said = {form.label: form for form in forms.levels if form.written.data_class}
    nearer, further = said.get(SESSION_FILE), said.get(SESSION)
    if nearer and further and nearer.written.data_class != further.written.data_class:
        finding = "is another data class than that of session in openclaw.yml"
        yield error(f"{nearer.path}.data_class", finding, "write it in one of the two places, or for single sessions")


# -- strategy --------------------------------------------------------------------------


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


# -- context ---------------------------------------------------------------------------


_PATH = "router.context_management"


def link_context(
    written: ContextManagement | None, names: Iterable[str], cheapest: str
) -> tuple[Context | None, list[Finding]]:
    """`names`: of the models that may be asked. `cheapest`: the one of them that summarizes where none is named."""
    if written is None or not written.enabled:
        return None, []
    findings = [*_about_summarizer(written, {*names} - {AUTO}, cheapest)]
    wanted = written.summarizer or cheapest
    summarizes = written.compression_method == "summarize" and bool(wanted)
    context = Context(
        threshold=written.compression_threshold / 100,
        method="summarize" if summarizes else "truncate",
        preserve_critical=written.preserve_critical,
        summarizer=wanted if summarizes else "",
        deadline_ms=written.deadline_ms,
    )
    return context, findings


def cheapest_summarizer(
    catalog: Mapping[str, ModelFacts], chatting: Collection[str], providers: Mapping[str, Provider]
) -> str:
    """The chat model with the lowest price for a long prompt and a short answer, as `provider/model`; empty: none.

    `providers`: those whose credential is there. A model of one's own without a price costs nothing; of any other
    unknown price nobody can say that it is low. A caller's own key (`auth: forward`) does not go with our requests.
    """
    costs = {
        name: cost
        for name, facts in catalog.items()
        if name in chatting
        and (provider := providers.get(name.partition("/")[0]))
        and provider.auth != "forward"
        and (cost := _cost(facts)) is not None
    }
    return min(costs, key=lambda name: costs[name], default="")


def _cost(facts: ModelFacts) -> float | None:
    price = facts.price(_PROMPT_TOKENS)
    if price is not None:
        return price.of(_PROMPT_TOKENS, SUMMARY_TOKENS)
    return 0.0 if facts.kind == "local" else None


_PROMPT_TOKENS = 20_000


def _about_summarizer(written: ContextManagement, names: set[str], cheapest: str) -> Iterator[Finding]:
    path, summarizer = f"{_PATH}.summarizer", written.summarizer
    match written.compression_method, summarizer:
        case "summarize", None if not cheapest:
            finding = "missing, and no listed model has a known price: what is left out is not summarized"
            yield warning(path, finding, "name a cheap model, or write compression_method: truncate")
        case "truncate", str():
            yield warning(path, "not used", "write compression_method: summarize")
        case "summarize", str() if summarizer not in names:
            remedy = suggestion(summarizer, names) or "write a model or an alias that is listed"
            yield error(path, f'no model is named "{summarizer}"', remedy)
        case _:
            pass
