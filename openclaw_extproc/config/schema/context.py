"""The written section about long conversations: `router.context_management`."""

from typing import Literal

from pydantic import Field

from openclaw_extproc.config.schema.base import Name, Section


class ContextManagement(Section):
    """What is done with a conversation that comes near the end of a model's context window.

    Off unless this section is written. It holds for each target by its own window (`context_window` of the model), also
    where client and provider speak the same format. Entries that begin with `[critical]`, or that have `cache_control`
    on them, stay. The answer's header `x-openclaw-warnings` says how many turns were left out.
    """

    enabled: bool = True
    """`false`: conversations go as they are."""
    compression_threshold: int = Field(default=80, ge=1, le=100)
    """Percent of the context window that a prompt may fill before it is shortened."""
    compression_method: Literal["summarize", "truncate"] = "truncate"
    """What is left out is summarized by another model, or simply left out. The oldest goes first."""
    preserve_critical: bool = True
    """The user's first words stay, and what is marked as critical."""
    summarizer: Name | None = None
    """Name of the model that summarizes: one that is listed, or an alias. Without one the cheapest listed chat model
    whose price is known and whose credential is there; one of your own without a price counts as free."""
    deadline_ms: int = Field(default=10_000, ge=1, le=60_000)
    """How long a request may wait for a summary. Without one by then, what it would tell is simply left out."""
