"""What policy may look at: a flat, cheap summary of one request."""

from dataclasses import dataclass

from openclaw_extproc.model.chat import Chat, InlineImage, LinkedImage
from openclaw_extproc.wire.needs import Need, needs


@dataclass(frozen=True, slots=True)
class Features:
    client_format: str
    model: str
    """As the client asked."""
    stream: bool
    turns: int
    tools: int
    images: int
    needs: frozenset[Need] = frozenset()
    """What not every format can carry."""
    bound_to_format: tuple[str, ...] = ()
    """What only the client's own format can carry and nobody may drop in silence."""


def extract(chat: Chat, *, client_format: str) -> Features:
    parts = [part for turn in chat.turns for part in turn.parts]
    return Features(
        client_format=client_format,
        model=chat.model,
        stream=chat.stream,
        turns=len(chat.turns),
        tools=len(chat.tools),
        images=sum(isinstance(part, InlineImage | LinkedImage) for part in parts),
        needs=needs(chat),
        bound_to_format=tuple(loss[1:] for loss in chat.losses if loss.startswith("!")),
    )
