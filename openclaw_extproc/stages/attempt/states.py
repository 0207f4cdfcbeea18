"""Where an attempt is, and one step of it; the picture is in `attempt.py`."""

from typing import TypeAlias

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.stages.attempt.exchange import Exchange
from openclaw_extproc.stages.attempt.upstream_request import BoundAttempt
from openclaw_extproc.stages.entries import AttemptEntry
from openclaw_extproc.stages.events import (
    Answer,
    Closed,
    Event,
    Overrun,
    RequestBody,
    RequestHead,
    ResponseBody,
    ResponseHead,
    ResponseTrailers,
    TimerFired,
)


@dataclass(frozen=True, slots=True)
class New:
    pass


@dataclass(frozen=True, slots=True)
class Reading:
    bound: BoundAttempt


@dataclass(frozen=True, slots=True)
class PassThrough:
    """No model call: its head is changed, and that was all. What the provider answers is not for this stage."""


@dataclass(frozen=True, slots=True)
class Sent:
    call: Exchange


@dataclass(frozen=True, slots=True)
class HoldingBack:
    call: Exchange


@dataclass(frozen=True, slots=True)
class Answering:
    call: Exchange


@dataclass(frozen=True, slots=True)
class ReadingError:
    """The last attempt failed with an error status: its body is read for the message."""

    call: Exchange


@dataclass(frozen=True, slots=True)
class Done:
    """All that had to be said was said. What still comes is of no use, or `passes` as it is."""

    passes: bool = False


State: TypeAlias = New | Reading | PassThrough | Sent | HoldingBack | Answering | ReadingError | Done


@dataclass(frozen=True, slots=True)
class Step:
    answers: tuple[Answer, ...] = ()
    """None while we hold back, several when we let go, and something unasked where a stream falls silent. None for
    `Closed`: nobody is listening."""
    entry: AttemptEntry | None = None
    """Present in exactly one step of a model call's attempt that was bound to a target."""


def ends(event: Event) -> bool:
    """Whether nothing follows this message."""
    match event:
        case ResponseHead(end=end) | ResponseBody(end=end):
            return end
        case ResponseTrailers() | Closed():
            return True
        case RequestHead() | RequestBody() | TimerFired() | Overrun():
            return False
