"""The written sections about health: probes, and how somebody who failed comes back."""

from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from openclaw_extproc.config.schema.base import Count, Duration, Fraction, Milliseconds, Name, Section


def _off(value: object) -> object:
    """YAML takes the plain word `off` for false."""
    return "off" if value is False else value


Probe: TypeAlias = Annotated[Literal["free", "call", "off"], BeforeValidator(_off)]
_PROBE = (
    "free (usual): the provider's list of models, or where there is none a connection; call: one token of its first "
    "model, which costs money; off: no probes"
)


class HealthCheck(Section):
    """Probes of all providers. A provider that answers calls well is not probed meanwhile."""

    enabled: bool = True
    """`false`: nobody is probed, but for the pools that say so themselves."""
    probe: Probe = Field(default="free", description=_PROBE)
    interval_ms: Milliseconds | None = None
    """Time between two probes of a provider, at least. Default: 30000; 0: never."""
    timeout_ms: int | None = Field(default=None, ge=1, le=600_000)
    """How long a probe may take. Default: 5000."""
    unhealthy_threshold: int | None = Field(default=None, ge=1, le=100)
    """So many failed probes in a row, and the provider goes behind all others until it answers again. Default: 3."""
    critical_threshold: Fraction | None = None
    """Share of failures of a provider in the last minute above which the log says so, as an error."""
    alert_channel: Name | None = None
    """Through which of `channels` `critical_threshold` is told, whatever else that channel gets. `slack`, `discord` and
    `telegram` need not be described there: the usual variables hold then."""


class PoolHealthCheck(Section):
    """Probes of the providers of a pool's models, instead of those of `router.health_check`."""

    probe: Probe = Field(default="free", description=_PROBE)
    interval: Duration | None = Field(default=None, description="time between two probes of a provider: 30s (usual)")
    timeout: Duration | None = Field(default=None, description="how long a probe may take: 5s (usual)")
    unhealthy_threshold: Count | None = Field(
        default=None, description="failed probes in a row before the provider goes behind all others: 3 (usual)"
    )


class Recovery(Section):
    """How a provider or a model that goes behind all others comes back, wherever it stands in a chain."""

    auto_recover: bool | None = Field(
        default=None, description="false: it stays behind until the configuration is read anew"
    )
    backoff: Literal["linear", "exponential"] | None = Field(
        default=None,
        description="how the time between two trials grows: by interval each time, or twice as long (usual); never "
        "above an hour",
    )
    interval: Duration | None = Field(
        default=None, description="until the first trial: 5s (usual). Who says retry-after is tried after that time"
    )
    max_retries: Count | None = Field(
        default=None, description="trials after which the time between two grows no more: 12 (usual)"
    )
    slow_start: Duration | None = Field(
        default=None, description="how long it takes until it has all of its requests again: 30s (usual)"
    )
