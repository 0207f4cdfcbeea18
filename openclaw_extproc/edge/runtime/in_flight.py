"""Calls under way, by target: what a limit like `max_concurrent` is compared with before Envoy has to refuse.

A call counts from the moment it is planned, because a hundred requests may be decided before the first of their
attempts begins, until a moment after its end, because Envoy counts it until it has our last answer. Envoy refuses what
is too much without trying elsewhere, so it is better to count one too many.

Of this process only: several workers each know their own. Then Envoy's circuit breakers alone hold for all.
"""

from collections import deque
from dataclasses import dataclass, field

LINGER_SECONDS = 0.05
"""The time for which an ended call still counts. Envoy has our answer within a few milliseconds; a call takes hundreds
at least."""


@dataclass(slots=True)
class Reservation:
    """A request whose first attempt has not begun, or a call under way."""

    names: tuple[str, ...]
    """`Target.name` of all where it may be: of a weighted group Envoy takes one, and does not say yet which."""
    cost_usd: float = 0.0


@dataclass(slots=True)
class InFlight:
    """The calls in flight. Each `plan` is ended by `begin` or `forget`, each `begin` by `end`."""

    counts: dict[str, int] = field(default_factory=dict[str, int])
    """The calls in flight by `Target.name`; never zero, so it cannot grow beyond what is under way."""
    _planned: dict[str, Reservation] = field(default_factory=dict[str, Reservation])
    """The reservations by request id."""
    _ending: deque[tuple[float, Reservation]] = field(default_factory=deque[tuple[float, Reservation]])
    _calls: int = 0
    _held: float = 0.0

    def plan(self, request_id: str, planned: Reservation) -> None:
        """Reserves a place for a planned request. A client may use an id twice: then the later one counts."""
        self.forget(request_id)
        self._planned[request_id] = planned
        self._add(planned)

    def forget(self, request_id: str) -> None:
        """Gives up the place of a planned request whose attempts never begin."""
        if (planned := self._planned.pop(request_id, None)) is not None:
            self._take_away(planned)

    def begin(self, request_id: str, call: Reservation) -> None:
        """Takes note that an attempt has begun."""
        self.forget(request_id)
        self._add(call)

    def end(self, call: Reservation, at: float) -> None:
        """Takes note that an attempt has ended."""
        self._ending.append((at, call))
        self._settle(at)

    def inflight(self, at: float) -> dict[str, int]:
        """The number of calls in flight, by `Target.name`. May be called from any thread."""
        over = [name for when, call in tuple(self._ending) if _is_over(when, at) for name in call.names]
        counts = dict(self.counts)
        for name in over:
            counts[name] = counts.get(name, 0) - 1
        return {name: count for name, count in counts.items() if count > 0}

    def held_usd(self, at: float) -> float:
        """The estimated cost of all calls in flight in US dollars, so that many at once do not exceed a budget."""
        self._settle(at)
        return max(0.0, self._held)

    def _settle(self, at: float) -> None:
        while self._ending and _is_over(self._ending[0][0], at):
            self._take_away(self._ending.popleft()[1])

    def _add(self, planned: Reservation) -> None:
        self._calls += 1
        self._held += planned.cost_usd
        for name in planned.names:
            self.counts[name] = self.counts.get(name, 0) + 1

    def _take_away(self, planned: Reservation) -> None:
        self._calls -= 1
        # Sums of fractions drift: nothing under way holds nothing.
        self._held = self._held - planned.cost_usd if self._calls else 0.0
        for name in planned.names:
            self.counts[name] -= 1
            if not self.counts[name]:
                del self.counts[name]


def _is_over(ended: float, at: float) -> bool:
    """A clock that was set back must not hold a call for ever."""
    return not 0 <= at - ended < LINGER_SECONDS
