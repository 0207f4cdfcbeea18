"""The task of a request: a table gives points for the words of the request, and the most points win."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

from openclaw_extproc.features import Features
from openclaw_extproc.policy.complexity.weights import Kind
from openclaw_extproc.strategy import Task

Points: TypeAlias = Mapping[frozenset[Kind], Mapping[Task, float]]


def _of(*kinds: Kind) -> frozenset[Kind]:
    return frozenset(kinds)


POINTS: Points = MappingProxyType(
    {
        _of("translate"): {"translation": 4.0},
        _of("summarize"): {"summarization": 3.6},
        _of("extract"): {"extraction": 3.2},
        _of("classify"): {"classification": 3.4},
        _of("reword"): {"content_creation": 3.0},
        _of("convert"): {"structured_data": 2.0},
        _of("convert", "data"): {"structured_data": 2.0},
        _of("make", "data"): {"structured_data": 2.2},
        _of("data"): {"structured_data": 1.2},
        _of("make", "prose"): {"content_creation": 3.6},
        _of("make"): {"content_creation": 1.0, "code_generation": 0.6},
        _of("prose"): {"content_creation": 0.8},
        _of("code"): {"code_generation": 1.4},
        _of("make", "code"): {"code_generation": 2.2},
        _of("fix", "code"): {"code_generation": 2.0},
        _of("fix"): {"code_generation": 0.5, "analysis": 0.5},
        _of("review", "code"): {"code_review": 3.6},
        _of("review"): {"analysis": 1.5},
        _of("math"): {"math_reasoning": 1.8},
        _of("calculate"): {"math_reasoning": 1.8},
        _of("calculate", "math"): {"math_reasoning": 1.0},
        _of("hard", "math"): {"math_reasoning": 1.2},
        _of("critical"): {"critical_analysis": 2.8},
        _of("critical", "analyse"): {"critical_analysis": 1.2},
        _of("analyse"): {"analysis": 2.6},
        _of("reason"): {"analysis": 2.4},
        _of("document", "analyse"): {"document_analysis": 2.4},
        _of("document", "critical"): {"document_analysis": 2.4},
        _of("document", "review"): {"document_analysis": 3.0},
        _of("document"): {"document_analysis": 1.0},
        _of("lookup"): {"simple_qa": 2.6},
        _of("howto"): {"simple_qa": 2.2},
        _of("howto", "code"): {"code_generation": 2.6},
        _of("choice"): {"analysis": 1.6},
        _of("lookup", "math"): {"math_reasoning": 2.4},
    }
)
"""Kinds that stand together, and what that speaks for."""

LEADS: Mapping[Kind, Task] = MappingProxyType(
    {
        "translate": "translation",
        "summarize": "summarization",
        "extract": "extraction",
        "classify": "classification",
        "reword": "content_creation",
        "convert": "structured_data",
        "analyse": "analysis",
        "critical": "critical_analysis",
        "reason": "analysis",
        "calculate": "math_reasoning",
        "lookup": "simple_qa",
        "howto": "simple_qa",
    }
)
"""What the first word that names an action speaks for."""
LEAD = 1.6
RECKONED = 1.2
"""Points of a question with many numbers; the same again when it seems to ask for a fact."""
PIECE_OF_CODE = 1.5
"""Points of a fenced or otherwise seen piece of code."""
ATTACHED = 3.0
"""Points of an attached document."""

LONG_PASTE = 2_000
"""Tokens of a turn: so much text that is to be judged is a document, attached or not."""

WORKED_ON: frozenset[Task] = frozenset(("translation", "summarization", "extraction", "classification"))
"""Their material is data: what it says is not asked, and its length makes them no harder."""

_CODE: frozenset[Kind] = frozenset(("code",))
_NONE: frozenset[Kind] = frozenset()
_JUDGES: frozenset[Kind] = frozenset(("analyse", "critical", "review"))
_ASKS: frozenset[Kind] = frozenset(("lookup", "howto"))
"""`What is` may begin anything: they lead only where nothing else is to be done."""
_ACTS: frozenset[Kind] = frozenset((*LEADS, "make", "fix", "review")) - _ASKS


def task_of(kinds: Sequence[Kind], features: Features, *, reckons: bool) -> Task | None:
    """`kinds` in the order of the text; `reckons`: with many numbers. `None`: nothing speaks for any."""
    points = _points(kinds, features)
    if reckons:
        points["math_reasoning"] += RECKONED * (2 if "lookup" in kinds else 1)
    best = max(points, key=lambda task: points[task], default=None)
    return best if best is not None and points[best] > 0 else None


def _points(kinds: Sequence[Kind], features: Features) -> defaultdict[Task, float]:
    present = frozenset(kinds) | (_CODE if features.has_code else _NONE)
    total: defaultdict[Task, float] = defaultdict(float)
    for needed, gives in POINTS.items():
        if needed <= present:
            for task, amount in gives.items():
                total[task] += amount
    lead = _lead(kinds, of_code="code" in present)
    if lead is not None:
        total[lead] += LEAD
    if features.has_code:
        total["code_generation"] += PIECE_OF_CODE
    if features.documents or (features.query_tokens > LONG_PASTE and not features.has_code and present & _JUDGES):
        total["document_analysis"] += ATTACHED
    return total


def _lead(kinds: Sequence[Kind], *, of_code: bool) -> Task | None:
    leading: list[Kind] = [kind for kind in kinds if kind in _ACTS] or [kind for kind in kinds if kind in _ASKS]
    first = next(iter(leading), None)
    if first in ("make", "fix"):
        return "code_generation" if of_code else "content_creation" if "prose" in kinds else None
    return None if first is None else LEADS.get(first)
