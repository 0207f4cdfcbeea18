"""The scanner for markers in a text: one pass over its words with table look-ups, in linear time.

Scripts with spaces are compared by whole words (`api` is not in `capital`), stems (`summar*`) from the beginning of a
word; where several phrases begin, the longest counts alone (`how do i` is not `how`). Chinese and Japanese have no
spaces, Korean, Hindi and Arabic put endings and prefixes to their words: their markers are found anywhere.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from itertools import accumulate
from operator import add
from typing import NamedTuple

from openclaw_extproc.policy.complexity import markers
from openclaw_extproc.policy.complexity.weights import Kind, Markers


class Hit(NamedTuple):
    """One marker found in a text."""

    at: int
    """Characters from the beginning."""
    kind: Kind
    marker: str


_WORD = re.compile(r"([0-9a-z_À-ԯ]+)")
"""Of the scripts whose words are compared as a whole: Latin, Greek, Cyrillic. `fold`, so in small letters."""
STEM = 4
"""Letters by which stems are found; none is shorter."""


def _plain_letters() -> dict[int, str]:
    """Latin letters without their accents, which people leave out: é is e, ü is u."""
    accented = (chr(n) for n in range(0xC0, 0x250))
    plain = {ord(c): letter for c in accented if (letter := unicodedata.normalize("NFKD", c)[0]) != c}
    return plain | {ord(c): letter for c, letter in zip("łøđı", "lodi", strict=True)}


_PLAIN = _plain_letters()


def fold(text: str) -> str:
    """As markers are compared."""
    return text.lower() if text.isascii() else text.casefold().translate(_PLAIN)


class _Phrase(NamedTuple):
    rest: tuple[str, ...]
    """The words behind the first; one that ends in `*` is a stem."""
    kind: Kind
    marker: str


class _Tables(NamedTuple):
    alone: Mapping[str, tuple[tuple[str, bool, Kind], ...]]
    """Words and stems (`True`), by their first letters."""
    phrases: Mapping[str, tuple[_Phrase, ...]]
    """By their first two words, or by the first where the second is a stem."""
    begins: frozenset[str]
    """First words of phrases."""
    anywhere: Mapping[str, tuple[tuple[str, Kind], ...]]
    """By their first two letters."""


def _tables() -> _Tables:
    alone: dict[str, tuple[tuple[str, bool, Kind], ...]] = {}
    phrases: dict[str, tuple[_Phrase, ...]] = {}
    anywhere: dict[str, tuple[tuple[str, Kind], ...]] = {}
    for kind, marker in _markers_by_kind(markers.WORDS):
        first, *rest = marker.split()
        if rest:
            key = first if rest[0].endswith("*") else f"{first} {rest[0]}"
            phrases[key] = (*phrases.get(key, ()), _Phrase(tuple(rest), kind, marker))
        else:
            assert first[-1] != "*" or len(first) > STEM, f"{marker}: a stem is too short to be one"
            letters = first[:STEM].rstrip("*")
            alone[letters] = (*alone.get(letters, ()), (first.rstrip("*"), first[-1] == "*", kind))
    for kind, marker in _markers_by_kind(markers.ANYWHERE):
        assert len(marker) > 1, f"{marker}: is a part of too many words"
        anywhere[marker[:2]] = (*anywhere.get(marker[:2], ()), (marker, kind))
    return _Tables(alone, phrases, frozenset(key.split()[0] for key in phrases), anywhere)


def _markers_by_kind(table: Mapping[str, Markers]) -> Iterator[tuple[Kind, str]]:
    """Each marker of a kind once, whichever languages have it."""
    seen: dict[tuple[Kind, str], None] = {}
    for kinds in table.values():
        for kind, line in kinds.items():
            seen.update(dict.fromkeys((kind, fold(marker.lstrip())) for marker in line.split(",")))
    return iter(seen)


_TABLES = _tables()


def hits(text: str) -> list[Hit]:
    """In the order of the text. `text` is `fold`."""
    found = _in_words(text)
    if not text.isascii():
        found.extend(_anywhere(text))
        found.sort()
    return found


def _in_words(text: str) -> list[Hit]:
    """Each marker where it stands first."""
    parts: list[str] = _WORD.split(text)  # what is between words, a word, what is between words …
    words = [*parts[1::2], ""]  # so that the last has one after it
    found = _by_place(words)
    if not found:
        return []
    ends = list(accumulate(map(len, parts)))
    return [Hit(ends[2 * n], kind, marker) for n, kind, marker in found]


def _by_place(words: list[str]) -> list[tuple[int, Kind, str]]:
    """Markers with the number of the word that each begins at."""
    found: list[tuple[int, Kind, str]] = []
    alone, begins = _TABLES.alone, _TABLES.begins
    seen: set[str] = set()
    for n, word in enumerate(words):
        if word in begins and (phrases := _phrases(words, n)):
            if phrases[0].marker not in seen:
                seen.add(phrases[0].marker)
                found.extend((n, p.kind, p.marker) for p in phrases)
        elif word[:STEM] in alone and word not in seen:
            seen.add(word)
            found.extend((n, kind, m) for m, is_stem, kind in alone[word[:STEM]] if _is(word, m, is_stem))
    return found


def _is(word: str, marker: str, is_stem: bool) -> bool:
    return word.startswith(marker) if is_stem else word == marker


def _phrases(words: list[str], n: int) -> list[_Phrase]:
    """The longest that begin at word `n`. Most words that begin one are followed by others than it has."""
    word = words[n]
    begun = _TABLES.phrases.get(f"{word} {words[n + 1]}", ()) + _TABLES.phrases.get(word, ())
    if not begun:
        return []
    whole = [phrase for phrase in begun if _continues(words, n + 1, phrase.rest)]
    longest = max((len(phrase.rest) for phrase in whole), default=0)
    return [phrase for phrase in whole if len(phrase.rest) == longest]


def _continues(words: list[str], at: int, rest: tuple[str, ...]) -> bool:
    if len(words) - at < len(rest):
        return False
    there = words[at : at + len(rest)]
    return all(w == r or (r[-1] == "*" and w.startswith(r[:-1])) for w, r in zip(there, rest, strict=True))


def _anywhere(text: str) -> Iterator[Hit]:
    """Of those that begin at the same letter the longest."""
    pairs = set(map(add, text, text[1:]))
    for pair in sorted(_TABLES.anywhere.keys() & pairs):
        found = [Hit(at, kind, marker) for marker, kind in _TABLES.anywhere[pair] if (at := text.find(marker)) >= 0]
        longest: dict[int, int] = {}
        for at, _, marker in found:
            longest[at] = max(longest.get(at, 0), len(marker))
        yield from (hit for hit in found if len(hit.marker) == longest[hit.at])
