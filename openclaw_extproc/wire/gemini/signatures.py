"""`thoughtSignature`: the state that Gemini gives away with its calls, and our place for the state of others.

Source: https://ai.google.dev/gemini-api/docs/thought-signatures. It is bytes, in JSON base64 of either alphabet. State
of another provider stands there as a token of `translation/provider_state`, in base64 again.
"""

import base64
import binascii
import re
from collections.abc import Sequence

from openclaw_extproc.model.chat import SealedState, Thinking
from openclaw_extproc.wire.gemini.media import usual_base64
from openclaw_extproc.wire.translation import provider_state
from openclaw_extproc.wire.translation.provider_state import State

BY = "gemini"

UNSIGNED_CALL = "skip_thought_signature_validator"
"""Gemini 3 refuses a call of its own history without the signature of the thought behind it. This word stands for one
that is not there, because another model made the call (https://ai.google.dev/gemini-api/docs/thought-signatures);
Gemini 2.5 takes it too (strands-agents/harness-sdk#1298)."""

_DUMMIES = frozenset(
    spelling
    for word in (UNSIGNED_CALL, "context_engineering_is_the_way_to_go")
    for spelling in (usual_base64(word), base64.b64encode(word.encode()).decode())
)
_TOKEN = base64.b64encode(provider_state.MARK.encode())[:5].decode()
"""What every token of ours begins with, in base64: five letters are 30 of the mark's 32 bits."""
_OURS = re.compile(rb'("thought(?:S|_s)ignature"\s*:\s*)"' + _TOKEN.encode() + rb'[^"]*"')


def read_signature(signature: str) -> State:
    """What a signature holds: Gemini's own seal, the state of others, or nothing."""
    if not signature or usual_base64(signature) in _DUMMIES:
        return _NO_STATE
    if not signature.startswith(_TOKEN):
        return State(sealed=SealedState(BY, usual_base64(signature)))
    text = usual_base64(signature)
    try:
        state = provider_state.read(base64.b64decode(text + "=" * (-len(text) % 4)).decode("ascii")) or State()
    except (binascii.Error, UnicodeDecodeError):
        return _NO_STATE
    return _NO_STATE if state == _NOTHING else state


def own(seal: SealedState | None) -> str:
    """Gemini's own signature; empty where it is another's or none."""
    return seal.text if seal is not None and seal.by == BY else ""


def carrying(thoughts: Sequence[Thinking], seal: SealedState | None, *, first: bool = False) -> str:
    """A signature for a call: Gemini's own, or what its provider wants back with it. Empty: nothing to carry.

    Thoughts that nobody sealed are wanted back by nobody. The `first` call of an answer has some signature even so:
    should Gemini go on with the conversation, it refuses a first call without one, and `freed` finds it by that.
    """
    if signature := own(seal):
        return signature
    if seal is None and all(thought.sealed is None for thought in thoughts):
        return STRANGERS if first else ""
    return _pack(State("", tuple(thoughts), seal))


def _pack(state: State) -> str:
    return base64.b64encode(provider_state.token(state).encode()).decode()


_NO_STATE = State()
_NOTHING = State(thoughts=(Thinking(""),))
"""The state that is packed where there is nothing to carry."""
STRANGERS = _pack(_NOTHING)
"""The signature on a call that another model made."""


def without_signature(raw: bytes) -> bytes:
    """A body without the state of others. They stand on calls only, and a call may need some signature."""
    return _OURS.sub(rb'\1"' + UNSIGNED_CALL.encode() + b'"', raw) if b'"' + _TOKEN.encode() in raw else raw
