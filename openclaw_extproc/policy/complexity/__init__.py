"""The classification of requests by tier and task: a pure scorer whose weights are data.

`judge` adds up what it found (`contributions` tells all of it), `kept` makes a session's tier steady, `heard` takes a
local model's second opinion. What words mean is in `markers*.py`, what they weigh in `weights.py`.
"""

from openclaw_extproc.policy.complexity.classification import (
    Classification,
    parse_second_opinion,
    second_opinion_question,
    with_second_opinion,
    with_session_tier,
)
from openclaw_extproc.policy.complexity.score import Contribution, classify_request, contributions
from openclaw_extproc.policy.complexity.weights import USUAL, Amount, Weights

__all__ = (
    "USUAL",
    "Amount",
    "Classification",
    "Contribution",
    "Weights",
    "classify_request",
    "contributions",
    "parse_second_opinion",
    "second_opinion_question",
    "with_second_opinion",
    "with_session_tier",
)
