"""An exchange with a provider in three stages: the request that was sent, the response whose head has arrived, and the
response that failed.

Each record holds what is known at that point and nothing else; the states (`states`) are made of them.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import field

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.features.identity import is_subscription
from openclaw_extproc.frozen import dataclass
from openclaw_extproc.gateway import Timeouts
from openclaw_extproc.model.facts import Usage
from openclaw_extproc.model.requests import Ask
from openclaw_extproc.policy.health.headroom import headroom, retry_after
from openclaw_extproc.stages import headers as h
from openclaw_extproc.stages.attempt import retries
from openclaw_extproc.stages.attempt.retries import Failure, NextAttempt, Remedy, classify_failure
from openclaw_extproc.stages.attempt.upstream_request import BoundAttempt
from openclaw_extproc.stages.entries import AttemptEntry, Outcome, Selection
from openclaw_extproc.stages.settlement import settled
from openclaw_extproc.wire.streams import content_encoding

MAX_RETRY_AFTER_SECONDS = 7 * 24 * 3600
"""The longest pause that a caller is told: a quota of a week."""
GRACE_SECONDS = 1.0
"""The time by which our timers run behind those of Envoy, so that Envoy's own timeout comes first, on a busy machine
too."""
UNANSWERED_SECONDS = 30
"""So long a target that Envoy had to be stopped from waiting for goes behind those that stand in for it: the client's
own retry is to find one of them."""
LAST_WORDS_MS = 200
"""The part of a call's total time that is kept for telling the client that the time is over."""
_MAY_SAY_HOW_LONG = ("429", "503")


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A request that was sent to a provider."""

    bound: BoundAttempt
    ask: Ask
    """What the answer is read and written by: the request without its words."""
    losses: tuple[str, ...]
    """What the provider's format puts otherwise, or cannot carry."""

    @property
    def timeouts(self) -> Timeouts:
        return self.bound.plan.timeouts.of(self.bound.target.provider)

    @property
    def response_timeout_at(self) -> float:
        """Returns the time at which a response whose head has arrived has been silent for too long, in seconds since
        the epoch.

        Envoy has one limit for all attempts of a request, so a provider with less patience of its own is counted here,
        from its head on: of an attempt that has no head yet nothing can be said to Envoy.
        """
        ask, own = self.ask, self.bound.target.timeout_ms
        if own is None:
            own = self.timeouts.attempt_timeout_ms(
                stream=ask.stream, reasons=ask.reasons, output_tokens=ask.max_output_tokens
            )
        return self.bound.began + own / 1000 if own < self.bound.plan.attempt_timeout_ms else self.give_up_at

    @property
    def silence_ends_at(self) -> float:
        """Returns the time at which Envoy gives up an attempt that has no response head, in seconds since the epoch.
        Behind a head Envoy's limit no longer holds."""
        return self.bound.began + self.bound.plan.attempt_timeout_ms / 1000

    @property
    def give_up_at(self) -> float:
        """Returns the time at which Envoy would have given up this attempt if its limit still held, in seconds since
        the epoch.

        It no longer does once the provider has sent an interim answer (100, 102, 103): such a call has begun to be
        answered, says Envoy 1.40, so it gives it no limit and nobody else.
        """
        plan, own = self.bound.plan, self.bound.target.provider.attempt_timeouts.connect_ms
        connecting = plan.timeouts.connect_ms if own is None else own
        return self.bound.began + (plan.attempt_timeout_ms + connecting) / 1000 + GRACE_SECONDS

    def keepalive_at(self, at: float) -> float | None:
        """Returns the time at which a stream that has been silent since `at` gets a keep-alive, in seconds since the
        epoch; `None`: never."""
        every = self.timeouts.keepalive_ms
        return at + every / 1000 if every is not None and self.ask.stream else None

    @property
    def call_timeout_at(self) -> float | None:
        """Returns the time by which a stream has to end so that the whole call keeps its limit; `None`: the call has
        none.

        A little before Envoy, which would end it without a word.
        """
        total = self.bound.plan.timeouts.total_ms
        return None if total is None else self.bound.plan.began + (total - min(LAST_WORDS_MS, total // 5)) / 1000

    def answered_headers(self, losses: Iterable[str]) -> dict[str, str]:
        """What the client learns about who answered. `losses`: of the request, and of its answer so far."""
        return h.response_headers(self.bound.plan, self.bound.target, self.bound.history.fallbacks(), losses)

    def give_up_headers(self, retry_after: str = "") -> dict[str, str]:
        """What tells an SDK not to begin again what was just given up. `retry_after`: seconds; "": nobody said any."""
        seconds = retry_after or str(-(-self.bound.plan.emergency.retry_after_ms // 1000))
        return {"retry-after": seconds, **h.NO_RETRY}

    @property
    def has_stand_in(self) -> bool:
        """Whether another target is planned behind this attempt."""
        return not retries.is_alone(self.bound.plan, self.bound.attempt, self.bound.target)

    def given_up_entry(self, at: float, fault: Fault) -> AttemptEntry:
        """The entry of a request that Envoy would have waited for without an end."""
        rest = str(UNANSWERED_SECONDS) if self.has_stand_in else ""
        return entry(self.bound, at, Outcome.FAILED, fault, Observation(losses=self.losses, body_retry_after=rest))

    def entry(self, at: float, outcome: Outcome, fault: Fault | None) -> AttemptEntry:
        """The entry of a request that got no response."""
        return entry(self.bound, at, outcome, fault, Observation(losses=self.losses))


@dataclass(frozen=True, slots=True)
class UpstreamResponse:
    """A provider's response whose head is here."""

    request: SentRequest
    headers: Mapping[str, str]
    is_bodiless: bool
    """Whether no body follows the response head, so that none can be sent either."""

    @property
    def status(self) -> int:
        return int(self.headers.get(":status", "0"))

    @property
    def is_packed(self) -> bool:
        """Returns whether the body is compressed in a way that cannot be read here: what can be decompressed is plain
        when it gets here."""
        return content_encoding.encoding(self.headers) != ""

    def removed_headers(self, *also: str) -> tuple[str, ...]:
        """Response headers to take away. What is set in the same answer stays: Envoy removes first."""
        bound = self.request.bound
        nonsense = () if retry_after(self.headers, bound.began) is not None else ("retry-after",)
        kept_out = h.not_theirs(self.headers, keep_credentials=bound.forwards)
        return (*kept_out, *nonsense, *also)

    def entry(self, at: float, outcome: Outcome, fault: Fault | None) -> AttemptEntry:
        """The entry of a response of which nothing but the head was of use."""
        return entry(self.request.bound, at, outcome, fault, Observation(self.headers, self.request.losses))


@dataclass(frozen=True, slots=True)
class FailedResponse:
    """A response that does not become the client's answer, unless in the provider's own words."""

    response: UpstreamResponse
    fault: Fault
    losses: tuple[str, ...]
    has_body: bool = False
    """Something of its body is here: it is too late for a reply of ours."""
    body_retry_after: str = ""
    """Whole seconds that its body asks to wait; "": it does not, or was not read."""
    streamed: bool = False
    usage: Usage = field(default_factory=Usage)

    @property
    def bound(self) -> BoundAttempt:
        return self.response.request.bound

    @property
    def failure(self) -> Failure:
        return classify_failure(self.fault, forwards=self.bound.forwards)

    @property
    def retry_after(self) -> str:
        """Whole seconds that it asks to wait, in its head or in its body; "" where it does not.

        What the head says may be a fraction, a date, milliseconds or nonsense: callers get seconds or nothing.
        """
        asked = retry_after(self.response.headers, self.bound.began)
        return self.body_retry_after if asked is None else str(math.ceil(min(asked, MAX_RETRY_AFTER_SECONDS)))

    @property
    def may_retry_now(self) -> bool:
        """Whether the next attempt can begin without a look at this one's body, which may say how long to wait."""
        plan, attempt = self.bound.plan, self.bound.attempt
        says_how_long = self.response.headers.get(":status") in _MAY_SAY_HOW_LONG
        if plan.stays(attempt) and not self.retry_after and says_how_long:
            return False
        return retries.retry_headers(plan, attempt, self.retry_after, self.bound.began) is not None

    @property
    def next_attempt(self) -> NextAttempt | None:
        bound = self.bound
        return retries.next_attempt(
            bound.plan, bound.attempt, bound.target, self.failure, self.retry_after, bound.began
        )

    @property
    def is_told_in_own_words(self) -> bool:
        """Whether this error, should it be the last, is told in the provider's own words to its own client."""
        bound = self.bound
        foreign = bound.translates or bound.provider.foreign_errors or self.response.is_packed
        ours = self.fault.kind is FaultKind.UNAUTHENTICATED and not bound.forwards
        return not foreign and not ours and self.failure.remedy is not Remedy.ANYBODY

    def entry(self, at: float) -> AttemptEntry:
        seen = Observation(
            self.response.headers, self.losses, self.streamed, self.usage, body_retry_after=self.body_retry_after
        )
        return entry(self.bound, at, Outcome.FAILED, self.fault, seen)


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen of a response, for the entry of its attempt. All of it is empty where there was none."""

    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    losses: tuple[str, ...] = ()
    streamed: bool = False
    usage: Usage = field(default_factory=Usage)
    first_content_seconds: float | None = None
    body_retry_after: str = ""
    delivered_bytes: int = 0

    def cooldown_seconds(self, at: float) -> float | None:
        """Seconds that a failed response asks for, in its head or in its body; `None`: it does not."""
        asked = retry_after(self.headers, at)
        return float(self.body_retry_after) if asked is None and self.body_retry_after else asked


NOTHING_OBSERVED = Observation()


def entry(
    bound: BoundAttempt, at: float, outcome: Outcome, fault: Fault | None, seen: Observation = NOTHING_OBSERVED
) -> AttemptEntry:
    """The entry that an attempt leaves behind. `at`: seconds since the epoch."""
    previous = bound.history.failed[-1] if bound.history.failed else None
    selection = Selection.PRIMARY
    if previous is not None:
        selection = Selection.RETRY if previous.target == bound.target else Selection.FALLBACK
    failure = None if fault is None else classify_failure(fault, forwards=bound.forwards)
    made = AttemptEntry(
        request_id=bound.plan.request_id,
        attempt=bound.attempt,
        target=bound.target,
        selection=selection,
        outcome=outcome,
        streamed=seen.streamed,
        fault=fault,
        alert=failure.reason if failure is not None and failure.alerts else "",
        usage=Usage() if _is_unbilled(outcome, fault) else seen.usage,
        losses=seen.losses,
        seconds=at - bound.began,
        first_content_seconds=seen.first_content_seconds,
        passed=bound.plan.passes,
        previous=None if previous is None else previous.target,
        previous_reason="" if previous is None else previous.reason,
        subscription=bound.forwards and is_subscription(bound.headers),
        plan=bound.plan,
        retry_after=None if outcome is Outcome.OK else seen.cooldown_seconds(at),
        headroom=headroom(seen.headers, at),
        responded=bool(seen.headers),
        delivered_bytes=seen.delivered_bytes,
    )
    return settled(made, bound.plan.facts_of(bound.target))


def _is_unbilled(outcome: Outcome, fault: Fault | None) -> bool:
    """A provider that says itself that it failed bills nothing, whatever it had counted before. One whose answer we
    cannot read may well bill it."""
    return outcome is Outcome.FAILED and fault is not None and fault.kind is not FaultKind.UPSTREAM_GARBLED
