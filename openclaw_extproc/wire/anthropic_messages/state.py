"""Thoughts and their seals as Anthropic's blocks have them, in both directions.

A seal of Anthropic's own is the `signature` as it came; of a redacted thought it is `data` with a mark before it.
A seal of somebody else stands in `signature` as a token of ours. The SDK's types demand a signature (anthropic 2.11,
`ThinkingBlock`), and an empty one would come back to us as nobody's: so a thought without any seal has a token too.
"""

from collections.abc import Mapping

from openclaw_extproc.model import json as j
from openclaw_extproc.model.chat import SealedState, Thinking
from openclaw_extproc.model.json import Json
from openclaw_extproc.wire import claude
from openclaw_extproc.wire.translation import provider_state

BY = claude.VENDOR
REDACTED_PREFIX = "redacted_thinking:"
"""Goes before `data`. Signatures are base64: none can begin so."""

UNSIGNED_THINKING = provider_state.token(provider_state.State(thoughts=(Thinking(""),)))
"""The signature of a thought that nobody sealed."""


def signature(seal: SealedState | None) -> str:
    if seal is None:
        return UNSIGNED_THINKING
    if seal.by == BY:
        return seal.text
    return provider_state.token(provider_state.State(sealed=seal)) or UNSIGNED_THINKING


def redacted_data(seal: SealedState | None) -> str | None:
    """What a redacted thought of Anthropic's hides; `None` for any other."""
    if seal is None or seal.by != BY or not seal.text.startswith(REDACTED_PREFIX):
        return None
    return seal.text.removeprefix(REDACTED_PREFIX)


def block(thought: Thinking) -> dict[str, Json]:
    data = redacted_data(thought.sealed)
    if data is not None:
        return {"type": "redacted_thinking", "data": data}
    return {"type": "thinking", "thinking": thought.text, "signature": signature(thought.sealed)}


def thinking(block: Mapping[str, Json], *, at: str) -> Thinking:
    """Reads a `thinking` block, whichever provider signed it."""
    text = j.a_string(block.get("thinking"), at=f"{at}.thinking")
    signed = block.get("signature")
    seal = "" if signed is None else j.a_string(signed, at=f"{at}.signature")
    state = provider_state.read(seal)
    return Thinking(text, state.sealed if state else SealedState(BY, seal) if seal else None)


def state_of_redacted(data: str) -> SealedState:
    return SealedState(BY, REDACTED_PREFIX + data)


def foreign(item: Json) -> bool:
    """Whether a block is a thought that Anthropic did not sign: one with a token of ours."""
    if not isinstance(item, dict) or item.get("type") != "thinking":
        return False
    signed = item.get("signature")
    return isinstance(signed, str) and provider_state.read(signed) is not None
