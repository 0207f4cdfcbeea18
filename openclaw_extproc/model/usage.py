"""Token counts, as a value that can be merged."""

from openclaw_extproc.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one answer. `None` means the upstream never said, which is not zero."""

    input_tokens: int | None = None
    """All input, tokens read from and written to a prompt cache included."""
    cached_tokens: int | None = None
    """Input read from a prompt cache."""
    cache_written_tokens: int | None = None
    """Input written to a prompt cache."""
    output_tokens: int | None = None
    """All output, reasoning included."""
    reasoning_tokens: int | None = None

    def or_later(self, later: "Usage") -> "Usage":
        """Field by field, what `later` says, else what we knew: upstreams report running totals, never increments."""
        return Usage(
            input_tokens=_last(self.input_tokens, later.input_tokens),
            cached_tokens=_last(self.cached_tokens, later.cached_tokens),
            cache_written_tokens=_last(self.cache_written_tokens, later.cache_written_tokens),
            output_tokens=_last(self.output_tokens, later.output_tokens),
            reasoning_tokens=_last(self.reasoning_tokens, later.reasoning_tokens),
        )


def _last(known: int | None, said: int | None) -> int | None:
    return known if said is None else said
