"""What each finding weighs. The thresholds of length, history and size are those that users were promised; the
amounts were tuned on one half of `bench/routing/prompts` (see its README) and rounded.

The kinds of markers that the scanner recognises in a text.
"""

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Literal, TypeAlias

from openclaw_extproc.frozen import dataclass
from openclaw_extproc.strategy import Task, Tier

# -- kinds -----------------------------------------------------------------------------


Kind: TypeAlias = Literal[
    # verbs: what is to be done
    "translate",
    "summarize",
    "extract",
    "classify",
    "reword",
    "convert",
    "make",
    "fix",
    "review",
    "analyse",
    "critical",
    "reason",
    "calculate",
    "lookup",
    "howto",
    "asks",  # a word of asking, which is one only at the beginning
    "choice",  # `or`, which is a question only in a question
    # nouns: what it is to be done with
    "code",
    "prose",
    "data",
    "document",
    "math",
    # how much of it
    "hard",
    "expert",
    "breadth",
    "deep",
    "constraint",
    "sequence",
    "brief",
]

Markers: TypeAlias = Mapping[Kind, str]
"""Those of one language, comma between them."""


# -- weights ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Amount:
    """The weight of the first and of each further different marker of a kind, and the maximum of their sum."""

    first: float
    more: float = 0.0
    most: float = 1.0

    def of(self, count: int) -> float:
        total = self.first + self.more * (count - 1)
        return max(-self.most, min(self.most, total))


KINDS: Mapping[Kind, Amount] = MappingProxyType(
    {
        "hard": Amount(0.14, 0.06, 0.26),
        "expert": Amount(0.05, 0.03, 0.12),
        "breadth": Amount(0.16, 0.06, 0.28),
        "deep": Amount(0.12, 0.05, 0.20),
        "critical": Amount(0.05, 0.02, 0.09),
        "reason": Amount(0.06, 0.02, 0.10),
        "choice": Amount(0.04, 0.0, 0.04),
        "constraint": Amount(0.03, 0.02, 0.10),
        "sequence": Amount(0.04, 0.03, 0.10),
        "brief": Amount(-0.12, -0.04, 0.20),
        "reword": Amount(-0.10, 0.0, 0.10),
        "lookup": Amount(-0.08, 0.0, 0.08),
    }
)
"""Kinds that are not here say what the task is, and weigh nothing by themselves."""

TASKS: Mapping[Task, float] = MappingProxyType(
    {
        "simple_qa": -0.10,
        "conversation": -0.05,
        "classification": -0.16,
        "extraction": -0.16,
        "translation": -0.14,
        "structured_data": -0.10,
        "summarization": 0.0,
        "content_creation": 0.0,
        "math_reasoning": 0.05,
        "analysis": 0.06,
        "critical_analysis": 0.08,
        "code_generation": 0.12,
        "code_review": 0.18,
        "document_analysis": 0.22,
    }
)


@dataclass(frozen=True, slots=True)
class Weights:
    """All weights of the score, and the thresholds between tiers."""

    base: float = 0.42
    """Where a request begins of which nothing is known: in `standard`. Only evidence makes it `simple`."""
    standard_from: float = 0.35
    large_from: float = 0.65

    short_query: int = 50
    """Tokens of the last user turn; fewer are short."""
    long_query: int = 200
    """More are long."""
    huge_query: int = 2_000
    short: float = -0.05
    middling: float = 0.02
    long: float = 0.08
    huge: float = 0.16

    some_rounds: int = 10
    """Rounds of conversation; fewer weigh nothing."""
    many_rounds: int = 50
    history: float = 0.06
    long_history: float = 0.20

    wide_tokens: int = 50_000
    """Of the whole prompt; more need a wide context window."""
    wide: float = 0.24

    plain_question: int = 16
    """Tokens; a question of fact that is shorter is nothing but that."""
    plain: float = -0.08
    fragment_tokens: int = 9
    fragment: float = -0.05
    """So few words, of which none tells anything."""

    many_parts: int = 4
    """Commas of one instruction, from which on it lists."""
    parts: Amount = Amount(0.08, 0.05, 0.30)
    """For so many, and for each further one."""
    situation: float = 0.04
    """A question after a sentence or more about what it is for."""
    numbers: float = 0.04
    long_answer: int = 300
    """Words that the answer is to have."""
    very_long_answer: int = 1_500
    length: float = 0.10
    great_length: float = 0.24

    code: float = 0.04
    many_steps: int = 3
    """Listed items of the last user turn."""
    steps: float = 0.08
    many_questions: int = 3
    questions: float = 0.06
    images: float = 0.03
    document: float = 0.10
    documents: float = 0.26
    """Two and more."""
    many_tools: int = 10
    tools: float = 0.03
    tool_set: float = 0.06
    many_calls: int = 5
    """Made in this conversation."""
    calls: float = 0.08
    schema: float = 0.03
    thinking: float = 0.16
    """The client asked for high effort, or gave a budget for thinking."""
    no_thinking: float = -0.06

    courtesy: float = -0.40
    """The whole turn is a greeting, thanks, a heartbeat; or a yes or no where no tool is at work."""

    kinds: Mapping[Kind, Amount] = field(default_factory=lambda: KINDS)
    tasks: Mapping[Task, float] = field(default_factory=lambda: TASKS)
    margin: float = 0.05
    """How far below a border a score must be for a session to go down a tier."""

    def tier(self, score: float) -> Tier:
        if score < self.standard_from:
            return "simple"
        return "standard" if score < self.large_from else "large"

    def confidence(self, score: float) -> float:
        """The distance to the nearest border, as a share of the widest that the tier allows."""
        if score < self.standard_from:
            return (self.standard_from - score) / self.standard_from
        if score >= self.large_from:
            return (score - self.large_from) / (1 - self.large_from) if self.large_from < 1 else 1.0
        half = (self.large_from - self.standard_from) / 2
        return min(score - self.standard_from, self.large_from - score) / half


USUAL = Weights()
