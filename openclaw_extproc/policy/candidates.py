"""The candidates of a request before any is removed: the chosen models and their fallbacks.

In this order: the chosen names, the rule's own fallbacks, the fallback map, the rest of the chosen chain, the rules'
`fallback`, and at the very end what the client asked for, so that no policy makes a request fail that would have been
answered without it.
"""

from collections.abc import Iterable, Iterator
from enum import IntEnum

from openclaw_extproc.catalog import UNKNOWN, ModelFacts
from openclaw_extproc.frozen import dataclass
from openclaw_extproc.gateway import Target
from openclaw_extproc.policy.routing_context import RoutingContext
from openclaw_extproc.policy.select.choose import ModelChoice
from openclaw_extproc.policy.select.names import Meaning
from openclaw_extproc.strategy import Pool


class CandidateRole(IntEnum):
    """The role of a candidate: chosen, a fallback, or the last resort."""

    CHOSEN = 0
    OWN = 1
    """The chosen chain's own fallback."""
    STANDS_IN = 2
    """Named as a fallback elsewhere."""
    LAST = 3
    """Better than no answer."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A target that could serve a request, with its estimated cost."""

    target: Target
    standing: CandidateRole
    cost: float | None
    """US dollars, as estimated."""
    weight: int = 0
    """In the group that Envoy spreads requests over; 0: not in it."""
    name: str = ""
    """Of the target."""
    facts: ModelFacts = UNKNOWN


def first_of(choice: ModelChoice, case: RoutingContext) -> Target:
    """Whom the choice names before all others."""
    found = case.meaning(choice.names[0])
    assert found is not None, "a choice is of names that mean something"
    return found.chain[0]


def candidates(choice: ModelChoice, case: RoutingContext) -> tuple[Candidate, ...]:
    """Each target once, where it stands best. Never empty: `choose` made sure of that."""
    first = [found for name in choice.names if (found := case.meaning(name))]
    unique: dict[str, Candidate] = {}
    for target, standing, weight in _line(first, choice, case) if choice.routing else _alone(first[0], case):
        if target.name not in unique:
            unique[target.name] = _candidate(target, standing, case, weight)
    return tuple(unique.values())


def fallback_candidates(
    targets: Iterable[Target],
    known: Iterable[Candidate],
    case: RoutingContext,
    standing: CandidateRole = CandidateRole.LAST,
) -> tuple[Candidate, ...]:
    """Those of `targets` that nobody thought of yet."""
    names = {one.name for one in known}
    return tuple(_candidate(target, standing, case) for target in targets if target.name not in names)


def _candidate(target: Target, standing: CandidateRole, case: RoutingContext, weight: int = 0) -> Candidate:
    name = target.name
    facts = case.gateway.catalog.get(name, UNKNOWN)
    return Candidate(target, standing, case.cost_of(name, facts), weight, name, facts)


def candidate(target: Target, case: RoutingContext) -> Candidate:
    """As if it had been chosen."""
    return _candidate(target, CandidateRole.CHOSEN, case)


_Place = tuple[Target, CandidateRole, int]
"""And a weight."""


def _alone(found: Meaning, case: RoutingContext) -> Iterator[_Place]:
    """Without stand-ins. Of a pool, and of a wish, all members are what was asked for."""
    if found.pool:
        return _members(found, found.pool, case)
    return ((target, CandidateRole.CHOSEN, 0) for target in (found.peers if found.wish else found.chain[:1]))


def _line(first: list[Meaning], choice: ModelChoice, case: RoutingContext) -> Iterator[_Place]:
    strategy = case.strategy
    mapped = (name for word in _fallback_keys(first, choice) for name in strategy.fallbacks.get(word, ()))
    named = tuple(dict.fromkeys((*choice.fallback, *mapped)))
    if len(first) == 1 and not named and not first[0].pool:
        yield from _chain(first[0])  # in the very order in which it was written
    else:
        yield from _peers(first, case)
        yield from _of_names(named, CandidateRole.STANDS_IN, case)
        yield from ((target, CandidateRole.OWN, target.share) for found in first for target in found.rest)
    if strategy.default and (case.leaves_choice or strategy.applies_to == "all"):
        yield from _of_names((strategy.default,), CandidateRole.LAST, case)
    if choice.by in ("user", "rule", "task", "tier", "experiment") and case.asked != "unknown":
        yield from _of_names((case.asked_name,), CandidateRole.LAST, case)


def _chain(found: Meaning) -> Iterator[_Place]:
    peers = {target.name for target in found.peers}
    for target in found.chain:
        is_peer = target.name in peers
        yield (target, CandidateRole.CHOSEN, 0) if is_peer else (target, CandidateRole.OWN, target.share)


def _peers(first: list[Meaning], case: RoutingContext) -> Iterator[_Place]:
    for n, found in enumerate(first):
        if found.pool and n == 0:
            yield from _members(found, found.pool, case)
        else:
            yield from ((target, CandidateRole.CHOSEN, 0) for target in found.peers)


def _members(found: Meaning, pool: Pool, case: RoutingContext) -> Iterator[_Place]:
    """Who is busy goes behind the others, unless all are. Where the fastest is wanted, weights say nothing."""
    most, inflight = pool.max_concurrent, case.situation.inflight
    busy = {t.name for t in found.peers if most is not None and inflight.get(t.name, 0) >= most}
    if len(busy) == len({target.name for target in found.peers}):
        busy = set[str]()
    counts = not case.strategy.optimization.latency
    members = list(zip(found.peers, found.weights, strict=True))
    yield from ((t, CandidateRole.CHOSEN, weight * counts) for t, weight in members if t.name not in busy)
    yield from ((t, CandidateRole.CHOSEN, 0) for t, _ in members if t.name in busy)


def _fallback_keys(first: list[Meaning], choice: ModelChoice) -> Iterable[str]:
    """By what the fallback map may call what was chosen: its name, or that of the model behind it."""
    behind = (word for found in first for word in (found.chain[0].model, found.chain[0].name))
    return dict.fromkeys((*choice.names, *behind))


def _of_names(names: Iterable[str], standing: CandidateRole, case: RoutingContext) -> Iterator[_Place]:
    for name in names:
        if found := case.meaning(name):
            yield from ((target, standing, 0) for target in found.chain)
