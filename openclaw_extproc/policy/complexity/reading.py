"""What the words and the form of a turn say: its task, and the markers that count for the score.

The division of a turn into its author's instruction and the material to work on.

An instruction stands at the head of a turn or at its end; between them is what was pasted. Only that much is read, so
the time does not grow with the paste.

Whether a turn asks for a verdict of a few words on a text that it brings along: spam or not, angry or not.

That is the sorting of a text, however the question is put. A verdict that has to be weighed (safe, lawful) is not.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from openclaw_extproc.features import Features
from openclaw_extproc.policy.complexity.courtesy import manner
from openclaw_extproc.policy.complexity.scan import Hit, fold, hits
from openclaw_extproc.policy.complexity.situation import NUMBERS, Shape, behind_asides, named_numbers, shape
from openclaw_extproc.policy.complexity.tasks import WORKED_ON, task_of
from openclaw_extproc.policy.complexity.weights import Kind
from openclaw_extproc.strategy import Task

# -- segments --------------------------------------------------------------------------


OPENING, MIDDLE, CLOSING = 400, 500, 300
"""Characters."""
NO_PASTE = 400
"""A middle of so many characters is still somebody's own words."""
ANNOUNCEMENT = 80
LABEL = 14
"""An opening shorter than this is a label (`Question:`), not an instruction."""


class Segments(NamedTuple):
    """The parts of a turn, all of them `folded`."""

    opening: str
    """Up to the first colon or line's end."""
    middle: str
    """The next words, which may be instruction or paste."""
    closing: str
    """The last line, where there are several."""
    fenced: bool
    """There is a block of code."""
    announces: bool
    """The opening is short and ends in a colon: behind it is what it is about."""

    @property
    def instruction(self) -> str:
        """Without the paste, which is there when the middle is long."""
        short = len(self.middle) <= NO_PASTE
        return f"{self.opening} {self.middle if short else ''} {self.closing}"


_END_OF_OPENING = re.compile(r"[:：\n]")
_COLONS = (":", "：")
_QUOTATION = re.compile(r"[\"“„«「『][^\"“”„«»「」『』\n]{1,400}[\"”“»」』]")
"""Each class has all quotation marks, so a run of opening ones costs nothing."""


def segments(query: str) -> Segments:
    own, fenced = _without_code(query)
    end = _end_of_opening(own)
    opening, rest = own[:end], own[end:]
    closing = _closing(rest)
    middle = _whole_words(rest[: len(rest) - len(closing)], MIDDLE)
    announces = len(opening) <= ANNOUNCEMENT and rest[:1] in _COLONS
    return Segments(fold(opening), fold(middle), fold(closing), fenced, announces)


def without_quotations(text: str) -> str:
    return _QUOTATION.sub(" ", text)


def _without_code(query: str) -> tuple[str, bool]:
    """What stands outside of fences, as far as it is read at all."""
    if "```" not in query:
        return query.strip(), False
    return "\n".join(query.split("```")[::2]).strip(), True


def _end_of_opening(text: str) -> int:
    """Where the instruction ends, or what may be read of it."""
    found = _END_OF_OPENING.search(text, LABEL, OPENING)
    return found.start() if found else len(_whole_words(text, OPENING))


def _closing(text: str) -> str:
    """The last line, or the last words of a text without lines."""
    tail = text[-CLOSING:]
    line = tail.rfind("\n")
    if line >= 0:
        return tail[line:]
    return tail[tail.find(" ") + 1 :] if len(text) > MIDDLE + CLOSING else ""


def _whole_words(text: str, most: int) -> str:
    """`capital` is not cut into something that ends in `api`. A text without spaces is cut where it must be."""
    if len(text) <= most:
        return text
    space = text.rfind(" ", most - 40, most)
    return text[: space if space > 0 else most]


# -- verdict ---------------------------------------------------------------------------


LONGEST = 120
"""Characters of the question."""
LEAST = 12
"""Of what it is about."""

_ASKS = re.compile(
    r"(?:please (?:tell me|say|check) (?:if|whether) )?(?:"
    r"(?:is|are|was|were|does|do|did|has|have|can|could|would) (?:th(?:is|ese|at|ose)|(?:the )?following|it"
    r"|(?:the|my) (?:\w+ ){1,2}(?:below|above))\b"
    r"|(?:ist|sind|war|klingt|enthalt|hat|wirkt|handelt es sich bei|geht es in) (?:dies\w*|folgend\w*|das"
    r"|der (?:text|satz))\b"
    r"|(?:est-ce que )?(?:ce(?:t|tte|s|ci)?|cela) [\w' ]{0,40}?(?:est-il|est-elle|sont-ils|sont-elles|est|sont)\b"
    r"|est-ce (?:que|un)|¿?(?:es|son|esta|suena|contiene) (?:est[eao]s?|el siguiente|la siguiente)\b"
    r"|¿?est[eao]s? \w+ (?:es|son|esta)\b|(?:e|questo|questa|questi) \w+ (?:e|sono)\b"
    r"|(?:est[ea]s?|isto|o seguinte|a seguinte) (?:\w+ )?(?:e|sao|soa|contem)\b"
    r"|(?:это|этот|эта|эти|является ли|содержит ли) ?|(?:这|這|下面|以下|该)[^？?\n]{0,20}(?:吗|嗎|是不是|是否|还是)"
    r"|(?:是不是|是否)|(?:この|これは|次の)[^？?\n]{0,30}(?:ですか|でしょうか)"
    r"|(?:이|다음) [^?\n]{0,30}(?:입니까|인가요|인가|니까)"
    r"|(?:czy (?:to|ten|ta)|bu |is (?:dit|deze|dat)) ?)"
)
_WEIGHED_WORDS = re.compile(
    r"\b(?:valid|correct|right|wrong|safe|good|better|best|fair|true|feasible|realistic|enough|accurate|legal|secure"
    r"|optimal|efficient|code|function|query|proof|argument|contract|diagnos\w*|why|how|or should|richtig|korrekt"
    r"|sicher"
    r"|gut|fair|juste|correcte?|bon|valable|correct[oa]|segur[oa]|bueno|giusto|certo|correto|прав\w+|верно"
    r"|безопасн\w+)\b"
    r"|正确|正確|安全|合法|合理|对吗|正しい|大丈夫"
)


def asks_verdict(said: Segments) -> bool:
    """Whether the opening asks so, and what it is about stands behind it."""
    question, behind = _question(said)
    if not question or len(question) > LONGEST or len(behind.strip()) < LEAST:
        return False
    return _ASKS.match(question) is not None and _WEIGHED_WORDS.search(question) is None


_MARK = re.compile(r"[?？؟]")


def _question(said: Segments) -> tuple[str, str]:
    """The question and what stands behind it."""
    mark = _MARK.search(said.opening)
    rest = f"{said.middle}{said.closing}"
    if mark is not None:
        return said.opening[: mark.end()], said.opening[mark.end() :] + rest
    return said.opening, rest


# -- reading ---------------------------------------------------------------------------


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
