"""What a session or a request may change: `session:` and `prompt:` of openclaw.yml, and the file session.yml."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from pydantic import Field

from openclaw_extproc.config.schema.base import Amount, Choice, Name, Section

_ALL = "holds for every request, and no level may change it"

_WHOLE = (
    "gateway",
    "mode",
    "compliance",
    "cost_centres",
    "users",
    "cost_aware",
    "load_balancing",
    "failover",
    "region",
)
_ROUTERS = (
    "retry_policy", "timeouts", "emergency", "health_check", "secondary_fallback", "cost_optimization",
    "context_management",
)  # fmt: skip


class LevelRouter(Section):
    """Who is asked at this level, in the order of trying."""

    elsewhere: ClassVar[Mapping[str, str]] = MappingProxyType(dict.fromkeys((*_WHOLE, *_ROUTERS), _ALL))

    enable: bool | None = None
    """`false`: no rules, tiers, experiments and fallbacks."""
    enabled: bool | None = None
    """Another word for the same."""
    primary: Choice | None = None
    fallback: Choice | None = None
    secondary: Choice | None = None
    timeout_ms: int | None = Field(default=None, ge=1, le=86_400_000)
    """How long each attempt is waited for, at most. Can only shorten."""


class Level(Section):
    """What a session or a request changes. The nearest level that says something holds: request, session, global."""

    elsewhere: ClassVar[Mapping[str, str]] = MappingProxyType(dict.fromkeys(_WHOLE, _ALL))

    model: Choice | None = None
    """A model that is asked first, before those of `router`. It need not be listed anywhere else."""
    router: LevelRouter = LevelRouter()
    data_class: Name | None = None
    """A class of `compliance.data_classes` that the requests have besides those they have anyway."""
    max_cost_usd: Amount | None = None
    """Of a single request, as estimated before it is sent, in US dollars. Can only lower."""


class SessionFile(Section):
    """`session.yml`, beside openclaw.yml: read, checked and watched as openclaw.yml is."""

    session: Level | None = None
    """Of every request that belongs to a session. Goes before `session` of openclaw.yml."""
    sessions: dict[str, Level] = Field(default_factory=dict[str, Level])
    """By session, or a pattern in which * stands for any letters; the first that fits. Goes before `session`."""
