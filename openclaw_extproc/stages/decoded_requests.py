"""Requests that the route stage has decoded, for attempts that run in the same process: they need neither the body nor
the text of the plan again.

A request is found by the text of its plan, to the byte, and that text has an id in it that nobody can guess. So an
attempt gets either the very request whose plan it was sent, or none: a plan of a stranger, one that an attempt before
has changed, and one of another worker are in no table here, and are read as text. The request of an earlier
configuration is not found either, because its plan has to be confirmed by the snapshots.

It is kept for as long as the route stage's stream lasts, which is until the head of the answer, and less long where too
many are there.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.model.json import BYTE_ORDER_MARK
from openclaw_extproc.model.requests import Ask
from openclaw_extproc.plan import Plan
from openclaw_extproc.wire.base import ClientRequest

MAX_BODY_BYTES: Final = 256 * 1024
"""Of a body that is kept. What a longer one takes in Envoy and in its JSON outweighs what is saved here."""
MAX_BYTES: Final = 8 * 1024 * 1024
"""Of all bodies that are kept; decoded they take several times that."""


@dataclass(frozen=True, slots=True)
class DecodedRequest:
    """A request as the route stage has read it."""

    plan: Plan
    body: ClientRequest
    ask: Ask


class DecodedRequests:
    """The requests of one process whose plans have gone out and whose answers have not begun."""

    def __init__(self, new_id: Callable[[], str] = str, *, takes_marks: bool = False) -> None:
        """`new_id`: returns another one each time, which nobody can guess; empty where nobody looks for requests.
        `takes_marks`: whether bodies behind a byte order mark are kept, which no provider may get."""
        self.new_id = new_id
        self._takes_marks = takes_marks
        self._kept: OrderedDict[str, DecodedRequest] = OrderedDict()
        """By the text of the plan, the oldest first."""
        self._bytes = 0

    def put(self, plan_text: str, request: DecodedRequest) -> None:
        """Keep a request, and let the oldest go where there is no room for it."""
        raw = request.body.raw
        if len(raw) > MAX_BODY_BYTES or (raw.startswith(BYTE_ORDER_MARK) and not self._takes_marks):
            return
        self.forget(plan_text)
        self._kept[plan_text] = request
        self._bytes += len(raw)
        while self._bytes > MAX_BYTES:
            self._bytes -= len(self._kept.popitem(last=False)[1].body.raw)

    def find(self, plan_text: str, generation: str) -> DecodedRequest | None:
        """The request with this plan, where it was planned with the snapshot of this generation."""
        found = self._kept.get(plan_text)
        return found if found is not None and found.plan.generation == generation else None

    def take(self, plan_text: str) -> DecodedRequest | None:
        """The request with this plan, for the last time."""
        if (gone := self._kept.pop(plan_text, None)) is not None:
            self._bytes -= len(gone.body.raw)
        return gone

    def forget(self, plan_text: str) -> None:
        """No attempt asks for this request any more."""
        self.take(plan_text)

    def __len__(self) -> int:
        return len(self._kept)
