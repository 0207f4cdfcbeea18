"""What this process remembers between requests: sessions, latencies, spending, calls under way, token counts.

All of it may be forgotten by a restart. All of it is bounded in number and in age, whatever strangers send. Several
workers remember each their own: a session that changes workers is a new one there. Of budgets it knows what this
process has spent; the books (`edge/ledger/bookkeeper`) know of all.

Time comes as an argument (seconds since the epoch), so that tests need not wait.
"""

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from statistics import median

from openclaw_extproc.edge.runtime.in_flight import InFlight
from openclaw_extproc.edge.runtime.session_memory import USUAL_TTL_SECONDS, SessionKey, Sessions
from openclaw_extproc.features import Features
from openclaw_extproc.features.correction import Corrections
from openclaw_extproc.gateway import Gateway
from openclaw_extproc.plan import Plan
from openclaw_extproc.policy.runtime_state import RuntimeState, SessionState
from openclaw_extproc.stages.entries import AttemptEntry, Outcome, RequestEntry
from openclaw_extproc.stages.settlement import charge_of
from openclaw_extproc.strategy import TIERS, Strategy
from openclaw_extproc.wire import FORMATS

LATENCY_SAMPLES = 20
"""Enough for a median that one slow answer does not move, and few enough to notice a change within 20 calls."""
MIN_LATENCY_SAMPLES = 3
"""The number of calls before a latency counts: a single one may have waited for a connection."""
LATENCY_SECONDS = 300.0
"""Older ones say nothing of now. A target nobody has asked for so long counts as not measured, so it is tried again."""

HOUR, DAY = 3600, 86_400


@dataclass(slots=True)
class _Latency:
    samples: deque[tuple[float, float]] = field(
        default_factory=lambda: deque[tuple[float, float]](maxlen=LATENCY_SAMPLES)
    )
    median: float | None = None


@dataclass(slots=True)
class Latencies:
    """The latencies of targets; streamed responses apart from complete ones, whose first content is also their last."""

    by_target: dict[tuple[str, bool], _Latency] = field(default_factory=dict[tuple[str, bool], _Latency])
    """The latencies by `Target.name`, and whether streamed. Only names of the configuration get in."""

    def note(self, target: str, seconds: float, at: float, *, streamed: bool) -> None:
        latency = self.by_target.setdefault((target, streamed), _Latency())
        while latency.samples and at - latency.samples[0][0] > LATENCY_SECONDS:
            latency.samples.popleft()
        latency.samples.append((at, seconds))
        enough = len(latency.samples) >= MIN_LATENCY_SAMPLES
        latency.median = median(seconds for _, seconds in latency.samples) if enough else None

    def medians(self, at: float, *, streamed: bool) -> dict[str, float]:
        """The median seconds to the first content, by target. Targets with few or old samples are left out."""
        return {
            target: latency.median
            for (target, of_streams), latency in self.by_target.items()
            if of_streams is streamed and latency.median is not None and at - latency.samples[-1][0] <= LATENCY_SECONDS
        }

    def update(self, targets: Collection[str]) -> None:
        """Forgets the targets that are not among these."""
        self.by_target = {key: latency for key, latency in self.by_target.items() if key[0] in targets}


@dataclass(slots=True)
class Spending:
    """The cost of all requests in US dollars, in the current hour and day (UTC)."""

    hour: int = 0
    day: int = 0
    of_hour: float = 0.0
    of_day: float = 0.0

    def note(self, usd: float, at: float) -> None:
        self.of_hour, self.of_day = self.this_hour(at) + usd, self.today(at) + usd
        self.hour, self.day = int(at // HOUR), int(at // DAY)

    def this_hour(self, at: float) -> float:
        return self.of_hour if self.hour == int(at // HOUR) else 0.0

    def today(self, at: float) -> float:
        return self.of_day if self.day == int(at // DAY) else 0.0


class Memory:
    """The sink that remembers what bears on later requests of this process."""

    def __init__(self, gateway: Callable[[], Gateway]) -> None:
        """`gateway` returns the configuration that is in force, whose prices and model families hold."""
        self._gateway = gateway
        self.sessions = Sessions()
        self.latencies = Latencies()
        self.spending = Spending()
        self.in_flight = InFlight()
        self.corrections = Corrections()

    def situation(self, features: Features, gateway: Gateway, at: float) -> RuntimeState:
        """The part of the runtime state that is remembered here, for one request."""
        held = self.in_flight.held_usd(at)
        return RuntimeState(
            latency=self.latencies.medians(at, streamed=features.stream),
            inflight=self.in_flight.inflight(at),
            token_ratio=self.corrections.ratios(),
            spent_this_hour=self.spending.this_hour(at) + held,
            spent_today=self.spending.today(at) + held,
            remembered=self._session_state(features, gateway.strategy, at),
        )

    def _session_state(self, features: Features, strategy: Strategy, at: float) -> SessionState:
        if not features.declared.session:
            return SessionState()
        ttl = strategy.affinity.ttl_seconds if strategy.affinity else USUAL_TTL_SECONDS
        session = SessionKey(features.identity.owner, features.declared.session)
        known = self.sessions.recall(session, features.model, at, ttl)
        # Without affinity a session is free, but for the middle of a tool loop.
        return known if strategy.affinity or features.in_tool_loop else replace(known, target="")

    def attempt(self, entry: AttemptEntry, at: float) -> None:
        """Learns from an attempt that has ended: its latency, its cost, its session, and the tokens it really had."""
        plan, name, gateway = entry.plan, entry.target.name, self._gateway()
        if entry.passed or plan is None:
            return
        if entry.first_content_seconds is not None:
            self.latencies.note(name, entry.first_content_seconds, at, streamed=entry.streamed)
        counted = FORMATS[plan.client_format].operation == "count_tokens"
        usd = charge_of(entry, gateway.facts(entry.target)).usd
        if usd:
            self.spending.note(usd, at)
        if plan.record.session:
            self._learn_of_session(plan, entry, usd or 0.0, at)
        if entry.outcome is Outcome.OK and not counted:
            self._correct(plan, entry, gateway)

    def request(self, entry: RequestEntry, at: float) -> None:
        """Learns nothing: all that is remembered belongs to an attempt."""

    def _learn_of_session(self, plan: Plan, entry: AttemptEntry, usd: float, at: float) -> None:
        session, asked = SessionKey(plan.record.owner, plan.record.session), plan.asked_model
        if usd:
            self.sessions.note_cost(session, usd, at)
        for tier in TIERS:
            if tier == plan.record.tier:
                self.sessions.note_tier(session, asked, tier, at)
        if entry.outcome is Outcome.OK:
            self.sessions.note_answer(session, asked, entry.target.name, at)

    def _correct(self, plan: Plan, entry: AttemptEntry, gateway: Gateway) -> None:
        """The estimate was made for the first target's family: it says nothing of another's."""
        family = gateway.facts(entry.target).family
        if family and plan.estimated_tokens and gateway.facts(plan.groups[0][0]).family == family:
            self.corrections.note(family, plan.estimated_tokens, entry.usage.input_tokens)

    def update(self, gateway: Gateway) -> None:
        """Forgets the targets that this configuration does not name."""
        targets = (target for chain in gateway.chains.values() for target in chain)
        listed = (f"{provider.name}/{model}" for provider in gateway.providers.values() for model in provider.models)
        self.latencies.update({*listed, *(target.name for target in targets)})
