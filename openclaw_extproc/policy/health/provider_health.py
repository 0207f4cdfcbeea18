"""The health of all providers and models: records the result of each call and keeps their circuits.

What a failed call says, and of whom, is in `reach`; a success counts for the provider and the model.
Time comes as an argument, in seconds since the epoch. Only names of the configuration get in, so it cannot grow.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field

from openclaw_extproc.faults import FaultKind
from openclaw_extproc.frozen import dataclass
from openclaw_extproc.gateway import Gateway, Target
from openclaw_extproc.policy.health.circuit import Circuit, Reach, State, reach
from openclaw_extproc.policy.health.headroom import Headroom
from openclaw_extproc.policy.health.rates import STILL_MEASURED, Rates
from openclaw_extproc.strategy import Switching

LONGEST_RETRY_AFTER = 3_600.0
"""Seconds. Who asks to be left alone for a day is asked again after an hour: they may have been given more by then."""
_LAST_DRAW = 1.0 - 1e-9
"""The largest share is below it: whoever is behind for any draw is behind for this one."""
UNTRIED_SECONDS = 60.0
"""A circuit that may be tried again and that nobody has tried for so long: nothing is known of it, so no alert."""


@dataclass(frozen=True, slots=True)
class HealthChange:
    """A change of the state of a circuit."""

    name: str
    before: State
    after: State
    why: str


@dataclass(frozen=True, slots=True)
class HealthView:
    """The state of one circuit, for the health page and the metrics."""

    name: str
    """Of a provider, or `Target.name`."""
    provider: str
    model: str
    """Empty: the provider itself."""
    state: State
    failure_rate: float | None
    samples: int
    share: float
    """Of the calls it would get if all were well."""
    tries_again_at: float | None
    suspect: bool
    slow: bool
    why: str
    """Of its last failure or doubt."""
    why_at: float


@dataclass(slots=True)
class _HealthEntry:
    name: str
    provider: str
    model: str
    circuit: Circuit
    rates: Rates = field(default_factory=Rates)
    told: State = State.HEALTHY
    why: str = ""
    why_at: float = 0.0
    wide: bool = False
    """Its last failure was one of the whole provider."""
    answered_at: float = 0.0
    absent_since: float = 0.0
    """An answer to an attempt that began before came from an address that it had."""
    absent_until: float = 0.0
    ejected_since: float = 0.0
    ejected_until: float = 0.0
    """As far as is known, by Envoy."""

    def note_change(self, at: float, why: str) -> None:
        self.why, self.why_at = why, at

    def is_behind(self, at: float, draw: float) -> bool:
        circuit = self.circuit
        match circuit.state(at):
            case State.OPEN:
                return True
            case State.HALF_OPEN:
                return not circuit.may_try(at)
            case State.HEALTHY | State.DEGRADED:
                slow = self.rates.slow and draw >= STILL_MEASURED
                return slow or circuit.is_suspect(at) or draw >= circuit.share(at)

    def is_quiet(self, at: float) -> bool:
        """Nothing about it has to be looked at before its next failure."""
        circuit = self.circuit
        calm = circuit.state(at) is State.HEALTHY and circuit.share(at) >= 1 and not self.rates.slow
        return calm and not circuit.failures


class HealthTable:
    """The circuits of all providers and models."""

    def __init__(self, gateway: Gateway) -> None:
        self._rules = gateway.health
        self._switching: tuple[Switching, ...] = ()
        self._by_name: dict[str, _HealthEntry] = {}
        self._restless: set[str] = set()
        """Those that may have to go behind, or change by the clock alone: few, so each request can look at them."""
        self.update(gateway)

    def update(self, gateway: Gateway) -> None:
        """Forget those that are no longer configured; the new rules hold for the others."""
        rules = gateway.health.thresholds
        afresh = not rules.recovery.auto  # what stays open until the configuration is read anew: now it is
        before = {} if afresh else self._by_name
        self._rules, self._switching = gateway.health, gateway.strategy.switching
        self._by_name = {
            name: before.get(name) or _HealthEntry(name, provider, model, Circuit(rules))
            for name, (provider, model) in _names(gateway).items()
        }
        self._restless &= before.keys() & self._by_name.keys()
        for watched in self._by_name.values():
            watched.circuit.rules = rules

    # -- what happened -----------------------------------------------------------

    def record_success(self, target: Target, at: float, *, began: float, seconds: float | None = None) -> None:
        """`began`: when the attempt did. `seconds`: to the first content."""
        for watched in self._both(target):
            watched.circuit.record_success(at)
            watched.answered_at = at
            if not watched.model and not (at < watched.absent_until and began < watched.absent_since):
                watched.circuit.trust()
                watched.absent_until = 0.0
        self._rate(target, at, failed=False, seconds=seconds)

    def record_failure(
        self, target: Target, kind: FaultKind, at: float, *, status: int | None = None,
        retry_after: float | None = None, why: str = "",
    ) -> None:  # fmt: skip
        """`status`: the provider's own. `retry_after`: seconds it asked to be left alone. `why`: for people."""
        whose = reach(kind, status)
        if whose is Reach.NOBODY:
            self.record_inconclusive(target)
            return
        wait = None if retry_after is None else min(retry_after, LONGEST_RETRY_AFTER)
        own, provider = self._by_name.get(target.name), self._by_name.get(target.provider.name)
        words = why or (kind.value if status is None else f"{kind.value} ({status})")
        if own is not None:
            own.wide = whose is Reach.PROVIDER
            self._fail(own, at, words, retry_after=wait)
        if provider is not None:
            if whose is Reach.PROVIDER:
                self._fail(provider, at, f"{words}, {target.model}")
            else:
                provider.circuit.record_inconclusive()
        self._rate(target, at, failed=True)

    def record_inconclusive(self, target: Target) -> None:
        """A call ended and says nothing of the provider: the client left, or asked for something impossible."""
        for watched in self._both(target):
            watched.circuit.record_inconclusive()

    def has_left(self, target: Target, headroom: Headroom, at: float) -> None:
        """What an answer's head says of the limits."""
        if (own := self._by_name.get(target.name)) is None:
            return
        if headroom.wait > 0:
            own.circuit.suspect(at, headroom.wait)
            own.note_change(at, f"{headroom.left:.0%} of {headroom.what} left, for {headroom.wait:g} s")
            self._restless.add(own.name)
        elif not headroom.is_low:
            own.circuit.trust()

    def absent(self, provider: str, at: float, seconds: float) -> None:
        """Envoy has no address of it, as far as is known for so long: nobody can be asked there."""
        if (watched := self._by_name.get(provider)) is not None:
            watched.circuit.suspect(at, seconds, is_sure=True)
            if at >= watched.absent_until:
                watched.absent_since = at
            watched.absent_until = max(watched.absent_until, at + seconds)
            watched.note_change(at, "without an address")
            self._restless.add(provider)

    def record_ejection(self, provider: str, at: float, seconds: float) -> None:
        """Envoy has ejected every host of it, as far as is known for so long."""
        if (watched := self._by_name.get(provider)) is None:
            return
        if at > watched.ejected_until:
            watched.ejected_since = at
        watched.ejected_until = at + seconds
        # Envoy goes on to use a provider's only host, and keeps it ejected though it answers again.
        if watched.answered_at < watched.ejected_since:
            watched.circuit.suspect(at, seconds)
            watched.note_change(at, "ejected by Envoy")
            self._restless.add(provider)

    def record_probe(self, provider: str, at: float, *, ok: bool, why: str = "", model: str = "") -> None:
        """A probe ended that says something. `model`: which was called; empty: none.

        A success of a free probe says of a model only that its provider is back, if that was what had failed. A
        failure opens at once: who calls this counts them.
        """
        own = [one for one in self._by_name.values() if one.provider == provider and self._is_meant(one, model)]
        for watched in own:
            if not ok and (not watched.model or model):
                watched.circuit.trip(at)
                watched.note_change(at, why)
                self._restless.add(watched.name)
            elif ok and watched.circuit.state(at) is State.HALF_OPEN and (watched.wide or model or not watched.model):
                watched.circuit.record_success(at)

    def _is_meant(self, one: _HealthEntry, model: str) -> bool:
        return not model or one.model in ("", model)

    def record_planned(self, targets: Iterable[Target], at: float) -> None:
        """A request goes to one of these first: where one may be tried out, this is the trial."""
        for target in targets:
            if not self._restless.isdisjoint((target.name, target.provider.name)):
                for watched in self._both(target):
                    watched.circuit.admits_trial(at)

    # -- what follows ------------------------------------------------------------

    def avoid(self, at: float, draw: float) -> frozenset[str]:
        """Names of providers and targets that go behind all others in this request. `draw`: random, from 0 up to 1."""
        if not self._restless:
            return frozenset()
        quiet = {name for name in self._restless if self._by_name[name].is_quiet(at)}
        self._restless = {name for name in self._restless if name not in quiet or self._is_untold(name, at)}
        return frozenset(name for name in self._restless if self._by_name[name].is_behind(at, draw))

    def not_first(self, at: float) -> frozenset[str]:
        """Names of providers and targets that go behind all others in some requests at least."""
        behind = (name for name in self._restless if self._by_name[name].is_behind(at, _LAST_DRAW))
        trials = (name for name in self._restless if self._by_name[name].circuit.state(at) is State.HALF_OPEN)
        return frozenset((*behind, *trials))

    def without_address(self, at: float) -> frozenset[str]:
        """Names of providers that nobody can be asked at."""
        return frozenset(name for name in self._restless if at < self._by_name[name].absent_until)

    def changes(self, at: float) -> tuple[HealthChange, ...]:
        """What changed since they were asked for the last time, each once."""
        return tuple(self._changes(at))

    def _changes(self, at: float) -> Iterator[HealthChange]:
        for name in sorted(self._restless):
            watched = self._by_name[name]
            if (state := watched.circuit.state(at)) is not watched.told:
                yield HealthChange(name, watched.told, state, watched.why)
                watched.told = state

    def state(self, name: str, at: float) -> State:
        """Of a provider, or of a `Target.name`; of one that is not configured nothing bad is known."""
        watched = self._by_name.get(name)
        return State.HEALTHY if watched is None else watched.circuit.state(at)

    def status(self, provider: str, at: float) -> bool:
        """Whether it is of use: it is not shown as open or half-open."""
        own = self._by_name.get(provider)
        return own is None or self._visible_state(own, at) not in _DOWN

    def _visible_state(self, one: _HealthEntry, at: float) -> State:
        """The state that all outlets tell. A provider is also as bad as all of its models that are called, as an
        overload is theirs alone; and of what may be tried again and nobody tries, only a doubt is left.
        """
        own = one.circuit.state(at)
        if own is State.HALF_OPEN and not _is_down(one.circuit, at):
            return State.DEGRADED
        models = () if one.model or own in _DOWN else self._called_models(one.provider, at)
        if not models or not all(_is_down(model.circuit, at) for model in models):
            return own
        trying = any(model.circuit.state(at) is State.HALF_OPEN for model in models)
        return State.HALF_OPEN if trying else State.OPEN

    def _called_models(self, provider: str, at: float) -> tuple[_HealthEntry, ...]:
        """The models of a provider that are called, or were until they failed."""
        members = (one for one in self._by_name.values() if one.provider == provider and one.model)
        return tuple(one for one in members if one.circuit.is_called(at))

    def answered_within(self, provider: str, at: float, seconds: float) -> bool:
        """Whether it answered a call well so lately, and nothing of it is in doubt."""
        own = self._by_name.get(provider)
        members = (one for one in self._by_name.values() if one.provider == provider)
        calm = all(one.circuit.tries_again_at is None for one in members)
        return own is not None and calm and 0 <= at - own.answered_at < seconds

    def critical(self, at: float) -> Mapping[str, float]:
        """Providers that fail more often than operators want to know of, with the share of their failures."""
        limit = self._rules.critical_rate
        providers = [one for one in self._by_name.values() if not one.model]
        return {} if limit is None else {
            one.name: rate for one in providers if (rate := self._rate_of(one.name, at)) is not None and rate > limit
        }  # fmt: skip

    def _rate_of(self, provider: str, at: float) -> float | None:
        """The worst of it and its models: a provider's own circuit knows no overload."""
        members = (one for one in self._by_name.values() if one.provider == provider)
        return max((r for one in members if (r := one.circuit.failure_rate(at)) is not None), default=None)

    def view(self, at: float) -> tuple[HealthView, ...]:
        """All circuits, each provider before its models."""
        return tuple(self._view(one, at) for one in self._by_name.values())

    def _view(self, one: _HealthEntry, at: float) -> HealthView:
        state, told, again = self._visible_state(one, at), one, one.circuit.tries_again_at
        if state in _DOWN and one.circuit.state(at) not in _DOWN:  # its models are
            models = self._called_models(one.provider, at)
            told = max(models, key=lambda model: model.why_at)
            again = min(when for model in models if (when := model.circuit.tries_again_at) is not None)
        return HealthView(
            name=one.name,
            provider=one.provider,
            model=one.model,
            state=state,
            failure_rate=one.circuit.failure_rate(at),
            samples=one.circuit.samples,
            share=one.circuit.share(at),
            tries_again_at=again,
            suspect=one.circuit.is_suspect(at),
            slow=one.rates.slow,
            why=told.why,
            why_at=told.why_at,
        )

    # -- both circuits of a target ---------------------------------------------------

    def _both(self, target: Target) -> Sequence[_HealthEntry]:
        found = (self._by_name.get(target.name), self._by_name.get(target.provider.name))
        return [one for one in found if one is not None]

    def _fail(self, watched: _HealthEntry, at: float, why: str, *, retry_after: float | None = None) -> None:
        watched.circuit.record_failure(at, retry_after=retry_after)
        watched.note_change(at, why)
        self._restless.add(watched.name)

    def _rate(self, target: Target, at: float, *, failed: bool, seconds: float | None = None) -> None:
        own = self._by_name.get(target.name)
        if own is None or not self._switching:
            return
        own.rates.note(at, failed=failed, seconds=seconds)
        if why := own.rates.look(self._switching, at):
            own.circuit.trip(at)
            own.note_change(at, why)
            self._restless.add(own.name)
        if own.rates.slow:
            self._restless.add(own.name)

    def _is_untold(self, name: str, at: float) -> bool:
        return self._by_name[name].told is not self._by_name[name].circuit.state(at)


_DOWN = (State.OPEN, State.HALF_OPEN)


def _is_down(circuit: Circuit, at: float) -> bool:
    match circuit.state(at):
        case State.OPEN:
            return True
        case State.HALF_OPEN:
            began = circuit.tries_again_at
            return began is not None and at - began < UNTRIED_SECONDS
        case State.HEALTHY | State.DEGRADED:
            return False


def _names(gateway: Gateway) -> dict[str, tuple[str, str]]:
    """Every provider and target, from its name to provider and model; of a provider the model is empty."""
    names: dict[str, tuple[str, str]] = {}
    for provider in gateway.providers.values():
        names[provider.name] = (provider.name, "")
        names |= {f"{provider.name}/{model}": (provider.name, model) for model in provider.models}
    for target in (target for chain in gateway.chains.values() for target in chain):
        names.setdefault(target.name, (target.provider.name, target.model))
    return names
