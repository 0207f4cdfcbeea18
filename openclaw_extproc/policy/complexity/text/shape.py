"""The findings from the form of an instruction, in any language: lists, arithmetic, requested output."""

import re
from typing import NamedTuple

from openclaw_extproc.policy.complexity.text.situation import situation_sentences


class Shape(NamedTuple):
    """The form of one instruction."""

    listed: int
    """Commas and the like: what is asked for in one breath."""
    numbers: int
    length_wanted: int
    """Words of the answer, where they are named; a page has `PAGE`."""
    told: int
    """Sentences that tell a situation before the question."""


PAGE = 400
NUMBERS = 3
"""With so many, a question reckons with them."""

_LIST_COMMA = re.compile(r"[,;،؛]\s*\D")  # not the comma of 90,000
_LISTED_CJK = re.compile(r"[，、；]")
"""These separate clauses as well: two are one."""
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_LENGTH = re.compile(
    r"(\d{1,3}(?:[., ]\d{3})+|\d{1,6})[\s-]{0,2}"
    r"(?:(?P<page>pages?\b|seiten?\b|paginas?\b|pagine\b|страниц|页|頁|ページ|페이지)"
    r"|(?:words?\b|worte?r?n?\b|mots\b|palabras\b|palavras\b|parole\b|слов|字|단어|शब्द|كلمة))"
)


def shape(instruction: str) -> Shape:
    """`instruction` is `folded`, and a few hundred letters long."""
    found = _LENGTH.search(instruction)
    return Shape(
        len(_LIST_COMMA.findall(instruction)) + len(_LISTED_CJK.findall(instruction)) // 2,
        len(_NUMBER.findall(instruction)),
        0 if found is None else _words(found),
        situation_sentences(instruction),
    )


def _words(found: re.Match[str]) -> int:
    count = int(re.sub(r"\D", "", found[1]))
    return count * PAGE if found["page"] else count


_NAMED = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|dozen|half|quarter|third|twice|double"
    r"|triple"
    r"|zwei|drei|vier|funf|sechs|sieben|acht|neun|zehn|zwolf|halfte|viertel|doppelt|deux|trois|quatre|cinq|sept"
    r"|huit|neuf"
    r"|moitie|quart|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|mitad|doble|due|tre|quattro|cinque|sei|sette"
    r"|otto"
    r"|nove|dieci|meta|doppio|dois|duas|quatro|sete|oito|dez|metade|dobro|два|две|три|четыре|пять|шесть|семь|восемь"
    r"|девять"
    r"|десять|половин\w+|четверть|вдвое|втрое)\b|[两二三四五六七八九十半][个只根人倍本支元分斤米天年]"
)


def named_numbers(instruction: str) -> int:
    """Numbers that are written as words; only small ones, which sums for school are made of."""
    return len(_NAMED.findall(instruction))
