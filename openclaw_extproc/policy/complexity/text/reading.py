"""What the words and the form of a turn say: its task, and the markers that count for the score."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from openclaw_extproc.features import Features
from openclaw_extproc.policy.complexity.kinds import Kind
from openclaw_extproc.policy.complexity.scan import Hit, fold, hits
from openclaw_extproc.policy.complexity.tasks import WORKED_ON, task_of
from openclaw_extproc.policy.complexity.text.courtesy import manner
from openclaw_extproc.policy.complexity.text.segments import Segments, segments, without_quotations
from openclaw_extproc.policy.complexity.text.shape import NUMBERS, Shape, named_numbers, shape
from openclaw_extproc.policy.complexity.text.situation import behind_asides
from openclaw_extproc.policy.complexity.text.verdict import asks_verdict
from openclaw_extproc.strategy import Task


class Read(NamedTuple):
    """What the words of a turn say."""

    task: Task | None
    found: Sequence[Hit]
    """What counts for the score."""
    shape: Shape
    courtesy: bool = False


NO_SHAPE = Shape(0, 0, 0, 0)
HARDER: frozenset[Kind] = frozenset(("reason", "hard", "critical", "analyse", "deep", "breadth", "choice"))
"""Beside these a fact to look up is only a part of what is asked."""


WEIGHED_KINDS = HARDER - {"choice"}
"""A verdict with one of these beside it is more than the sorting of a text."""


def is_factual(read: Read) -> bool:
    """Whether nothing but a fact is asked for."""
    return read.task == "simple_qa" and not any(hit.kind in HARDER for hit in read.found)


def read_turn(features: Features) -> Read:
    """What the words of a turn say. `yes` and `no` are a courtesy where no tool has been called: it may set off "
    "anything."""
    how = manner(features.query)
    if how == "courtesy" or (how != "request" and not features.tool_calls):
        return Read("conversation", (), NO_SHAPE, courtesy=True)
    said = segments(features.query)
    form = shape(said.instruction)
    reckons = form.numbers >= NUMBERS
    opening, middle, closing = _opening(said, features), _plain(hits(said.middle)), _plain(hits(said.closing))
    if asks_verdict(said) and not features.has_code and not any(hit.kind in WEIGHED_KINDS for hit in opening):
        return Read("classification", (), NO_SHAPE)
    task = task_of(_kinds(opening, closing), features, reckons=reckons)
    if task in WORKED_ON:
        at_head = task_of(_kinds(opening), features, reckons=False) in WORKED_ON
        return Read(task, _instruction(said.opening, opening) if at_head else closing, NO_SHAPE)
    found = (*opening, *middle, *closing)
    task = task_of(_kinds(found), features, reckons=reckons)
    task = _by_form(task, said, found, form, features)
    if task == "math_reasoning" and form.told:
        form = form._replace(length_wanted=0)  # pages of a book that somebody reads
    return Read(task, found, form)


def _by_form(task: Task | None, said: Segments, found: Sequence[Hit], form: Shape, features: Features) -> Task | None:
    """The task, corrected by what words do not show."""
    if not features.questions:
        return task
    may_be_sum = form.told and task in _MAY_BE_MATHS and not _is_hard(found)
    if may_be_sum and form.numbers + named_numbers(said.instruction) >= WORD_PROBLEM:
        return "math_reasoning"
    if form.told and task == "simple_qa":
        return "analysis"
    if task == "code_generation" and _is_fact(found, form, features):
        return "simple_qa"
    return task


WORD_PROBLEM = 2
"""Numbers. Behind a situation that names so many, a question is a sum."""
_MAY_BE_MATHS: frozenset[Task | None] = frozenset(
    (None, "simple_qa", "analysis", "structured_data", "content_creation")
)

FACT = 30
"""Tokens. What asks for a fact about software is no longer."""
_OF_FACTS: frozenset[Kind] = frozenset(("code", "lookup", "data", "asks", "expert", "document", "brief"))
_OWN = re.compile(
    r"\b(?:my|our|me|us|help|mein\w*|unser\w*|mir|mon|ma|mes|notre|nos|mis?|nuestr\w+|mi[oae]i?|nostr\w+|meu|minha"
    r"|noss\w+"
    r"|мо[йяеи]\w*|мне|наш\w*)\b|我的|我们|帮我|私の|우리|내 "
)


def _is_fact(found: Sequence[Hit], form: Shape, features: Features) -> bool:
    """A short question about software in general, with nothing to be made or mended."""
    if features.has_code or features.query_tokens > FACT or form.told or _OWN.search(fold(features.query)):
        return False
    return all(hit.kind in _OF_FACTS or hit.marker == "port" for hit in found)


def _is_hard(found: Sequence[Hit]) -> bool:
    return any(hit.kind in HARDER or hit.kind == "review" for hit in found)


def _kinds(*parts: Sequence[Hit]) -> list[Kind]:
    return [hit.kind for part in parts for hit in part]


BEGINNING = 12
"""Characters."""


def _opening(said: Segments, features: Features) -> list[Hit]:
    """Here a word of asking looks a fact up; `or` is a choice, among labels where a text to be labelled follows."""
    found: list[Hit] = []
    begins = behind_asides(said.opening)
    for hit in hits(said.opening):
        if hit.kind == "choice":
            if features.questions or said.announces:
                found.append(hit if features.questions else hit._replace(kind="classify"))
        elif hit.kind != "asks":
            found.append(hit)
        elif hit.at < BEGINNING or begins <= hit.at < begins + BEGINNING:
            found.append(hit._replace(kind="lookup"))
    return found


def _plain(found: Sequence[Hit]) -> list[Hit]:
    return [hit for hit in found if hit.kind not in ("asks", "choice")]


def _instruction(opening: str, found: Sequence[Hit]) -> Sequence[Hit]:
    """Without what stands in quotation marks: that is what the work is done on."""
    own = without_quotations(opening)
    return found if own == opening else hits(own)
