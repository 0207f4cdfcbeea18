"""The shape of what a user wrote, in any language: its prose without code, questions, listed steps."""

import re

_MARKS = ("?", "؟", "？", "⁇")
_OPEN = frozenset("\"'»”’)]*_?؟!！>")
"""What may stand behind a question mark, besides a space. Within an address it is something else."""
_MOST_QUESTIONS = 100

_STEP = re.compile(
    r"\n[ \t>]*(?:\(?(?:\d{1,2}|[a-zA-Z]|[ivx]{1,4})[.)](?=\s)|\d{1,2}[、．]|[①-⑳]|[-*•–](?=\s)"
    r"|第[一二三四五六七八九十\d]{1,3}[步点點条條、]"
    r"|(?:[Ss]tep|[Ss]chritt|[Éé]tape|[Pp]aso|[Пп]ункт|[Шш]аг) \d{1,2}\b)"
)


def prose(text: str) -> str:
    """Without fenced blocks. A fence that is never closed goes to the end."""
    return text if "```" not in text else "\n".join(text.split("```")[::2])


def questions(text: str) -> int:
    """Of several marks in a row the last one counts. At most `_MOST_QUESTIONS` of each kind of mark."""
    return sum(_ended(text, mark) for mark in _MARKS if mark in text)


def _ended(text: str, mark: str) -> int:
    found, at = 0, text.find(mark)
    while at >= 0 and found < _MOST_QUESTIONS:
        behind = text[at + 1 : at + 2]
        if behind != mark:
            found += not behind or behind.isspace() or behind in _OPEN or not mark.isascii()
        at = text.find(mark, at + 1)
    return found


def steps(text: str) -> int:
    """Numbered or listed items, each at the beginning of a line."""
    return len(_STEP.findall("\n" + text))
