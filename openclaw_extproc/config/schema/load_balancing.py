"""The schema of `load_balancing` and `failover`: distribution over pools, and weighted fallbacks.

The schema of health checking: probes, and the recovery of failed targets.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from openclaw_extproc.config.schema.base import Count, Duration, Fraction, Milliseconds, Name, Section
from openclaw_extproc.config.schema.routing import Names

# -- health ----------------------------------------------------------------------------


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


# -- load balancing --------------------------------------------------------------------


Weight: TypeAlias = Annotated[int, Field(ge=0, le=1_000_000)]
Positive: TypeAlias = Annotated[int, Field(ge=1)]


class Pool(Section):
    """Defines groups of models among which requests are distributed. The name of a pool can be requested by clients and
    used wherever a model name can."""

    models: list[Name] = Field(default_factory=list[Name])
    """Lists the members of the pool: aliases of `gateway.models`, or models that a provider lists."""
    weight: list[Weight] = Field(default_factory=list[Weight])
    """Lists the weights of the models, in the order of `models`. A model with weight 0 receives no requests. Default:
    all weights are equal."""
    max_concurrent: Positive | None = None
    """Limits the concurrent calls to each model of the pool. A model that has reached the limit moves to the end of the
    chain. If every model of a provider has such a limit, their sum is also the limit of the provider's Envoy cluster,
    above which Envoy responds with 503. Default: no limit."""
    health_check: PoolHealthCheck | None = None
    tier: Names = Field(default_factory=list[Name])
    """Lists the tiers (`simple`, `standard`, `large`, `coding`) whose requests go to this pool.
    `gateway.routing_strategy.tiers` takes precedence."""


class SessionAffinity(Section):
    """Keeps a session at the model that answered its previous request."""

    enabled: bool = True
    """Disables the section when `false`."""
    ttl: Duration | None = None
    """Sets how long a session stays with a model after its last successful response. Default: 15m."""


class LoadBalancing(Section):
    """Configures how requests are distributed over equivalent models."""

    strategy: Literal["weighted_round_robin", "least_latency", "round_robin"] | None = None
    """Selects the algorithm. `weighted_round_robin`: by weight. `round_robin`: all weights are equal. `least_latency`:
    the lowest recent time to first token first, by weight until it is known. Default: `weighted_round_robin`."""
    pools: dict[str, Pool] = Field(default_factory=dict[str, Pool])
    session_affinity: SessionAffinity | None = None


class FailoverTarget(Section):
    """Lists the providers that serve as fallbacks for models of the primary that have no fallback of their own."""

    provider: Name | None = None
    """Names the fallback provider."""
    weight: Weight | None = None
    """Sets the provider's share of the requests that the primary could not serve: 80, 20 and 10 are 73, 18 and 9
    percent. Providers without a weight are tried after those with one, in the order of the list."""
    timeout_ms: Annotated[int, Field(ge=1, le=600000)] | None = None
    """Sets the per-try timeout for this provider in milliseconds, in place of `router.timeouts`. Envoy has one such
    timeout for all attempts of a request: the longest in the chain applies to every attempt."""


class ScheduledFailover(Section):
    """Schedules failover drills: `openclaw-extproc drill` runs in a separate process with low priority, for the first
    time one minute after startup."""

    test_interval: Duration | None = None
    """Sets the interval between two drills, at least one second, for example `every 6h`. Default: 24h."""
    mode: Literal["dry_run"] = "dry_run"
    """Selects the kind of drill. `dry_run`: simulators stand in for all providers, so no billed request is sent."""
    notify: bool = False
    """Logs the findings of a drill as warnings instead of level info, and sends the result of each drill to
    `channels`."""


class Failover(Section):
    """Configures weighted fallbacks for one provider, scheduled drills and recovery."""

    primary: Name | None = None
    """Names the provider that the fallbacks are for."""
    fallbacks: list[FailoverTarget] = Field(default_factory=list[FailoverTarget])
    """Lists the fallback providers. They apply to models of the primary that have no fallback of their own."""
    scheduled_failover: ScheduledFailover | None = None
    recovery: Recovery | None = None


def milliseconds(duration: str) -> Milliseconds:
    """Of a `Duration`, which has been checked: `every 6h` is 21,600,000."""
    number = duration.removeprefix("every ")
    unit = number.lstrip("0123456789")
    return int(number.removesuffix(unit)) * _MILLISECONDS[unit]


_MILLISECONDS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
