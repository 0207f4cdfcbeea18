"""A chat request in neutral words.

A word belongs here only when two wire formats need it. What a single format can say stays in `Chat.extras`: it goes
back to that format alone and is a named loss on the way to any other.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from openclaw_extproc.model.json import Json

Role: TypeAlias = Literal["user", "assistant"]


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
class ToolUse:
    id: str
    name: str
    args: str
    """JSON text as the model wrote it. Kept as text: re-serialising would break prompt caches."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    tool_use_id: str
    content: tuple[Text | Image, ...]
    is_error: bool = False


Part: TypeAlias = Text | Image | ToolUse | ToolResult


@dataclass(frozen=True, slots=True)
class Turn:
    role: Role
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class ToolSpec:
    name: str
    description: str
    schema: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class ToolChoice:
    mode: Literal["auto", "none", "required", "named"]
    name: str = ""
    """Set when `mode` is `named`."""


@dataclass(frozen=True, slots=True)
class Chat:
    model: str
    turns: tuple[Turn, ...]
    system: tuple[str, ...] = ()
    """System and developer texts in their order."""
    tools: tuple[ToolSpec, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    """As the client wrote it: OpenAI and Gemini count 0 to 2, Anthropic 0 to 1."""
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] = ()
    user: str | None = None
    """The client's own name for its end user (`user`, `metadata.user_id`)."""
    stream: bool = False
    reasons: bool = field(default=False, compare=False)
    """The client asked the model to think, at length. Only known, not translated: each format says it its own way."""
    extras: Mapping[str, Json] = field(default_factory=dict[str, Json])
    """Fields only the client's own format understands, untouched and in their order."""
    losses: tuple[str, ...] = ()
    """What decoding already had to leave behind, as paths (`messages[0].content[1].cache_control`)."""
