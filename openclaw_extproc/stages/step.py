"""What a stage returns for an event: everything that its session has to do."""

from enum import Enum
from typing import Generic, TypeVar

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.gateway import Target
from openclaw_extproc.plan import Plan
from openclaw_extproc.stages.entries import RequestEntry
from openclaw_extproc.stages.events import Answer
from openclaw_extproc.stages.route.side_requests import Question

EntryT_co = TypeVar("EntryT_co", covariant=True)


class Close(Enum):
    """The ways to end a stream with Envoy."""

    DONE = "done"
    """Envoy has nothing more to ask."""
    BROKEN = "broken"
    """The stream ends with an error, because a response has begun that cannot be ended: the client sees it break
    off."""


@dataclass(frozen=True, slots=True)
class Placement:
    """A plan, and the targets at which its request counts from now on."""

    plan: Plan
    targets: tuple[Target, ...]
    """The targets at which the request counts; more than one where Envoy chooses."""


@dataclass(frozen=True, slots=True)
class Step(Generic[EntryT_co]):
    """One step of a stage."""

    answers: tuple[Answer, ...] = ()
    """What Envoy is told now: nothing while an answer is held back, several answers when it is let go. Nothing for
    `Closed`: nobody is listening."""
    entry: EntryT_co | None = None
    """Present in exactly one step of a request, and of an attempt that was bound to a target."""
    ask: Question | None = None
    """What has to be asked before Envoy's last message can be answered; `QuestionAnswered` brings the answer."""
    wake_at: float | None = None
    """The time at which `TimerFired` is due if nothing else comes before, in seconds since the epoch; `None`: there is
    no limit."""
    close: Close | None = None
    """How the stream ends now; `None`: it goes on."""
    placed: Placement | None = None
    """Present in the step in which the stage learns where the request goes."""
    warning: str = ""
    """What an operator should know and no entry tells."""
    request: RequestEntry | None = None
    """The entry of the request that this attempt belongs to, where it took the fast path: no route stage has it."""
    awaited_bytes: int = 0
    """The size of a body that is to come, as its head says."""
    kept_bytes: int = 0
    """What the stage keeps beside the body that came until it has an answer to `ask`: what it has unpacked and read."""
