"""The written sections about policy. Most are read and checked, and not acted on yet: `unused` tells the operator."""

from typing import Literal

from pydantic import Field

from openclaw_extproc.config.written_base import (
    Count,
    Duration,
    Fraction,
    Milliseconds,
    Name,
    Rate,
    Section,
)
from openclaw_extproc.config.written_models import CostOptimization, ModelChoice, Tokens


class FallbackParams(Section):
    """The model that is tried last for what has no fallback of its own, and how it is asked."""

    provider: Name | None = None
    model: Name | None = None
    temperature: float | None = Field(default=None, ge=0, le=2, allow_inf_nan=False)
    """Of requests that got here, in place of the client's."""
    max_tokens: Tokens | None = None
    """The longest answer, of requests that got here; a smaller limit of the client's stays."""


class RetryPolicy(Section):
    max_retries: int | None = Field(default=None, ge=0, le=20)
    initial_delay_ms: Milliseconds | None = None
    retry_delay_ms: Milliseconds | None = None
    """Another word for the same."""
    backoff_multiplier: float | None = Field(default=None, ge=1, le=100, allow_inf_nan=False)
    on_failure: Literal["fallback", "error"] | None = None
    fallback_params: FallbackParams | None = None


class HealthCheck(Section):
    enabled: bool = True
    interval_ms: Milliseconds | None = None
    timeout_ms: Milliseconds | None = None
    critical_threshold: Fraction | None = None
    alert_channel: Name | None = None


class Candidate(Section):
    name: Name | None = None
    priority: Count | None = None


class SecondaryFallback(Section):
    enabled: bool = True
    providers: list[Candidate] = Field(default_factory=list[Candidate])


class EmergencySection(Section):
    enabled: bool = True
    fallback_mode: Literal["error"] | None = None
    message: Name | None = None
    retry_after_ms: Milliseconds | None = None


class ContextManagement(Section):
    enabled: bool = True
    compression_threshold: int | None = Field(default=None, ge=0, le=100)
    """Percent of the context window."""
    compression_method: Name | None = None
    preserve_critical: bool | None = None


class Timeouts(Section):
    first_token_ms: int | None = Field(default=None, ge=1, le=86_400_000)
    answer_ms: int | None = Field(default=None, ge=1, le=86_400_000)


class RouterSection(Section):
    """`router:` of the whole."""

    enabled: bool | None = None
    enable: bool | None = None
    """Another word for the same."""
    primary: ModelChoice | None = None
    fallback: ModelChoice | None = None
    secondary: ModelChoice | None = None
    timeout_ms: int | None = Field(default=None, ge=1, le=86_400_000)
    """How long each attempt is waited for, at most, whatever it is asked. Sessions and requests can shorten it."""
    timeouts: Timeouts = Timeouts()
    retry_policy: RetryPolicy = RetryPolicy()
    emergency: EmergencySection = EmergencySection()
    health_check: HealthCheck | None = None
    secondary_fallback: SecondaryFallback | None = None
    cost_optimization: CostOptimization | None = None
    context_management: ContextManagement | None = None


class PoolHealthCheck(Section):
    interval: Duration | None = None
    timeout: Duration | None = None
    unhealthy_threshold: Count | None = None


class Pool(Section):
    models: list[Name] = Field(default_factory=list[Name])
    weight: list[Count] = Field(default_factory=list[Count])
    max_concurrent: Count | None = None
    health_check: PoolHealthCheck | None = None


class SessionAffinity(Section):
    enabled: bool = True
    ttl: Duration | None = None


class LoadBalancing(Section):
    strategy: Name | None = None
    pools: dict[str, Pool] = Field(default_factory=dict[str, Pool])
    session_affinity: SessionAffinity | None = None


class FailoverTarget(Section):
    provider: Name | None = None
    weight: Count | None = None
    timeout_ms: Milliseconds | None = None


class ScheduledFailover(Section):
    test_interval: Duration | None = None
    mode: Name | None = None
    notify: bool | None = None


class Recovery(Section):
    auto_recover: bool | None = None
    backoff: Name | None = None
    interval: Duration | None = None
    max_retries: Count | None = None


class Failover(Section):
    primary: Name | None = None
    fallbacks: list[FailoverTarget] = Field(default_factory=list[FailoverTarget])
    scheduled_failover: ScheduledFailover | None = None
    recovery: Recovery | None = None


class Channel(Section):
    provider: Name | None = None
    priority: Name | None = None
    rate_limit: Rate | None = None


class RoutingRule(Section):
    type: Name | None = None
    channels: list[Name] = Field(default_factory=list[Name])
    dedup: bool | None = None
    schedule: Name | None = None
    content_template: Name | None = None
