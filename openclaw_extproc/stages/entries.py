"""What is left of a request when it is over: log, metrics and health are all made from these two records."""

from dataclasses import field
from enum import Enum
from typing import Literal, TypeAlias

from openclaw_extproc.callers import ANONYMOUS, CallerIdentity
from openclaw_extproc.catalog import MILLION
from openclaw_extproc.faults import Fault
from openclaw_extproc.frozen import dataclass
from openclaw_extproc.gateway import Target
from openclaw_extproc.model.facts import Usage
from openclaw_extproc.plan import Plan
from openclaw_extproc.policy.health.headroom import Headroom
from openclaw_extproc.record import DecisionRecord


class Selection(Enum):
    """Why this target was chosen for an attempt."""

    PRIMARY = "primary"
    RETRY = "retry"
    """The same target again."""
    FALLBACK = "fallback"


class Outcome(Enum):
    OK = "ok"
    FAILED = "failed"
    """The provider answered with an error, or with nothing that makes an answer, before any content."""
    NO_ANSWER = "no_answer"
    """Connection failed or reset, or silence beyond the limit; or the client left while it waited."""
    BROKEN = "broken"
    """Failed after content had gone to the client."""
    GONE = "gone"
    """The client left, the connection broke, or the call's time was up, in mid-answer."""


Basis: TypeAlias = Literal["counted", "estimated", "not_billed", "subscription", "unknown_price", "not_read"]
"""What a cost rests on. `counted`: on the provider's count of tokens. `estimated`: on ours. `not_billed`: the provider
failed, or was never reached, or the operation is free. `subscription`: the caller's own account pays. `unknown_price`:
tokens are known and no price is. `not_read`: the request was passed on unread."""


@dataclass(frozen=True, slots=True)
class Charge:
    """What an attempt costs; `settlement` makes it."""

    usage: Usage
    """The tokens that are charged."""
    micro_usd: int | None
    """Millionths of a US dollar; `None`: nobody knows."""
    basis: Basis

    @property
    def usd(self) -> float | None:
        return None if self.micro_usd is None else self.micro_usd / MILLION


@dataclass(frozen=True, slots=True)
class AttemptEntry:
    """One attempt at one provider."""

    request_id: str
    attempt: int
    target: Target
    selection: Selection
    outcome: Outcome
    streamed: bool = False
    fault: Fault | None = None
    alert: str = ""
    """What an operator has to mend for this to get better: a reason of `failures`. Empty: nothing."""
    usage: Usage = field(default_factory=Usage)
    losses: tuple[str, ...] = ()
    seconds: float = 0.0
    """The seconds from the request's arrival at this attempt to its end."""
    first_content_seconds: float | None = None
    passed: bool = False
    """Whether the request was no model call and passed unread. Its outcome is known by the response head alone."""
    previous: Target | None = None
    """The target of the attempt before, when this is not the first."""
    previous_reason: str = ""
    """The reason why the previous attempt failed: a `Failure.reason`, `connection` or `timeout`."""
    subscription: bool = False
    """The caller's own subscription pays for it: tokens are counted, and nothing is charged."""
    plan: Plan | None = None
    """The plan of the request that the attempt belongs to."""
    retry_after: float | None = None
    """Seconds for which the provider asked to be left alone."""
    headroom: Headroom | None = None
    """What it says is left of its limits."""
    responded: bool = False
    """The head of a response came."""
    delivered_bytes: int = 0
    """Of its answer, as far as that has gone to the client."""
    charge: Charge | None = None
    """`None`: it was not settled yet."""


@dataclass(frozen=True, slots=True)
class RequestEntry:
    """One request of a client."""

    request_id: str
    client_format: str
    plan: Plan | None
    """`None` when it was refused before anything was planned."""
    status: int | None
    """`None`: the client left before there was one."""
    fault: Fault | None = None
    """Set when we refused it ourselves."""
    attempts: int = 0
    provider: str = ""
    model: str = ""
    """The model that responded; empty when none did."""
    reasons: tuple[str, ...] = ()
    """The reasons why the attempts before the successful one failed."""
    user: str = ""
    decision_seconds: float = 0.0
    """The seconds of our own work, without the wait for the rest of the request."""
    seconds: float = 0.0
    """The seconds until the response headers."""
    record: DecisionRecord | None = None
    """What was decided; `None` where nobody came so far."""
    identity: CallerIdentity = ANONYMOUS
    """The verified identity of the caller."""
    cost_usd: float | None = None
    """What the attempt that answered cost in US dollars, by its provider's count; `None`: not known at the headers."""
    passed: AttemptEntry | None = None
    """The one attempt of a request that is no model call: the attempt stage does not see how such a one ends."""
