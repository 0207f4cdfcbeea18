"""A request for embeddings in neutral words: texts in, one vector for each out.

What a single format can say stays in `Embed.extras`, as in `model/chat.py`: Gemini's task types and titles do.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import ClassVar, TypeAlias

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.model.json import Json

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
