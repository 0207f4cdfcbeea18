"""The schema of health checking: probes, and the recovery of failed targets."""

from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from openclaw_extproc.config.schema.base import Count, Duration, Fraction, Milliseconds, Name, Section


def _off(value: object) -> object:
    """YAML takes the plain word `off` for false."""
    return "off" if value is False else value


Probe: TypeAlias = Annotated[Literal["free", "call", "off"], BeforeValidator(_off)]


class HealthCheck(Section):
    """Configures active health checks (probes) of all providers. A provider that is answering calls successfully is not
    probed."""

    enabled: bool = True
    """Disables probes when `false`, except for pools that configure their own."""
    probe: Probe = "free"
    """Selects the kind of probe. `free`: a request for the provider's list of models, or a connection if it has none.
    `call`: a billed one-token request to the provider's first model. `off`: no probes."""
    interval_ms: Milliseconds | None = None
    """Sets the minimum interval between two probes of a provider in milliseconds; 0 disables probes. Default: 30000."""
    timeout_ms: int | None = Field(default=None, ge=1, le=600_000)
    """Limits the duration of a probe in milliseconds. A probe that takes longer has failed. Default: 5000."""
    unhealthy_threshold: int | None = Field(default=None, ge=1, le=100)
    """Sets the number of consecutive failed probes after which the provider moves to the end of every chain until it
    answers again. Default: 3."""
    critical_threshold: Fraction | None = None
    """Sets the share of failed calls to a provider within the last minute, from 0 to 1, above which an error is logged.
    Default: none is logged."""
    alert_channel: Name | None = None
    """Names the channel of `channels` that is notified when `critical_threshold` is exceeded, in addition to its other
    notifications. `slack`, `discord` and `telegram` work without an entry there, using their default environment
    variables."""


class PoolHealthCheck(Section):
    """Configures active health checks for the providers of this pool's models, in place of `router.health_check`."""

    probe: Probe = "free"
    """Selects the kind of probe. `free`: a request for the provider's list of models, or a connection if it has none.
    `call`: a billed one-token request to the provider's first model. `off`: no probes."""
    interval: Duration | None = None
    """Sets the interval between two probes of a provider, for example `30s`. Default: 30s."""
    timeout: Duration | None = None
    """Limits the duration of a probe. A probe that takes longer has failed. Default: 5s."""
    unhealthy_threshold: Count | None = None
    """Sets the number of consecutive failed probes after which the provider moves to the end of every chain. Default:
    3."""


class Recovery(Section):
    """Configures how a provider or model whose circuit is open is used again, in every chain that contains it."""

    auto_recover: bool | None = None
    """Disables recovery when `false`: the circuit stays open until the configuration is reloaded. Default: `true`."""
    backoff: Literal["linear", "exponential"] | None = None
    """Selects how the interval between two trial requests grows: `linear` adds `interval` each time, `exponential`
    doubles it. The interval never exceeds one hour. Default: `exponential`."""
    interval: Duration | None = None
    """Sets the time until the first trial request. A `retry-after` from the provider takes precedence. Default: 5s."""
    max_retries: Count | None = None
    """Sets the number of trial requests after which the interval no longer grows. Default: 12."""
    slow_start: Duration | None = None
    """Sets the time over which a recovered target is ramped up to its full share of requests. Default: 30s."""
