"""The schema of overrides: `session:` and `prompt:` of openclaw.yml, and the file session.yml."""

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
    """Sets the targets of this override, in the order in which they are tried."""

    elsewhere: ClassVar[Mapping[str, str]] = MappingProxyType(dict.fromkeys((*_WHOLE, *_ROUTERS), _ALL))

    enable: bool | None = None
    """Disables rules, tiers, experiments and fallbacks when `false`. Default: `true`."""
    enabled: bool | None = None
    """Is an alternative spelling of `enable`."""
    primary: Choice | None = None
    """Sets the model that is tried first."""
    fallback: Choice | None = None
    """Sets the model that is tried when the primary fails."""
    secondary: Choice | None = None
    """Sets the model that is tried when the fallback fails too."""
    timeout_ms: int | None = Field(default=None, ge=1, le=86_400_000)
    """Limits the duration of each attempt in milliseconds. It can shorten the configured limit and not extend it."""


class Level(Section):
    """Overrides settings for a request, a session or all requests. The most specific override applies: request, then
    session, then global."""

    elsewhere: ClassVar[Mapping[str, str]] = MappingProxyType(dict.fromkeys(_WHOLE, _ALL))

    model: Choice | None = None
    """Sets a model that is tried before those of `router`. It does not have to be listed anywhere else."""
    router: LevelRouter = LevelRouter()
    data_class: Name | None = None
    """Adds a data class of `compliance.data_classes` to the classes that the requests already have."""
    max_cost_usd: Amount | None = None
    """Limits the estimated cost of a single request in US dollars. It can lower a configured limit and not raise it."""


class SessionFile(Section):
    """The file `session.yml` beside openclaw.yml. It is read, checked and watched in the same way."""

    session: Level | None = None
    """Sets overrides for requests that belong to a session. It takes precedence over `session` in openclaw.yml."""
    sessions: dict[str, Level] = Field(default_factory=dict[str, Level])
    """Sets overrides for single sessions, by session name or by a pattern in which `*` matches any characters. The
    first match applies and takes precedence over `session`."""
