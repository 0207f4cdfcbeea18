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
    cache_written_1h_tokens: int | None = None
    """Of those written to a prompt cache, the ones that stay there for an hour."""
    input_audio_tokens: int | None = None
    """Of the input; likewise the five below, of the input or the output."""
    input_image_tokens: int | None = None
    output_audio_tokens: int | None = None
    output_image_tokens: int | None = None
    input_video_tokens: int | None = None
    output_video_tokens: int | None = None
    cached_audio_tokens: int | None = None
    """Of those read from a prompt cache; likewise the next."""
    cached_image_tokens: int | None = None
    output_citation_tokens: int | None = None
    """Read for an answer's citations, beside the output (Perplexity's deep research)."""
    searches: int | None = None
    """Searches of the web that the vendor made for the answer."""
    tier: str | None = None
    """What the vendor served it as, in its own word: `batch`, `priority`, `flex` …; `None`: as usual, or not known."""

    def or_later(self, later: "Usage") -> "Usage":
        """Field by field, what `later` says, else what we knew: upstreams report running totals, never increments."""
        return Usage(
            cache_written_1h_tokens=_last(self.cache_written_1h_tokens, later.cache_written_1h_tokens),
            input_audio_tokens=_last(self.input_audio_tokens, later.input_audio_tokens),
            input_image_tokens=_last(self.input_image_tokens, later.input_image_tokens),
            output_audio_tokens=_last(self.output_audio_tokens, later.output_audio_tokens),
            output_image_tokens=_last(self.output_image_tokens, later.output_image_tokens),
            input_video_tokens=_last(self.input_video_tokens, later.input_video_tokens),
            output_video_tokens=_last(self.output_video_tokens, later.output_video_tokens),
            cached_audio_tokens=_last(self.cached_audio_tokens, later.cached_audio_tokens),
            cached_image_tokens=_last(self.cached_image_tokens, later.cached_image_tokens),
            output_citation_tokens=_last(self.output_citation_tokens, later.output_citation_tokens),
            searches=_last(self.searches, later.searches),
            tier=later.tier or self.tier,
            input_tokens=_last(self.input_tokens, later.input_tokens),
            cached_tokens=_last(self.cached_tokens, later.cached_tokens),
            cache_written_tokens=_last(self.cache_written_tokens, later.cache_written_tokens),
            output_tokens=_last(self.output_tokens, later.output_tokens),
            reasoning_tokens=_last(self.reasoning_tokens, later.reasoning_tokens),
        )


_USUAL = frozenset({"auto", "default", "standard", "on_demand"})


def tier(said: object) -> str | None:
    """A vendor's word for how an answer was served."""
    return said if isinstance(said, str) and said not in _USUAL else None


def _last(known: int | None, said: int | None) -> int | None:
    return known if said is None else said
