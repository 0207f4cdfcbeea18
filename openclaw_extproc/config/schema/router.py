"""The schema of `router`: timeouts, retries, streams that fail midway, shortening of conversations, fallbacks."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from openclaw_extproc.config.schema.base import (
    Count,
    Milliseconds,
    Name,
    Section,
)
from openclaw_extproc.config.schema.load_balancing import HealthCheck
from openclaw_extproc.config.schema.models import CostOptimization, ModelChoice, Tokens

Limit: TypeAlias = Annotated[int, Field(ge=1, le=86_400_000)]
"""A duration in milliseconds, at most one day."""


class Timeouts(Section):
    """Sets the timeouts of an attempt. They are tripled when the client asks for reasoning (`reasoning_effort: high`,
    `thinking`, `thinkingConfig`), up to 600000 unless a larger value is set here."""

    connect_ms: Limit | None = None
    """Limits the time to establish a connection to the provider, in milliseconds. Default: 5000."""
    first_token_ms: Limit | None = None
    """Limits the time from the start of a streamed attempt to its first content, in milliseconds. When it expires, the
    next target is tried. Default: 60000."""
    answer_ms: Limit | None = None
    """Limits the time for a non-streamed response of up to 4,096 tokens, in milliseconds. The limit grows in proportion
    for requests that allow more (`max_tokens`). When it expires, the next target is tried. Default: 120000."""
    idle_ms: Limit | None = None
    """Limits the time between two pieces of content of a stream, in milliseconds; keep-alives (comments, `ping`) do not
    count. When it expires, the stream is broken off visibly. Default: 60000."""


class WholeTimeouts(Timeouts):
    """Sets the timeouts of all providers."""

    total_ms: Limit | None = None
    """Limits the duration of a whole call, from its first byte to the last byte of its response, in milliseconds and
    including all attempts. A stream that is still running then ends, at most 0.2 s early, with the error event of the
    client's format. The time is shared among the providers of a chain, so that there is time left for the next one.
    Default: no limit beyond the sum of the other timeouts."""


class Hold(Section):
    """Holds back the beginning of a stream, so that an early failure can still be retried elsewhere."""

    hold_ms: Limit
    """Sets how long content is held back, in milliseconds from the first content."""


class Waiting(Section):
    """Sets what clients see while a stream has no content yet."""

    keepalive_ms: Limit | None = None
    """Sets the silence in milliseconds, counted from the head of the provider's response, after which the client gets
    the response headers and a sign of life in its format (a comment, `ping`), and then one as often until the first
    content. It is for callers behind load balancers that cut silent connections: write less than their limit. Its
    price: once the headers are out, a failure of this provider is not retried elsewhere, and the client gets the error
    event of its format. Before the provider's first byte Envoy lets the headers pass and nothing else: if none comes
    at all, the stream is broken off without an event. Default: nothing is sent before the first content."""


OnMidstreamFault: TypeAlias = Literal["error", "buffer"] | Hold
"""The handling of a stream whose provider fails midway: see `RouterSection.on_midstream_fault`."""


class ContextManagement(Section):
    """Shortens conversations that approach the context window of the model.

    Without this section conversations are never shortened. The limit is computed for each target from its own
    `context_window`, also when client and provider use the same format. Messages that begin with `[critical]` or carry
    `cache_control` are kept. The response header `x-openclaw-warnings` says how many turns were removed.
    """

    enabled: bool = True
    """Disables the section when `false`: conversations are forwarded unchanged."""
    compression_threshold: int = Field(default=80, ge=1, le=100)
    """Sets the share of the context window, in percent, that a prompt may fill before it is shortened."""
    compression_method: Literal["summarize", "truncate"] = "truncate"
    """Selects how a conversation is shortened, oldest turns first. `truncate`: turns are removed. `summarize`: turns
    are replaced by a summary that another model writes."""
    preserve_critical: bool = True
    """Keeps the user's first message and messages marked as critical."""
    summarizer: Name | None = None
    """Names the model that writes summaries: a listed model or an alias. Default: the cheapest listed chat model with a
    known price and an available credential; a self-hosted model without a price counts as free."""
    deadline_ms: int = Field(default=10_000, ge=1, le=60_000)
    """Limits how long a request waits for a summary, in milliseconds. When it expires, the turns are removed without a
    summary."""


class FallbackParams(Section):
    """Sets the model that is tried last for models without a fallback of their own, and the parameters of requests to
    it."""

    provider: Name | None = None
    """Names the provider."""
    model: Name | None = None
    """Names the model, as the provider calls it."""
    temperature: float | None = Field(default=None, ge=0, le=2, allow_inf_nan=False)
    """Replaces the client's temperature in requests that reach this model."""
    max_tokens: Tokens | None = None
    """Limits the length of responses, in tokens, of requests that reach this model. A smaller limit of the client is
    kept."""


class RetryPolicy(Section):
    """Configures how the same provider is retried."""

    max_retries: int | None = Field(default=None, ge=0, le=20)
    """Sets the maximum number of retries in a chain with a single target. A longer chain tries each target once.
    Default: 2."""
    initial_delay_ms: Milliseconds | None = None
    """Sets the delay before the same provider is retried, in milliseconds and rounded to whole seconds, if the provider
    sent no `retry-after`. Default: 1000."""
    retry_delay_ms: Milliseconds | None = None
    """Is an alternative spelling of `initial_delay_ms`."""
    wait_at_most_ms: Milliseconds | None = None
    """Limits the `retry-after` that is honoured when a provider has no fallback, in milliseconds. If the provider asks
    for a longer pause, the error is returned to the caller at once. Default: 10000; values above 30000 count as
    30000."""
    backoff_multiplier: float | None = Field(default=None, ge=1, le=100, allow_inf_nan=False)
    """Sets the factor by which the delay grows with every further retry. Default: 2."""
    on_failure: Literal["fallback", "error"] | None = None
    """Selects what happens after a failure. `error`: no other target is tried. `fallback`: the target in
    `fallback_params` is tried."""
    fallback_params: FallbackParams | None = None


class Candidate(Section):
    """Lists the providers that are tried last."""

    name: Name | None = None
    """Names the provider."""
    priority: Count | None = None
    """Sets the provider's position: providers with smaller numbers are tried first."""


class SecondaryFallback(Section):
    """Sets providers that are tried when all fallbacks have failed."""

    enabled: bool = True
    """Disables the section when `false`."""
    providers: list[Candidate] = Field(default_factory=list[Candidate])
    """Lists the providers, which are tried in the order of their `priority`."""


class EmergencySection(Section):
    """Configures the response to a request whose attempts have all failed."""

    enabled: bool = True
    """Disables the section when `false`: the built-in message is used."""
    fallback_mode: Literal["error", "degraded"] | None = None
    """Selects the response. `error`: status 503 in the caller's format. `degraded`: `model` is added as the last target
    of every plan; if it fails too or may not receive the request, the status is 503. Default: `error`."""
    model: Name | None = None
    """Names the model of `fallback_mode: degraded`: a model name that clients can ask for, or `provider/model`."""
    message: Name | None = None
    """Sets the error message of the response."""
    retry_after_ms: Milliseconds | None = None
    """Sets the `retry-after` header of the response, in milliseconds; the header has whole seconds."""


class RouterSection(Section):
    """Configures failover, timeouts, health checks and cost optimization for all requests."""

    enabled: bool | None = None
    """Disables failover when `false`: each model keeps only its first target. Default: `true`."""
    enable: bool | None = None
    """Is an alternative spelling of `enabled`."""
    primary: ModelChoice | None = None
    """Sets the model that is tried first."""
    fallback: ModelChoice | None = None
    """Sets the model that is tried when the primary fails."""
    secondary: ModelChoice | None = None
    """Sets the model that is tried when the fallback fails too."""
    timeout_ms: int | None = Field(default=None, ge=1, le=86_400_000)
    """Limits the duration of each attempt in milliseconds, whatever the request is. Sessions and requests can shorten
    it."""
    timeouts: WholeTimeouts = WholeTimeouts()
    on_midstream_fault: OnMidstreamFault = "error"
    """Selects what happens when a provider fails in the middle of a stream. `error`: the stream is broken off, with the
    error event of the client's format if one can still be sent, and never with a normal end. `{hold_ms: 500}`: content
    is held back for this time, and a failure within it is retried elsewhere. `buffer`: the whole stream is held back
    (up to 32 MiB), so that every failure can be retried; the client then receives the stream at once."""
    hold: Waiting = Waiting()
    retry_policy: RetryPolicy = RetryPolicy()
    emergency: EmergencySection = EmergencySection()
    health_check: HealthCheck | None = None
    secondary_fallback: SecondaryFallback | None = None
    cost_optimization: CostOptimization | None = None
    context_management: ContextManagement | None = None
