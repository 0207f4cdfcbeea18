"""What a model answers, as a sequence of small facts.

    Started  ( BlockStarted  Delta*  BlockEnded )*  Finished
    A block is a text, a tool's call or a thought. `StateAttached` may come in one, once: first in a tool's call,
    because some clients get it within the call's id; last in a thought or a text.
    `UsageReported` and `ThinkingProgress` may come anywhere in between; `Failed` may come anywhere and is last.

    Started  Embedded*  Finished
    Of a request for embeddings; `UsageReported` and `Failed` as above.

Every provider decoder emits this and every client encoder consumes it, whether the body was streamed or came in one
piece. `Grammar` holds the one and only statement of what may follow what.

Token counts, as a value that can be merged.
"""

from enum import Enum
from typing import TypeAlias

from openclaw_extproc.faults import Fault
from openclaw_extproc.frozen import dataclass
from openclaw_extproc.model.json import UnreadableError
from openclaw_extproc.model.requests import SealedState, Vector

# -- usage -----------------------------------------------------------------------------


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


# -- facts -----------------------------------------------------------------------------


class Stop(Enum):
    END = "end"
    LENGTH = "length"
    TOOL_USE = "tool_use"
    REFUSAL = "refusal"


@dataclass(frozen=True, slots=True)
class Started:
    id: str
    model: str


@dataclass(frozen=True, slots=True)
class TextStarted:
    pass


@dataclass(frozen=True, slots=True)
class ToolStarted:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class ThoughtStarted:
    pass


@dataclass(frozen=True, slots=True)
class Delta:
    """More of the open block: text, or a fragment of the tool's JSON arguments. Never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class StateAttached:
    """State of the provider that belongs to the open block, and has to come back with it."""

    sealed: SealedState


@dataclass(frozen=True, slots=True)
class BlockEnded:
    pass


@dataclass(frozen=True, slots=True)
class ThinkingProgress:
    """The model is at work on what is left out: a client that waits is not waiting for nothing."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """The vector of one input."""

    index: int
    """Of the input, from 0."""
    vector: Vector


@dataclass(frozen=True, slots=True)
class UsageReported:
    usage: Usage


@dataclass(frozen=True, slots=True)
class Finished:
    stop: Stop


@dataclass(frozen=True, slots=True)
class Failed:
    fault: Fault


Fact: TypeAlias = (
    Started
    | TextStarted
    | ToolStarted
    | ThoughtStarted
    | Delta
    | StateAttached
    | BlockEnded
    | ThinkingProgress
    | Embedded
    | UsageReported
    | Finished
    | Failed
)

CONTENT = (Delta, ToolStarted, StateAttached, ThinkingProgress, Embedded, Finished)
"""The facts that a client is waiting for. What comes before them (ids, empty blocks, pings) can still be withheld."""


class State(Enum):
    FRESH = "fresh"
    OPEN = "open"
    IN_BLOCK = "in block"
    IN_VECTORS = "in vectors"
    OVER = "over"


TRANSITIONS: dict[tuple[State, type[Fact]], State] = {
    (State.FRESH, Started): State.OPEN,
    (State.FRESH, Failed): State.OVER,
    (State.OPEN, TextStarted): State.IN_BLOCK,
    (State.OPEN, ToolStarted): State.IN_BLOCK,
    (State.OPEN, ThoughtStarted): State.IN_BLOCK,
    (State.OPEN, Embedded): State.IN_VECTORS,
    (State.OPEN, UsageReported): State.OPEN,
    (State.OPEN, ThinkingProgress): State.OPEN,
    (State.OPEN, Finished): State.OVER,
    (State.OPEN, Failed): State.OVER,
    (State.IN_BLOCK, Delta): State.IN_BLOCK,
    (State.IN_BLOCK, StateAttached): State.IN_BLOCK,
    (State.IN_BLOCK, UsageReported): State.IN_BLOCK,
    (State.IN_BLOCK, ThinkingProgress): State.IN_BLOCK,
    (State.IN_BLOCK, BlockEnded): State.OPEN,
    (State.IN_BLOCK, Failed): State.OVER,
    (State.IN_VECTORS, Embedded): State.IN_VECTORS,
    (State.IN_VECTORS, UsageReported): State.IN_VECTORS,
    (State.IN_VECTORS, Finished): State.OVER,
    (State.IN_VECTORS, Failed): State.OVER,
}


class OutOfOrderError(UnreadableError):
    """An upstream said things in an order that makes no answer."""


class Grammar:
    """Checks a sequence of facts against `TRANSITIONS`."""

    def __init__(self) -> None:
        self.state = State.FRESH

    def check(self, fact: Fact) -> None:
        following = TRANSITIONS.get((self.state, type(fact)))
        if following is None:
            raise OutOfOrderError(f"{type(fact).__name__} while {self.state.value}")
        self.state = following
