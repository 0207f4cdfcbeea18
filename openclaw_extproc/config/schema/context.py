"""The schema of `router.context_management`, which shortens long conversations."""

from typing import Literal

from pydantic import Field

from openclaw_extproc.config.schema.base import Name, Section


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
