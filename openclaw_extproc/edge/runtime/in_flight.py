"""Requests and calls in flight: their counts, and the accounts that keep them.

Calls under way, by target: what a limit like `max_concurrent` is compared with before Envoy has to refuse.

A call counts from the moment it is planned, because a hundred requests may be decided before the first of their
attempts begins, until a moment after its end, because Envoy counts it until it has our last answer. Envoy refuses what
is too much without trying elsewhere, so it is better to count one too many.

Of this process only: several workers each know their own. Then Envoy's circuit breakers alone hold for all.

What is counted for as long as a stream of Envoy's is open: requests, attempts, bytes of bodies and calls in flight.

Each session has one account, and closes it whatever becomes of the stream.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from openclaw_extproc.edge.runtime.overload import OverloadGate
from openclaw_extproc.plan import Plan
from openclaw_extproc.stages.entries import AttemptEntry, RequestEntry
from openclaw_extproc.stages.events import Placement, Step

# -- in flight -------------------------------------------------------------------------


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


# -- accounts --------------------------------------------------------------------------


class HeldBodies:
    """The bytes of bodies that one stream holds."""

    def __init__(self, gate: OverloadGate) -> None:
        self._gate = gate
        self._bytes = 0

    def hold(self, size: int) -> None:
        self._bytes += size
        self._gate.hold(size)

    def let_go(self) -> None:
        self._gate.hold(-self._bytes)
        self._bytes = 0


class RouteAccount:
    """The account of one request: what is counted as in flight for it. It counts at its first target for as long as no
    attempt has begun.

    Of what is passed on nobody else sees the end: such a request counts here while it is in flight.
    """

    def __init__(
        self,
        gate: OverloadGate,
        in_flight: InFlight,
        planned: Callable[[Plan], None] = lambda _: None,
        passing: Callable[[Plan], None] = lambda _: None,
    ) -> None:
        """`planned` is called with the plan of each model call, `passing` with that of each other request."""
        self._gate: OverloadGate | None = gate
        self._bodies = HeldBodies(gate)
        self._in_flight = in_flight
        self._told = planned
        self._passing = passing
        self._planned = ""
        """Id of the request that counts at its first target; empty: none."""
        self._call: Reservation | None = None
        """A request that is passed on, while it is in flight."""
        gate.begin()

    def hold(self, size: int) -> None:
        self._bodies.hold(size)

    def take(self, step: Step[RequestEntry]) -> None:
        if step.entry is not None:
            self._leave()
        if step.placed is not None:
            self._bodies.let_go()  # the attempts get it anew
            self._place(step.placed)

    def _place(self, placed: Placement) -> None:
        plan, reservation = placed.plan, _reservation(placed)
        if plan.passes:
            self._passing(plan)
            if plan.names_model:
                self._call = reservation
                self._in_flight.begin("", reservation)
        elif plan.request_id:
            self._planned = plan.request_id
            self._in_flight.plan(plan.request_id, reservation)
            self._told(plan)

    def close(self) -> None:
        """The stream is over. May come more than once."""
        self._leave()
        call, self._call = self._call, None
        if call is not None:
            self._in_flight.end(call, time.time())
        if self._planned:
            self._in_flight.forget(self._planned)
        self._bodies.let_go()

    def _leave(self) -> None:
        if self._gate is not None:
            self._gate.end()
            self._gate = None


class AttemptAccount:
    """The account of one attempt. A call is in flight from the head of its request on, however it ends.

    On the fast path it is that of the request as well.
    """

    def __init__(
        self, gate: OverloadGate, in_flight: InFlight, planned: Callable[[Plan], None] = lambda _: None
    ) -> None:
        """`planned` is called with the plan of each call on the fast path."""
        self._gate: OverloadGate | None = gate
        self._told = planned
        self._has_request = False
        self._bodies = HeldBodies(gate)
        self._in_flight = in_flight
        self._call: Reservation | None = None
        gate.begin_attempt()

    def hold(self, size: int) -> None:
        self._bodies.hold(size)

    def begin_request(self) -> None:
        """No route stage has seen the request: it is counted here until its answer begins."""
        if self._gate is not None:
            self._gate.begin()
            self._has_request = True

    def _end_request(self) -> None:
        if self._has_request and self._gate is not None:
            self._gate.end()
        self._has_request = False

    def take(self, step: Step[AttemptEntry]) -> None:
        if step.request is not None:
            self._end_request()
        if step.placed is not None and self._gate is not None:
            if self._has_request and step.placed.plan.request_id:
                self._told(step.placed.plan)
            self._call = _reservation(step.placed)
            self._in_flight.begin(step.placed.plan.request_id, self._call)

    def close(self) -> None:
        """The stream is over. May come more than once."""
        self._end_request()
        if self._gate is not None:
            self._gate.end_attempt()
            self._gate = None
        call, self._call = self._call, None
        if call is not None:
            self._in_flight.end(call, time.time())
        self._bodies.let_go()


def _reservation(placed: Placement) -> Reservation:
    return Reservation(tuple(target.name for target in placed.targets), placed.plan.record.cost_usd or 0.0)
