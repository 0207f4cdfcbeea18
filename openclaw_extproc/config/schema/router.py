"""The written sections about policy: retries, what stands in at the end, `router:` of the whole."""

from typing import Literal

from pydantic import Field

from openclaw_extproc.config.schema.base import (
    Count,
    Milliseconds,
    Name,
    Section,
)
from openclaw_extproc.config.schema.context import ContextManagement
from openclaw_extproc.config.schema.health import HealthCheck
from openclaw_extproc.config.schema.models import CostOptimization, ModelChoice, Tokens
from openclaw_extproc.config.schema.reliability import OnMidstreamFault, WholeTimeouts


class FallbackParams(Section):
    """The model that is tried last for what has no fallback of its own, and how it is asked."""

    provider: Name | None = None
    """Name of the provider."""
    model: Name | None = None
    """Which of its models."""
    temperature: float | None = Field(default=None, ge=0, le=2, allow_inf_nan=False)
    """Of requests that got here, in place of the client's."""
    max_tokens: Tokens | None = None
    """The longest answer, of requests that got here; a smaller limit of the client's stays."""


class RetryPolicy(Section):
    """How often, and how patiently, the same provider is tried again."""

    max_retries: int | None = Field(default=None, ge=0, le=20)
    """Of a chain of one target; a longer chain tries each target once. Default: 2."""
    initial_delay_ms: Milliseconds | None = None
    """Wait before the same provider is tried again, if it named none (`retry-after`); whole seconds. 1000 where
    nothing is written."""
    retry_delay_ms: Milliseconds | None = None
    """Another word for the same."""
    wait_at_most_ms: Milliseconds | None = None
    """A provider that has nobody behind it and asks for a longer pause than this (`retry-after`) is not waited for: the
    caller is told. Default: 10000, and never above 30000."""
    backoff_multiplier: float | None = Field(default=None, ge=1, le=100, allow_inf_nan=False)
    """For each further wait. Default: 2."""
    on_failure: Literal["fallback", "error"] | None = None
    """`error`: nobody else is asked; `fallback`: `fallback_params` say who is."""
    fallback_params: FallbackParams | None = None


class Candidate(Section):
    name: Name | None = None
    """A provider's name."""
    priority: Count | None = None
    """The smaller, the sooner it is asked."""


class SecondaryFallback(Section):
    """Who is asked when the fallbacks fail too."""

    enabled: bool = True
    """Whether it holds."""
    providers: list[Candidate] = Field(default_factory=list[Candidate])
    """In the order of their priority."""


class EmergencySection(Section):
    """What callers are told when every attempt failed."""

    enabled: bool = True
    """`false`: the words of this version."""
    fallback_mode: Literal["error", "degraded"] | None = None
    """`error`: 503, in the caller's format. `degraded`: `model` answers, as the last of every plan; only where it fails
    too, or may not have the request, 503."""
    model: Name | None = None
    """Who answers when all others failed: a model as clients ask for it, or `provider/model`."""
    message: Name | None = None
    """In the answer's error message."""
    retry_after_ms: Milliseconds | None = None
    """In its `retry-after`, in whole seconds."""


class RouterSection(Section):
    """`router:` of the whole."""

    enabled: bool | None = None
    """`false`: each model keeps its first target only."""
    enable: bool | None = None
    """Another word for the same."""
    primary: ModelChoice | None = None
    fallback: ModelChoice | None = None
    secondary: ModelChoice | None = None
    timeout_ms: int | None = Field(default=None, ge=1, le=86_400_000)
    """How long each attempt is waited for, at most, whatever it is asked. Sessions and requests can shorten it."""
    timeouts: WholeTimeouts = WholeTimeouts()
    on_midstream_fault: OnMidstreamFault = "error"
    """What happens to a stream whose provider fails in the middle of it. `error`: it breaks off, with the client
    format's error event where one can still be sent, never with a clean end. `{hold_ms: 500}`: its first content is
    kept back for so long, and what fails meanwhile is tried elsewhere. `buffer`: all of it is kept back (up to 32 MiB),
    so that every fault can be; the client then gets its stream at once."""
    retry_policy: RetryPolicy = RetryPolicy()
    emergency: EmergencySection = EmergencySection()
    health_check: HealthCheck | None = None
    secondary_fallback: SecondaryFallback | None = None
    cost_optimization: CostOptimization | None = None
    context_management: ContextManagement | None = None
