"""What depends on the generation of the model that is asked.

Source: https://ai.google.dev/gemini-api/docs/thinking (levels and budgets; a level before Gemini 3 and both at once are
errors), the pages of the models (https://ai.google.dev/gemini-api/docs/models/gemini-3.7-flash: "minimal is not
supported and returns an error"; the same levels for 3.8: simonw/llm-gemini 0.34; `medium` came with 3.1 Pro) and
livekit/agents#7080 for Gemma.
"""

import re
from fnmatch import fnmatchcase

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.model.chat import Effort

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
