"""The policy's view of one configuration, with all that is computed once: kept decisions and concurrency limits too.

The parts of decisions that depend on the configuration only, computed once per configuration.

What is kept of decisions that are the same for many requests; `fixed_chain` says when one is.

The concurrency limits of targets, and the targets that have reached theirs.

Envoy refuses what is above the limit of a cluster and does not try the next group then (seen in 1.40, whatever
`retry_on` says), so a plan must not begin with who is full while there is anybody else.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from functools import lru_cache
from typing import TypeAlias

from openclaw_extproc.catalog import ModelFacts
from openclaw_extproc.frozen import dataclass
from openclaw_extproc.gateway import Gateway, Target
from openclaw_extproc.policy.select.names import Meaning, meanings
from openclaw_extproc.policy.select.variables import CLASSIFIED_VARIABLES, VARIABLES
from openclaw_extproc.policy.trace import RuleSeen
from openclaw_extproc.record import DecisionRecord
from openclaw_extproc.strategy import Condition, Level, Optimization, Pool, Rule, Strategy

# -- kept decisions --------------------------------------------------------------------


MAX_KEPT = 64
"""Decisions of one chain: a provider that recovers, and each kind of request, makes some of them."""


@dataclass(frozen=True, slots=True)
class KeptDecision:
    """The parts of a decision that are the same for every request of its kind, while the state stays as it is."""

    groups: tuple[tuple[Target, ...], ...]
    record: DecisionRecord
    """With the reasons; what a request says of itself, and what it costs, is not in it."""
    timeout_ms: int | None
    last_resort: Target | None


DecisionKey: TypeAlias = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class FixedChain:
    """A model whose targets, and all that is asked of them, are the same for every ordinary request."""

    targets: tuple[tuple[str, ModelFacts], ...]
    """Every target that can become part of the plan: its name and its facts, the one that is asked first at first."""
    windows: tuple[ModelFacts, ...]
    """Of those whose context window is known, each that differs from the others once."""
    translates: bool
    """Whether any of them has another wire format than the client."""
    limited: tuple[str, ...]
    """Those with a limit of concurrent calls."""
    minds_cost: bool
    """Whether the order depends on what they cost, compared with the first one."""
    decisions: dict[DecisionKey, KeptDecision] = field(default_factory=dict[DecisionKey, KeptDecision])
    """By what they depend on. Grows while requests are decided, up to `MAX_KEPT`."""

    def keep(self, key: DecisionKey, decision: KeptDecision) -> None:
        if len(self.decisions) >= MAX_KEPT:
            self.decisions.clear()
        self.decisions[key] = decision


# -- concurrency -----------------------------------------------------------------------


def limits(pools: Mapping[str, Pool], gateway: Gateway) -> dict[str, int]:
    """By `Target.name`. A pool's limit is each member's own; of a model in several pools the largest holds."""
    found: dict[str, int] = {}
    for pool in pools.values():
        if (limit := pool.max_concurrent) is None:
            continue
        for member in pool.members:
            for target in (gateway.chain_asked(member) or ())[:1]:
                found[target.name] = max(found.get(target.name, 0), limit)
    return found


def is_full(name: str, limits: Mapping[str, int], inflight: Mapping[str, int]) -> bool:
    return name in limits and inflight.get(name, 0) >= limits[name]


# -- snapshot --------------------------------------------------------------------------


_NO_CHAT = re.compile(
    r"embed|bge-|rerank|whisper|transcribe|tts|dall-e|imagen|image-gen|gpt-image|moderation|realtime", re.IGNORECASE
)
"""Names of models that do not chat. Nobody asked for those that we pick among all, so it must not be one of them."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A session pattern of `session.yml` in which `*` matches any characters."""

    place: int
    """Among the keys of `sessions`: the first that fits has it."""
    pieces: tuple[str, ...]
    """What stands between the stars of it: two or more, some of them empty."""
    level: Level

    def fits(self, name: str) -> bool:
        """Each piece is looked for once, behind the one before: a regular expression would try every combination."""
        first, *between, last = self.pieces
        end = len(name) - len(last)
        if len(first) > end or not (name.startswith(first) and name.endswith(last)):
            return False
        at = len(first)
        for piece in between:
            found = name.find(piece, at, end)
            if found < 0:
                return False
            at = found + len(piece)
        return True


BATCH = 10
"""Rules."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Several rules, evaluated in order."""

    rules: tuple[Rule, ...]
    told: tuple[RuleSeen, ...]
    """As a trace tells them, as if none had matched."""
    any_of: Condition | None
    """`False`: none of them holds. `None`: each has to be asked."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The precomputed tables of one configuration."""

    by_name: Mapping[str, Target]
    """By `provider/model`: all targets of all chains, and all models that providers list."""
    meanings: Mapping[str, Meaning]
    """Of every word that means anything."""
    batches: tuple[Batch, ...]
    """All rules, in their order."""
    chats: tuple[Target, ...]
    """Every target that may stand in where any model will do, in the order of the configuration."""
    known_as: Mapping[str, frozenset[str]]
    """From a target's name to the words that stand for it: those whose chain begins with it."""
    variables: frozenset[str]
    """Those that any condition looks at: no others have to be made."""
    classifies: bool
    """Whether the decision on any chat may depend on its classification: by a condition that is asked of all,
    by a preference for cheaper models, or because the operator wants to see it."""
    classifies_where_chosen: bool
    """Likewise, for requests whose model rules, tasks and tiers may choose."""
    minds_cost: bool
    """Whether the operator said anything about choosing, and so wants cheaper stand-ins first. A plain configuration
    keeps its chains as they were written."""
    sessions: Mapping[str, tuple[int, Level]]
    """By id, with its place."""
    patterns: Mapping[str, tuple[Pattern, ...]]
    """By what they begin with. There may be thousands, and a request looks only at those that begin as its id does."""
    limits: Mapping[str, int]
    """The most calls at a time, by the name of a target; absent: nobody limits them."""
    fixed_chains: dict[tuple[str, str, str], FixedChain | None] = field(
        default_factory=dict[tuple[str, str, str], FixedChain | None]
    )
    """By the model asked for, the client's format and the operation; `None`: it has none. Filled while requests are
    decided, for the models of the configuration alone."""

    def session(self, name: str) -> Level | None:
        """The first entry of `sessions` that this session fits."""
        found = [self.sessions[name]] if name in self.sessions else []
        starts = (name[:end] for end in range(len(name) + 1 if self.patterns else 0))
        alike = (one for start in starts for one in self.patterns.get(start, ()))
        found += ((one.place, one.level) for one in alike if one.fits(name))
        return min(found, key=lambda entry: entry[0])[1] if found else None


class _Identity:
    """A gateway as a key: the very same one. To compare all that is in two of them would cost more than it saves."""

    __slots__ = ("gateway",)

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway

    def __hash__(self) -> int:
        return id(self.gateway)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and other.gateway is self.gateway


def snapshot(gateway: Gateway) -> Snapshot:
    return _snapshot_of(_Identity(gateway))


@lru_cache(maxsize=4)  # the running configuration, and those before it that requests in flight may still ask about
def _snapshot_of(key: _Identity) -> Snapshot:
    gateway = key.gateway
    strategy = gateway.strategy
    by_name = {target.name: target for target in _all(gateway)}
    known_as: dict[str, set[str]] = {name: {name, target.model} for name, target in by_name.items()}
    for word, chain in gateway.chains.items():
        if chain:
            known_as[chain[0].name].add(word)
    levels = tuple(strategy.levels.sessions.items())
    chats = tuple(target for target in by_name.values() if not _NO_CHAT.search(target.model))
    return Snapshot(
        by_name=by_name,
        meanings=meanings(gateway, by_name, chats),
        batches=tuple(_batches(strategy)),
        chats=chats,
        known_as={name: frozenset(words) for name, words in known_as.items()},
        variables=_variables((*_of_rules(strategy), *_of_others(strategy))),
        classifies=_classifies(gateway),
        classifies_where_chosen=bool(strategy.tasks or strategy.tiers) or _looks(_of_rules(strategy)),
        minds_cost=_minds_cost(strategy),
        sessions={name: (place, level) for place, (name, level) in enumerate(levels) if "*" not in name},
        limits=limits(strategy.pools, gateway),
        patterns=_patterns(levels),
    )


def _all(gateway: Gateway) -> Iterable[Target]:
    """The last of a name counts: a chain's own target, with what goes with it, before one made of two names."""
    for provider in gateway.providers.values():
        yield from (Target(provider, model) for model in provider.models)
    for chain in reversed(list(gateway.chains.values())):
        yield from reversed(chain)


def _batches(strategy: Strategy) -> Iterable[Batch]:
    for start in range(0, len(strategy.rules), BATCH):
        rules = strategy.rules[start : start + BATCH]
        conditions = [rule.condition for rule in rules if rule.condition is not None]
        together = strategy.any_of(conditions) if len(conditions) == len(rules) > 1 else None
        yield Batch(rules, tuple(map(_rule_seen, rules)), together)


def _rule_seen(rule: Rule) -> RuleSeen:
    parts = (
        f"model {rule.model}" if rule.model else "",
        f"priority {rule.priority}" if rule.priority else "",
        f"fallback {', '.join(rule.fallback)}" if rule.fallback else "",
    )
    does = ", ".join(part for part in parts if part) or "nothing"
    return RuleSeen(rule.name, rule.condition.source if rule.condition else "", False, does)


def _of_rules(strategy: Strategy) -> Iterable[Condition]:
    return (rule.condition for rule in strategy.rules if rule.condition is not None)


def _of_others(strategy: Strategy) -> Iterable[Condition]:
    """Asked of every request, whatever its model."""
    yield from (one.condition for one in strategy.experiments if one.condition is not None)
    yield from (condition for condition, _ in strategy.compliance.when)


def _variables(conditions: Iterable[Condition]) -> frozenset[str]:
    every = frozenset(VARIABLES)
    return frozenset[str]().union(*(every if one.variables is None else one.variables for one in conditions))


def _looks(conditions: Iterable[Condition]) -> bool:
    """Whether any of them looks at the classification."""
    return not CLASSIFIED_VARIABLES.isdisjoint(_variables(conditions))


def _classifies(gateway: Gateway) -> bool:
    strategy = gateway.strategy
    if gateway.classification == "always" or strategy.mode != "enforce" or _looks(_of_others(strategy)):
        return True
    wanted = strategy.optimization
    saves = wanted.minimize_cost or wanted.kinds or strategy.default_priority == "cost"
    saves = saves or any(rule.priority == "cost" for rule in strategy.rules)
    # With a threshold the quality of a model is compared with that, and not with what the request needs.
    return bool(saves) and wanted.quality_threshold is None


def _minds_cost(strategy: Strategy) -> bool:
    chosen = strategy.rules, strategy.default, strategy.tasks, strategy.tiers, strategy.fallbacks
    return any(chosen) or strategy.optimization != Optimization()


def _patterns(levels: Sequence[tuple[str, Level]]) -> Mapping[str, tuple[Pattern, ...]]:
    found: dict[str, list[Pattern]] = {}
    for place, (name, level) in enumerate(levels):
        if "*" in name:
            found.setdefault(name.partition("*")[0], []).append(Pattern(place, tuple(name.split("*")), level))
    return {start: tuple(patterns) for start, patterns in found.items()}
