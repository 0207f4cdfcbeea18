"""The runtime state of the gateway, which the edge captures for each request: health, latencies, spending."""

from collections.abc import Mapping
from dataclasses import field

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.strategy import Tier


@dataclass(frozen=True, slots=True)
class SessionState:
    """The state of the session that a request belongs to."""

    target: str = ""
    """`Target.name` of who answered last, while affinity lasts; empty: nobody, or too long ago."""
    asked: str = ""
    """The model that the client asked for then. Claude Code asks for two in one session, a large and a small one, and
    neither may get the other's target. Empty: not known, and taken for the same."""
    tier: Tier | None = None
    """What its last request was judged to be."""
    spent_usd: float = 0.0

    def is_about(self, model: str) -> bool:
        """Whether it was learned from requests for this model, and not for another one that the session also asks."""
        return not self.asked or self.asked == model


@dataclass(frozen=True, slots=True)
class RuntimeState:
    """The runtime state at the time of one request."""

    missing_credentials: frozenset[str] = field(default_factory=frozenset[str])
    """`Provider.identity` of the credentials that are not there: secrets not set, tokens run out."""
    unhealthy: frozenset[str] = field(default_factory=frozenset[str])
    """Providers that fail, by name, and targets, by `Target.name`: they go behind all others."""
    without_address: frozenset[str] = field(default_factory=frozenset[str])
    """Providers, by name, that nobody can be asked at: their names do not resolve. Envoy answers 503 itself there, and
    does not go on to whoever is planned next."""
    latency: Mapping[str, float] = field(default_factory=dict[str, float])
    """Median seconds to the first content, lately, by `Target.name`; of a target without enough samples: absent."""
    inflight: Mapping[str, int] = field(default_factory=dict[str, int])
    """Calls under way, by `Target.name`."""
    token_ratio: Mapping[str, float] = field(default_factory=dict[str, float])
    """Tokens that providers counted for each one we estimated, by `ModelFacts.family`; absent: 1."""
    spent_this_hour: float = 0.0
    """US dollars, of all requests."""
    spent_today: float = 0.0
    remembered: SessionState = SessionState()
    draw: float = 0.0
    """A random number from 0 up to 1, for shares that stick to nothing."""
