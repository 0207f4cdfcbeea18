"""A provider's state, carried through clients that have no place for it.

Anthropic signs thoughts, Gemini signs calls, OpenAI encrypts reasoning, and each wants it back with the next turn of a
tool loop. A client of another format sends back only what its format has: above all the ids of tool calls. So the state
travels in there, as `oc1_` and base64url text, and every request is freed of it again: for its own provider it becomes
what it was, for all others it is left behind. No store, so nothing is lost when a worker restarts.

What does not fit (`MAX_TOKEN_CHARS`) is dropped: first what was thought, then its seal. Providers are asked accordingly
(see each format's `upstream`).
"""

import base64
import re
import zlib
from collections.abc import Sequence

import msgspec

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.model.requests import SealedState, Thinking

MARK = "oc1_"
MAX_TOKEN_CHARS = 32 * 1024
"""The length of an id with state in it. Clients keep ids in histories and logs. A signature has up to some thousand."""
MAX_RATIO = 4
"""The ratio of a state's bytes to its token's characters, where the state has more than `SMALL_BYTES`: a sender could
have packed a gigabyte into a token, and a body has room for thousands of tokens. Prose is at 2 to 2.5, signatures below
1."""
SMALL_BYTES = 1_024

_TOKEN = re.compile(r"oc1_[A-Za-z0-9_-]+")
_TOKEN_BYTES = re.compile(rb"oc1_[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class State:
    """What a token holds."""

    id: str = ""
    """The id it stands for; empty where it is not an id."""
    thoughts: tuple[Thinking, ...] = ()
    """What came before the call."""
    sealed: SealedState | None = None
    """The call's own, or the thought's."""


def token(state: State) -> str:
    """State as text of letters, digits, `_` and `-`: all that any provider's ids are made of.

    What is too long loses its thoughts, then its seal; an id without any state stays as it is.
    """
    for kept in (state, State(state.id, sealed=state.sealed)):
        if not kept.thoughts and kept.sealed is None:
            break
        raw = _encoder.encode(kept)
        packed = MARK + base64.urlsafe_b64encode(zlib.compress(raw, 6)).rstrip(b"=").decode()
        if len(packed) <= MAX_TOKEN_CHARS and len(raw) <= _most_bytes(packed):
            return packed
    return state.id


def _most_bytes(token: str) -> int:
    """Returns the size that the state in a token may have."""
    return max(SMALL_BYTES, MAX_RATIO * len(token))


def read(text: str) -> State | None:
    """The state in a token of ours; `None` for anything else."""
    if len(text) > MAX_TOKEN_CHARS or not _TOKEN.fullmatch(text):
        return None
    body = text.removeprefix(MARK)
    try:
        unzip = zlib.decompressobj()
        raw = unzip.decompress(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)), _most_bytes(text))
        return _decoder.decode(raw) if unzip.eof else None
    except (ValueError, zlib.error, msgspec.MsgspecError):
        return None


def state_of_call_id(id: str) -> State:
    """The state of a call's id; of a usual id, that id alone."""
    return read(id) or State(id)


def result_of(id: str) -> str:
    """The id that a tool's result answers, freed of its state."""
    return state_of_call_id(id).id


def without_state(raw: bytes) -> bytes:
    """A body of which ids go on as the ids they stand for, and nothing else changes."""
    return _TOKEN_BYTES.sub(_id, raw) if MARK.encode() in raw else raw


def _id(found: "re.Match[bytes]") -> bytes:
    state = read(found[0].decode())
    id = state.id.encode() if state and _plain(state.id) else b""
    return id if 0 < len(id) < len(found[0]) else found[0]


def _plain(id: str) -> bool:
    """Whether it can stand in JSON as it is."""
    return id.isprintable() and '"' not in id and "\\" not in id


def own(thoughts: Sequence[Thinking], by: str) -> tuple[Thinking, ...]:
    """The thoughts that this provider sealed itself."""
    return tuple(thought for thought in thoughts if thought.sealed is not None and thought.sealed.by == by)


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(State)
