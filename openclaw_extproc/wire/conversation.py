"""Conversations as their clients wrote them, for what leaves some of their entries out (`wire/edits`).

An entry is a message, an item of `input` or a content.
"""

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.model.json import Json

Kind: TypeAlias = Literal["user", "model", "results", "fixed"]
"""Words of the user, what the model said or called, results of its calls, and what has to stay where it is."""

CRITICAL = "[critical]"
"""The mark at the beginning of an entry's first text that keeps the entry from being left out."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What has to be known of one entry before it may be left out."""

    kind: Kind
    texts: tuple[str, ...] = ()
    files: int = 0
    calls: frozenset[str] = frozenset()
    """Ids of the calls in it, or what else ties results to them."""
    answers: frozenset[str] = frozenset()
    """Ids of the calls whose results are in it."""
    marked: bool = False
    """Whether the client marked the entry in the format's own way, as something to keep: with a cache point."""

    @property
    def critical(self) -> bool:
        first = next((text for text in self.texts if text.strip()), "")
        return self.marked or first.lstrip()[: len(CRITICAL)].lower() == CRITICAL


@dataclass(frozen=True, slots=True)
class Conversation:
    """The functions by which a format's conversation is taken apart and put together."""

    key: str
    """The field that has it: `messages`."""
    piece: Callable[[Json], Piece]
    around: Callable[[Json, str, str], Json]
    """An entry of the user with text before and behind what it says."""
    merged: Callable[[Json, Json], Json]
    """Two entries of the user as one."""
    elsewhere: Callable[[Mapping[str, Json]], bool] = lambda _: False
    """Whether the provider keeps the conversation, and this is only what is new in it."""

    def pieces(self, body: Mapping[str, Json]) -> tuple[Piece, ...]:
        """Returns a piece for each entry; none where nothing can be left out."""
        entries = body.get(self.key)
        if not isinstance(entries, list) or self.elsewhere(body):
            return ()
        return tuple(self.piece(entry) for entry in entries)
