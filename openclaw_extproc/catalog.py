"""The properties of models: prices, limits and capabilities. `config/` builds them and the policy reads them.

`None` and empty always mean "not known", never zero: a model without a price is not free.
"""

from dataclasses import field

from openclaw_extproc.frozen import dataclass

MILLION = 1_000_000

POSSIBLE: frozenset[str] = frozenset({"vision", "pdf", "audio", "video", "tools", "json_schema", "reasoning"})
"""Abilities that a request can need. All other words in `ModelFacts.capabilities` are the operator's own."""


@dataclass(frozen=True, slots=True)
class Price:
    """The prices of a model in US dollars per million tokens."""

    input: float
    output: float
    cache_read: float | None = None
    """Of input tokens that the provider had in its cache; not known: as `input`."""
    cache_write: float | None = None
    above: int = 0
    """Holds for requests of more than this many input tokens (Gemini asks more above 200,000)."""
    cache_write_1h: float | None = None
    """Of input tokens that the provider keeps in its cache for an hour; `cache_write` is for five minutes, then."""
    input_audio: float | None = None
    """Not known, this and the six below: as `input` or `output`."""
    input_image: float | None = None
    input_video: float | None = None
    output_audio: float | None = None
    output_image: float | None = None
    output_video: float | None = None
    output_reasoning: float | None = None
    cache_read_audio: float | None = None
    """Of input tokens that the provider had in its cache; not known, this and the next: as `cache_read`."""
    cache_read_image: float | None = None
    output_citation: float | None = None
    """Of what was read for citations; not known: nothing, as other vendors count it with the input."""
    searches: float | None = None
    """A thousand searches of the web that the vendor makes for an answer."""

    def of(self, input_tokens: float, output_tokens: float) -> float:
        """US dollars, nothing cached."""
        return (input_tokens * self.input + output_tokens * self.output) / MILLION


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """The properties of one model at one provider."""

    prices: tuple[Price, ...] = ()
    """In the order of `above`. One with zeros is a free model; none at all is an unknown price."""
    window: int | None = None
    """Tokens of prompt and answer together."""
    max_output: int | None = None
    """The longest answer, in tokens."""
    capabilities: frozenset[str] = field(default_factory=frozenset[str])
    """As the operator named them (`code_generation`), and those of `POSSIBLE`."""
    lacks: frozenset[str] = field(default_factory=frozenset[str])
    """Words of `POSSIBLE`: what it is known to be unable to. What is in neither set, nobody knows."""
    quality: float | None = None
    """0 to 1, the operator's own judgement or that of `config/known/models.py`."""
    family: str = ""
    """Whose tokenizer it has: `openai`, `anthropic`, `gemini`, `llama` …"""
    kind: str = ""
    """For `cost_optimization.priority`: `local`, `open_source`, `paid`."""

    def price(self, input_tokens: int) -> Price | None:
        """The price of a request with so many input tokens."""
        return next((p for p in reversed(self.prices) if input_tokens > p.above or p.above == 0), None)

    @property
    def free(self) -> bool:
        return bool(self.prices) and all(p.input == 0 and p.output == 0 for p in self.prices)


UNKNOWN = ModelFacts()
