"""What this process remembers between requests: sessions, latencies, spending, calls under way, token counts.

All of it may be forgotten by a restart. All of it is bounded in number and in age, whatever strangers send. Several
workers remember each their own: a session that changes workers is a new one there. Of budgets it knows what this
process has spent; the books (`edge/ledger/bookkeeper`) know of all.

Time comes as an argument (seconds since the epoch), so that tests need not wait.

What is remembered of sessions: who answered, how hard it was, what was spent.

Bounded in number, in age and in the size of each, because a session's id is whatever a client says. It is the id of one
caller's session: another caller that says the same has another session, where callers are verified.
Time comes as an argument (seconds since the epoch).
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from statistics import median
from typing import NamedTuple

from openclaw_extproc.edge.runtime.in_flight import InFlight
from openclaw_extproc.features import Features
from openclaw_extproc.features.tokens import Corrections
from openclaw_extproc.gateway import Gateway
from openclaw_extproc.plan import Plan
from openclaw_extproc.policy.runtime_state import RuntimeState, SessionState
from openclaw_extproc.stages.entries import AttemptEntry, Outcome, RequestEntry
from openclaw_extproc.stages.settlement import charge_of
from openclaw_extproc.strategy import TIERS, Affinity, Strategy, Tier
from openclaw_extproc.wire import FORMATS

# -- session memory --------------------------------------------------------------------


MAX_SESSIONS = 10_000
"""The number of sessions in memory, some 10 MB. Beyond it the session that was quiet for longest is forgotten."""
MAX_ASKED = 8
"""Model names in a session. Agents ask for two or three."""
MAX_ID_CHARS = 256
"""The length of a session id, as that of our headers: an id comes from a stranger."""
MAX_MODEL_CHARS = 128
"""The length of a model's name, as that in a plan."""
SESSION_SECONDS = 24 * 3600.0
"""The silence after which a session and what it has spent is forgotten: a working day and a night."""
USUAL_TTL_SECONDS = Affinity().ttl_seconds
"""The time for which a tool loop finds its target again, and a classification holds, where no affinity is
configured."""


class SessionKey(NamedTuple):
    owner: str
    """`CallerIdentity.owner`; empty: all callers that nobody verified."""
    id: str
    """The id of the session, as the caller gives it."""

    def with_limits(self) -> "SessionKey":
        return self if len(self.id) <= MAX_ID_CHARS else SessionKey(self.owner, self.id[:MAX_ID_CHARS])


@dataclass(slots=True)
class _ModelMemory:
    """What a session remembers of one model name that it asks for."""

    target: str = ""
    answered: float = 0.0
    tier: Tier | None = None
    judged: float = 0.0


@dataclass(slots=True)
class _Session:
    used: float
    spent_usd: float = 0.0
    asked: OrderedDict[str, _ModelMemory] = field(default_factory=OrderedDict[str, _ModelMemory])
    """The targets by the model asked for: an agent asks for a large and a small one by turns, and each keeps its own
    target."""

    def about(self, asked: str) -> _ModelMemory:
        known = self.asked.pop(asked, None) or _ModelMemory()
        self.asked[asked] = known
        if len(self.asked) > MAX_ASKED:
            self.asked.popitem(last=False)
        return known


@dataclass(slots=True)
class Sessions:
    """The sessions of all callers, a bounded number."""

    by_key: OrderedDict[SessionKey, _Session] = field(default_factory=OrderedDict[SessionKey, _Session])
    """The one used last at the end."""
    _of_owner: dict[str, OrderedDict[SessionKey, None]] = field(
        default_factory=dict[str, OrderedDict[SessionKey, None]]
    )
    """The keys of sessions by owner, in the same order."""

    def recall(self, session: SessionKey, asked: str, at: float, ttl: float) -> SessionState:
        """The state of a session. `ttl`: seconds for which its target and its tier hold; its cost holds longer."""
        known = self.by_key.get(session.with_limits())
        if known is None or at - known.used > SESSION_SECONDS:
            return SessionState()
        about = known.asked.get(asked[:MAX_MODEL_CHARS], _ModelMemory())
        return SessionState(
            target=about.target if at - about.answered <= ttl else "",
            tier=about.tier if at - about.judged <= ttl else None,
            spent_usd=known.spent_usd,
        )

    def note_answer(self, session: SessionKey, asked: str, target: str, at: float) -> None:
        """Takes the target of a successful response, at which the session stays."""
        about = self._touch(session, at).about(asked[:MAX_MODEL_CHARS])
        about.target, about.answered = target, at

    def note_tier(self, session: SessionKey, asked: str, tier: Tier, at: float) -> None:
        """Takes the tier that a request of the session was classified as."""
        about = self._touch(session, at).about(asked[:MAX_MODEL_CHARS])
        about.tier, about.judged = tier, at

    def note_cost(self, session: SessionKey, usd: float, at: float) -> None:
        """Adds the cost of a request in US dollars."""
        self._touch(session, at).spent_usd += usd

    def _touch(self, session: SessionKey, at: float) -> _Session:
        key = session.with_limits()
        known = self._taken_out(key)
        if known is None or at - known.used > SESSION_SECONDS:
            known = _Session(at)
        known.used = at
        self.by_key[key] = known
        self._of_owner.setdefault(key.owner, OrderedDict())[key] = None
        while len(self.by_key) > MAX_SESSIONS:
            self._taken_out(self._next_to_go(key.owner))
        while at - next(iter(self.by_key.values())).used > SESSION_SECONDS:
            self._taken_out(next(iter(self.by_key)))
        return known

    def _next_to_go(self, owner: str) -> SessionKey:
        """The oldest of all; of the owner whose new session it is, if that one has more than a fair share already: a
        caller that makes up ids forgets its own sessions, and not those of others."""
        own = self._of_owner[owner]
        has_enough = len(own) > MAX_SESSIONS // len(self._of_owner)
        return next(iter(own if has_enough else self.by_key))

    def _taken_out(self, key: SessionKey) -> _Session | None:
        known = self.by_key.pop(key, None)
        if known is not None:
            own = self._of_owner[key.owner]
            del own[key]
            if not own:
                del self._of_owner[key.owner]
        return known


# -- memory ----------------------------------------------------------------------------


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
