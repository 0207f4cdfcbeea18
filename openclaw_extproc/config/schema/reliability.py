"""The written keys of limits, and of what happens to an answer that breaks off."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from openclaw_extproc.config.schema.base import Section

Limit: TypeAlias = Annotated[int, Field(ge=1, le=86_400_000)]
"""Milliseconds, up to a day."""


class Timeouts(Section):
    """How long an attempt may be silent. Three times as long when the client asks for thought
    (`reasoning_effort: high`, `thinking`, `thinkingConfig`), and never above 600000 unless set so here."""

    connect_ms: Limit | None = None
    """Until a provider takes a connection. Default: 5000."""
    first_token_ms: Limit | None = None
    """Of a streamed attempt before its first content; then the next one. Default: 60000."""
    answer_ms: Limit | None = None
    """Of an answer in one piece of up to 4,096 tokens; a request for more (`max_tokens`) is given more time in
    proportion. Default: 120000."""
    idle_ms: Limit | None = None
    """Of a stream behind its first content, signs of life (comments, `ping`) not counted: then it breaks off, and the
    client sees that it did. Default: 60000."""


class WholeTimeouts(Timeouts):
    """The limits of all providers."""

    total_ms: Limit | None = None
    """Of a whole call, from its first byte to the answer's last one, with all its attempts. A stream that is under way
    by then ends in the client format's error event, a moment before (0.2 s at most), and breaks. No such limit where
    nothing is written: then the limits of its parts add up. No provider of a chain is waited for longer than its share
    of it, so that time is left for the next one."""


class Hold(Section):
    """To keep content back for a while."""

    hold_ms: Limit
    """How long, from the first content on."""


OnMidstreamFault: TypeAlias = Literal["error", "buffer"] | Hold
"""`error`: a stream whose provider fails in the middle of it breaks off, with the client format's error event where one
can still be sent, never with a clean end. `{hold_ms: 500}`: its first content is kept back for so long, and what fails
meanwhile is tried elsewhere. `buffer`: all of it is kept back (up to 32 MiB), so that every fault can be."""
