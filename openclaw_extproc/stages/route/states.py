"""The states of a request in the route stage. Their transitions are in `stages/route/stage.py`."""

from collections.abc import Mapping
from dataclasses import field
from typing import TypeAlias

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.plan import Plan
from openclaw_extproc.stages import pipeline as ways
from openclaw_extproc.stages.events import RequestHead
from openclaw_extproc.stages.route.identification import Identification
from openclaw_extproc.wire import ApiPath
from openclaw_extproc.wire.http.passthrough import Rule


@dataclass(frozen=True, slots=True)
class New:
    pass


@dataclass(frozen=True, slots=True)
class Reading:
    head: RequestHead
    """The request's head without our keys."""
    spoken: ApiPath
    known: Identification
    rule: Rule | None = None
    """The passthrough rule of a request that is passed on; `None`: it is a model call."""
    unpacked: bytes | None = None
    """The body of a request that came compressed: it goes on plain, and the head says nothing else."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Envoy waits for the answer to the body, and we for the answer to a question of ours."""

    reading: Reading
    arrived: ways.IncomingRequest
    planned: ways.RoutedRequest


@dataclass(frozen=True, slots=True)
class PlannedRequest:
    plan: Plan
    user: str
    took: float
    """Seconds of our own work until it was decided."""
    asked: Mapping[str, str] = field(default_factory=dict[str, str])
    """Headers of a request that is passed on."""


@dataclass(frozen=True, slots=True)
class PassingThrough:
    """The head of an answer that is not read has gone on. Its body follows, for our credential to be cut out."""

    left: int
    """Bytes of it that are still looked at."""


@dataclass(frozen=True, slots=True)
class Lasting:
    """The state of a request that is answered and counts at its model until it is over."""


@dataclass(frozen=True, slots=True)
class Done:
    pass


State: TypeAlias = New | Reading | Asking | PlannedRequest | PassingThrough | Lasting | Done
