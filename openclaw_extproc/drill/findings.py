"""What is wrong with chains: what a drill showed, and what can be seen without one.

What an answer of each target of a chain would cost, for comparing them: an estimate by the catalogue's prices.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from openclaw_extproc.config.findings import Finding, error, warning
from openclaw_extproc.drill.chains import Chain, Outcome, Scene, UnroutableName
from openclaw_extproc.gateway import Gateway, Provider

# -- prices ----------------------------------------------------------------------------


SAMPLE = (1_000, 500)
"""Tokens of the prompt and of the answer that costs are estimated for."""


@dataclass(frozen=True, slots=True)
class Prices:
    gateway: Gateway
    chain: Chain

    def cost(self, name: str) -> float | None:
        """US dollars for `SAMPLE`, of a `Target.name`; `None`: nobody knows."""
        target = next((one for one in self.chain.targets if one.name == name), None)
        price = None if target is None else self.gateway.facts(target).price(SAMPLE[0])
        return None if price is None else price.of(*SAMPLE)

    def times(self, name: str) -> float | None:
        """How many times what the first choice costs; `None` where either is not known, or the first is free."""
        cost, first = self.cost(name), self.cost(self.chain.targets[0].name)
        return None if cost is None or not first else round(cost / first, 2)


# -- findings --------------------------------------------------------------------------


MUCH_DEARER = 10
"""Times the first choice's cost, above which a fallback is worth a word."""
LONG_SECONDS = 600
"""What the official SDKs wait, unless told otherwise: who waits longer gets nothing for it."""


def chain_findings(
    gateway: Gateway,
    played: Sequence[tuple[Chain, Sequence[tuple[Scene, Outcome]]]],
    refused: Sequence[UnroutableName],
    *,
    hosts: Mapping[str, str],
    missing: frozenset[str],
) -> Iterator[Finding]:
    """In no order of importance. Arguments as of `report`."""
    for chain, rows in played:
        yield from _alone(chain)
        if chain.streamed is not None and chain.streamed.providers != chain.providers:
            yield from _alone(replace(chain.streamed, names=(f"{chain.title}, streamed",)))
        yield from _unanswered_findings(chain, rows)
        yield from _same_host(chain, hosts)
        yield from _dear(gateway, chain)
        yield from _slow(gateway, chain)
        yield from _cannot_pay(chain, missing)
    for provider in gateway.providers.values():
        if _lacks(provider, missing):
            yield warning(f"provider {provider.name}", f"its credential is not set: {provider.identity}", "set it")
    for one in refused:
        yield warning(place(one.name), f"not drilled: {one.why}")


def place(name: str) -> str:
    return f"chain {name}"


def _alone(chain: Chain) -> Iterator[Finding]:
    provider, *others = chain.providers
    if others:
        return
    several = len(chain.targets) > 1
    finding = (
        f"all {len(chain.targets)} of its targets are at {provider}" if several else f"{provider} is its only provider"
    )
    yield error(
        place(chain.title),
        f"{finding}: it has no fallback when this provider fails",
        "name a fallback at another provider",
    )


def _unanswered_findings(chain: Chain, rows: Sequence[tuple[Scene, Outcome]]) -> Iterator[Finding]:
    for scene, outcome in rows:
        came = (
            f"status {outcome.status}, and the stream broke off" if outcome.broken_off else f"status {outcome.status}"
        )
        if not scene.broken and not outcome.has_answer:
            yield error(place(chain.title), f"no provider answers, even with {scene.name} ({came})")
        elif scene.single and not outcome.has_answer and len(chain.of(streamed=scene.streamed).providers) > 1:
            tried = f"tried {', '.join(outcome.failed)}; " if outcome.failed else ""
            yield error(place(chain.title), f"no provider answers when {scene.name} ({tried}{came})")
        elif not outcome.met_fault(scene):
            yield warning(
                place(chain.title), f"{scene.name}: not tested, because no request reached the failing provider"
            )


def _same_host(chain: Chain, hosts: Mapping[str, str]) -> Iterator[Finding]:
    known = [hosts.get(name) for name in chain.providers]
    if len(known) > 1 and None not in known and len(set(known)) == 1:
        yield warning(
            place(chain.title),
            f"{', '.join(chain.providers)} share one host: {known[0]}",
            "name a fallback on another host",
        )


def _dear(gateway: Gateway, chain: Chain) -> Iterator[Finding]:
    """One of the dearest: where a chain goes on, it also comes to that one."""
    prices = Prices(gateway, chain)
    times = {target.name: prices.times(target.name) or 0.0 for target in chain.targets[1:]}
    dearest = max(times, key=lambda name: times[name], default="")
    if dearest and times[dearest] > MUCH_DEARER:
        first = chain.targets[0].name
        yield warning(place(chain.title), f"{dearest} costs {times[dearest]:.0f} times as much as {first}")


def _slow(gateway: Gateway, chain: Chain) -> Iterator[Finding]:
    waits = chain.waits_seconds(gateway)
    if waits > LONG_SECONDS:
        attempts = len(chain.groups)
        yield warning(
            place(chain.title),
            f"may take {waits:.0f} s if all {attempts} attempts time out; SDKs give up after {LONG_SECONDS} s",
            "shorten router.timeouts or the chain",
        )


def _cannot_pay(chain: Chain, missing: frozenset[str]) -> Iterator[Finding]:
    """Who has no credential is left out of the plan: what remains has to survive a fault too."""
    lacking = {t.provider.name: t.provider.identity for t in chain.targets if _lacks(t.provider, missing)}
    left = [name for name in chain.providers if name not in lacking]
    if lacking and len(left) < 2 and len(chain.providers) > 1:
        remains = f"only {left[0]} remains" if left else "no target remains"
        yield error(
            place(chain.title),
            f"{remains}: the credentials of {', '.join(lacking)} are not set",
            f"set {', '.join(lacking.values())}",
        )


def _lacks(provider: Provider, missing: frozenset[str]) -> bool:
    return provider.auth != "forward" and provider.identity in missing
