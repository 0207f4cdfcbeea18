"""How much text there is, and of what kind: what every estimate of tokens is made from, whoever's tokens they are.

Characters are counted by class with the C loops of `bytes`, never one by one in Python. The first `EXACT` characters
are all looked at; of what comes behind, a block of each stretch, which stands for the whole stretch. Blocks have their
places from the beginning on, so that a longer text never counts as less. 32 MB take a millisecond or two.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from openclaw_extproc.frozen import dataclass

CLASSES: Final = (
    "small",  # a-z
    "capitals",  # A-Z
    "digits",  # 0-9
    "marks",  # what else ASCII has
    "spaces",  # and tabs
    "breaks",  # of lines
    "dense",  # also counted above: base64, hashes, long identifiers
    "latin",  # beyond ASCII: é, ß, ş, ł
    "han",
    "kana",
    "hangul",
    "cyrillic",
    "arabic",  # and Hebrew
    "indic",  # Devanagari, Bengali, Tamil …
    "thai",  # and Lao, Khmer, Burmese
    "signs",  # punctuation and symbols beyond ASCII, full-width forms
    "astral",  # halves of what UTF-16 writes as a pair: emoji, rare ideographs
    "others",  # Greek, Armenian, Georgian …
)

EXACT = 16 * 1024
"""Characters."""
BLOCK = 1024
_NEAR_STRETCH, _FAR_STRETCH = 8 * BLOCK, 256 * BLOCK
_FAR = EXACT + 64 * _NEAR_STRETCH
"""Where the longer stretches begin."""

DENSE_RUN = 64
"""Letters and digits of one piece: longer than any word, and as long as a SHA-256 in hex or a line of PEM."""
_DENSE_DIGITS = 4
"""So many at least are among the first 64 of anything random; few are in a path, none in a ruled line."""


@dataclass(frozen=True, slots=True)
class Size:
    """Of a whole request, or of one text."""

    characters: tuple[int, ...] = (0,) * len(CLASSES)
    """In the order of `CLASSES`."""
    turns: int = 0
    tools: int = 0
    images: int = 0
    pages: int = 0
    """Of documents, as their bytes let one guess."""
    tokens: int = 0
    """Of what is not text: sound, film, and what the client sent as tokens already."""


NOTHING = Size()


def characters(texts: Iterable[str]) -> tuple[int, ...]:
    """By class, of all these texts together."""
    totals = [0.0] * len(CLASSES)
    for weight, pieces in _samples(texts):
        if pieces:
            for place, number in enumerate(_counts("".join(pieces))):
                totals[place] += weight * number
    return tuple(map(int, totals))


def _samples(texts: Iterable[str]) -> Iterator[tuple[float, list[str]]]:
    """What is to be looked at, and how many characters each one of it stands for."""
    exact: list[str] = []
    complete: dict[int, list[str]] = {_NEAR_STRETCH: [], _FAR_STRETCH: []}
    current: list[str] = []  # of the stretch that is not complete yet
    at = start = length = 0
    unseen = 0  # up to here nothing is looked at
    for text in texts:
        end = at + len(text)
        if at < EXACT:
            exact.append(text[: EXACT - at])
        position = max(at, EXACT, unseen)
        while position < end:
            if position >= start + length:
                if length:
                    complete[length] += current
                start, length = _stretch(position)
                current = []
            current.append(text[position - at : start + BLOCK - at])
            position = unseen = min(end, start + BLOCK)
            if position == start + BLOCK:
                position = unseen = start + length
        at = end
    yield 1.0, exact
    yield from ((length / BLOCK, pieces) for length, pieces in complete.items())
    yield max(1.0, (min(at, start + length) - start) / BLOCK), current


def _stretch(position: int) -> tuple[int, int]:
    """Where the stretch begins that this position is in, and how long it is."""
    origin, length = (EXACT, _NEAR_STRETCH) if position < _FAR else (_FAR, _FAR_STRETCH)
    return position - (position - origin) % length, length


_SMALL = b"abcdefghijklmnopqrstuvwxyz"
_CAPITALS = _SMALL.upper()
_DIGITS = b"0123456789"
_PIECE = bytes(c if chr(c).isalnum() or chr(c) in "+/-_" else 32 for c in range(128)) + bytes([32]) * 128
"""Makes a space of all that cannot stand within base64 or a name."""

_SCRIPTS: Final = (
    ("han", bytes([*range(0x34, 0xA0), 0xF9, 0xFA])),
    ("cyrillic", b"\x04"),
    ("signs", bytes([*range(0x20, 0x2E), 0x2F, 0xFE, 0xFF])),
    ("kana", b"\x30\x31"),
    ("hangul", bytes([0x11, *range(0xAC, 0xD8)])),
    ("arabic", b"\x05\x06\x07\x08\xfb\xfc\xfd"),
    ("indic", bytes(range(0x09, 0x0E))),
    ("thai", b"\x0e\x0f\x10\x17"),
    ("latin", b"\x01\x02\x1e"),
    ("astral", bytes(range(0xD8, 0xE0))),
)
"""By the upper bytes of UTF-16, which are Unicode's own blocks, roughly: U+30xx is kana, and a few marks."""
_PLACE = {name: place for place, name in enumerate(CLASSES)}


def _counts(text: str) -> list[int]:
    counts = [0] * len(CLASSES)
    if text.isascii():
        _count_ascii(text.encode(), counts)
        return counts
    ascii_only = text.encode("ascii", "ignore")
    _count_ascii(ascii_only, counts)
    upper = text.encode("utf-16-be", "surrogatepass")[::2]
    rest = upper.translate(None, b"\0")
    counts[_PLACE["latin"]] = len(upper) - len(rest) - len(ascii_only)
    for name, blocks in _SCRIPTS:
        if not rest:
            break
        left = rest.translate(None, blocks)
        counts[_PLACE[name]] += len(rest) - len(left)
        rest = left
    counts[_PLACE["others"]] = len(rest)
    return counts


def _count_ascii(raw: bytes, counts: list[int]) -> None:
    rest = raw
    for place, some in enumerate((_SMALL, _CAPITALS, _DIGITS)):
        left = rest.translate(None, some)
        counts[place] = len(rest) - len(left)
        rest = left
    marks = rest.translate(None, b" \t")
    breaks = marks.count(b"\n")
    counts[_PLACE["marks"]] = len(marks) - breaks
    counts[_PLACE["spaces"]] = len(rest) - len(marks)
    counts[_PLACE["breaks"]] = breaks
    if counts[_PLACE["digits"]] >= _DENSE_DIGITS:
        counts[_PLACE["dense"]] = _dense(raw.translate(_PIECE))


def _dense(raw: bytes) -> int:
    """Characters within runs of `DENSE_RUN` and more. Looks at each run from its end, so most are found in one step."""
    total, at, last = 0, 0, len(raw) - DENSE_RUN
    while at <= last:
        gap = raw.rfind(b" ", at, at + DENSE_RUN)
        if gap >= 0:
            at = gap + 1
            continue
        end = raw.find(b" ", at + DENSE_RUN)
        end = len(raw) if end < 0 else end
        if len(raw[at : at + DENSE_RUN].translate(None, _DIGITS)) <= DENSE_RUN - _DENSE_DIGITS:
            total += end - at
        at = end + 1
    return total
