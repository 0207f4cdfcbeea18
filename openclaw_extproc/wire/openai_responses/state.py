"""OpenAI Responses: encrypted reasoning, as a provider gives it and as it travels.

Source: openai-python 2, `ResponseReasoningItem`. OpenAI checks that `encrypted_content` comes back in an item with the
id it was made for, so its state is both, as one JSON text.
"""

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json, UnreadableError
from openclaw_extproc.model.requests import SealedState, Thinking
from openclaw_extproc.wire.translation import provider_state
from openclaw_extproc.wire.translation.provider_state import State

BY = "openai"


@dataclass(frozen=True, slots=True)
class Native:
    """What stands in a reasoning item of OpenAI's own."""

    id: str
    encrypted_content: str


def seal(native: Native) -> SealedState:
    return SealedState(BY, j.text({"id": native.id, "encrypted_content": native.encrypted_content}))


def native(state: SealedState | None) -> Native | None:
    """`None`: somebody else's, or nothing that we made."""
    if state is None or state.by != BY:
        return None
    try:
        said = j.parse(state.text, where="state")
        return Native(j.a_string(said.get("id"), at="id"), j.a_string(said.get("encrypted_content"), at="content"))
    except UnreadableError:
        return None


def pack_state(state: SealedState | None) -> str:
    """Packs another provider's state into the place of OpenAI's; without any, a mark that the item is not OpenAI's.

    OpenAI answers 404 to a reasoning item that it did not make, so every item of ours has to be known again.
    """
    return provider_state.token(State(sealed=state)) or provider_state.token(State(thoughts=(Thinking(""),)))


def unpack_state(id: str, encrypted_content: str) -> SealedState | None:
    """What a client sends back: a token of ours, or OpenAI's own."""
    if not encrypted_content:
        return None
    ours = provider_state.read(encrypted_content)
    return seal(Native(id, encrypted_content)) if ours is None else ours.sealed


def without_strangers(items: list[Json]) -> list[Json]:
    """The input of a request that goes on to OpenAI as it is, without what others thought."""
    return [kept for item in items for kept in _stateless_item(item)]


def without_reasoning(items: list[Json]) -> list[Json]:
    """Returns the items without reasoning, for another account than the one that made it, which could not open it."""
    return [item for item in items if not isinstance(item, dict) or item.get("type") != "reasoning"]


def _stateless_item(item: Json) -> list[Json]:
    content = item.get("encrypted_content") if isinstance(item, dict) else None
    ours = provider_state.read(content) if isinstance(content, str) else None
    if ours is None or not isinstance(item, dict):
        return [item]
    known = native(ours.sealed)
    return [{**item, "id": known.id, "encrypted_content": known.encrypted_content}] if known else []
