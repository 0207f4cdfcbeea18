"""What a word stands for: a model, a pool, a virtual name, or `provider/model`."""

from dataclasses import dataclass
from typing import Literal

from openclaw_extproc.gateway import Target
from openclaw_extproc.policy.case import Case
from openclaw_extproc.strategy import Pool, Virtual


@dataclass(frozen=True, slots=True)
class Meaning:
    peers: tuple[Target, ...]
    """Any of these is what was meant: the members of a pool, the same model at several providers."""
    rest: tuple[Target, ...] = ()
    """What the chain has besides: its own fallbacks. `chain` puts both into the order in which they were written."""
    pool: Pool | None = None
    weights: tuple[int, ...] = ()
    """Of `peers`, in a pool."""
    wish: Literal["", "fast", "cheap", "best"] = ""
    chain: tuple[Target, ...] = ()


def meaning(name: str, case: Case) -> Meaning | None:
    """`None`: nothing is called so. Where two things are, the model has the name."""
    if chain := chain_of(name, case):
        return _of_chain(chain)
    if pool := case.strategy.pools.get(name):
        return _of_pool(pool, case)
    return _of_virtual(name, case)


def chain_of(name: str, case: Case) -> tuple[Target, ...]:
    """Empty when no model is called so. Means the same as `Gateway.chain_of`, and is faster."""
    return case.gateway.chains.get(name) or case.snapshot.named.get(name, ())


def _of_chain(chain: tuple[Target, ...]) -> Meaning:
    model = chain[0].model
    peers = tuple(target for target in chain if target.model == model)
    return Meaning(peers, tuple(target for target in chain if target.model != model), chain=chain)


def _of_pool(pool: Pool, case: Case) -> Meaning | None:
    chains = [(chain, weight) for name, weight in pool.members.items() if (chain := chain_of(name, case))]
    if not chains:
        return None
    peers = tuple(chain[0] for chain, _ in chains)
    rest = tuple(target for chain, _ in chains for target in chain[1:])
    return Meaning(peers, rest, pool, tuple(weight for _, weight in chains), chain=(*peers, *rest))


def _of_virtual(name: str, case: Case) -> Meaning | None:
    virtual = case.strategy.virtual.get(name)
    if virtual is None:
        return None
    if virtual.wish == "auto":
        return _of_auto(virtual, name, case)
    if not virtual.among:
        return (
            Meaning(case.snapshot.chats, wish=virtual.wish, chain=case.snapshot.chats) if case.snapshot.chats else None
        )
    meant = _of_all(virtual, case)
    peers = tuple(target for one in meant for target in one.peers)
    rest = tuple(target for one in meant for target in one.rest)
    return Meaning(peers, rest, wish=virtual.wish, chain=(*peers, *rest)) if peers else None


def _of_auto(virtual: Virtual, name: str, case: Case) -> Meaning | None:
    if not virtual.among:
        default = case.strategy.default
        return meaning(default, case) if default not in ("", name) else None
    meant = _of_all(virtual, case)
    if not meant:
        return None
    first, *others = meant
    rest = (*first.rest, *(target for other in others for target in other.chain))
    return Meaning(first.peers, rest, chain=(*first.chain, *rest[len(first.rest) :]))


def _of_all(virtual: Virtual, case: Case) -> list[Meaning]:
    return [one for word in virtual.among if (one := _of_model_or_pool(word, case))]


def _of_model_or_pool(word: str, case: Case) -> Meaning | None:
    """Of a name in `among`, which may not be another virtual one: they could go round in a circle."""
    if chain := chain_of(word, case):
        return _of_chain(chain)
    pool = case.strategy.pools.get(word)
    return None if pool is None else _of_pool(pool, case)
