"""Which markers stand in a text. One pass over its words, table look-ups only: the time is linear in its length.

Scripts with spaces are compared by whole words (`api` is not in `capital`), stems (`summar*`) from the beginning of a
word; where several phrases begin, the longest counts alone (`how do i` is not `how`). Chinese and Japanese have no
spaces, Korean, Hindi and Arabic put endings and prefixes to their words: their markers are found anywhere.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from openclaw_extproc.policy.complexity import markers
from openclaw_extproc.policy.complexity.kinds import Kind, Markers


class Hit(NamedTuple):
    at: int
    """Characters from the beginning."""
    kind: Kind
    marker: str


_WORD = re.compile(r"\w+")
STEM = 4
"""Letters by which stems are found; none is shorter."""


def _plain_letters() -> dict[int, str]:
    """Latin letters without their accents, which people leave out: é is e, ü is u."""
    accented = (chr(n) for n in range(0xC0, 0x250))
    plain = {ord(c): letter for c in accented if (letter := unicodedata.normalize("NFKD", c)[0]) != c}
    return plain | {ord(c): letter for c, letter in zip("łøđı", "lodi", strict=True)}


_PLAIN = _plain_letters()


def folded(text: str) -> str:
    """As markers are compared."""
    return text.lower() if text.isascii() else text.casefold().translate(_PLAIN)


class _Phrase(NamedTuple):
    rest: tuple[str, ...]
    """The words behind the first; one that ends in `*` is a stem."""
    kind: Kind
    marker: str


class _Tables(NamedTuple):
    words: Mapping[str, tuple[Kind, ...]]
    stems: Mapping[str, tuple[tuple[str, Kind], ...]]
    """By their first letters."""
    phrases: Mapping[str, tuple[_Phrase, ...]]
    """By their first word."""
    anywhere: Mapping[str, tuple[tuple[str, Kind], ...]]
    """By their first letter."""


def _tables() -> _Tables:
    words: dict[str, tuple[Kind, ...]] = {}
    stems: dict[str, tuple[tuple[str, Kind], ...]] = {}
    phrases: dict[str, tuple[_Phrase, ...]] = {}
    anywhere: dict[str, tuple[tuple[str, Kind], ...]] = {}
    for kind, marker in _written(markers.WORDS):
        first, *rest = re.findall(r"\w+\*?", marker)
        if rest:
            phrases[first] = (*phrases.get(first, ()), _Phrase(tuple(rest), kind, marker))
        elif first.endswith("*"):
            assert len(first) > STEM, f"{marker}: a stem is too short to be one"
            stems[first[:STEM]] = (*stems.get(first[:STEM], ()), (first[:-1], kind))
        else:
            words[first] = (*words.get(first, ()), kind)
    for kind, marker in _written(markers.ANYWHERE):
        anywhere[marker[0]] = (*anywhere.get(marker[0], ()), (marker, kind))
    return _Tables(words, stems, phrases, anywhere)


def _written(table: Mapping[str, Markers]) -> Iterator[tuple[Kind, str]]:
    """Each marker of a kind once, whichever languages have it."""
    seen: dict[tuple[Kind, str], None] = {}
    for kinds in table.values():
        for kind, line in kinds.items():
            seen.update(dict.fromkeys((kind, folded(marker.lstrip())) for marker in line.split(",")))
    return iter(seen)


_TABLES = _tables()


def hits(text: str) -> list[Hit]:
    """In the order of the text. `text` is `folded`."""
    found = list(_in_words(text))
    if not text.isascii():
        found.extend(_anywhere(text))
        found.sort()
    return found


def _in_words(text: str) -> Iterator[Hit]:
    matches = list(_WORD.finditer(text))
    words = [match.group() for match in matches]
    for n, word in enumerate(words):
        at = matches[n].start()
        phrases = [p for p in _TABLES.phrases.get(word, ()) if _continues(words, n + 1, p.rest)]
        if phrases:
            longest = max(len(phrase.rest) for phrase in phrases)
            yield from (Hit(at, p.kind, p.marker) for p in phrases if len(p.rest) == longest)
            continue
        yield from (Hit(at, kind, word) for kind in _TABLES.words.get(word, ()))
        yield from (Hit(at, kind, stem) for stem, kind in _TABLES.stems.get(word[:STEM], ()) if word.startswith(stem))


def _continues(words: list[str], at: int, rest: tuple[str, ...]) -> bool:
    if len(words) - at < len(rest):
        return False
    there = words[at : at + len(rest)]
    return all(w == r or (r[-1] == "*" and w.startswith(r[:-1])) for w, r in zip(there, rest, strict=True))


def _anywhere(text: str) -> Iterator[Hit]:
    """Of those that begin at the same letter the longest."""
    for first in sorted(_TABLES.anywhere.keys() & set(text)):
        found = [Hit(at, kind, marker) for marker, kind in _TABLES.anywhere[first] if (at := text.find(marker)) >= 0]
        longest: dict[int, int] = {}
        for at, _, marker in found:
            longest[at] = max(longest.get(at, 0), len(marker))
        yield from (hit for hit in found if len(hit.marker) == longest[hit.at])
