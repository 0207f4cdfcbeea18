"""How much of a model a request needs, and what kind of task it is: a pure scorer whose weights are data.

`judge` adds up what it found (`contributions` tells all of it), `kept` makes a session's tier steady, `heard` takes a
local model's second opinion. What words mean is in `markers*.py`, what they weigh in `weights.py`.
"""

from openclaw_extproc.policy.complexity.judgement import Judgement
from openclaw_extproc.policy.complexity.opinion import heard, opinion, question
from openclaw_extproc.policy.complexity.score import Contribution, contributions, judge
from openclaw_extproc.policy.complexity.session import kept
from openclaw_extproc.policy.complexity.weights import USUAL, Amount, Weights

__all__ = (
    "USUAL",
    "Amount",
    "Contribution",
    "Judgement",
    "Weights",
    "contributions",
    "heard",
    "judge",
    "kept",
    "opinion",
    "question",
)
