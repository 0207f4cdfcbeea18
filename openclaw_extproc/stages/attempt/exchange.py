"""An attempt that was sent: what is known of it, what the client is told about it, and the entry it leaves behind."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from openclaw_extproc.faults import Fault, FaultKind
from openclaw_extproc.gateway import Limits
from openclaw_extproc.model.ask import Ask
from openclaw_extproc.model.facts import Fact, Seen
from openclaw_extproc.model.usage import Usage
from openclaw_extproc.policy.health.headroom import headroom, retry_after
from openclaw_extproc.stages import headers as h
from openclaw_extproc.stages.attempt import retries
from openclaw_extproc.stages.attempt.failure_table import Failure, classify_failure
from openclaw_extproc.stages.attempt.response_reader import ResponseReader, Unsealed
from openclaw_extproc.stages.attempt.retries import NextAttempt
from openclaw_extproc.stages.attempt.upstream_request import BoundAttempt
from openclaw_extproc.stages.entries import AttemptEntry, Outcome, Selection
from openclaw_extproc.stages.events import ResponseBody
from openclaw_extproc.wire.base import Decoder, Passing
from openclaw_extproc.wire.streams import content_encoding, sse
from openclaw_extproc.wire.streams.byte_order_mark import Beginning
from openclaw_extproc.wire.streams.chunks import Pieces
from openclaw_extproc.wire.streams.heartbeats import Heartbeats
from openclaw_extproc.wire.translation.losses import MUST_CARRY

MAX_RETRY_AFTER_SECONDS = 7 * 24 * 3600
"""The longest pause that a caller is told: a quota of a week."""
GRACE_SECONDS = 1.0
"""Behind a limit that Envoy counts: it comes first where it counts, also on a busy machine."""
LAST_WORDS_MS = 200
"""Kept of the time of a whole call for the word that it is over."""
_MAY_SAY_HOW_LONG = ("429", "503")


@dataclass(slots=True)
class Exchange:
    """An attempt that was sent; grows while it goes."""

    bound: BoundAttempt
    ask: Ask
    losses: tuple[str, ...]
    listening: ResponseReader = field(default_factory=ResponseReader)
    beginning: Beginning = field(default_factory=Beginning)
    unknown: bytes | None = None
    """The first bytes of an answer, while they do not tell whether it is what was asked for; `None`: it is known."""
    pieces: Pieces = field(init=False)
    """Once its head is here and can be read."""
    streamed: bool = False
    """The provider answers piece by piece: with events, or with the array that this client wants."""
    head: Mapping[str, str] = field(default_factory=dict[str, str])
    bodiless: bool = False
    """No body follows the head, so none of ours can."""
    held: list[bytes] = field(default_factory=list[bytes])
    """Chunks of which nothing has gone out yet."""
    words_until: float | None = None
    """How long the body of a failed answer is waited for, where it makes no difference to what is tried next."""
    asked_wait: str = ""
    """Whole seconds that the body of a failed answer asks to wait."""
    held_bytes: int = 0
    has_content: bool = False
    """There was something in it that a client waits for; a whole answer is kept back nevertheless."""
    content_at: float | None = None
    """When the first content came; it may be kept back."""
    last_at: float = 0.0
    """When the last chunk came that said something."""
    heartbeats: Heartbeats = field(default_factory=Heartbeats)
    written: list[bytes] = field(default_factory=list[bytes])
    """The translation of what is held."""
    first_content_seconds: float | None = None
    told_broken: bool = False
    """The client has the word that its stream broke off: nothing comes after it."""

    @property
    def retry_after(self) -> str:
        """Whole seconds that the failed answer asks to wait, in its head or in its body; "" where it does not.

        What the head says may be a fraction, a date, milliseconds or nonsense: callers get seconds or nothing.
        """
        asked = retry_after(self.head, self.bound.began)
        return self.asked_wait if asked is None else str(math.ceil(min(asked, MAX_RETRY_AFTER_SECONDS)))

    def left_alone_for(self, at: float) -> float | None:
        """Seconds that the failed answer asks for, in its head or in its body; `None`: it does not."""
        asked = retry_after(self.head, at)
        return float(self.asked_wait) if asked is None and self.asked_wait else asked

    @property
    def goes_on(self) -> bool:
        """Whether the next attempt can begin without a look at this one's body, which may say how long to wait."""
        plan, attempt = self.bound.plan, self.bound.attempt
        if plan.stays(attempt) and not self.retry_after and self.head.get(":status") in _MAY_SAY_HOW_LONG:
            return False
        return retries.retry_headers(plan, attempt, self.retry_after, self.bound.began) is not None

    def judged(self, fault: Fault) -> Failure:
        return classify_failure(fault, forwards=self.bound.forwards)

    def onward(self, failure: Failure) -> NextAttempt | None:
        bound = self.bound
        return retries.next_attempt(bound.plan, bound.attempt, bound.target, failure, self.retry_after, bound.began)

    @property
    def limits(self) -> Limits:
        return self.bound.plan.limits.of(self.bound.target.provider)

    def hold(self, chunk: bytes) -> None:
        """`chunk`: without what `begun` takes away."""
        self.held.append(chunk)
        self.held_bytes += len(chunk)

    @property
    def keeps(self) -> bool:
        """Whether its first content is kept back for a while."""
        return self.streamed and self.limits.hold_ms > 0

    def still_keeps(self, at: float) -> bool:
        return self.content_at is not None and (at - self.content_at) * 1000 < self.limits.hold_ms

    @property
    def wakes_at(self) -> float | None:
        """When its silence is too long; `None`: nobody counts it.

        Envoy has one limit for all attempts of a request, so a provider with less patience of its own is counted here,
        from its head on: of an attempt that has no head yet nothing can be said to Envoy.
        """
        if self.content_at is not None:
            return self.last_at + self.limits.idle_seconds(reasons=self.ask.reasons) if self.streamed else None
        ask, own = self.ask, self.bound.target.timeout_ms
        if own is None:
            own = self.limits.patience_ms(stream=ask.stream, reasons=ask.reasons, output_tokens=ask.max_output_tokens)
        return self.bound.began + own / 1000 if own < self.bound.plan.patience_ms else self.given_up_at

    @property
    def given_up_at(self) -> float:
        """When Envoy would have given this attempt up long ago, were it still counting.

        It no longer does once the provider has sent an interim answer (100, 102, 103): such a call has begun to be
        answered, says Envoy 1.40, so it gives it no limit and nobody else.
        """
        plan, own = self.bound.plan, self.bound.target.provider.patience.connect_ms
        connecting = plan.limits.connect_ms if own is None else own
        return self.bound.began + (plan.patience_ms + connecting) / 1000 + GRACE_SECONDS

    @property
    def over_at(self) -> float | None:
        """When a stream that has begun has to end for the whole call to keep its limit; `None`: Envoy counts alone.

        A little before Envoy, which would end it without a word.
        """
        total = self.bound.plan.limits.total_ms
        if total is None or not self.streamed:
            return None
        return self.bound.plan.began + (total - min(LAST_WORDS_MS, total // 5)) / 1000

    @property
    def is_packed(self) -> bool:
        """Nothing of its body can be read: what can be unpacked is plain when it comes here."""
        return content_encoding.encoding(self.head) != ""

    def listen(self, at: float) -> str:
        """Begin to read the answer whose head is here. Returns why it cannot be read; "": it can."""
        if self.is_packed:
            return "the provider's answer is compressed in a way that is not known here"
        client, provider = self.bound.client, self.bound.provider
        kind = sse.media_type(self.head.get("content-type", ""))
        own_frames = kind == provider.stream_type
        events, wanted = own_frames or sse.is_stream(kind), sse.is_stream(client.content_type(self.ask))
        other_kind = not self.bound.translates and events != wanted
        self.unknown = b"" if not (self.bound.translates or events or other_kind) else None
        if other_kind and any(loss.startswith(MUST_CARRY) for loss in self.ask.losses):
            return f"the provider answered {kind or 'with no type'}, which was not asked for"
        if other_kind:
            self.losses = (*self.losses, f"answer: came as {kind}")
        self.streamed = events or (self.ask.stream and not wanted and not self.bound.translates)
        unframing = provider.unframe() if own_frames and provider.unframe is not None else None
        self.listening = self._listening(provider.decoder(events), unframing, at, rewrites=other_kind)
        self.pieces = client.pieces_for(self.ask)
        return ""

    def _listening(self, decoder: Decoder, unframing: Passing | None, at: float, *, rewrites: bool) -> ResponseReader:
        client = self.bound.client
        if self.bound.translates or rewrites:
            encoder = client.encoder(self.ask, int(at))
            secret = self.bound.fallback and self.bound.provider.seals_for_account
            return ResponseReader(decoder, Unsealed(encoder) if secret else encoder, unframing)
        return ResponseReader(decoder, None, unframing, client.trim(self.ask) if self.streamed else None)

    def whole_events(self, chunk: bytes, *, end: bool) -> bytes:
        """A chunk of the client's own format up to its last whole event, after what waited for it."""
        if not self.streamed or self.listening.rewrites:
            return chunk
        return self.pieces.feed(chunk, end=end)

    def silenced(self, fault: Fault) -> bytes:
        """The client's error event for a stream of which nothing more will come."""
        return self.listening.break_off(fault) if self.listening.rewrites else self.pieces.break_off(fault)

    def hear(self, event: ResponseBody) -> tuple[list[Fact], bytes]:
        """As `ResponseReader.hear`. Only what says something counts against silence, not each byte."""
        if event.spoilt:
            return self.listening.spoil(event.spoilt)
        chunk = event.chunk
        if self.unknown is not None:
            chunk = self.unknown = self.unknown + chunk
            kind = self.bound.client.unlike(self.ask, chunk)
            if kind is None and not event.end:
                return [], b""
            self.unknown = None
            if kind and (why := self._turn_into_what_was_asked(kind, event.at)):
                return self.listening.spoil(why)
        facts, written = self.listening.hear(chunk, end=event.end)
        if not all(isinstance(fact, Seen) for fact in facts) or self.heartbeats.says(event.chunk):
            self.last_at = event.at
        return facts, written

    def _turn_into_what_was_asked(self, kind: str, at: float) -> str:
        """An answer of the right media type that is something else. Returns why that cannot be done; "": it can."""
        if any(loss.startswith(MUST_CARRY) for loss in self.ask.losses):
            return f"it came as {kind}, which was not asked for"
        self.losses = (*self.losses, f"answer: came as {kind}")
        self.streamed = not self.ask.stream
        self.listening = self._listening(self.bound.provider.decoder(False), None, at, rewrites=True)
        return ""

    def told(self) -> dict[str, str]:
        """What the client learns about who answered."""
        return h.answered(self.bound.plan, self.bound.target, self.bound.history.told(), self.losses)

    def kind_of_body(self, length: str) -> dict[str, str]:
        """Headers that describe a body of our making; `length` is "" while it is not known."""
        if not self.listening.reshapes:
            return {}
        kind = {"content-type": self.bound.client.content_type(self.ask)}
        if self.ask.stream:
            kind["cache-control"] = "no-cache"
        return kind | ({"content-length": length} if length else {})

    def gone(self, *also: str) -> tuple[str, ...]:
        """Response headers to take away. What is set in the same answer stays: Envoy removes first."""
        nonsense = () if retry_after(self.head, self.bound.began) is not None else ("retry-after",)
        kept_out = h.not_theirs(self.head, keep_credentials=self.bound.forwards)
        return (*kept_out, *nonsense, *also)

    def farewell(self) -> dict[str, str]:
        """What tells an SDK not to begin again what we have just given up."""
        seconds = self.retry_after or str(-(-self.bound.plan.emergency.retry_after_ms // 1000))
        return {"retry-after": seconds, "x-should-retry": "false"}

    def ended(self, at: float) -> AttemptEntry:
        """Of an answer that has gone out."""
        fault = self.listening.fault
        return self.entry(at, Outcome.OK if fault is None else Outcome.BROKEN, fault)

    def entry(self, at: float, outcome: Outcome, fault: Fault | None) -> AttemptEntry:
        return entry(self.bound, at, outcome, fault, self)


def entry(
    bound: BoundAttempt, at: float, outcome: Outcome, fault: Fault | None, call: Exchange | None = None
) -> AttemptEntry:
    """`call` is `None` when nothing was sent."""
    previous = bound.history.failed[-1] if bound.history.failed else None
    selection = Selection.PRIMARY
    if previous is not None:
        selection = Selection.RETRY if previous.target == bound.target else Selection.FALLBACK
    failure = None if fault is None else classify_failure(fault, forwards=bound.forwards)
    return AttemptEntry(
        request_id=bound.plan.request_id,
        attempt=bound.attempt,
        target=bound.target,
        selection=selection,
        outcome=outcome,
        streamed=call is not None and call.streamed,
        fault=fault,
        alert=failure.reason if failure is not None and failure.alerts else "",
        usage=Usage() if call is None or _unbilled(outcome, fault) else call.listening.usage,
        losses=() if call is None else call.losses,
        seconds=at - bound.began,
        first_content_seconds=None if call is None else call.first_content_seconds,
        passed=bound.plan.passes,
        previous=None if previous is None else previous.target,
        previous_reason="" if previous is None else previous.reason,
        plan=bound.plan,
        retry_after=None if call is None or outcome is Outcome.OK else call.left_alone_for(at),
        headroom=None if call is None else headroom(call.head, at),
    )


def _unbilled(outcome: Outcome, fault: Fault | None) -> bool:
    """A provider that says itself that it failed bills nothing, whatever it had counted before. One whose answer we
    cannot read may well bill it."""
    return outcome is Outcome.FAILED and fault is not None and fault.kind is not FaultKind.UPSTREAM_GARBLED
