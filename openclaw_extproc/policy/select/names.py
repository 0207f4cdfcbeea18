"""The meaning of a model name: a model, a pool, a virtual model, or `provider/model`. It is computed once per
configuration."""

from collections.abc import Iterator, Mapping
from typing import Literal

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.gateway import Gateway, Target
from openclaw_extproc.strategy import Pool, Virtual


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one model name stands for."""

    peers: tuple[Target, ...]
    """Any of these is what was meant: the members of a pool, the same model at several providers."""
    rest: tuple[Target, ...] = ()
    """What the chain has besides: its own fallbacks. `chain` puts both into the order in which they were written."""
    pool: Pool | None = None
    weights: tuple[int, ...] = ()
    """Of `peers`, in a pool."""
    wish: Literal["", "fast", "cheap", "best"] = ""
    chain: tuple[Target, ...] = ()


def meanings(gateway: Gateway, targets: Mapping[str, Target], chats: tuple[Target, ...]) -> dict[str, Meaning]:
    """Of all words that mean anything. Where two things are called the same, the model has the name."""
    strategy = gateway.strategy
    models = {name: _of_chain(chain) for name, chain in gateway.chains.items() if chain}
    both = ((name, gateway.chain_of(name)) for name in targets if name not in models)
    models |= {name: _of_chain(chain) for name, chain in both if chain}
    pools = {name: made for name, pool in strategy.pools.items() if (made := _of_pool(pool, models))}
    known = {**pools, **models}
    virtual = {name: made for name, one in strategy.virtual.items() if (made := _of_virtual(one, known, chats))}
    default = {**virtual, **known}.get(strategy.default)
    plain = (name for name, one in strategy.virtual.items() if one.wish == "auto" and not one.among)
    return {**(dict.fromkeys(plain, default) if default else {}), **virtual, **known}


def _of_chain(chain: tuple[Target, ...]) -> Meaning:
    model = chain[0].model
    peers = tuple(target for target in chain if target.model == model)
    return Meaning(peers, tuple(target for target in chain if target.model != model), chain=chain)


def _of_pool(pool: Pool, models: Mapping[str, Meaning]) -> Meaning | None:
    members = [(models[name].chain, weight) for name, weight in pool.members.items() if name in models]
    if not members:
        return None
    peers = tuple(chain[0] for chain, _ in members)
    rest = tuple(target for chain, _ in members for target in chain[1:])
    return Meaning(peers, rest, pool, tuple(weight for _, weight in members), chain=(*peers, *rest))


def _of_virtual(virtual: Virtual, known: Mapping[str, Meaning], chats: tuple[Target, ...]) -> Meaning | None:
    """Among models and pools only: virtual names could go round in a circle."""
    meant = [known[word] for word in virtual.among if word in known]
    if virtual.wish == "auto":
        return _in_order(meant)
    if not virtual.among:
        return Meaning(chats, wish=virtual.wish, chain=chats) if chats else None
    peers, rest = tuple(_each(meant, "peers")), tuple(_each(meant, "rest"))
    return Meaning(peers, rest, wish=virtual.wish, chain=(*peers, *rest)) if peers else None


def _in_order(meant: list[Meaning]) -> Meaning | None:
    if not meant:
        return None
    first, *others = meant
    behind = tuple(_each(others, "chain"))
    return Meaning(first.peers, (*first.rest, *behind), chain=(*first.chain, *behind))


def _each(meant: list[Meaning], part: Literal["peers", "rest", "chain"]) -> Iterator[Target]:
    for one in meant:
        match part:
            case "peers":
                yield from one.peers
            case "rest":
                yield from one.rest
            case "chain":
                yield from one.chain
