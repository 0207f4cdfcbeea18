"""A chat request in neutral words.

A word belongs here only when two wire formats need it. What a single format can say stays in `Chat.extras`: it goes
back to that format alone and is a named loss on the way to any other.

A request for embeddings in neutral words: texts in, one vector for each out.

What a single format can say stays in `Embed.extras`, as in `model/requests.py`: Gemini's task types and titles do.

What a client may ask for.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import ClassVar, Literal, TypeAlias

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.model.json import Json

# -- chat ------------------------------------------------------------------------------


Role: TypeAlias = Literal["user", "assistant"]


def is_blank(text: str) -> bool:
    """Whether there is nothing but space in it. Copies nothing: a text may have megabytes."""
    return not text or text.isspace()


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class InlineImage:
    media_type: str
    """As in `image/png`."""
    base64: str


@dataclass(frozen=True, slots=True)
class LinkedImage:
    url: str


Image: TypeAlias = InlineImage | LinkedImage


@dataclass(frozen=True, slots=True)
class InlineFile:
    """A document, a sound or a film, within the request."""

    media_type: str
    """As in `application/pdf`, `text/plain`, `audio/wav`, `video/mp4`."""
    base64: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class LinkedFile:
    url: str
    media_type: str
    name: str = ""


File: TypeAlias = InlineFile | LinkedFile


@dataclass(frozen=True, slots=True)
class SealedState:
    """State that a provider gives away and wants back unchanged: a signature, encrypted reasoning."""

    by: str
    """Who can read it: `openai`, `anthropic`, `gemini`. It means nothing to anybody else."""
    text: str
    """As the format that reads it writes it."""


@dataclass(frozen=True, slots=True)
class Thinking:
    """What the model thought before it went on. Some providers want it back beside the calls it led to."""

    text: str
    """Empty where the provider keeps it to itself."""
    sealed: SealedState | None = None


@dataclass(frozen=True, slots=True)
class CachePoint:
    """The prompt up to here is to be cached."""

    ttl: str = ""
    """`5m` or `1h`; empty: as long as the provider usually does."""


@dataclass(frozen=True, slots=True)
class ToolUse:
    id: str
    name: str
    args: str
    """JSON text as the model wrote it. Kept as text: re-serialising would break prompt caches."""
    sealed: SealedState | None = None


@dataclass(frozen=True, slots=True)
class ToolResult:
    tool_use_id: str
    content: tuple["Leaf", ...]
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class Instruction:
    """A system or developer message amid the conversation. It stands in a turn of the user's, in its place."""

    text: str


Leaf: TypeAlias = Text | Image | File
"""What holds no other parts."""
Part: TypeAlias = Leaf | Thinking | CachePoint | ToolUse | ToolResult | Instruction


@dataclass(frozen=True, slots=True)
class Turn:
    role: Role
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class ToolSpec:
    name: str
    description: str
    schema: Mapping[str, Json]
    native: Mapping[str, Json] = field(default_factory=dict[str, Json])
    """How the client declared it, where its format has tools that are no functions (free text, a shell, a namespace);
    empty: a function. Providers get a function; the client's own encoder gives a call of it back as what it is."""


@dataclass(frozen=True, slots=True)
class ToolChoice:
    mode: Literal["auto", "none", "required", "named"]
    name: str = ""
    """Set when `mode` is `named`."""


@dataclass(frozen=True, slots=True)
class JsonObject:
    """The answer is to be some JSON object."""


@dataclass(frozen=True, slots=True)
class JsonSchema:
    """The answer is to be JSON of this schema."""

    schema: Mapping[str, Json]
    name: str = ""
    description: str = ""
    strict: bool | None = None


Output: TypeAlias = JsonObject | JsonSchema

Effort: TypeAlias = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


@dataclass(frozen=True, slots=True)
class Reasoning:
    """How much the model is to think. All unknown: as much as it likes."""

    effort: Effort | None = None
    budget_tokens: int | None = None
    """0 switches thinking off."""
    visible: bool | None = None
    """Whether the client wants to read the thoughts, or a summary of them."""

    @property
    def off(self) -> bool:
        return self.effort == "none" or self.budget_tokens == 0


@dataclass(frozen=True, slots=True)
class Chat:
    model: str
    turns: tuple[Turn, ...]
    system: tuple[str, ...] = ()
    """System and developer texts before the first turn, in their order; those after it are `Instruction`s."""
    tools: tuple[ToolSpec, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    """As the client wrote it: OpenAI and Gemini count 0 to 2, Anthropic 0 to 1."""
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] = ()
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    seed: int | None = None
    output: Output | None = None
    """`None`: text."""
    reasoning: Reasoning | None = None
    """`None`: the client did not say."""
    verbosity: str | None = None
    """OpenAI's Chat and Responses: `low`, `medium`, `high`."""
    prompt_cache_key: str | None = None
    service_tier: str | None = None
    """OpenAI's Chat and Responses. Anthropic's has other words and stays an extra."""
    store: bool | None = None
    tags: Mapping[str, Json] = field(default_factory=dict[str, Json])
    """OpenAI's `metadata`."""
    cache_tools: CachePoint | None = None
    """Behind the last tool."""
    cache_system: CachePoint | None = None
    """Behind the last system text."""
    user: str | None = None
    """The client's own name for its end user (`user`, `metadata.user_id`)."""
    stream: bool = False
    extras: Mapping[str, Json] = field(default_factory=dict[str, Json])
    """Fields only the client's own format understands, untouched and in their order."""
    losses: tuple[str, ...] = ()
    """What decoding already had to leave behind, as paths (`messages[0].content[1].cache_control`)."""

    @property
    def reasons(self) -> bool:
        """The client asked the model to think, at length."""
        asked = self.reasoning
        if asked is None or asked.off:
            return False
        return asked.effort in (None, "high", "xhigh", "max")


# -- embed -----------------------------------------------------------------------------


Input: TypeAlias = "str | tuple[int, ...]"
"""A text, or the tokens of one: these mean something to the model alone that they were counted for."""
Vector: TypeAlias = "str | tuple[float, ...]"
"""As the provider wrote it: numbers, or base64 of their 32-bit little-endian floats."""


@dataclass(frozen=True, slots=True)
class Embed:
    model: str
    inputs: tuple[Input, ...]
    dimensions: int | None = None
    """How long each vector is to be; `None`: as long as the model usually makes it."""
    packed: bool = False
    """The client wants base64."""
    in_list: bool = True
    """Whether the answer is a list; Gemini's `embedContent` is answered with the one vector itself."""
    user: str | None = None
    extras: Mapping[str, Json] = field(default_factory=dict[str, Json])
    losses: tuple[str, ...] = ()

    # What the stages ask of every request, and no embedding has.
    stream: ClassVar[bool] = False
    reasons: ClassVar[bool] = False
    max_output_tokens: ClassVar[int | None] = None


# -- ask -------------------------------------------------------------------------------


Ask: TypeAlias = Chat | Embed
