"""The fallback chains: from the model that a client asks for to its targets in order.

Where forms stand side by side, the first one that knows a model has it: roles, list, single model, aliases, clusters.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf

from openclaw_extproc.config.findings import Finding, error, known_names, suggestion, unknown_name, warning
from openclaw_extproc.config.providers.link import Providers
from openclaw_extproc.config.read.forms import Entry, Forms
from openclaw_extproc.config.schema.load_balancing import Failover
from openclaw_extproc.config.schema.router import SecondaryFallback
from openclaw_extproc.gateway import AUTO, LEVEL, Provider, Target

Chain = tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class _Linking:
    forms: Forms
    providers: Providers

    def walk(self, name: str, model: str) -> Chain:
        """This model at this provider, then along `fallback` until a provider comes again.

        One that was skipped for want of an endpoint is passed over: what it falls back to still counts.
        """
        asked, chain, seen = model, list[Target](), set[str]()
        while name not in seen:
            seen.add(name)
            provider, entry = self.providers.by_name.get(name), self.forms.entries.get(name)
            if provider and model:
                chain.append(Target(provider, model))
            if entry is None or entry.fallback is None:
                break
            name = entry.fallback
            model = entry.fallback_model or _equivalent(self.providers.by_name.get(name), asked)
        return tuple(chain)


def _equivalent(provider: Provider | None, asked: str) -> str:
    """The asked model where the provider has it, else its first; empty if it has none."""
    models = provider.models if provider else ()
    return asked if asked in models else next(iter(models), "")


def link_chains(
    forms: Forms, providers: Providers, failover: Failover | None, secondary: SecondaryFallback | None = None
) -> tuple[dict[str, Chain], list[Finding]]:
    """The chains by model, `AUTO` among them if there is any."""
    findings = [finding for entry in forms.entries.values() for finding in _entry_findings(entry, providers)]
    findings += _reserved_names(forms, providers)
    linking = _Linking(forms, providers)
    chains: dict[str, Chain] = {}
    for name, chain in (*_by_role(linking), *_listed_chains(linking), *_single(linking)):
        chains.setdefault(name, chain)
    for alias, wanted in forms.aliases.items():
        chains.setdefault(wanted.model, linking.walk(wanted.provider, wanted.model))
        aliased = _alias_chain(chains[wanted.model], linking.walk(wanted.provider, wanted.model))
        if chains.setdefault(alias, aliased) != aliased:
            finding = "is also the name of a model of another provider: the alias is not used"
            findings.append(warning(f"gateway.models.{alias}", finding, "give the alias another name"))
    for provider in providers.by_name.values():
        for model in provider.models:
            chains.setdefault(model, linking.walk(provider.name, model))
    chains = {name: chain for name, chain in chains.items() if chain}
    default = _default(linking, chains)
    chains |= _of_levels(linking, chains)
    _extend(chains, linking, failover, findings)
    if secondary and secondary.enabled:
        _extend_by_priority(chains, providers, secondary, findings)
    if default:
        chains[AUTO] = chains[default]
    return chains, findings


def _by_role(linking: _Linking) -> Iterator[tuple[str, Chain]]:
    """The asked model's own target first, the others in their order."""
    roles = _roles(linking)
    for role in roles.values():
        yield role.model, tuple(dict.fromkeys((role, *roles.values())))


def _roles(linking: _Linking) -> dict[str, Target]:
    """The targets of the roles whose provider is there, by the path of the role (`router.primary`), in their order."""
    by_name = linking.providers.by_name
    return {
        role.path: Target(by_name[role.provider], role.model)
        for role in linking.forms.roles
        if role.provider in by_name
    }


def _primary_first(linking: _Linking) -> list[Entry]:
    return sorted(linking.forms.entries.values(), key=lambda entry: not entry.primary)


def _listed_chains(linking: _Linking) -> Iterator[tuple[str, Chain]]:
    for entry in _primary_first(linking):
        for model in _models(entry, linking):
            yield model, linking.walk(entry.name, model)


def _models(entry: Entry, linking: _Linking) -> tuple[str, ...]:
    """An entry without models goes with those of its cluster in the clusters file."""
    provider = linking.providers.by_name.get(entry.name)
    return () if provider is None else entry.models or provider.models


def _single(linking: _Linking) -> Iterator[tuple[str, Chain]]:
    if single := linking.forms.single:
        yield single.model, linking.walk(single.provider, single.model)


def _of_levels(linking: _Linking, known: Mapping[str, Chain]) -> dict[str, Chain]:
    """The chains of levels. Several models of a level are its own chain; a single one keeps the global stand-ins."""
    by_name = linking.providers.by_name
    chains: dict[str, Chain] = {}
    for level in linking.forms.levels:
        there = [one for one in level.wanted if one.provider in by_name]
        own = tuple(Target(by_name[one.provider], one.model) for one in there)
        is_primary = any(one.path.endswith(".router.primary") for one in there)
        is_alone = len(own) == 1 == len(level.wanted)  # a fallback of its own that was skipped is still its own
        whole = _with_stand_ins(own[0], linking, known, is_primary=is_primary) if is_alone else own
        chains[level.chain] = tuple(dict.fromkeys(whole))
    return {name: chain for name, chain in chains.items() if chain}


def _with_stand_ins(own: Target, linking: _Linking, known: Mapping[str, Chain], *, is_primary: bool) -> Chain:
    """The one model of a level, and who stands in for it wherever it is asked for: a level that says nothing of
    fallbacks changes nothing about them. `is_primary`: it replaces the global primary, which is then not asked.
    """
    if (chain := known.get(own.model, ())) and chain[0] == own:
        return chain
    if len(walked := linking.walk(own.provider.name, own.model)) > 1:
        return walked
    roles = _roles(linking)
    return (own, *(role for path, role in roles.items() if not (is_primary and path.endswith(".primary"))))


def _alias_chain(of_the_model: Chain, own: Chain) -> Chain:
    """The chain of the alias's model, unless that begins at another provider than the alias names."""
    return of_the_model if of_the_model[:1] == own[:1] else own


def _default(linking: _Linking, chains: Mapping[str, Chain]) -> str:
    """The model that `AUTO` stands for; empty if there is none."""
    listed = [model for entry in _primary_first(linking) for model in _models(entry, linking)]
    roles = [role.model for role in linking.forms.roles]
    wanted = [one.model for one in linking.forms.wanted_models()]
    return next((model for model in (*roles, *listed, *wanted, *chains) if model in chains), "")


def _extend(chains: dict[str, Chain], linking: _Linking, failover: Failover | None, findings: list[Finding]) -> None:
    """What has no fallback of its own gets that of `failover`, then that of `retry_policy.fallback_params`."""
    if failover and failover.primary:
        _extend_by_failover(chains, linking.providers, failover, findings)
    resort = linking.forms.last_resort
    if resort and (provider := linking.providers.by_name.get(resort.provider)):
        last = Target(provider, resort.model, changes=resort.changes)
        for name, (first, *others) in chains.items():
            alone = not others and first.provider is not provider
            # Wherever a request falls back to this model, it is asked as `fallback_params` say; not who asked for it.
            chains[name] = (first, *([last] if alone else [last if one.name == last.name else one for one in others]))


def _extend_by_failover(
    chains: dict[str, Chain], providers: Providers, failover: Failover, findings: list[Finding]
) -> None:
    named = {"failover.primary": failover.primary or ""}
    named |= {f"failover.fallbacks[{n}].provider": one.provider or "" for n, one in enumerate(failover.fallbacks)}
    for path, name in named.items():
        if name not in providers.names:
            findings.append(unknown_name(path, "no provider is named", name, providers.names))
    heaviest_first = sorted(failover.fallbacks, key=lambda one: -(one.weight or 0))
    alone = [name for name, chain in chains.items() if len(chain) == 1 and chain[0].provider.name == failover.primary]
    if failover.primary in providers.by_name and not alone:
        finding = f"every model of {failover.primary} has a fallback of its own"
        findings.append(warning("failover.fallbacks", f"{finding}: not used", "remove one of the two"))
    for name in alone:
        first = chains[name][0]
        others = [
            Target(provider, _equivalent(provider, first.model), timeout_ms=one.timeout_ms, share=one.weight or 0)
            for one in heaviest_first
            if (provider := providers.by_name.get(one.provider or "")) and provider.name != failover.primary
        ]
        chains[name] = tuple(dict.fromkeys((first, *others)))


def _extend_by_priority(
    chains: dict[str, Chain], providers: Providers, secondary: SecondaryFallback, findings: list[Finding]
) -> None:
    """Behind all others, and only providers that are not in a chain anyway. What a level says of its own stays."""
    for n, one in enumerate(secondary.providers):
        if one.name not in providers.names:
            path = f"router.secondary_fallback.providers[{n}].name"
            findings.append(unknown_name(path, "no provider is named", one.name or "", providers.names))
    in_order = sorted(secondary.providers, key=lambda one: inf if one.priority is None else one.priority)
    behind = [providers.by_name[one.name] for one in in_order if one.name and one.name in providers.by_name]
    for name, chain in chains.items():
        asked = {target.provider.name for target in chain}
        found = {one.name: Target(one, _equivalent(one, chain[0].model)) for one in behind if one.name not in asked}
        if not name.startswith(LEVEL):
            chains[name] = (*chain, *(target for target in found.values() if target.model))


def _entry_findings(entry: Entry, providers: Providers) -> Iterator[Finding]:
    path, name, model = f"{entry.path}.fallback", entry.fallback, entry.fallback_model
    if name is None:
        if model:
            yield warning(f"{path}_model", "not used: no fallback is named", "write fallback: PROVIDER")
    elif name not in providers.names:
        remedy = suggestion(name, providers.names) or "write one of these"
        yield error(path, f'no provider is named "{name}" {known_names(providers.names)}', remedy)
    elif name == entry.name:
        yield error(path, "a provider cannot be its own fallback", "name another one, or remove it")
    elif model and (fallback := providers.by_name.get(name)) and model not in fallback.models:
        remedy = suggestion(model, fallback.models) or f"write one of these, or add it to the models of {name}"
        yield error(f"{path}_model", f'{name} does not list "{model}" {known_names(fallback.models)}', remedy)


def _reserved_names(forms: Forms, providers: Providers) -> Iterator[Finding]:
    for provider in providers.by_name.values():
        if AUTO in provider.models:
            path = providers.paths[provider.name].rpartition(".")[0]
            yield error(
                path, f'lists a model named "{AUTO}": that name is reserved for the default choice', "remove it"
            )
        for model in provider.models:
            if model.startswith(LEVEL):
                path = providers.paths[provider.name].rpartition(".")[0]
                yield error(
                    path,
                    f'lists a model whose name begins with "{LEVEL}": names with this prefix are reserved',
                    "remove it",
                )
    for alias in forms.aliases:
        if alias.startswith(LEVEL):
            yield error(f"gateway.models.{alias}", "names with this prefix are reserved", "give the alias another name")
    if AUTO in forms.aliases:
        yield error(
            f"gateway.models.{AUTO}", "this name is reserved for the default choice", "give the alias another name"
        )
