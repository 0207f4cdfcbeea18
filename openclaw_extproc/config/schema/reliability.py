"""The schema of timeouts and of the handling of streams that fail midway."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from openclaw_extproc.config.schema.base import Section

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


OnMidstreamFault: TypeAlias = Literal["error", "buffer"] | Hold
"""The handling of a stream whose provider fails midway: see `RouterSection.on_midstream_fault`."""
