"""What is remembered of sessions: who answered, how hard it was, what was spent.

Bounded in number, in age and in the size of each, because a session's id is whatever a client says. It is the id of one
caller's session: another caller that says the same has another session, where callers are verified.
Time comes as an argument (seconds since the epoch).
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import NamedTuple

from openclaw_extproc.policy.runtime_state import SessionState
from openclaw_extproc.strategy import Affinity, Tier

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
