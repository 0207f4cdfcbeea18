"""What is counted for as long as a stream of Envoy's is open: requests, attempts, bytes of bodies and calls in flight.

Each session has one account, and closes it whatever becomes of the stream.
"""

import time
from collections.abc import Callable

from openclaw_extproc.edge.runtime.in_flight import InFlight, Reservation
from openclaw_extproc.edge.runtime.overload import OverloadGate
from openclaw_extproc.plan import Plan
from openclaw_extproc.stages.entries import AttemptEntry, RequestEntry
from openclaw_extproc.stages.step import Placement, Step


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
