"""Linking of `load_balancing`: pools, session affinity, least latency, and the limits of the providers' Envoy clusters.

Members are told by the names that clients use: a model, an alias, `provider/model`. A name that nobody knows is skipped
with a warning, because its provider may be added later.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from openclaw_extproc.config.findings import Finding, error, known_names, suggestion, sure_suggestion, warning
from openclaw_extproc.config.models.names import known_models
from openclaw_extproc.config.routing.rules import TIER_WORDS
from openclaw_extproc.config.schema import load_balancing as written
from openclaw_extproc.config.schema.load_balancing import milliseconds
from openclaw_extproc.config.settings import Upstream
from openclaw_extproc.gateway import AUTO, Gateway
from openclaw_extproc.policy.snapshot import limits
from openclaw_extproc.strategy import Affinity, Pool, Strategy

LENIENT = "--lenient"


@dataclass(frozen=True, slots=True)
class Balance:
    """The linked section `load_balancing`."""

    pools: Mapping[str, Pool] = field(default_factory=dict[str, Pool])
    affinity: Affinity | None = None
    latency: bool = False
    tiers: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """From tiers to pools. What `routing_strategy.tiers` says of a tier goes before it."""

    def added_to(self, strategy: Strategy) -> Strategy:
        """The strategy with the pools, affinity and tiers of this section."""
        return replace(
            strategy,
            pools=self.pools,
            affinity=self.affinity,
            optimization=replace(strategy.optimization, latency=self.latency),
            tiers={**self.tiers, **strategy.tiers},
        )


def link_balance(
    section: written.LoadBalancing | None, gateway: Gateway, *, lenient: bool
) -> tuple[Balance, list[Finding]]:
    """`gateway`: with providers and chains. `lenient`: weights without a model are left out, and are no error."""
    if section is None:
        return Balance(), []
    findings: list[Finding] = []
    pools = dict(_pools(section, gateway, findings, lenient=lenient))
    balance = Balance(
        pools=pools,
        affinity=_affinity(section.session_affinity),
        latency=section.strategy == "least_latency",
        tiers=_tiers(section, pools, findings),
    )
    return balance, findings


def _affinity(section: written.SessionAffinity | None) -> Affinity | None:
    if section is None or not section.enabled:
        return None
    return Affinity() if section.ttl is None else Affinity(milliseconds(section.ttl) / 1000)


def _pools(
    section: written.LoadBalancing,
    gateway: Gateway,
    findings: list[Finding],
    *,
    lenient: bool,
) -> Iterator[tuple[str, Pool]]:
    for name, pool in section.pools.items():
        path = f"load_balancing.pools.{name}"
        if name == AUTO:
            findings.append(error(path, "this name is reserved for the default choice", "give the pool another name"))
        elif name in gateway.listed:
            finding = "is also the name of a model: requests for it get only the model"
            findings.append(warning(path, finding, "give the pool another name"))
        weights = _weights(path, pool, findings, lenient=lenient)
        if section.strategy == "round_robin":
            weights = [min(weight, 1) for weight in weights]
        if members := _members(path, pool, weights, gateway, findings):
            yield name, Pool(members, pool.max_concurrent)


def _weights(path: str, pool: written.Pool, findings: list[Finding], *, lenient: bool) -> list[int]:
    """One for each model."""
    weights, models = pool.weight, pool.models
    counts = f"{len(weights)} weights for {len(models)} models"
    if len(weights) > len(models):
        surplus = ", ".join(map(str, weights[len(models) :]))
        if lenient:
            findings.append(warning(f"{path}.weight", f"{counts}: {surplus} is ignored", f"remove {surplus}"))
        else:
            remedy = f"remove {surplus}, name another model, or run with {LENIENT} to ignore {surplus}"
            findings.append(error(f"{path}.weight", counts, remedy))
    elif weights and len(weights) < len(models):
        findings.append(error(f"{path}.weight", counts, "give each model a weight, or none at all"))
        return [*weights, *[1] * (len(models) - len(weights))]
    return (weights or [1] * len(models))[: len(models)]


def _members(
    path: str,
    pool: written.Pool,
    weights: list[int],
    gateway: Gateway,
    findings: list[Finding],
) -> dict[str, int]:
    """Model names and weights; empty if no model is left."""
    names = [name for name in gateway.listed if name != AUTO]
    members: dict[str, int] = {}
    about: list[Finding] = []
    for n, (model, weight) in enumerate(zip(pool.models, weights, strict=True)):
        place = f"{path}.models[{n}]"
        if model == AUTO or gateway.chain_asked(model) is None:
            about.append(_unknown_member(place, model, names))
        elif model in members:
            about.append(error(place, f'"{model}" is named twice', "give it one weight"))
        elif weight:
            members[model] = weight
        else:
            about.append(warning(place, f'"{model}" has weight 0: it gets nothing'))
    if not members:
        what = "has no models" if not pool.models else "none of its models is known, or has any weight"
        about = [warning(path, f"{what}: the pool is not used", "name models that a provider lists")]
    findings += about
    return members


def _unknown_member(place: str, model: str, names: list[str]) -> Finding:
    if remedy := sure_suggestion(model, names):
        return error(place, f'no model is named "{model}" {known_models(names)}', remedy)
    finding = f'no model is named "{model}" {known_models(names)}: skipped'
    return warning(place, finding, suggestion(model, names) or "list it, or remove it")


def _tiers(
    section: written.LoadBalancing, pools: Mapping[str, Pool], findings: list[Finding]
) -> dict[str, tuple[str, ...]]:
    tiers: dict[str, tuple[str, ...]] = {}
    for name, pool in section.pools.items():
        for n, word in enumerate(pool.tier):
            if word not in TIER_WORDS:
                path, finding = f"load_balancing.pools.{name}.tier[{n}]", f'no tier is named "{word}"'
                remedy = suggestion(word, TIER_WORDS) or "write one of these"
                findings.append(error(path, f"{finding} {known_names(TIER_WORDS)}", remedy))
            for tier in TIER_WORDS.get(word, ()):
                if name in pools:
                    tiers[tier] = (*tiers.get(tier, ()), name)
    return tiers


def with_request_limits(
    upstreams: tuple[Upstream, ...], pools: Mapping[str, Pool], gateway: Gateway
) -> tuple[Upstream, ...]:
    """The upstreams with the most calls at a time that their clusters may carry.

    A pool's limit is each member's own, a cluster is a whole provider: it gets the sum of the limits of its models.
    One that also has models without a limit gets none, or calls to those would be refused for a limit nobody wrote.
    """
    each = limits(pools, gateway)
    return tuple(replace(upstream, max_requests=_sum(upstream, each)) for upstream in upstreams)


def _sum(upstream: Upstream, each: Mapping[str, int]) -> int | None:
    provider = upstream.provider
    names = [f"{provider.name}/{model}" for model in provider.models]
    return sum(each[name] for name in names) if names and all(name in each for name in names) else None
