"""Gemini's thinking: budgets and levels by model family, and the signatures of thoughts.

`thinkingConfig`, read and written. See `families` for which model takes which words.

`thoughtSignature`: the state that Gemini gives away with its calls, and our place for the state of others.

Source: https://ai.google.dev/gemini-api/docs/thought-signatures. It is bytes, in JSON base64 of either alphabet. State
of another provider stands there as a token of `translation/provider_state`, in base64 again.

What depends on the generation of the model that is asked.

Source: https://ai.google.dev/gemini-api/docs/thinking (levels and budgets; a level before Gemini 3 and both at once are
errors), the pages of the models (https://ai.google.dev/gemini-api/docs/models/gemini-3.7-flash: "minimal is not
supported and returns an error"; the same levels for 3.8: simonw/llm-gemini 0.34; `medium` came with 3.1 Pro) and
livekit/agents#7080 for Gemma.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.model import json as j
from openclaw_extproc.model.json import Json
from openclaw_extproc.model.requests import Chat, Effort, Reasoning, SealedState, Thinking
from openclaw_extproc.wire.gemini.api import fields, usual_base64, whole
from openclaw_extproc.wire.translation import efforts, provider_state
from openclaw_extproc.wire.translation.provider_state import State

# -- signatures ------------------------------------------------------------------------


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


# -- model families --------------------------------------------------------------------


_GENERATION = re.compile(r"gemini-(\d+)(?:\.(\d+))?")


@dataclass(frozen=True, slots=True)
class Levels:
    """Thinking is set by a word."""

    known: tuple[Effort, ...]


@dataclass(frozen=True, slots=True)
class Budgets:
    """Thinking is set in tokens."""

    least: int
    most: int
    ends: bool
    """Whether 0 switches it off."""


_PRO, _FLASH = Budgets(128, 32_768, ends=False), Budgets(1, 24_576, ends=True)
_THINKING: tuple[tuple[str, Levels | Budgets | None], ...] = (
    ("gemini-1*", None),
    ("gemini-2.0*", None),
    ("gemini-2.5-flash-image*", None),
    ("gemini-2.5-pro*", _PRO),
    ("gemini-2.5-flash-lite*", Budgets(512, 24_576, ends=True)),
    ("gemini-2.5*", _FLASH),
    ("gemini-3-pro*", Levels(("low", "high"))),
    ("gemini-3.*-pro*", Levels(("low", "medium", "high"))),
    ("gemini-3.[78]-flash*", Levels(("low", "medium", "high"))),
    ("gemini-3*", Levels(("minimal", "low", "medium", "high"))),
    ("gemini-[4-9]*", Levels(("low", "medium", "high"))),
    ("gemma-4*", Levels(("minimal", "high"))),
    ("gemma*", None),
    ("gemini-pro*", _PRO),
    ("*", _FLASH),
)
"""The first pattern that fits. A name may say no generation (`gemini-flash-latest`); Gemini 3 still takes budgets."""


def thinking(model: str) -> Levels | Budgets | None:
    """Returns how thinking is set for a model; `None`: the model does not think."""
    name = _plain(model)
    return next(way for pattern, way in _THINKING if fnmatchcase(name, pattern))


def is_third(model: str) -> bool:
    """Gemini 3 or later. It wants the ids of calls back ("always map function IDs",
    https://ai.google.dev/gemini-api/docs/function-calling), where older ones may refuse them (mlflow/mlflow#24127);
    takes media within a tool's result; and answers in JSON with tools at hand, which older ones refuse
    (googleapis/python-genai#867).
    """
    found = _GENERATION.match(_plain(model))
    return found is not None and int(found[1]) >= 3


def takes_penalties(model: str) -> bool:
    """ "Penalty is not enabled for this model" is what all but 2.0 answer to any that is not 0
    (google-gemini/cookbook#1290). Of a name that says no generation nothing is known.
    """
    found = _GENERATION.match(_plain(model))
    return found is None or found[0] == "gemini-2.0"


def _plain(model: str) -> str:
    return model.lower().rpartition("/")[2]


# -- thinking --------------------------------------------------------------------------


ALWAYS_ON = "reasoning: cannot be switched off"


def read_thinking(value: Json, *, at: str) -> Reasoning | None:
    """A budget of 0 switches thinking off, and one of -1 leaves it to the model."""
    if value is None:
        return None
    said = fields(value, at=at)
    level = j.a_string(said.get("thinkingLevel", ""), at=f"{at}.thinkingLevel")
    given = said.get("thinkingBudget")
    budget = None if given == -1 else whole(given, at=f"{at}.thinkingBudget")
    visible = said.get("includeThoughts")
    return Reasoning(
        effort=efforts.word(level.lower()),
        budget_tokens=budget,
        visible=None if visible is None else j.a_bool(visible, at=f"{at}.includeThoughts"),
    )


def encode_thinking(chat: Chat, model: str, losses: list[str]) -> dict[str, Json]:
    asked = chat.reasoning
    if asked is None:
        return {}
    way = thinking(model)
    if way is None:
        losses += [] if asked.off else ["reasoning"]
        return {}
    shown: dict[str, Json] = {"includeThoughts": True} if _shows_thoughts(asked) else {}
    match way:
        case Levels():
            return _level(asked, way, losses) | shown
        case Budgets():
            return _budget(asked, way, losses) | shown


def _shows_thoughts(asked: Reasoning) -> bool:
    """Returns whether thoughts are to be shown. A client that sets a budget in Anthropic's format and says no more is
    shown them (https://platform.claude.com/docs/en/build-with-claude/extended-thinking)."""
    unsaid = asked.visible is None and asked.budget_tokens is not None
    return not asked.off and (asked.visible is True or unsaid)


def _level(asked: Reasoning, way: Levels, losses: list[str]) -> dict[str, Json]:
    wanted = efforts.effort(asked)
    if wanted is None:
        return {}
    level: Effort = efforts.nearest(wanted, way.known)
    if asked.off:
        losses.append(ALWAYS_ON)
    elif asked.effort is None:
        losses.append(f"reasoning: a budget became the level {level}")
    elif level != wanted:
        losses.append(f"reasoning: {wanted} became {level}")
    return {"thinkingLevel": level.upper()}


def _budget(asked: Reasoning, way: Budgets, losses: list[str]) -> dict[str, Json]:
    wanted = efforts.budget(asked)
    if wanted is None:
        return {}
    if wanted == 0 and way.ends:
        return {"thinkingBudget": 0}
    budget = min(max(wanted, way.least), way.most)
    if asked.off:
        losses.append(ALWAYS_ON)
    elif budget != wanted:
        losses.append(f"reasoning: {wanted} tokens became {budget}")
    return {"thinkingBudget": budget}
