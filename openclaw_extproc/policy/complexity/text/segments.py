"""The division of a turn into its author's instruction and the material to work on.

An instruction stands at the head of a turn or at its end; between them is what was pasted. Only that much is read, so
the time does not grow with the paste.
"""

import re
from typing import NamedTuple

from openclaw_extproc.policy.complexity.scan import fold

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
