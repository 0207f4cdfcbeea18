"""The smallest request of each client format, and how well a body fits a format by its shape alone.

Drills, `explain` and tests ask for them. On the wire the path says the format (`wire.api_path_of`); a request in a file
came on no path, and its format is a guess.
Source: the top-level fields that each vendor's reference marks as required, or has alone.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import TypeAlias

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.model.json import Json

Body: TypeAlias = Mapping[str, Json]
HELLO = "Say hello."
_MODEL = "{model}"
UNNAMED_MODEL = "auto"
"""The model in a path whose request names none."""


class Likeness(IntEnum):
    """A rating of how well a body fits a format. Of several formats the one with the highest rating is taken."""

    NONE = 0
    POSSIBLE = 1
    """The body has a field that another format has too."""
    CERTAIN = 2


@dataclass(frozen=True, slots=True)
class Example:
    """The smallest request that a client can send in a format."""

    path: str
    """The path of the request, without the family's prefix. `{model}` stands for the model where the path names it."""
    body: Body
    """The body without the model."""
    stream_path: str | None = None
    """The path and query of the same request for a streamed answer; `None`: its body says `"stream": true`."""
    streams: bool = True
    """Whether there are streamed answers at all."""

    @property
    def model_in_path(self) -> bool:
        """Whether the path names the model; if not, the body does."""
        return _MODEL in self.path

    def target(self, model: Json, *, stream: bool = False) -> str:
        """The path and query of a request for a model; `auto` stands for one that is no name."""
        name = model.removeprefix("models/") if isinstance(model, str) and model else UNNAMED_MODEL
        path = self.stream_path if stream and self.stream_path is not None else self.path
        return path.replace(_MODEL, name)

    def body_for(self, model: str, *, stream: bool = False) -> dict[str, Json]:
        """The body of a request for a model."""
        named: dict[str, Json] = {} if self.model_in_path else {"model": model}
        streamed: dict[str, Json] = {"stream": True} if stream and self.stream_path is None else {}
        return {**named, **self.body, **streamed}


def fits_nothing(_: Body) -> Likeness:
    """The shape of a format whose bodies are those of another one: counts of tokens have the bodies of chats."""
    return Likeness.NONE


def has_any(body: Body, *names: str) -> bool:
    """Whether one of these top-level fields is there."""
    return not body.keys().isdisjoint(names)


def part_types(messages: Json) -> set[str]:
    """The `type` of each part of the content of all messages, as far as they can be read."""
    turns = [turn for turn in messages if isinstance(turn, dict)] if isinstance(messages, list) else []
    contents = [turn.get("content") for turn in turns]
    parts = [part for content in contents if isinstance(content, list) for part in content]
    return {str(part.get("type")) for part in parts if isinstance(part, dict)}


def keys_of(items: Json) -> set[str]:
    """The fields that the objects of an array have."""
    return {key for item in items if isinstance(item, dict) for key in item} if isinstance(items, list) else set()
